"""A shell completes commands, options, and the names that are known without asking AWS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def orderctl(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "orderctl", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_is_about_the_command_as_it_is_typed() -> None:
    script = orderctl("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_ORDERCTL_COMPLETE=complete_bash" in script
    assert script.rstrip().endswith("orderctl")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("orderctl wat", {"watch"}),
        ("orderctl dlq ", {"list", "show", "redrive", "discard"}),
        ("orderctl dlq show intake", {"intake-overflow"}),
        ("orderctl pause in", {"inventory", "intake-drain"}),
        ("orderctl cancel ORD-1 --reason changed", {"changed_mind"}),
    ],
)
def test_what_is_begun_is_completed(typed: str, completed: set[str]) -> None:
    words = typed.split(" ")
    shown = orderctl(
        _ORDERCTL_COMPLETE="complete_bash",
        COMP_WORDS=typed,
        COMP_CWORD=str(len(words) - 1),
    )
    assert set(shown.split()) == completed
