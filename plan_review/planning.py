"""Makes the plans: synthesises the stacks, has Terraform plan each, changes and locks nothing."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.backends import choose_backend
from local.deployment import STACKS
from local.processes import LocalError
from local.progress import step
from local.settings import settings_from_environment
from local.terraform import environment_without_lock_files, run_terraform
from local.tools import cdktf_command, run_logged, tool_environment
from plan_review.findings import Deployment
from plan_review.first_deploy import STAND_IN, as_first_deploy
from plan_review.plan import Plan
from plan_review.review import PlannedStack

__all__ = ["STACKS", "first_deploy_plan", "plan_stacks"]

NEVER_APPLIED = {
    # A remote state without a single version; and one whose bucket is not there.
    r"Unable to find remote state|No stored state was found": (
        "a stack whose outputs it reads was never applied"
    ),
    r"S3 bucket \"[^\"]*\" does not exist|NoSuchBucket": (
        "the bucket for its state does not exist: bootstrap was never applied"
    ),
    r"Unsupported attribute.*This object does not have an attribute named": (
        "a stack whose outputs it reads was not applied since it has the output that is read"
    ),
}
"""What Terraform says when a stack cannot be planned yet → what that means."""


class _TerraformError(Exception):
    """Terraform failed; the message is what it said."""


@dataclass(frozen=True)
class _Terraform:
    """Terraform in the folder of a synthesised stack."""

    folder: Path
    variables: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Run a command and return what it prints."""
        done = run_terraform(self.folder, *arguments, variables=self.variables)
        if done.returncode:
            raise _TerraformError(done.stdout + done.stderr)
        return done.stdout

    def plan(self, file: Path, *options: str) -> str:
        """Plan into a file, and return the plan as JSON. Nothing is locked, nothing changed."""
        self.run("init", "-input=false", "-no-color", "-reconfigure")
        self.run("plan", "-input=false", "-no-color", "-lock=false", f"-out={file}", *options)
        return self.run("show", "-json", str(file))


def plan_stacks(stacks: Sequence[str], folder: Path, deployment: Deployment) -> list[PlannedStack]:
    """Plan stacks of the environment for real, and return their plans.

    Into the folder go ``synthesised/stacks/STACK`` (what is planned, with its packages),
    ``plans/STACK.tfplan`` and ``plans/STACK.json``. A stack that cannot be planned, since a stack
    it depends on was never applied, has in their place ``first-deploy/STACK.json``.

    Raises
    ------
    LocalError
        When a stack cannot be synthesised, or not planned for another reason.
    """
    settings = settings_from_environment()
    backend = choose_backend(settings)
    if deployment.is_local and not backend.is_running():
        raise LocalError(
            "LocalStack is not running: `make local-up` starts it, `make local-deploy` deploys to "
            "it too."
        )
    variables = tool_environment(settings, backend, deployment.environment)
    folder = folder.resolve()
    synthesised = folder / "synthesised"
    for stale in ("plans", "first-deploy"):
        shutil.rmtree(folder / stale, ignore_errors=True)
        (folder / stale).mkdir(parents=True)
    with step(f"synthesising the stacks of {deployment.environment}"):
        run_logged(
            cdktf_command(["synth", "--output", str(synthesised)]),
            {**variables, "CI": "1"},
            log=folder / "synth.log",
        )
    planned = []
    for stack in stacks:
        with step(f"planning {stack}"):
            planned.append(_planned(stack, synthesised / "stacks" / stack, folder, variables))
    return planned


def _planned(stack: str, source: Path, folder: Path, variables: Mapping[str, str]) -> PlannedStack:
    try:
        text = _Terraform(source, variables).plan(folder / f"plans/{stack}.tfplan")
    except _TerraformError as error:
        reason = why_never_applied(str(error))
        if reason is None:
            raise LocalError(f"{stack} cannot be planned:\n{error}") from None
        # Terraform keeps also a plan that ended in an error.
        (folder / f"plans/{stack}.tfplan").unlink(missing_ok=True)
        text = first_deploy_plan(source, folder / "first-deploy" / stack)
        file = folder / f"first-deploy/{stack}.json"
    else:
        reason = ""
        file = folder / f"plans/{stack}.json"
    file.write_text(text)
    return PlannedStack(stack, Plan.read(text), file, reason)


def why_never_applied(output: str) -> str | None:
    """Return which stack Terraform's output says to wait for; None if it says something else."""
    # Terraform breaks its lines, and draws a frame.
    text = " ".join(output.replace("│", " ").split())
    return next((why for said, why in NEVER_APPLIED.items() if re.search(said, text)), None)


def first_deploy_plan(source: Path, folder: Path) -> str:
    """Plan a synthesised stack as if nothing had ever been deployed; return the plan as JSON.

    It asks neither AWS nor any state, and works in a folder of its own.

    Raises
    ------
    LocalError
        When the stack cannot be planned so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stack = json.loads((source / "cdk.tf.json").read_text())
    (folder / "cdk.tf.json").write_text(json.dumps(as_first_deploy(stack)))
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **environment_without_lock_files(),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with _linked(source / "packages", folder / "packages"):
        try:
            text = _Terraform(folder, variables).plan(folder / "plan.tfplan", "-refresh=false")
        except _TerraformError as error:
            raise LocalError(f"{source.name} cannot be planned from nothing:\n{error}") from None
    plan = json.loads(text)
    for place in (plan["resource_changes"], plan["planned_values"]["root_module"]["resources"]):
        place[:] = [each for each in place if each["address"] != STAND_IN]
    return json.dumps(plan)


@contextmanager
def _linked(packages: Path, link: Path) -> Iterator[None]:
    """Let a stack find its packages from another folder."""
    if not packages.is_dir():
        yield
        return
    link.unlink(missing_ok=True)
    link.symlink_to(packages.resolve())
    try:
        yield
    finally:
        link.unlink()
