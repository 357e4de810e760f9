"""Which records of the orders table's stream event-publisher is given."""

from typing import Any

import pytest

from event_publisher.outbox import events_of
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import stored_attributes
from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import TRANSITIONS, Status
from stacks.building_blocks.publisher import PUBLISHED
from tests.event_patterns import matches
from tests.unit.builders import (
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    with_payment,
)
from tests.unit.released.test_formats import ORDERS


def record(kind: str, new: Any = None, old: Any = None) -> dict[str, Any]:
    """Return a record of the stream; an image is an order, or what is stored of one."""
    images = {
        name: to_item(stored_attributes(image) if isinstance(image, Order) else image)
        for name, image in (("NewImage", new), ("OldImage", old))
        if image is not None
    }
    return {"eventName": kind, "dynamodb": {"SequenceNumber": "1", **images}}


def is_given(record: dict[str, Any]) -> bool:
    return any(matches(pattern, record) for pattern in PUBLISHED)


def with_intent(order: Order) -> Order:
    return with_payment(order, intent_id="pi_1")


LIFE = (
    # put back to an older version, with its payment's intent: it goes on from there
    (with_intent(a_validated_order()), with_intent(a_reserved_order())),
    (None, a_placed_order()),
    (a_placed_order(), a_validated_order()),
    (a_validated_order(), a_reserved_order()),
    (with_intent(a_reserved_order()), a_confirmed_order()),
    (with_intent(a_reserved_order()), a_declined_order()),
    (with_intent(a_reserved_order()), a_cancelled_order()),
    (a_confirmed_order(), a_captured_order()),
)


@pytest.mark.parametrize(("before", "after"), LIFE)
def test_whatever_stands_for_an_event_is_given(before: Order | None, after: Order) -> None:
    change = record("MODIFY" if before else "INSERT", after, before)
    assert events_of(change)
    assert is_given(change)


@pytest.mark.parametrize("kind", ORDERS)
def test_an_order_that_is_put_back_is_given_whatever_has_happened_to_it(kind: str) -> None:
    assert is_given(record("INSERT", ORDERS[kind]))


def test_the_write_that_remembers_an_intent_is_not() -> None:
    reserved = a_reserved_order()
    change = record("MODIFY", with_intent(reserved), reserved)
    assert events_of(change) == []
    assert not is_given(change)


@pytest.mark.parametrize("order", [a_declined_order(), a_captured_order()])
def test_a_removal_is_not(order: Order) -> None:
    removal = record("REMOVE", old=order)
    assert events_of(removal) == []
    assert not is_given(removal)


def test_no_event_leads_from_reserved_to_reserved() -> None:
    """Else the patterns would keep it from the publisher: see `domain/transitions.py`."""
    for event_type, statuses in TRANSITIONS.items():
        assert statuses.get(Status.RESERVED) is not Status.RESERVED, event_type


def test_a_mapping_has_as_many_patterns_as_lambda_takes() -> None:
    assert len(PUBLISHED) <= 5


@pytest.mark.parametrize("status", [None, 7, {"is": "no status"}])
def test_an_order_whose_status_cannot_be_read_is_given(status: object) -> None:
    """It is parked, with an alarm."""
    spoilt = stored_attributes(with_intent(a_reserved_order())) | {"status": status}
    assert is_given(record("MODIFY", spoilt, a_reserved_order()))
