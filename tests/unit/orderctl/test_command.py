import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import typer
from typer.testing import CliRunner, Result

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.transitions import EventType
from orderctl.__main__ import app
from orderctl.dead_letters import DEAD_LETTER_QUEUES
from orderctl.terminal import age, moment
from tests.unit.builders import BY, NOON, a_placed_order
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

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
        (["rollback", "--to", "3"], "--to goes with a function"),
        (["versions", "--prune", "0"], "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_done(arguments: list[str], said: str) -> None:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output


def run(*arguments: str, answer: str | None = None) -> Result:
    """Run a command about the deployment that is in memory."""
    runner = CliRunner(
        env={
            "ENVIRONMENT": "dev",
            "ENVIRONMENT_SUFFIX": "test",
            "COLUMNS": "200",
            "NO_COLOR": "1",
        }
    )
    return runner.invoke(app, arguments, input=answer)


@pytest.fixture
def spoilt(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> "DynamoDBClient":
    """The tables, with one order among others that is none, a day after it was written."""
    # Every hour up to now is looked at for what the bucket lacks.
    monkeypatch.setattr("orderctl.commands.records.now", lambda: NOON + timedelta(days=1))
    table = OrdersTable(dynamodb, ORDERS_TABLE)
    for order_id in ("OLD", "OLDER"):
        order = a_placed_order(order_id=order_id).after(EventType.ORDER_REJECTED, by=BY)
        table.add(order)
    item = {
        "orderId": "[/x]",
        "customerId": "CUST-1",
        "placedAt": "2030-01-31T12:00:00.000Z",
        "openBucket": "open#0",
        "dueAt": "2026-01-31T12:00:00.000Z",
    }
    dynamodb.put_item(TableName=ORDERS_TABLE, Item=to_item(item))
    boto3.client("s3").create_bucket(
        Bucket="audit-bucket-test-123456789012",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-2"},
    )
    boto3.client("sns").create_topic(Name="order-events-topic-test")
    for name in ("intake-overflow-queue-test", "intake-overflow-dlq-test"):
        boto3.client("sqs").create_queue(QueueName=name)
    return dynamodb


@pytest.mark.usefixtures("spoilt")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["audit", "[/x]"], 1, "Order [/x] cannot be read"),
        (["audit", "[/y]"], 2, "There is no order [/y]"),
        (["republish", "[/x]"], 1, "Order [/x] cannot be read"),
        (["republish", "OLD", "--event", "OrderDelivered"], 2, "OLD has no OrderDelivered"),
        (["republish", "--since", "2026-01-31T00:00:00Z"], 1, "order [/x] cannot be read"),
        (["dlq", "redrive", "payment"], 2, "payment-dlq-test is not deployed"),
        (["overdue"], 0, "[/x]"),
        (
            ["books", "--since", "2026-01-31T11:00:00Z", "--until", "2026-01-31T13:00:00Z"],
            1,
            "[/x]",
        ),
        (["restore", "--from", "nope"], 2, "There is no table nope"),
        (["erase", "[/x]", "--yes"], 2, "[/x] has no orders"),
    ],
)
def test_bad_data_is_told_in_a_sentence(arguments: list[str], exit_code: int, said: str) -> None:
    done = run(*arguments)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.exit_code == exit_code, done.output
    assert said in done.output


@pytest.mark.usefixtures("spoilt")
def test_what_is_shown_is_a_document_for_a_program(sqs: "SQSClient") -> None:
    # given
    for queue in DEAD_LETTER_QUEUES:
        url = sqs.create_queue(QueueName=f"{queue}-dlq-test")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"orderId": "ORD-1"}')

    def document(*arguments: str, exit_code: int = 0) -> Any:
        done = run(*arguments, "--json")
        assert done.exit_code == exit_code, done.output
        return json.loads(done.stdout)

    # then
    assert document("overdue") == [
        {
            "orderId": "[/x]",
            "status": "cannot be read",
            "dueAt": "2026-01-31T12:00:00.000Z",
            "lastEvent": "-",
            "lastEventAt": None,
        }
    ]
    audited = document("audit", "OLD", exit_code=1)
    assert (audited["orderId"], audited["agrees"], audited["events"]) == ("OLD", False, [])
    assert [each["event"] for each in audited["notInTheBucket"]] == ["OrderPlaced", "OrderRejected"]
    books = document(
        *("books", "--since", "2026-01-31T11:00:00Z", "--until", "2026-01-31T13:00:00Z"),
        exit_code=1,
    )
    assert books["orders"] == 2
    assert {"book": "orders", "about": "[/x]", "difference": "cannot be read"} in books[
        "differences"
    ]
    listed = {each["queue"]: each for each in document("dlq", "list")}
    assert listed.keys() == DEAD_LETTER_QUEUES.keys()
    assert (listed["audit-subscription"]["messages"], listed["payment"]["messages"]) == (1, 0)
    [letter] = document("dlq", "show", "audit-subscription")
    assert letter["orderId"] == "ORD-1"
    assert letter["event"] is None


@pytest.mark.usefixtures("spoilt")
def test_the_orders_that_can_be_read_are_erased() -> None:
    done = run("erase", "CUST-1", "--yes")
    assert done.exit_code == 1, done.output
    assert "erased: order OLD\n" in done.output
    assert "erased: order OLDER\n" in done.output
    assert "kept: order [/x], because it cannot be read" in done.output


@pytest.mark.usefixtures("somebody_to_ask")
@pytest.mark.parametrize(
    ("more", "answer", "exit_code", "left"),
    [(["--yes"], None, 0, 1), ([], "y\n", 0, 1), ([], "n\n", 1, 2)],
)
def test_a_message_is_shown_and_discarded_when_that_is_meant(
    sqs: "SQSClient", more: list[str], answer: str | None, exit_code: int, left: int
) -> None:
    # given
    url = sqs.create_queue(QueueName="intake-overflow-dlq-test")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody='{"orderId": "ORD-1"}')
    sent = sqs.send_message(QueueUrl=url, MessageBody='{"orderId": "ORD-2"}')

    # when
    arguments = ["dlq", "discard", "intake-overflow", "--message", sent["MessageId"], *more]
    done = run(*arguments, answer=answer)

    # then
    assert done.exit_code == exit_code, done.output
    assert "ORD-2" in done.output
    assert "ORD-1" not in done.output
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(received) == left
    if left == 1:
        assert run(*arguments).exit_code == 2


def test_that_messages_are_left_is_told_with_what_to_do(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="intake-overflow-dlq-test")["QueueUrl"]
    sqs.create_queue(QueueName="intake-overflow-queue-test")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    sqs.receive_message(QueueUrl=url)  # by somebody else, who hides it
    done = run("dlq", "redrive", "intake-overflow")
    assert done.exit_code == 0, done.output
    assert "0 redriven, 0 failed, 1 left" in done.output
    assert "hidden because somebody else is reading them" in done.output
    assert "run it again" in done.output


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
