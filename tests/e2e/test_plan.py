"""A plan right after the deploy changes nothing: what is deployed is what is defined."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.backends import choose_backend
from local.deployment import STACKS
from local.settings import settings_from_environment
from local.tools import SYNTHESISED, tool_environment
from tests.e2e.known_plan_differences import KNOWN_PLAN_DIFFERENCES, Difference


@pytest.mark.parametrize("stack", KNOWN_PLAN_DIFFERENCES)
def test_plan_after_the_deploy_shows_no_changes(stack: str, tmp_path: Path) -> None:
    # when
    plan = planned(stack, tmp_path / "plan")

    # then
    differences = differing_resources(plan) | differing_outputs(plan)
    assert differences - KNOWN_PLAN_DIFFERENCES[stack] == set(), "not deployed as defined"
    assert KNOWN_PLAN_DIFFERENCES[stack] - differences == set(), "no longer a difference"


def test_every_stack_is_planned() -> None:
    assert set(STACKS) == KNOWN_PLAN_DIFFERENCES.keys()


def planned(stack: str, file: Path) -> dict[str, Any]:
    """Plan a stack and return the plan (https://developer.hashicorp.com/terraform/internals/json-format)."""
    terraform(stack, "plan", "-input=false", f"-out={file}")
    plan: dict[str, Any] = json.loads(terraform(stack, "show", "-json", str(file)))
    return plan


def differing_resources(plan: dict[str, Any]) -> set[Difference]:
    """Return what the plan changes; in place of an attribute, "create" or "delete" for a whole."""
    differences = set()
    for resource in plan["resource_changes"]:
        change = resource["change"]
        for action in set(change["actions"]) - {"no-op", "read"}:
            attributes = changed_attributes(change) if action == "update" else {action}
            differences |= {(resource["address"], attribute) for attribute in attributes}
    return differences


def changed_attributes(change: dict[str, Any]) -> set[str]:
    before, after = change["before"], change["after"]
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    return (changed | set(change["after_unknown"])) or {"update"}


def differing_outputs(plan: dict[str, Any]) -> set[Difference]:
    return {
        (f"output.{name}", action)
        for name, change in plan.get("output_changes", {}).items()
        for action in change["actions"]
        if action != "no-op"
    }


def terraform(stack: str, *arguments: str) -> str:
    """Run Terraform in a stack's folder as the deploy does, and return what it prints."""
    settings = settings_from_environment()
    done = subprocess.run(
        ["terraform", f"-chdir={SYNTHESISED / stack}", *arguments],
        env=tool_environment(settings, choose_backend(settings)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
