"""The Makefile where something was interrupted or cannot be installed, with stand-ins for tools."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from local.processes import wait_for
from local.settings import ROOT
from tests.unit.local.test_prerequisites import GOOD

# Notes its calls. `-m venv --clear FOLDER` makes a pip that installs a uv that does the same.
PYTHON = """
case "$*" in *"-m venv"*)
    rm -rf "$4" && mkdir -p "$4/bin" && cp "$TOOLS/pip" "$4/bin/pip";;
*ensurepip*) ;;
*in_turn.py*) exec "$REAL_PYTHON" "$@";;
*) echo 3.13.4;; esac
"""
PIP = """
echo "pip $*" >> calls
while [ -e slow ]; do sleep 0.05; done
[ ! -e offline ] && cp "$TOOLS/uv" "${0%pip}uv"
"""
UV = """
echo "uv $1 $2" >> calls
case $1 in venv) for folder; do :; done; rm -rf "$folder" && mkdir -p "$folder/bin";;
*) [ ! -e offline ];; esac
"""
NPM = 'echo "npm $*" >> calls; [ ! -e offline ] && rm -rf node_modules && mkdir node_modules'
PROGRAMS = GOOD | {"python3.13": PYTHON, "npm": NPM, "pip": PIP, "uv": UV}

type Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project as far as installing it needs it."""
    folder = tmp_path / "with a space"
    for file in (
        "Makefile",
        "local/check_prerequisites.sh",
        "local/in_turn.py",
        "package.json",
        "package-lock.json",
        "requirements/dev.txt",
        "requirements/uv.txt",
    ):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    return folder


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment in which the tools are stand-ins."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, script in PROGRAMS.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "TOOLS": str(tools),
        "REAL_PYTHON": sys.executable,
    }


@pytest.fixture
def make(folder: Path, variables: dict[str, str]) -> Make:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["make", *arguments],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def calls(folder: Path) -> list[str]:
    file = folder / "calls"
    made = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [" ".join(call.split()[:2]) for call in made]


EVERYTHING = ["pip install", "uv venv", "uv pip", "npm ci"]


def test_everything_is_installed_once(make: Make, folder: Path) -> None:
    assert make("setup").returncode == 0
    assert calls(folder) == EVERYTHING

    assert make("setup").returncode == 0
    assert calls(folder) == []


def test_two_that_install_at_once_do_it_once(folder: Path, variables: dict[str, str]) -> None:
    # given
    (folder / "slow").touch()
    start = partial(
        subprocess.Popen,
        ["make", "setup"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ExitStack() as processes:
        try:
            first = processes.enter_context(start())
            assert wait_for((folder / "calls").exists, 60)
            # when
            second = processes.enter_context(start())
            assert second.stdout is not None
            told = second.stdout.readline()
        finally:
            (folder / "slow").unlink()
        # then
        assert told == "waiting for another make, which installs into this folder\n"
        assert [first.wait(), second.wait()] == [0, 0]
    assert sorted(calls(folder)) == sorted(EVERYTHING)


@pytest.mark.parametrize(
    ("half_made", "again"),
    [
        (".venvs/uv", ["pip install"]),
        (".venv", ["uv venv", "uv pip"]),
        ("node_modules", ["npm ci"]),
    ],
)
def test_what_was_left_half_installed_is_made_anew(
    make: Make, folder: Path, half_made: str, again: list[str]
) -> None:
    # given
    make("setup")
    calls(folder)
    (folder / half_made / ".installed").unlink()
    (folder / half_made / "half").touch()
    # when
    done = make("setup")
    # then
    assert done.returncode == 0
    assert calls(folder) == again
    assert not (folder / half_made / "half").exists()


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        ([], "PyPI has to be reachable, or a mirror that PIP_INDEX_URL names."),
        ([".venvs/uv"], "PyPI has to be reachable, or a mirror that UV_DEFAULT_INDEX names."),
        (
            [".venvs/uv", ".venv"],
            "npm's registry has to be reachable, or a mirror that NPM_CONFIG_REGISTRY names.",
        ),
    ],
)
def test_what_cannot_be_reached_is_named_and_the_next_run_goes_on(
    make: Make, folder: Path, installed: list[str], said: str
) -> None:
    # given
    for each in installed:
        make(f"{each}/.installed")
    before = calls(folder)
    (folder / "offline").touch()
    # when
    done = make("setup")
    # then
    assert done.returncode != 0
    assert f"Not installed, see above. {said} Run the same target again" in done.stderr
    # when
    calls(folder)
    (folder / "offline").unlink()
    done = make("setup")
    # then
    assert done.returncode == 0
    assert calls(folder) == EVERYTHING[len(before) :]


def test_what_is_missing_is_named_before_anything_is_installed(make: Make, folder: Path) -> None:
    (folder.parent / "tools/terraform").write_text("#!/bin/sh\nexit 127\n")

    done = make("setup")

    assert done.returncode != 0
    assert "Terraform 1.10 or newer: https://" in done.stderr
    assert calls(folder) == []


def test_clean_stops_what_was_started_on_whatever_ports(make: Make, folder: Path) -> None:
    # given
    for port in ("4566", "4666"):
        (folder / ".local" / port).mkdir(parents=True)
        (folder / ".local" / port / "command.lock").touch()
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/.installed").touch()
    python = folder / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$LOCAL_PORT $*" >> stopped\n')
    python.chmod(0o755)
    # when
    done = make("clean", "LOCAL_PORT=4666")
    # then
    assert done.returncode == 0, done.stderr
    stopped = (folder / "stopped").read_text().splitlines()
    assert sorted(stopped) == ["4566 -m local down", "4666 -m local down"]


def test_clean_removes_nothing_where_something_cannot_be_stopped(make: Make, folder: Path) -> None:
    # given
    (folder / ".local/4566").mkdir(parents=True)
    (folder / ".local/4566/command.lock").touch()
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/.installed").touch()
    python = folder / ".venv/bin/python"
    python.write_text("#!/bin/sh\necho error: Another command is at work >&2; exit 1\n")
    python.chmod(0o755)
    # when
    done = make("clean")
    # then
    assert done.returncode != 0
    assert python.exists()


@pytest.mark.parametrize("installed", [True, False])
def test_clean_ends_also_where_python_is_half_installed(
    make: Make, folder: Path, installed: bool
) -> None:
    # given
    (folder / ".venv/bin").mkdir(parents=True)
    python = folder / ".venv/bin/python"
    if installed:
        # As after an upgrade of Python: the one that it was made of is gone.
        python.symlink_to("/nowhere/python3.13")
        (folder / ".venv/.installed").touch()
    else:
        python.write_text("#!/bin/sh\necho No module named psutil >&2; exit 1\n")
        python.chmod(0o755)
    # when
    done = make("clean")
    # then
    assert done.returncode == 0, done.stderr
    assert not (folder / ".venv").exists()
