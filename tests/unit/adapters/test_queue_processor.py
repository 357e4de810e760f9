import json
from collections.abc import Callable
from io import StringIO
from typing import Any, cast
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError, EndpointConnectionError

from order_pipeline.adapters.queue_processor import (
    Handler,
    PoisonError,
    message_processor,
    queue_processor,
)
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.adapters.trace_headers import trace_header
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.transitions import EventType
from tests.embedded_metrics import sums
from tests.unit.adapters.tracing import NOT_SAMPLED, PARENT, ROOT, SAMPLED, on_lambda
from tests.unit.builders import a_placed_order, latest_event

SETTINGS = WorkerSettings(
    queue_url="https://sqs/validation-queue",
    dead_letter_queue_url="https://sqs/validation-dlq",
    retry_first_delay_seconds=2,
    retry_longest_delay_seconds=300,
)


class Context:
    """What the processor asks of Lambda's context."""

    aws_request_id = "request-1"

    def __init__(self, milliseconds_left: int) -> None:
        self._left = milliseconds_left

    def get_remaining_time_in_millis(self) -> int:
        return self._left


def body(order_id: str = "ORD-1", **changes: object) -> str:
    event = latest_event(a_placed_order(order_id=order_id)).model_dump(mode="json", by_alias=True)
    return json.dumps(event | changes)


def batch(*bodies: str, receive_count: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": text,
                "attributes": {"ApproximateReceiveCount": str(receive_count)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-2:000000000000:validation-queue-test",
                "awsRegion": "eu-west-2",
            }
            for number, text in enumerate(bodies)
        ]
    }


def processor(sqs: Mock, stage: Callable[[OrderEvent], None]) -> Handler:
    return queue_processor({EventType.ORDER_PLACED: stage}, settings=SETTINGS, sqs=lambda: sqs)


def run(handler: Handler, event: dict[str, Any], milliseconds_left: int = 10_000) -> list[Any]:
    answer = handler(event, cast("LambdaContext", Context(milliseconds_left)))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_what_only_newer_code_knows_of_a_message_is_passed_over() -> None:
    # given what the next release may add to an event: fields, and message attributes
    seen: list[OrderEvent] = []
    sqs = Mock()
    event = json.loads(body())
    event["order"]["fromTheNextRelease"] = {"a": 1}
    event["order"]["lines"][0]["fromTheNextRelease"] = [1]
    message = batch(json.dumps(event | {"fromTheNextRelease": True}))
    message["Records"][0]["messageAttributes"] = {
        "fromTheNextRelease": {"dataType": "String", "stringValue": "x"}
    }
    # when
    failures = run(processor(sqs, seen.append), message)
    # then
    assert failures == []
    assert [each.order_id for each in seen] == ["ORD-1"]
    sqs.send_message.assert_not_called()


def test_every_message_is_handled_with_its_event() -> None:
    seen: list[str] = []
    sqs = Mock()
    failures = run(
        processor(sqs, lambda event: seen.append(event.order_id)), batch(body("A"), body("B"))
    )
    assert seen == ["A", "B"]
    assert failures == []
    assert sqs.mock_calls == []


def test_a_failed_message_waits_and_holds_no_other_back() -> None:
    seen: list[str] = []

    def stage(event: OrderEvent) -> None:
        if event.order_id == "BAD":
            raise ConnectionError
        seen.append(event.order_id)

    sqs = Mock()
    failures = run(processor(sqs, stage), batch(body("A"), body("BAD"), body("C"), receive_count=4))

    assert seen == ["A", "C"]
    assert failures == ["message-1"]
    sqs.change_message_visibility.assert_called_once()
    call = sqs.change_message_visibility.call_args.kwargs
    assert call["QueueUrl"] == SETTINGS.queue_url
    assert call["ReceiptHandle"] == "receipt-1"
    assert 8 <= call["VisibilityTimeout"] <= 16


def test_retries_and_dead_letters_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    handler = processor(Mock(), Mock(side_effect=ConnectionError))
    run(handler, batch(body("A"), body("B"), "{ this is no event"))
    assert sums(capsys.readouterr().out.splitlines()) == {"Retries": 2, "DeadLettered": 1}


def test_when_every_message_fails_each_is_reported() -> None:
    handler = processor(Mock(), Mock(side_effect=ConnectionError))
    assert run(handler, batch(body("A"), body("B"))) == ["message-0", "message-1"]


def test_the_log_of_a_retry_says_which_order_and_the_next_message_begins_anew(
    log: StringIO,
) -> None:
    handler = processor(Mock(), Mock(side_effect=ConnectionError))
    run(handler, batch(body("A"), "poison"))
    retry, poison = (json.loads(line) for line in log.getvalue().splitlines())
    assert (retry["message"], retry["order_id"]) == ("retrying", "A")
    assert poison["message"] == "dead-lettered"
    assert "order_id" not in poison


@pytest.mark.parametrize(
    "refusal",
    [
        ClientError({}, "ChangeMessageVisibility"),
        EndpointConnectionError(endpoint_url="https://sqs"),
    ],
)
def test_a_queue_that_refuses_the_delay_still_delivers_again(refusal: Exception) -> None:
    sqs = Mock()
    sqs.change_message_visibility.side_effect = refusal
    handler = processor(sqs, Mock(side_effect=ConnectionError))
    assert run(handler, batch(body("A"))) == ["message-0"]


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("not json", "not an order event: the body"),
        ("{}", "not an order event: eventId, eventType"),
        (body(eventType="NoSuchEvent"), "not an order event: eventType"),
        (body(schemaVersion=2), "unknown schemaVersion 2"),
        (body(eventType="OrderDelivered"), "no stage here handles OrderDelivered"),
    ],
)
def test_a_message_that_can_never_succeed_is_put_aside_at_once(poison: str, reason: str) -> None:
    sqs = Mock()
    seen: list[str] = []
    failures = run(
        processor(sqs, lambda event: seen.append(event.order_id)), batch(poison, body("B"))
    )
    assert seen == ["B"]
    assert failures == []
    sqs.send_message.assert_called_once()
    call = sqs.send_message.call_args.kwargs
    assert call["QueueUrl"] == SETTINGS.dead_letter_queue_url
    assert call["MessageBody"] == poison
    assert call["MessageAttributes"]["reason"]["StringValue"].startswith(reason)


def test_poison_that_cannot_be_put_aside_stays_in_the_queue() -> None:
    sqs = Mock()
    sqs.send_message.side_effect = ClientError({}, "SendMessage")
    assert run(processor(sqs, Mock()), batch("not json")) == ["message-0"]


def test_a_message_is_not_begun_without_time_to_end_it() -> None:
    stage = Mock()
    failures = run(processor(Mock(), stage), batch(body("A")), milliseconds_left=2_000)
    assert failures == ["message-0"]
    stage.assert_not_called()


def test_any_message_can_be_worked_off_by_its_body() -> None:
    # given
    sqs = Mock()
    seen: list[str] = []

    def handle(text: str) -> None:
        if text == "poison":
            raise PoisonError("it says so")
        if text == "fault":
            raise ConnectionError
        seen.append(text)

    handler = message_processor(handle, settings=SETTINGS, sqs=lambda: sqs)

    # when
    failures = run(handler, batch("A", "poison", "fault", "B"), milliseconds_left=3_000)

    # then
    assert seen == ["A", "B"]
    assert failures == ["message-2"]
    sqs.send_message.assert_called_once_with(
        QueueUrl=SETTINGS.dead_letter_queue_url,
        MessageBody="poison",
        MessageAttributes={"reason": {"DataType": "String", "StringValue": "it says so"}},
    )
    sqs.change_message_visibility.assert_called_once()
    assert sqs.change_message_visibility.call_args.kwargs["ReceiptHandle"] == "receipt-2"


def test_a_message_that_waited_for_two_weeks_still_waits_no_longer_than_the_longest_delay() -> None:
    sqs = Mock()
    handler = message_processor(
        Mock(side_effect=ConnectionError), settings=SETTINGS, sqs=lambda: sqs, seconds_needed=7
    )
    assert run(handler, batch("A", receive_count=50_000)) == ["message-0"]
    assert 150 <= sqs.change_message_visibility.call_args.kwargs["VisibilityTimeout"] <= 300


def test_how_much_time_a_message_needs_is_up_to_the_function() -> None:
    handle = Mock()
    handler = message_processor(handle, settings=SETTINGS, sqs=Mock, seconds_needed=7)
    assert run(handler, batch("A"), milliseconds_left=6_900) == ["message-0"]
    handle.assert_not_called()
    assert run(handler, batch("A"), milliseconds_left=7_000) == []
    handle.assert_called_once_with("A")


def traced(event: dict[str, Any], *headers: str | None) -> dict[str, Any]:
    """Return the batch with a trace header on each message that is given one."""
    for record, header in zip(event["Records"], headers, strict=True):
        if header:
            record["attributes"]["AWSTraceHeader"] = header
    return event


def test_a_message_is_handled_on_the_trace_that_it_carries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    def stage(event: OrderEvent) -> None:
        if event.order_id == "BAD":
            raise ConnectionError("ada@customer.example")

    messages = batch(body("A"), body("BAD"), body("C"), body("D"))

    # when
    with on_lambda(monkeypatch) as daemon:
        event = traced(messages, SAMPLED, SAMPLED, NOT_SAMPLED, None)
        failures = run(processor(Mock(), stage), event)
        segments = daemon.documents()

    # then those of the sampled orders have a segment
    assert failures == ["message-1"]
    assert [each["annotations"]["orderId"] for each in segments] == ["A", "BAD"]
    assert {each["annotations"]["eventType"] for each in segments} == {"OrderPlaced"}
    assert {(each["trace_id"], each["parent_id"]) for each in segments} == {(ROOT, PARENT)}
    (exception,) = segments[1]["cause"]["exceptions"]
    assert (exception["type"], "message" in exception) == ("ConnectionError", False)
    assert "fault" not in segments[0]


@pytest.mark.parametrize("header", [SAMPLED, NOT_SAMPLED])
def test_a_message_that_is_put_aside_carries_its_trace_on(header: str) -> None:
    carried: list[str | None] = []
    sqs = Mock()
    sqs.send_message.side_effect = lambda **_: carried.append(trace_header())
    run(processor(sqs, Mock()), traced(batch("poison"), header))
    assert carried == [header]
