"""Every line that a function logs about an order names it, by one field, for queries to follow."""

import json
from io import StringIO
from typing import Any
from unittest.mock import Mock

import pytest

from event_publisher.outbox import publish_changes
from intake_drain.drain import drain
from notification.stage import notify_customer
from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.adapters.http import api_handler
from order_pipeline.adapters.observability import logger, note_recorded
from order_pipeline.adapters.queue_processor import PoisonError
from order_pipeline.adapters.trace_headers import passing_on
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.domain.order import Contact
from tests.unit.adapters.test_queue_processor import batch, body, processor, run
from tests.unit.adapters.tracing import NOT_SAMPLED, ROOT, SAMPLED
from tests.unit.builders import (
    a_confirmed_order,
    a_placed_order,
    a_validated_order,
    latest_event,
)
from tests.unit.functions.in_memory import Claims, Mailbox, Orders, Overflow
from tests.unit.functions.test_intake_drain import message
from tests.unit.functions.test_outbox import Parking, Topic, record
from tests.unit.functions.test_placement import accepted

type Lines = list[dict[str, Any]]


def lines(log: StringIO) -> Lines:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def request(resource: str, **path: str) -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "resource": resource,
        "requestContext": {"requestId": "r-1"},
        "pathParameters": path,
    }


def refuses(_: object) -> Any:
    raise ProblemError(ProblemType.NOT_FOUND, "There is no such order.")


def test_the_time_of_a_line_is_in_rfc_3339_and_utc(log: StringIO) -> None:
    logger.info("recorded")
    (line,) = lines(log)
    assert line["timestamp"].endswith("+00:00")
    assert line["timestamp"][10] == "T"


def test_a_recorded_event_says_when_and_why(log: StringIO) -> None:
    note_recorded(a_validated_order(), a_confirmed_order())
    told = [(line["recorded"], line["version"], line["order_id"]) for line in lines(log)]
    assert told == [("StockReserved", 3, "ORD-1"), ("OrderConfirmed", 4, "ORD-1")]
    assert all(isinstance(line["since_placed_ms"], int) for line in lines(log))


def test_a_call_about_an_order_names_it_and_the_next_call_does_not(log: StringIO) -> None:
    about, other = "/orders/{orderId}/cancel", "/customers/{customerId}/orders"
    handler = api_handler({("POST", about): refuses, ("POST", other): refuses})
    handler(request(about, orderId="ORD-1"), Mock())
    handler(request(other, customerId="CUST-1"), Mock())
    first, second = lines(log)
    assert (first["message"], first["order_id"], first["request_id"]) == ("refused", "ORD-1", "r-1")
    assert "order_id" not in second


def test_what_is_no_id_is_not_logged(log: StringIO) -> None:
    about = "/orders/{orderId}/cancel"
    api_handler({("POST", about): refuses})(request(about, orderId="ada@customer.example"), Mock())
    assert "ada" not in log.getvalue()


def test_placing_an_order_names_it(log: StringIO) -> None:
    accepted(Orders(), overflow=Overflow(), orderId="ORD-7")
    logger.info("next")
    assert lines(log)[-1]["order_id"] == "ORD-7"


def test_an_event_of_a_later_format_is_put_aside_by_its_orders_name(log: StringIO) -> None:
    run(processor(Mock(), Mock()), batch(body("A", schemaVersion=2)))
    (line,) = lines(log)
    assert (line["message"], line["order_id"]) == ("dead-lettered", "A")


def test_a_deferred_order_of_a_later_format_is_put_aside_by_its_name(log: StringIO) -> None:
    with pytest.raises(PoisonError):
        drain(message(a_placed_order(), schemaVersion=99), orders=Orders())
    logger.info("next")
    assert lines(log)[-1]["order_id"] == "ORD-1"


def test_publishing_says_of_each_event_whether_it_was(log: StringIO) -> None:
    records = [
        record(a_validated_order(), number="1"),
        record(a_placed_order(order_id="ORD-2"), number="2"),
    ]
    publish_changes(records, topic=Topic("ORD-1#2"), parking=Parking())
    told = [(line["message"], line["order_id"], line["event_id"]) for line in lines(log)]
    assert told == [
        ("published", "ORD-1", "ORD-1#1"),
        ("not published", "ORD-1", "ORD-1#2"),
        ("published", "ORD-2", "ORD-2#1"),
    ]
    assert lines(log)[0]["event_type"] == "OrderPlaced"


def test_the_topics_refusal_names_the_event_and_its_order(log: StringIO) -> None:
    refusing = Mock()
    refusing.publish_batch.return_value = {"Failed": [{"Id": "0", "Code": "Throttled"}]}
    EventTopic(refusing, "arn").publish([latest_event(a_placed_order())])
    (line,) = lines(log)
    assert (line["order_id"], line["event_id"]) == ("ORD-1", "ORD-1#1")
    assert line["code"] == "Throttled"


def test_a_message_to_the_customer_is_told_by_its_channel_and_never_by_its_address(
    log: StringIO,
) -> None:
    order = a_confirmed_order(contact=Contact(email="ada@customer.example"))
    notify_customer(
        latest_event(order), orders=Orders(order), claims=Claims(), messengers=[Mailbox()]
    )
    (line,) = lines(log)
    assert (line["message"], line["channel"], line["event_type"]) == (
        "sent",
        "email",
        "OrderConfirmed",
    )
    assert "ada" not in log.getvalue()


def test_a_line_names_the_trace_of_its_invocation_where_that_or_the_order_is_sampled(
    log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for own, orders in ((SAMPLED, None), (NOT_SAMPLED, SAMPLED), (NOT_SAMPLED, None)):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", own)
        with passing_on(orders):
            note_recorded(None, a_placed_order())
    assert [line.get("xray_trace_id") for line in lines(log)] == [ROOT, ROOT, None]


def test_what_is_published_of_a_sampled_order_names_the_trace(
    log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", NOT_SAMPLED)
    for order in (a_placed_order(trace_header=SAMPLED), a_placed_order()):
        publish_changes([record(order)], topic=Topic(), parking=Parking())
    assert [line.get("xray_trace_id") for line in lines(log)] == [ROOT, None]


def test_an_ordinary_line_says_nothing_but_what_it_is_about(log: StringIO) -> None:
    note_recorded(None, a_placed_order())
    (line,) = lines(log)
    assert line.keys() == {
        "level",
        "message",
        "timestamp",
        "service",
        "recorded",
        "order_id",
        "version",
        "since_placed_ms",
    }
