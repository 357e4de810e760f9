"""Stand-ins for what a deployment runs against."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from delivery.target import Target
from tests.stacks.synthesised import settings_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

type Answer = tuple[int, str, str]
"""Exit status, output and error output."""


def succeeds(_stack: str, _arguments: Sequence[str]) -> Answer:
    return 0, "", ""


@dataclass(frozen=True)
class FakeTarget(Target):
    """The environment `dev`; the tools it runs do nothing but answer."""

    answers: Callable[[str, Sequence[str]], Answer] = succeeds
    status: int = 0
    """What the CDKTF CLI ends with."""
    ran: list[tuple[str, ...]] = field(default_factory=list)
    while_running: Callable[[], None] = lambda: None

    def s3(self) -> "S3Client":
        return boto3.client("s3")

    def run(self, command: Sequence[str | Path]) -> int:
        self.ran.append(tuple(str(word) for word in command[1:]))
        self.while_running()
        return self.status

    def terraform(self, stack: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        self.ran.append((stack, *arguments))
        status, output, errors = self.answers(stack, arguments)
        return subprocess.CompletedProcess(["terraform"], status, output, errors)


def a_target(
    answers: Callable[[str, Sequence[str]], Answer] = succeeds,
    *,
    status: int = 0,
    while_running: Callable[[], None] = lambda: None,
) -> FakeTarget:
    return FakeTarget(
        settings_of("dev"), {}, answers=answers, status=status, while_running=while_running
    )
