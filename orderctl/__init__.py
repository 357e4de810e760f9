"""The operator's tool: what is done to a deployment by a person at a terminal."""

import stacks  # noqa: F401  (makes the functions' source root importable)
