"""Terraform itself accepts every stack of every environment."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.deployment import STACKS
from tests.stacks import terraform
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ENVIRONMENTS, Deployment

# A stack that is a module cannot have a backend of its own; nothing is stored here anyway.
EXPECTED_WARNING = "Backend configuration ignored"


@pytest.fixture(scope="module")
def stacks(deployments: Deployments) -> dict[str, Path]:
    """The folder of each stack of each environment."""
    return {
        f"{environment}-{stack}": deployments(environment).folder / "stacks" / stack
        for environment in ENVIRONMENTS
        for stack in STACKS
    }


def test_every_stack_of_every_environment_is_valid(stacks: dict[str, Path], tmp_path: Path) -> None:
    problems = _validate(stacks, tmp_path)
    assert [each for each in problems if each["summary"] != EXPECTED_WARNING] == []
    # Terraform has looked at all of them.
    assert len(problems) == len(stacks) == 12


def test_validation_can_fail(local: Deployment, tmp_path: Path) -> None:
    # given
    broken = local.changed("aws_dynamodb_table.inventory-table", billing_mode="FREE")
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "cdk.tf.json").write_text(broken.text("storage"))
    # when
    problems = _validate({"local-storage": stack}, tmp_path)
    # then
    (problem,) = (each for each in problems if each["severity"] == "error")
    assert "billing_mode" in problem["summary"]


def _validate(stacks: dict[str, Path], folder: Path) -> list[dict[str, Any]]:
    """Return what Terraform has to say about some stacks.

    They are modules of one configuration: Terraform takes three seconds to load the provider's
    schema, and so needs to do it only once.
    """
    modules = {
        name: {"source": f"./{os.path.relpath(path, folder)}"} for name, path in stacks.items()
    }
    (folder / "main.tf.json").write_text(json.dumps({"module": modules}))
    terraform.initialise(folder, "-backend=false")
    answer = terraform.run(folder, "validate", "-json").stdout
    found: list[dict[str, Any]] = json.loads(answer)["diagnostics"]
    return found
