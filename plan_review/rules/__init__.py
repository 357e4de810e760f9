"""The rules of the review, each in the module of what it protects."""

from collections.abc import Mapping

from plan_review.rules import (
    access,
    data,
    encryption,
    functions,
    identity,
    policies,
    readable,
    retention,
    workings,
)
from plan_review.rules.registry import Rule, registered

__all__ = [
    "RULES",
    "access",
    "data",
    "encryption",
    "functions",
    "identity",
    "policies",
    "readable",
    "retention",
    "workings",
]

RULES: Mapping[str, Rule] = registered()
"""Every rule, by name."""
