import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.__main__ import locks_of
from local.one_at_a_time import one_at_a_time
from local.processes import LocalError, wait_for
from local.settings import ROOT, LocalSettings

HOLD = """
import sys
from pathlib import Path
from local.one_at_a_time import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

# A command that runs another one, in each way that there is.
RUN = """
import os, sys
from pathlib import Path
from delivery.target import Target
from local.one_at_a_time import one_at_a_time
from local.tools import run_logged
from tests.stacks.synthesised import settings_of
folder = Path(sys.argv[1])
terraform = folder / "terraform"
variables = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
target = Target(settings_of("dev"), variables)
with one_at_a_time(folder):
"""
WAYS = (
    'run_logged([terraform], variables, log=folder / "output")',
    "target.run([terraform])",
    'target.terraform("storage", "apply")',
)

# Goes on until there is a file.
TERRAFORM = """#!/bin/sh
cd "$(dirname "$0")"
echo begun >> log
until [ -e go-on ]; do sleep 0.05; done
set -e
echo what it has done
echo and what was wrong >&2
echo ended >> log
"""


@contextmanager
def program(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with program(HOLD, folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def is_free(folder: Path) -> bool:
    try:
        with one_at_a_time(folder):
            return True
    except LocalError:
        return False


def test_the_second_command_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        holder(tmp_path) as first,
        pytest.raises(LocalError) as refused,
        one_at_a_time(tmp_path),
    ):
        pytest.fail("it is held")

    said = str(refused.value)
    assert said.startswith("Another command is at work in this folder (python")
    assert f", process {first.pid})" in said
    assert said.endswith("wait until it has ended, or end it, and run this again.")


def test_a_command_that_is_killed_leaves_no_lock(tmp_path: Path) -> None:
    with holder(tmp_path) as first:
        first.kill()
        first.wait()

        assert is_free(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_killed_command_ran_goes_on_alone_and_to_its_end(tmp_path: Path, way: str) -> None:
    # given
    log = tmp_path / "log"
    (tmp_path / "terraform").write_text(TERRAFORM)
    (tmp_path / "terraform").chmod(0o755)
    with program(f"{RUN}    {way}", tmp_path) as command:
        assert wait_for(lambda: log.exists() and log.read_text() == "begun\n", 30)
        # when
        command.kill()
        command.wait()
        # then
        with (
            pytest.raises(LocalError, match=r"at work in this folder \(.*\bterraform, process \d+"),
            one_at_a_time(tmp_path),
        ):
            pytest.fail("it is held")
        # when
        (tmp_path / "go-on").touch()
        # then
        assert wait_for(lambda: is_free(tmp_path), 30)
        assert log.read_text() == "begun\nended\n"


def test_other_folders_and_other_work_are_not_concerned(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "4566"):
        assert is_free(tmp_path / "4666")
        with one_at_a_time(tmp_path / "4566", "cdktf"):
            assert not is_free(tmp_path / "4566")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("up", "up", False),
        ("e2e", "down", False),
        ("deploy", "deploy", False),
        ("e2e", "cdktf", True),  # its tests run it; what synthesises has a lock beside these
        ("deploy", "terraform", True),
    ],
)
def test_commands_that_would_disturb_each_other_do_not_run_together(
    first: str, second: str, together: bool
) -> None:
    settings = LocalSettings()
    assert set(locks_of(first, settings)).isdisjoint(locks_of(second, settings)) is together


def test_two_ports_can_be_started_at_once_and_deployed_to_one_after_the_other(
    tmp_path: Path,
) -> None:
    here, there = LocalSettings(folder=tmp_path / "1"), LocalSettings(folder=tmp_path / "2")

    assert set(locks_of("up", here)).isdisjoint(locks_of("up", there))
    assert not set(locks_of("deploy", here)).isdisjoint(locks_of("deploy", there))
