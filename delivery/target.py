"""What is deployed to: an environment, as the person's or CI's own variables describe it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from local.aws import client as local_client
from local.backends import choose_backend
from local.one_at_a_time import held_locks
from local.settings import ROOT, settings_from_environment
from local.terraform import run_terraform
from local.tools import LOCAL, SYNTHESISED, tool_environment
from stacks.base import state_bucket_name
from stacks.settings import Settings, SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHARED_STACKS = ("storage", "pipeline")
"""The stacks whose state is in the bucket, in the order in which they are applied."""


class DeliveryError(Exception):
    """What keeps a deployment from going on; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """An environment, and the variables that the tools need to get at it."""

    settings: Settings
    variables: Mapping[str, str]

    @classmethod
    def from_environment(cls) -> "Target":
        """Return the target that ENVIRONMENT names; ``local`` if it names none.

        Raises
        ------
        DeliveryError
            If a setting is missing or wrong.
        """
        machine = settings_from_environment()
        environment = os.environ.get("ENVIRONMENT") or LOCAL
        variables = tool_environment(machine, choose_backend(machine), environment)
        if not sys.stdout.isatty():
            # The CDKTF CLI then prints lines instead of a picture that moves.
            variables["CI"] = "1"
        try:
            return cls(Settings.from_environment(variables), variables)
        except SettingsError as error:
            raise DeliveryError(str(error)) from None

    @property
    def name(self) -> str:
        """The name of the copy that is deployed, such as ``dev``."""
        return self.settings.suffix

    @property
    def state_bucket(self) -> str:
        """The name of the bucket that keeps the states."""
        return state_bucket_name(self.settings)

    def state_key(self, stack: str) -> str:
        """Return the key of a stack's state in the bucket."""
        return f"{self.settings.suffix}/{stack}.tfstate"

    def s3(self) -> "S3Client":
        """Return a client of S3, where the environment is."""
        made: S3Client = self.client("s3")
        return made

    def client(self, service: str) -> Any:
        """Return a client of any service, by boto3's name, where the environment is."""
        if self.settings.is_local:
            return local_client(service, settings_from_environment())
        make: Any = boto3.client
        return make(service, region_name=self.settings.region)

    def run(self, command: Sequence[str | Path]) -> int:
        """Run a tool at the terminal, so that it can ask; return its exit status.

        If this process is killed the tool goes on, and no other works in this folder meanwhile.
        """
        return subprocess.run(
            [str(word) for word in command],
            env=dict(self.variables),
            cwd=ROOT,
            check=False,
            pass_fds=held_locks(),
        ).returncode

    def terraform(self, stack: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Terraform in a synthesised stack, and return what it said."""
        return run_terraform(SYNTHESISED / stack, *arguments, variables=self.variables)

    def must(self, stack: str, *arguments: str) -> str:
        """Run Terraform in a synthesised stack, and return what it printed.

        Raises
        ------
        DeliveryError
            If it failed, with all that it said.
        """
        done = self.terraform(stack, *arguments)
        if done.returncode:
            raise DeliveryError(
                f"terraform {arguments[0]} failed for {stack}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def outputs(self, stack: str) -> dict[str, Any]:
        """Return the outputs of a stack that is applied."""
        found = json.loads(self.must(stack, "output", "-json"))
        return {name: output["value"] for name, output in found.items()}
