"""Run in LocalStack's environment: invocations come in while others look for an environment.

Prints the environment that each got.
"""

import sys
from contextlib import ExitStack
from functools import partial
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

from localstack.services.lambda_.invocation import assignment, lambda_service
from localstack.services.lambda_.invocation.execution_environment import InvalidStatusException
from localstack.services.lambda_.invocation.lambda_models import InitializationType

VERSION = SimpleNamespace(config=SimpleNamespace(capacity_provider_config=None), qualified_arn="")


class Invocations:
    """Invocations of one version, which go on until the end."""

    def __init__(self, number: int, end: ExitStack) -> None:
        self._to_come = number
        self._end = end
        self._service = lambda_service.AssignmentService()
        self.environments: list[int] = []

    def next_one(self) -> None:
        """Let one come in, if any is left."""
        if self._to_come:
            self._to_come -= 1
            environment = self._end.enter_context(
                self._service.get_environment("version", VERSION, InitializationType.on_demand)
            )
            self.environments.append(environment.id)


class Environment:
    """Starts at once, and always somebody comes in just before it is taken."""

    started = 0

    def __init__(self, invocations: Invocations, **settings: Any) -> None:
        Environment.started += 1
        self.id = self.started
        self.initialization_type = settings["initialization_type"]
        self.version_manager_id = settings["version_manager_id"]
        self.function_version = settings["function_version"]
        self._invocations = invocations
        self._is_free = True

    def start(self) -> None:
        """Be ready."""

    def reserve(self) -> None:
        """Run an invocation, unless another one does."""
        self._invocations.next_one()
        if not self._is_free:
            raise InvalidStatusException("it runs another invocation")
        self._is_free = False

    def release(self) -> None:
        """Be free again."""
        self._is_free = True

    def stop(self) -> None:
        """Do nothing: there is no process."""


if __name__ == "__main__":
    (plugin,) = entry_points(group="localstack.hooks.on_infra_start", name="share_environments")
    plugin.load()()
    with ExitStack() as end:
        invocations = Invocations(5, end)
        assignment.ExecutionEnvironment = partial(Environment, invocations)
        invocations.next_one()
        sys.stdout.write(f"{sorted(invocations.environments)}\n")
