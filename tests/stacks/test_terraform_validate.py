"""Terraform itself accepts every stack of every environment."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.terraform import terraform_environment
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ENVIRONMENTS, STACKS, Deployment

type Terraform = Callable[..., subprocess.CompletedProcess[str]]

LOCK_FILE = ".terraform.lock.hcl"


@pytest.fixture(scope="session")
def terraform(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Run Terraform in a stack's folder; the provider is installed once for all of them."""
    shared = tmp_path_factory.mktemp("terraform")
    environment = os.environ | terraform_environment() | {"TF_DATA_DIR": str(shared / "data")}

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    folder = _folder(deployments("local"), "storage")
    initialised = run(folder, "init", "-backend=false", "-input=false", "-no-color")
    assert initialised.returncode == 0, initialised.stderr
    shutil.copy(folder / LOCK_FILE, shared)

    def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        shutil.copy(shared / LOCK_FILE, folder)
        return run(folder, *arguments)

    return terraform


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_is_valid(
    terraform: Terraform, deployments: Deployments, environment: str, stack: str
) -> None:
    answer = terraform(_folder(deployments(environment), stack), "validate", "-json")
    assert json.loads(answer.stdout)["diagnostics"] == []


def test_validation_can_fail(terraform: Terraform, local: Deployment, tmp_path: Path) -> None:
    # given
    broken = local.changed("aws_dynamodb_table.inventory-table", billing_mode="FREE")
    (tmp_path / "cdk.tf.json").write_text(broken.text("storage"))
    # when
    answer = terraform(tmp_path, "validate", "-json")
    # then
    (problem,) = json.loads(answer.stdout)["diagnostics"]
    assert "billing_mode" in problem["summary"]


def _folder(deployment: Deployment, stack: str) -> Path:
    return deployment.folder / "stacks" / stack
