"""Events and stored orders as released code writes and reads them (docs/adr/0012)."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import stored_attributes, to_order
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import BY
from tests.unit.released.orders import (
    RELEASED,
    Json,
    formats,
    lost_or_changed,
    without_empty,
)

RELEASED_FORMATS: Json = json.loads(RELEASED.read_text())
ORDERS: Json = RELEASED_FORMATS["orders"]
EVENTS: Json = RELEASED_FORMATS["events"]


def test_nothing_that_was_released_is_lost_or_changed() -> None:
    assert list(lost_or_changed(RELEASED_FORMATS, formats())) == []


def test_every_type_of_event_has_happened_to_one_of_the_orders() -> None:
    assert {each["body"]["eventType"] for each in formats()["events"].values()} == set(EventType)


@pytest.mark.parametrize("name", EVENTS)
def test_a_released_event_is_read_whole(name: str) -> None:
    body = EVENTS[name]["body"]
    event = OrderEvent.model_validate_json(json.dumps(body))
    assert event.model_dump(mode="json", by_alias=True, exclude_none=True) == body


@pytest.mark.parametrize("kind", ORDERS)
def test_a_released_order_is_read_whole_and_stored_as_it_was(kind: str) -> None:
    order = to_order(to_item(ORDERS[kind]))
    assert stored_attributes(order) == without_empty(ORDERS[kind])


@pytest.mark.parametrize("kind", ORDERS)
def test_a_released_order_publishes_the_events_that_it_did(kind: str) -> None:
    order = to_order(to_item(ORDERS[kind]))
    for event in events_since(0, order):
        released = EVENTS[f"{kind}: {event.event_type} {event.version}"]["body"]
        written = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert written == released


def test_what_newer_code_has_stored_stays_when_older_code_changes_the_order() -> None:
    # given an order on which newer code has put more, at every level
    stored = copy.deepcopy(ORDERS["placed"])
    for part in (stored, stored["payment"], stored["lines"][0], stored["history"][0]):
        part["fromTheNextRelease"] = {"a": [1, "b"]}
    order = to_order(to_item(stored))
    # when
    after = stored_attributes(order.after(EventType.ORDER_VALIDATED, by=BY))
    # then
    assert after["fromTheNextRelease"] == stored["fromTheNextRelease"]
    assert after["payment"] == stored["payment"]
    assert after["lines"] == stored["lines"]
    assert after["history"][0] == without_empty(stored)["history"][0]


type Change = Callable[[Json], Any]

PLACED = "placed: OrderPlaced 1"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda now: now["events"][PLACED]["body"].pop("customerId"),
            f"events.{PLACED}.body.customerId is gone",
        ),
        (
            lambda now: now["events"][PLACED]["attributes"].pop("priority"),
            f"events.{PLACED}.attributes.priority is gone",
        ),
        (
            lambda now: now["events"].pop(PLACED),
            f"events.{PLACED} is gone",
        ),
        (
            lambda now: now["events"][PLACED]["body"].update(version="1"),
            "body.version was 1, and is '1'",
        ),
        (
            lambda now: now["events"][PLACED]["body"].update(occurredAt="2026-01-31 12:00"),
            "is '2026-01-31 12:00'",
        ),
        (
            lambda now: now["orders"]["arrived"]["parcels"][0].pop("shippedAt"),
            "orders.arrived.parcels[0].shippedAt is gone",
        ),
        (
            lambda now: now["orders"]["arrived"].update(total=59.98),
            "orders.arrived.total was 5998, and is 59.98",
        ),
        (
            lambda now: now["orders"]["arrived"]["lines"].clear(),
            "orders.arrived.lines was",
        ),
        (
            lambda now: now["orders"]["rejected"].update(expiresAt="tomorrow"),
            "orders.rejected.expiresAt was",
        ),
        (
            lambda now: now["orders"].update(arrived="something else"),
            "orders.arrived.orderId is gone",
        ),
    ],
)
def test_what_is_lost_or_changed_is_found(change: Change, complaint: str) -> None:
    now = copy.deepcopy(RELEASED_FORMATS)
    change(now)
    assert any(complaint in each for each in lost_or_changed(RELEASED_FORMATS, now))


def test_what_was_empty_of_an_order_may_be_left_out() -> None:
    now = copy.deepcopy(RELEASED_FORMATS)
    del now["orders"]["arrived"]["refunds"]
    assert list(lost_or_changed(RELEASED_FORMATS, now)) == []
    del now["orders"]["arrived"]["parcels"]
    assert list(lost_or_changed(RELEASED_FORMATS, now)) == ["orders.arrived.parcels is gone"]


def test_an_order_is_read_with_and_without_what_is_empty() -> None:
    whole = ORDERS["placed"]
    assert to_order(to_item(without_empty(whole))) == to_order(to_item(whole))
    assert whole != without_empty(whole)


def test_more_than_was_released_is_fine() -> None:
    now = copy.deepcopy(RELEASED_FORMATS)
    now["events"][PLACED]["body"]["new"] = 1
    now["orders"]["a new kind"] = {}
    assert list(lost_or_changed(RELEASED_FORMATS, now)) == []
