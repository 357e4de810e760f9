"""The operator's tool: what is done to a deployment by a person at a terminal."""

import os

import stacks  # noqa: F401  (makes the functions' source root importable)

# What functions embed in their logs would stand between what the terminal shows.
os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")
