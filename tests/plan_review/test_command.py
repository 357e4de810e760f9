"""`python -m plan_review` ends with the verdict, and says what is wrong with its input."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.one_at_a_time import one_at_a_time
from tests.plan_review.plans import change, plan_of

ROOT = Path(__file__).resolve().parents[2]
QUEUE = "aws_sqs_queue.payment-queue"
NOTHING = plan_of()
DESTROYED = plan_of(change(QUEUE, {"name": "payment-queue-prod"}, None))
NEW_FORMAT = '{"format_version": "2.0"}'


def run(
    folder: Path, *arguments: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "plan_review", *arguments, "--out", str(out)],
        cwd=ROOT,
        env=os.environ | {"ENVIRONMENT": "prod", "ENVIRONMENT_SUFFIX": ""} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, out


def plan_file(folder: Path, text: str, stack: str = "pipeline") -> str:
    path = folder / f"{stack}.json"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "status", "verdict"),
    [
        (NOTHING.model_dump_json(), 0, "PASS"),
        (DESTROYED.model_dump_json(), 1, "FAIL"),
        (NEW_FORMAT, 2, "CANNOT JUDGE"),
    ],
)
def test_the_exit_status_is_the_verdict(
    tmp_path: Path, text: str, status: int, verdict: str
) -> None:
    done, out = run(tmp_path, plan_file(tmp_path, text))
    assert (done.returncode, done.stderr) == (status, "")
    assert f"Plan review: {verdict}" in done.stdout
    assert (out / "review.md").read_text().startswith(f"# Plan review: {verdict}\n")
    written = json.loads((out / "verdict.json").read_text())
    assert (written["verdict"], written["exit_status"]) == (verdict, status)


def test_the_worst_of_several_plans_decides(tmp_path: Path) -> None:
    plans = [
        plan_file(tmp_path, NEW_FORMAT, "bootstrap"),
        plan_file(tmp_path, DESTROYED.model_dump_json(), "storage"),
        plan_file(tmp_path, NOTHING.model_dump_json(), "pipeline"),
    ]
    done, out = run(tmp_path, *plans)
    assert done.returncode == 1
    verdicts = [
        each["verdict"] for each in json.loads((out / "verdict.json").read_text())["findings"]
    ]
    assert verdicts == ["FAIL", "CANNOT JUDGE"]


@pytest.mark.parametrize(
    ("stacks", "waived", "status"),
    [
        (("storage", "pipeline"), "", 1),
        (("pipeline",), "", 0),
        (("storage", "pipeline"), 'stack = "bootstrap"', 0),
        (("bootstrap", "storage", "pipeline"), 'stack = "bootstrap"', 1),
    ],
    ids=["what CI reviews", "one stack", "of bootstrap, in CI", "of bootstrap, all reviewed"],
)
def test_a_waiver_that_waives_nothing_is_told_where_that_is_certain(
    tmp_path: Path, stacks: tuple[str, ...], waived: str, status: int
) -> None:
    # given
    waivers = tmp_path / "waivers.toml"
    until = datetime.now(UTC).date() + timedelta(days=2)
    waivers.write_text(
        f'[[waiver]]\nrule = "data-stays"\naddress = "{QUEUE}"\n'
        f'reason = "Emptied before the deploy"\nuntil = {until}\n{waived}\n'
    )
    plans = [plan_file(tmp_path, NOTHING.model_dump_json(), stack) for stack in stacks]
    # when
    done, _ = run(tmp_path, "--waivers", str(waivers), *plans)
    # then
    assert done.returncode == status, done.stdout + done.stderr
    assert ("waives nothing" in done.stdout) == bool(status)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": "1.2"}', "\x00"])
def test_bad_input_is_an_error_of_its_own(tmp_path: Path, text: str) -> None:
    done, out = run(tmp_path, plan_file(tmp_path, text))
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert "pipeline.json" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the plans"),
        (("--plan", "pipeline.json"), "name the plans"),
        (("--nonsense",), "nonsense"),
        (("nowhere.json",), "nowhere.json cannot be read"),
        (("--waivers", "nowhere.toml", "pipeline.json"), "nowhere.toml does not exist"),
    ],
)
def test_wrong_use_is_an_error_of_its_own(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done, _ = run(tmp_path, *arguments)
    assert done.returncode == 3
    assert said in done.stderr


def test_plans_are_made_by_one_at_a_time(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "out"):
        done, _ = run(tmp_path, "--plan", LOCAL_BACKEND="host", ENVIRONMENT="local")
    assert done.returncode == 3
    assert "Another command is at work in this folder" in done.stderr


def test_a_plan_for_real_says_what_it_needs(tmp_path: Path) -> None:
    nobody_listens = {"LOCAL_PORT": "1", "LOCAL_BACKEND": "host", "ENVIRONMENT": "local"}
    done, _ = run(tmp_path, "--plan", **nobody_listens)
    assert done.returncode == 3
    assert "LocalStack is not running" in done.stderr
