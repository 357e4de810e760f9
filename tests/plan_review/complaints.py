"""What a rule says of a plan, word for word, and what it needs to know beside the changes."""

from typing import Any

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.plans import PROD, findings

type Said = tuple[str, Verdict, str]
"""At which address a rule complains, and what it says."""


def said(plan: Plan, rule: str, deployment: Deployment = PROD) -> list[Said]:
    """Return all that a rule says of a plan, but for the remedy."""
    return [
        (each.address, each.verdict, each.reason)
        for each in findings(plan, rule=rule, deployment=deployment)
    ]


def configured(resources: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """Return a configuration: address → attribute → what its expression refers to."""
    return {
        "root_module": {
            "resources": [
                {
                    "address": address,
                    "expressions": {
                        attribute: {"references": references}
                        for attribute, references in expressions.items()
                    },
                }
                for address, expressions in resources.items()
            ]
        }
    }


def nested(path: str, value: object) -> dict[str, Any]:
    """Return the values that have one at a path such as ``tracing_config.0.mode``."""
    for part in reversed(path.split(".")):
        value = [value] if part.isdigit() else {part: value}
    assert isinstance(value, dict)
    return value
