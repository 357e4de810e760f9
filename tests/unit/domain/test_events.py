import json

from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.limits import MAX_LINES
from order_pipeline.domain.order import Address, Contact, Line
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import a_confirmed_order, a_placed_order, a_reserved_order


def test_every_history_entry_above_the_version_is_an_event() -> None:
    order = a_confirmed_order()
    assert [event.event_type for event in events_since(1, order)] == [
        "OrderValidated",
        "StockReserved",
        "OrderConfirmed",
    ]
    assert events_since(order.version, order) == []


def test_an_event_reads_as_the_contract_says() -> None:
    order = a_reserved_order()
    event = json.loads(events_since(2, order)[0].model_dump_json(by_alias=True, exclude_none=True))
    assert event == {
        "schemaVersion": 1,
        "eventId": "ORD-1#3",
        "eventType": "StockReserved",
        "orderId": "ORD-1",
        "customerId": "CUST-1",
        "version": 3,
        "status": "RESERVED",
        "occurredAt": "2026-01-31T12:00:00.000Z",
        "priority": "normal",
        "detail": {},
        "order": {
            "currency": "GBP",
            "total": 5998,
            "lines": [{"itemId": "ITEM-001", "quantity": 2, "unitPrice": 2999}],
            "paymentState": "NONE",
            "stockState": "HELD",
        },
    }


def test_no_event_carries_personal_data_or_payment_tokens() -> None:
    order = a_confirmed_order(
        contact=Contact(email="ada@example.com", phone="+447700900123"),
        shipping_address=Address(
            name="Ada", line1="1 Engine Road", city="London", postcode="N1", country="GB"
        ),
    )
    text = "".join(event.model_dump_json(by_alias=True) for event in events_since(0, order))
    for secret in ("ada@", "+4477", "Ada", "Engine", "pm_card_visa", "pi_1"):
        assert secret not in text


def test_the_largest_order_fits_into_a_message() -> None:
    lines = tuple(
        Line(item_id=f"{number:064}", quantity=10_000, expected_price=99_999_999)
        for number in range(MAX_LINES)
    )
    event = events_since(0, a_placed_order(*lines))[0]
    assert len(event.model_dump_json(by_alias=True)) < 64 * 1024


def test_consumers_tolerate_fields_they_do_not_know() -> None:
    event = json.loads(events_since(0, a_placed_order())[0].model_dump_json(by_alias=True))
    read = OrderEvent.model_validate(event | {"newField": {"a": 1}})
    assert read.order_id == "ORD-1"


def test_an_event_carries_the_trace_beside_its_body_and_the_detail_of_its_entry() -> None:
    order = a_placed_order(trace_header="Root=1-2-3").after(
        EventType.ORDER_CANCELLED, by="orders-api", detail={"reason": "other"}
    )
    placed, cancelled = events_since(0, order)
    assert (placed.trace_header, cancelled.trace_header) == ("Root=1-2-3", "Root=1-2-3")
    assert "race" not in cancelled.model_dump_json(by_alias=True)
    assert (placed.detail, cancelled.detail) == ({}, {"reason": "other"})
    assert (placed.status, placed.order.total) == (order.status, None)
    assert cancelled.occurred_at == order.history[-1].at


def test_what_an_older_event_does_not_say_is_left_open() -> None:
    body = json.loads(events_since(0, a_placed_order())[0].model_dump_json(by_alias=True))
    del body["detail"], body["order"]["total"], body["schemaVersion"]
    read = OrderEvent.model_validate(body)
    assert (read.detail, read.order.total, read.schema_version) == ({}, None, 1)
    assert read.trace_header is None
