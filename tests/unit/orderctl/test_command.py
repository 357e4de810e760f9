import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orderctl.__main__ import app
from orderctl.terminal import age, moment
from tests.unit.builders import NOON

ROOT = Path(__file__).resolve().parents[3]


def test_the_tool_starts_without_anything_set_up_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orderctl", "--help"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "republish" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dlq", "show", "paymnt"], "fulfilment-subscription"),
        (["dlq", "redrive", "paymnt"], "fulfilment-subscription"),
        (["pause", "paymnt"], "intake-drain"),
        (["resume", "paymnt"], "intake-drain"),
        (["republish"], "a span of time"),
        (["republish", "ORD-1", "--since", "2026-01-31T12:00:00Z"], "a span of time"),
        (["republish", "ORD-1", "--until", "2026-01-31T12:00:00Z"], "--since"),
        (["republish", "--since", "yesterday"], "RFC 3339"),
        (["republish", "--since", "2026-01-31T12:00:00"], "time zone"),
        (
            [
                "republish",
                "--since",
                "2026-01-31T12:00:00Z",
                "--until",
                "2026-01-31T13:00:00+01:00",
            ],
            "later than",
        ),
        (["books", "--since", "2026-13-31T12:00:00Z"], "RFC 3339"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_done(arguments: list[str], said: str) -> None:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output


def test_redriving_needs_a_queue() -> None:
    done = subprocess.run(
        ["make", "redrive"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "QUEUE=payment" in done.stderr


def test_a_time_is_read_whatever_its_zone() -> None:
    assert moment("2026-01-31T13:00:00+01:00") == NOON
    assert moment("2026-01-31T12:00:00Z").tzinfo is UTC
    with pytest.raises(typer.BadParameter):
        moment("12:00")


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=3, seconds=1), "3 min"),
        (timedelta(hours=47), "1 d"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(passed: timedelta, text: str) -> None:
    assert age(NOON, datetime(2026, 1, 31, 12, tzinfo=UTC) + passed) == text
