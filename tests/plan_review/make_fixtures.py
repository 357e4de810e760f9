"""Makes the fixture plans: applies a base to LocalStack, then plans each change of it.

Each file of `fixtures/changes` breaks one rule. ``NAME_override.tf`` changes blocks of the base
(https://developer.hashicorp.com/terraform/language/files/override), ``NAME.tf`` adds some.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

from local.__main__ import stopping_what_it_starts
from local.backends import choose_backend
from local.processes import LocalError
from local.progress import step
from local.settings import settings_from_environment
from local.tools import tool_environment
from plan_review.plan import has_mark
from stacks.settings import LOCAL_ACCOUNT_ID

FIXTURES = Path(__file__).resolve().parent / "fixtures"
CHANGES = FIXTURES / "changes"
PLANS = FIXTURES / "plans"
BASE = "base"
"""The plan that changes nothing."""
FIRST_DEPLOY = "first-deploy"
"""The plan of the base before anything of it exists."""

OVERRIDE = "_override"
KEPT = (
    "complete",
    "configuration",
    "errored",
    "format_version",
    "output_changes",
    "planned_values",
    "resource_changes",
    "terraform_version",
)
"""What the review reads of a plan."""


class Terraform:
    """Terraform in a folder, against LocalStack."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self._variables = variables

    def __call__(self, *arguments: str, may_fail: bool = False) -> str:
        done = subprocess.run(
            ["terraform", f"-chdir={self.folder}", *arguments],
            env=self._variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not may_fail:
            raise LocalError(f"terraform {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def plan(self, *options: str, may_fail: bool = False) -> dict[str, Any]:
        """Plan, and return the plan."""
        self("plan", "-input=false", "-out=plan", *options, may_fail=may_fail)
        plan: dict[str, Any] = json.loads(self("show", "-json", "plan"))
        return plan


def names() -> list[str]:
    """Return the name of each change."""
    return sorted({path.stem.removesuffix(OVERRIDE) for path in CHANGES.glob("*.tf")})


def main() -> int:
    """Make the fixtures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="only these changes")
    only = parser.parse_args().only
    settings = settings_from_environment()
    backend = choose_backend(settings)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            stopping_what_it_starts(backend, always=True),
            firewall_server() as firewall_endpoint,
        ):
            backend.start()
            endpoints = {
                "TF_VAR_endpoint": settings.endpoint,
                "TF_VAR_firewall_endpoint": firewall_endpoint,
            }
            terraform = Terraform(Path(folder), tool_environment(settings, backend) | endpoints)
            make(terraform, only or names())
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def firewall_server() -> Iterator[str]:
    """Run moto's server, which has the web firewall that LocalStack lacks; yield its address."""
    os.environ["MOTO_ACCOUNT_ID"] = LOCAL_ACCOUNT_ID
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def make(terraform: Terraform, wanted: list[str]) -> None:
    """Apply the base, and write its plans and those of the changes."""
    folder = terraform.folder
    shutil.copy(FIXTURES / "base.tf", folder)
    with zipfile.ZipFile(folder / "function.zip", "w") as package:
        package.writestr(zipfile.ZipInfo("handler.py"), "def handler(event, context): ...\n")
    terraform("init", "-input=false")
    keep(FIRST_DEPLOY, terraform.plan())
    with step("applying the base"):
        terraform("apply", "-input=false", "-auto-approve", "-parallelism=40")
    keep(BASE, terraform.plan())
    for name in wanted:
        with step(f"planning {name}"):
            added = [
                Path(shutil.copy(path, folder))
                for path in (CHANGES / f"{name}.tf", CHANGES / f"{name}{OVERRIDE}.tf")
                if path.exists()
            ]
            # Only a plan that breaks this rule is one that Terraform gives up.
            gives_up = name.startswith("plan-is-whole")
            (folder / "plan").unlink()
            keep(name, terraform.plan("-refresh=false", may_fail=gives_up))
            for path in added:
                path.unlink()
    with step("destroying the base"):
        terraform("destroy", "-input=false", "-auto-approve", "-parallelism=40")


def keep(name: str, plan: dict[str, Any]) -> None:
    """Write the part of a plan that the review reads."""
    PLANS.mkdir(exist_ok=True)
    text = json.dumps(trimmed(plan), indent=1, sort_keys=True)
    (PLANS / f"{name}.json").write_text(text + "\n")


def trimmed(plan: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a plan that the review reads."""
    kept = {key: without_nulls(plan[key]) for key in KEPT if key in plan}
    # The endpoint is where it happened to be made.
    for provider in kept["configuration"]["provider_config"].values():
        provider.get("expressions", {}).pop("endpoints", None)
    for resource in kept["resource_changes"]:
        for marks in ("after_unknown", "before_sensitive", "after_sensitive"):
            resource["change"][marks] = only_true(resource["change"].get(marks))
    # Every resource is among the changes, with its values.
    for resource in kept["planned_values"]["root_module"]["resources"]:
        for values in ("values", "sensitive_values"):
            resource.pop(values, None)
    return kept


def only_true(marks: Any) -> Any:
    """Return a tree of marks with nothing in it but what is marked."""
    if isinstance(marks, dict):
        return {key: only_true(each) for key, each in marks.items() if has_mark(each)}
    if isinstance(marks, list):
        return [only_true(each) for each in marks]
    return marks or {}


def without_nulls(value: Any) -> Any:
    """Return a value without what is null in it, but for what may be missing as a whole."""
    if isinstance(value, dict):
        return {
            key: without_nulls(each)
            for key, each in value.items()
            if each is not None or key in {"before", "after", "tags_all"}
        }
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
