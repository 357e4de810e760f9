"""Questions are asked beside the output, which is for the answer: `orderctl place --json | jq`."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def at_a_terminal(typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose input is a terminal, at which somebody types, and its output is not."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run(
            [sys.executable, "-m", "orderctl", *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "LOCAL_PORT": "9", "NO_COLOR": "1"},
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("typed", "arguments", "asked"),
    [
        (
            "CUST-1\nTEA\nTEA=2\n\nn\n",
            ["place", "--json"],
            [
                "Customer",
                "'TEA' is not an item and a quantity",
                "(empty to finish)",
                "Place an order of CUST-1 in local: 2 of TEA?",
            ],
        ),
        (
            "n\n",
            ["cancel", "ORD-1", "--reason", "other", "--json"],
            ["Cancel ORD-1 in local: other?"],
        ),
    ],
    ids=["place", "cancel"],
)
def test_no_question_is_on_the_output(typed: str, arguments: list[str], asked: list[str]) -> None:
    done = at_a_terminal(typed, *arguments)
    assert done.returncode == 1, done.stderr
    for question in asked:
        assert question in done.stderr
    assert done.stdout == ""
