"""docs/adding-a-stage.md, carried out on a copy of the project: it applies, and works.

Slow: the copy is checked by programs of its own, since this one has the project's modules.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Document
from tests.docs.worked_example import NewFile, contents, copy_of_the_project, steps_of
from tests.stacks.synthesised import Deployment, read_stacks, settings_of
from tests.tour.script import commands_of, without_comment

PATH = "docs/adding-a-stage.md"
DOCUMENT = Document(PATH, (ROOT / PATH).read_text())
STEPS = steps_of(DOCUMENT)
NEW = [step.path for step in STEPS if isinstance(step, NewFile)]

MEASURED = {"make cold-start", "make cost"}
"""Commands that measure, which takes an idle machine: `make local-documents` runs them."""

WRITTEN = {
    "docs/openapi.json": b"FraudSuspected",
    "docs/permissions.md": b"fraud-check",
    "docs/settings.md": b"fraud_check",
}
"""What the other commands write, and the name by which the new stage is in it."""

SYNTHESISE = """
import sys
from pathlib import Path
from tests.stacks.synthesised import settings_of, synthesise
synthesise(settings_of("dev"), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the page was followed to its end."""
    copy = copy_of_the_project(tmp_path_factory.mktemp("project"))
    for step in STEPS:
        step.carry_out(copy)
    return copy


@pytest.fixture(scope="module")
def dev(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The copy's own synthesis of dev."""
    folder = tmp_path_factory.mktemp("synthesised")
    run(project, "-c", SYNTHESISE, str(folder))
    return Deployment(settings_of("dev"), folder, read_stacks(folder))


def run(project: Path, *arguments: str) -> None:
    """Run Python in a copy of the project."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": ".:lambdas"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ------------------------------------------------------------------ the page as a whole


def test_it_can_be_taken_back(tmp_path: Path) -> None:
    copy = copy_of_the_project(tmp_path)
    before = contents(copy)
    for step in STEPS:
        step.carry_out(copy)
    assert set(contents(copy)) - set(before) == set(NEW)
    for step in reversed(STEPS):
        step.take_back(copy)
    assert contents(copy) == before


def test_a_step_that_does_not_apply_is_found(project: Path) -> None:
    for step in STEPS:
        with pytest.raises((subprocess.CalledProcessError, FileExistsError)):
            step.carry_out(project)


def test_a_block_of_no_file_is_found() -> None:
    with pytest.raises(ValueError, match="the first line names no file"):
        steps_of(Document("x.md", "```python\nassert True\n```\n"))


# ------------------------------------------------------------------ what comes of it


def test_its_tests_pass(project: Path) -> None:
    written = [path for path in NEW if path.startswith("tests/unit/")]
    assert len(written) > 1
    run(
        project,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *written,
        "tests/unit/domain/test_transitions.py",
        "tests/unit/released/test_formats.py::test_nothing_that_was_released_is_lost_or_changed",
        "tests/unit/released/test_formats.py::test_every_type_of_event_has_happened_to_one_of_the_orders",
        "tests/unit/functions/test_handlers.py::test_fraud_check_cancels_what_is_suspicious",
    )


def test_it_is_formatted_and_linted(project: Path) -> None:
    python = [step.path for step in STEPS if step.path.endswith(".py")]
    run(project, "-m", "ruff", "check", "--no-cache", *python)
    run(project, "-m", "ruff", "format", "--no-cache", "--check", *python)


def test_its_types_are_right(project: Path) -> None:
    functions = [path for path in NEW if path.startswith("lambdas/")]
    run(project, "-m", "mypy", "--cache-dir", "build/mypy", *functions)


def test_its_commands_write_what_is_generated(project: Path) -> None:
    commands = {
        without_comment(command)
        for block in DOCUMENT.blocks
        if block.language == "sh"
        for command in commands_of(block)
    }
    assert commands > MEASURED
    before = contents(project)
    for command in sorted(commands - MEASURED):
        program, *targets = command.split()
        assert program == "make"
        # What is installed is the project's own, not this copy's to install again.
        as_it_is = ("--old-file", ".venv/.installed")
        subprocess.run([program, *as_it_is, *targets], cwd=project, check=True)
    after = contents(project)
    assert {path for path in after if after[path] != before.get(path)} == WRITTEN.keys()
    for path, name in WRITTEN.items():
        assert name in after[path]


# ------------------------------------------------------------------ what is deployed


def test_the_queue_has_its_dead_letter_queue(dev: Deployment) -> None:
    queue = dev.one("aws_sqs_queue.fraud-check-queue")
    dead_letters = dev.one("aws_sqs_queue.fraud-check-dlq")
    assert queue["name"] == "fraud-check-queue-dev"
    target = json.loads(queue["redrive_policy"])["deadLetterTargetArn"]
    assert target.endswith(":fraud-check-dlq-dev")
    assert dead_letters["name"] == "fraud-check-dlq-dev"
    assert dev.one("aws_cloudwatch_metric_alarm.fraud-check-dlq-alarm")


def test_the_subscription_has_its_filter(dev: Deployment) -> None:
    subscription = dev.one("aws_sns_topic_subscription.fraud-check-subscription")
    assert subscription["endpoint"] == "${aws_sqs_queue.fraud-check-queue.arn}"
    assert json.loads(subscription["filter_policy"]) == {"eventType": ["OrderValidated"]}
    target = json.loads(subscription["redrive_policy"])["deadLetterTargetArn"]
    assert target.endswith(":fraud-check-subscription-dlq-dev")


def test_the_function_works_the_queue_off(dev: Deployment) -> None:
    function = dev.one("aws_lambda_function.fraud-check-function")
    mapping = dev.one("aws_lambda_event_source_mapping.fraud-check-mapping")
    assert function["handler"] == "fraud_check.handler.handler"
    assert function["environment"]["variables"]["ORDERS_TABLE_NAME"] == "orders-table-dev"
    assert mapping["event_source_arn"] == "${aws_sqs_queue.fraud-check-queue.arn}"
    assert mapping["function_name"] == "${aws_lambda_alias.fraud-check-function-alias.arn}"
    assert mapping["scaling_config"] == {"maximum_concurrency": 2}


def test_the_other_stages_are_as_before(dev: Deployment) -> None:
    for stage, consumed in (("validation", "OrderPlaced"), ("inventory", "OrderValidated")):
        subscription = dev.one(f"aws_sns_topic_subscription.{stage}-subscription")
        assert consumed in json.loads(subscription["filter_policy"])["eventType"]
