"""Builds plans for tests: the fixtures, and small ones made up of changes."""

import json
from pathlib import Path
from typing import Any

from plan_review.findings import Deployment, Finding
from plan_review.plan import Plan
from plan_review.rules import RULES
from plan_review.rules.registry import Stack

PROD = Deployment("prod", "prod")
FIXTURES = Path(__file__).resolve().parent / "fixtures"
PLANS = FIXTURES / "plans"


def fixture(name: str) -> Plan:
    """Return a plan that Terraform made (make_fixtures.py)."""
    return Plan.read((PLANS / f"{name}.json").read_text())


def change(
    address: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    actions: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a resource change; its actions follow from what there is before and after."""
    kind, name = address.split(".")
    if actions is None:
        if before is None:
            actions = ["create"]
        elif after is None:
            actions = ["delete"]
        else:
            actions = ["no-op"] if before == after else ["update"]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {"actions": actions, "before": before, "after": after, **more},
    }


def plan_of(*changes: dict[str, Any], **more: Any) -> Plan:
    """Return a plan of changes."""
    return Plan.read(
        json.dumps(
            {
                "format_version": "1.2",
                "resource_changes": list(changes),
                "planned_values": {
                    "root_module": {
                        "resources": [
                            {
                                **{key: each[key] for key in ("address", "mode", "type", "name")},
                                "values": each["change"]["after"],
                            }
                            for each in changes
                            if each["change"]["after"] is not None
                        ]
                    }
                },
            }
            | more
        )
    )


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


def findings(
    plan: Plan, *, rule: str = "", stack: str = "pipeline", deployment: Deployment = PROD
) -> list[Finding]:
    """Return what one rule, or all of them, find in a plan."""
    rules = [RULES[rule]] if rule else RULES.values()
    return [finding for each in rules for finding in each.findings(Stack(stack, plan, deployment))]
