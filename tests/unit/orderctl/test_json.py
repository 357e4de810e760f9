"""With ``--json``, what a command did is one document on the output, and nothing else is there."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.orders_table import OrdersTable, stored_attributes
from order_pipeline.domain.order import Order
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType
from orderctl.__main__ import app
from orderctl.deployment import Deployment
from orderctl.erased import ErasedOrders
from orderctl.erasure import KEPT_ELSEWHERE
from orderctl.stages import NoSuchStageError, StageError
from tests.unit.builders import BY, NOON, a_confirmed_order, a_placed_order
from tests.unit.conftest import IDEMPOTENCY_TABLE, ORDERS_TABLE
from tests.unit.functions.test_outbox import record
from tests.unit.orderctl.builders import Shard, a_batch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

COPY = "orders-table-copy"


def rejected(order_id: str, *, at: datetime = NOON) -> Order:
    return a_placed_order(order_id=order_id, at=at).after(EventType.ORDER_REJECTED, by=BY, at=at)


REJECTED = rejected("REJECTED")


def a_moment_ago() -> datetime:
    """Return a time that is near: the bucket is read hour by hour from then on."""
    return now() - timedelta(minutes=10)


def leaves(group: TyperGroup, *above: str) -> Iterator[tuple[str, TyperCommand]]:
    """Yield every command that does something, as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from leaves(command, *above, name)
        else:
            assert isinstance(command, TyperCommand)
            yield " ".join((*above, name)), command


def every_command() -> dict[str, TyperCommand]:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(leaves(root))


@pytest.mark.parametrize("name", every_command())
def test_every_command_has_a_form_for_programs(name: str) -> None:
    options = {option for each in every_command()[name].params for option in each.opts}
    assert "--json" in options


def run(*arguments: str) -> Result:
    """Run a command about the deployment that is in memory."""
    variables = {"ENVIRONMENT": "dev", "ENVIRONMENT_SUFFIX": "test", "COLUMNS": "200"}
    return CliRunner(env=variables | {"NO_COLOR": "1"}).invoke(app, [*arguments, "--json"])


def document(done: Result, exit_code: int = 0) -> Any:
    """Return the one document that is on the output."""
    assert done.exit_code == exit_code, done.output
    assert isinstance(done.exception, SystemExit | None), done.exception
    return json.loads(done.stdout)


# ------------------------------------------------------------------ dead-letter queues


@pytest.fixture
def dead_letters(sqs: "SQSClient") -> str:
    """The address of a dead-letter queue."""
    sqs.create_queue(QueueName="intake-overflow-queue-test")
    return sqs.create_queue(QueueName="intake-overflow-dlq-test")["QueueUrl"]


def put_aside(sqs: "SQSClient", url: str, body: str) -> str:
    return sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"]


def test_what_was_redriven_is_a_document(sqs: "SQSClient", dead_letters: str) -> None:
    # given
    message_id = put_aside(sqs, dead_letters, '{"orderId": "ORD-1"}')
    # when
    done = run("dlq", "redrive", "intake-overflow")
    # then
    seen = document(done)
    [message] = seen.pop("messages")
    assert (message["messageId"], message["orderId"]) == (message_id, "ORD-1")
    assert seen == {"queue": "intake-overflow", "redriven": 1, "failed": {}, "left": 0}
    # and what a person should know is beside it
    assert "1 redriven, 0 failed, 0 left on intake-overflow." in done.stderr
    assert message_id in done.stderr
    # when it is repeated
    seen = document(run("dlq", "redrive", "intake-overflow"))
    assert (seen["messages"], seen["redriven"]) == ([], 0)


def test_a_message_that_was_not_redriven_is_named_with_the_reason(
    sqs: "SQSClient", dynamodb: "DynamoDBClient"
) -> None:
    # given a change of an order that is not there any more
    url = sqs.create_queue(QueueName="event-publisher-dlq-test")["QueueUrl"]
    message_id = put_aside(sqs, url, '{"orderId": "GONE", "version": 1, "reason": "x"}')
    # when
    done = run("dlq", "redrive", "event-publisher", "--message", message_id)
    # then
    seen = document(done, exit_code=1)
    assert seen["failed"] == {message_id: "there is no order GONE any more"}
    assert (seen["redriven"], seen["left"]) == (0, 1)
    assert f"not redriven: {message_id}" in done.stderr


def test_a_message_that_was_discarded_is_told_a_last_time(
    sqs: "SQSClient", dead_letters: str
) -> None:
    # given
    message_id = put_aside(sqs, dead_letters, '{"orderId": "ORD-1"}')
    arguments = ["dlq", "discard", "intake-overflow", "--message", message_id]
    # when nobody can be asked
    done = run(*arguments)
    # then
    assert (done.exit_code, done.stdout) == (2, "")
    assert message_id in done.stderr
    # when it is meant
    done = run(*arguments, "--yes")
    # then
    seen = document(done)
    assert seen["queue"] == "intake-overflow"
    assert (seen["discarded"]["messageId"], seen["discarded"]["orderId"]) == (message_id, "ORD-1")
    assert f"{message_id} is deleted." in done.stderr
    # when it is repeated
    done = run(*arguments, "--yes")
    assert (done.exit_code, done.stdout) == (2, "")


def test_a_move_that_sqs_does_not_show_is_a_sentence(
    dead_letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = SimpleNamespace(
        list_message_move_tasks=lambda **_: {"Results": []},
        start_message_move_task=lambda **_: None,
        get_queue_url=lambda **_: {"QueueUrl": "url"},
        get_queue_attributes=lambda **_: {
            "Attributes": {
                "RedrivePolicy": '{"maxReceiveCount": 3}',
                "ApproximateNumberOfMessages": "1",
                "ApproximateNumberOfMessagesNotVisible": "0",
            }
        },
        receive_message=lambda **_: {},
        exceptions=SimpleNamespace(QueueDoesNotExist=KeyError),
    )
    monkeypatch.setattr(Deployment, "sqs", sqs)
    monkeypatch.setattr("orderctl.move_task._LOOKS_FOR_A_NEW_TASK", 0)
    done = run("dlq", "redrive", "payment")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "SQS does not show the move that it has started: check again later." in done.stderr


# ------------------------------------------------------------------ stages


class Stage:
    """A stage that does what it is told, unless it cannot."""

    def __init__(self, trouble: StageError | None = None) -> None:
        self._trouble = trouble

    def pause(self, _by: str) -> None:
        self.resume()

    def resume(self) -> None:
        if self._trouble:
            raise self._trouble


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("resume", "working")])
def test_the_state_of_a_stage_is_a_document(
    monkeypatch: pytest.MonkeyPatch, command: str, state: str
) -> None:
    def at(stage: Stage) -> None:
        deployment = SimpleNamespace(stage=lambda _: stage)
        monkeypatch.setattr(Deployment, "from_environment", lambda: deployment)

    at(Stage())
    assert document(run(command, "payment")) == {"stage": "payment", "state": state}
    for trouble, exit_code in ((StageError("it is stuck"), 1), (NoSuchStageError("not there"), 2)):
        at(Stage(trouble))
        done = run(command, "payment")
        assert (done.exit_code, done.stdout, done.stderr) == (exit_code, "", f"{trouble}\n")


# ------------------------------------------------------------------ orders


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> OrdersTable:
    """The orders table, with an order that was rejected; the bucket and the queues, empty."""
    boto3.client("s3").create_bucket(
        Bucket="audit-bucket-test-123456789012",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-2"},
    )
    for name in ("intake-overflow-queue-test", "intake-overflow-dlq-test"):
        boto3.client("sqs").create_queue(QueueName=name)
    table = OrdersTable(dynamodb, ORDERS_TABLE)
    table.add(REJECTED)
    return table


@pytest.fixture
def topic(aws: None) -> None:
    boto3.client("sns").create_topic(Name="order-events-topic-test")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions' logger writes to the output, which it found when it was imported."""
    output = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", output)
    return output


SPAN = ("--since", "2026-01-31T00:00:00Z", "--until", "2100-01-31T00:00:00Z")


@pytest.mark.usefixtures("table", "topic")
@pytest.mark.parametrize("which", [("REJECTED",), SPAN])
def test_what_was_published_again_is_a_document(which: tuple[str, ...]) -> None:
    done = run("republish", *which)
    assert document(done) == {"published": 2, "orders": 1, "refused": [], "unreadable": []}
    assert "published" in done.stderr


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("which", [("REJECTED",), SPAN])
def test_what_the_topic_refuses_is_in_the_document_and_the_reason_in_one_line(
    which: tuple[str, ...], logged: StringIO
) -> None:
    # given that there is no topic
    done = run("republish", *which)
    # then
    refused = ["REJECTED#1", "REJECTED#2"]
    assert document(done, exit_code=1) == {
        "published": 0, "orders": 1, "refused": refused, "unreadable": []
    }  # fmt: skip
    [reason] = [line for line in done.stderr.splitlines() if "took none" in line]
    assert "An error occurred (NotFound) when calling the PublishBatch operation" in reason
    assert "Traceback" not in done.stderr
    assert logged.getvalue() == ""


@pytest.mark.usefixtures("topic", "dynamodb")
def test_what_functions_only_note_is_not_told(
    sqs: "SQSClient", logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a batch of the stream, whose events the publisher's own code publishes and logs
    stream = Shard([record(a_placed_order(), number="10")])
    monkeypatch.setattr(Deployment, "streams", stream)
    url = sqs.create_queue(QueueName="event-publisher-dlq-test")["QueueUrl"]
    put_aside(sqs, url, json.dumps(a_batch(first=10, last=10)))
    # when
    done = run("dlq", "redrive", "event-publisher")
    # then
    assert document(done)["redriven"] == 1
    assert stream.read == [10]
    assert logged.getvalue() == ""
    assert '"level"' not in done.stderr


def test_what_was_erased_is_a_document(table: OrdersTable) -> None:
    # given
    table.add(a_confirmed_order(order_id="OPEN"))
    # when
    done = run("erase", "CUST-1", "--yes")
    # then
    assert document(done) == {
        "customerId": "CUST-1",
        "erased": ["REJECTED"],
        "kept": {"OPEN": "it is CONFIRMED and not yet settled"},
        "unreadable": [],
        "notErased": [],
        "keptElsewhere": list(KEPT_ELSEWHERE),
    }
    assert "erased: order REJECTED" in done.stderr


def test_what_could_not_be_erased_is_in_the_document(
    table: OrdersTable, dynamodb: "DynamoDBClient", sqs: "SQSClient"
) -> None:
    # given an order that cannot be read, and one that waits outside the table
    dynamodb.put_item(
        TableName=ORDERS_TABLE,
        Item=to_item({"orderId": "X", "customerId": "CUST-1", "placedAt": "2030"}),
    )
    url = sqs.get_queue_url(QueueName="intake-overflow-dlq-test")["QueueUrl"]
    put_aside(sqs, url, '{"orderId": "WAITING", "customerId": "CUST-1"}')
    # when
    seen = document(run("erase", "CUST-1", "--yes"), exit_code=1)
    # then
    assert (seen["erased"], seen["unreadable"]) == (["REJECTED"], ["X"])
    [sentence] = seen["notErased"]
    assert "order WAITING is on intake-overflow-dlq-test" in sentence


@pytest.mark.usefixtures("table")
def test_that_there_is_nobody_to_erase_is_a_sentence() -> None:
    done = run("erase", "CUST-9", "--yes")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "CUST-9 has no orders" in done.stderr


# ------------------------------------------------------------------ restoring


def copy_of(dynamodb: "DynamoDBClient", *orders: Order) -> None:
    dynamodb.create_table(
        TableName=COPY,
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for order in orders:
        dynamodb.put_item(TableName=COPY, Item=to_item(stored_attributes(order)))


@pytest.mark.usefixtures("topic")
def test_what_was_put_back_is_a_document(table: OrdersTable, dynamodb: "DynamoDBClient") -> None:
    # given one order that is lost, and one that the copy cannot tell either
    lost = rejected("LOST", at=a_moment_ago())
    copy_of(dynamodb, lost, REJECTED)
    dynamodb.put_item(TableName=COPY, Item=to_item({"orderId": "SPOILT"}))
    order = {
        "orderId": "LOST",
        "inTheTable": "missing",
        "version": 2,
        "status": "REJECTED",
        "fromTheBucket": [],
        "toHappenAgain": [],
    }
    expected = {
        "from": COPY,
        "orders": [order],
        "failed": {},
        "unreadable": ["SPOILT"],
        "expired": [],
        "older": [],
    }
    # when it is only looked at
    done = run("restore", "--from", COPY, "--dry-run")
    # then
    assert document(done, exit_code=1) == {**expected, "dryRun": True}
    assert "1 orders would be put back. Nothing was changed." in done.stderr
    # when it is done
    done = run("restore", "--from", COPY)
    # then
    assert document(done, exit_code=1) == {**expected, "dryRun": False}
    assert table.get("LOST") == lost
    assert "1 orders put back, 0 failed." in done.stderr
    # when it is repeated
    done = run("restore", "--from", COPY)
    # then
    assert document(done, exit_code=1) == {**expected, "orders": [], "dryRun": False}
    assert "There is nothing to put back." in done.stderr


@pytest.mark.usefixtures("table")
def test_an_order_that_the_topic_refuses_is_named_with_what_to_do(
    dynamodb: "DynamoDBClient",
) -> None:
    copy_of(dynamodb, rejected("LOST", at=a_moment_ago()))
    done = run("restore", "--from", COPY)
    assert document(done, exit_code=1)["failed"] == {
        "LOST": "put back, but refused by the topic: LOST#2: run orderctl republish LOST"
    }
    assert "0 orders put back, 1 failed." in done.stderr


@pytest.mark.usefixtures("table")
def test_an_order_that_is_held_back_is_named_with_the_reason(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an order that was erased, and that the copy has as it was before it came to its end
    nothing_on_record = SimpleNamespace(money=lambda *_: ())
    monkeypatch.setattr(Deployment, "payment_records", nothing_on_record)
    copy_of(dynamodb, a_placed_order(order_id="OPEN", at=a_moment_ago()))
    ErasedOrders(dynamodb, IDEMPOTENCY_TABLE).note("OPEN", now())
    # when
    done = run("restore", "--from", COPY)
    # then
    failed = document(done, exit_code=1)["failed"]
    assert failed.keys() == {"OPEN"}
    assert failed["OPEN"].startswith("it has ended, or its customer was erased")
    assert "not put back: order OPEN: it has ended" in done.stderr
