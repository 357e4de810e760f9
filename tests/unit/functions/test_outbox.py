from collections.abc import Sequence
from typing import Any

import pytest

from event_publisher.outbox import events_of, publish_changes
from order_pipeline.adapters.items import to_item
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order
from tests.unit.builders import (
    a_confirmed_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
)


class Topic:
    """A topic that keeps what it is given, but for the events it refuses."""

    def __init__(self, *refused: str, too_large: str = "") -> None:
        self.events: list[OrderEvent] = []
        self._refused = set(refused)
        self._too_large = too_large

    def takes(self, event: OrderEvent) -> bool:
        return event.event_id != self._too_large

    def publish(self, events: Sequence[OrderEvent]) -> set[str]:
        self.events += [event for event in events if event.event_id not in self._refused]
        return self._refused & {event.event_id for event in events}


class Parking:
    """A parking place that keeps what it is given."""

    def __init__(self) -> None:
        self.parked: list[tuple[str, object, str]] = []

    def park(self, order_id: str, version: object, reason: str) -> None:
        self.parked.append((order_id, version, reason))


def image(order: Order) -> dict[str, Any]:
    attributes = order.model_dump(mode="json", by_alias=True, exclude_none=True)
    return to_item(attributes | {"openBucket": "open#1", "dueAt": "2026-01-31T12:15:00.000Z"})


def record(new: Order | None, old: Order | None = None, number: str = "1") -> dict[str, Any]:
    images = {"SequenceNumber": number}
    if new:
        images["NewImage"] = image(new)  # type: ignore[assignment]
    if old:
        images["OldImage"] = image(old)  # type: ignore[assignment]
    return {"eventID": number, "dynamodb": images}


def test_a_new_order_is_published() -> None:
    assert [event.event_id for event in events_of(record(a_placed_order()))] == ["ORD-1#1"]


def test_what_was_appended_is_published() -> None:
    events = events_of(record(a_confirmed_order(), a_validated_order()))
    assert [event.event_id for event in events] == ["ORD-1#3", "ORD-1#4"]


@pytest.mark.parametrize(
    "change",
    [
        record(None, a_placed_order()),
        record(a_reserved_order(intent_id="pi_1"), a_reserved_order()),
    ],
    ids=["a removal", "an intent that was remembered"],
)
def test_a_change_without_history_publishes_nothing(change: dict[str, Any]) -> None:
    assert events_of(change) == []


def test_changes_are_published_in_their_order() -> None:
    topic = Topic()
    again = publish_changes(
        [
            record(a_placed_order(), number="1"),
            record(a_validated_order(), a_placed_order(), number="2"),
            record(a_placed_order(order_id="ORD-2"), number="3"),
        ],
        topic=topic,
        parking=Parking(),
    )
    assert again == []
    assert [event.event_id for event in topic.events] == ["ORD-1#1", "ORD-1#2", "ORD-2#1"]


def test_a_record_whose_events_were_refused_comes_again() -> None:
    topic = Topic("ORD-2#1")
    again = publish_changes(
        [
            record(a_placed_order(order_id=f"ORD-{number}"), number=str(number))
            for number in (1, 2, 3)
        ],
        topic=topic,
        parking=Parking(),
    )
    assert again == ["2"]


def test_an_event_that_is_too_large_is_parked_and_holds_no_other_back() -> None:
    topic, parking = Topic(too_large="ORD-1#3"), Parking()
    again = publish_changes(
        [record(a_confirmed_order(), a_validated_order())], topic=topic, parking=parking
    )
    assert again == []
    assert [event.event_id for event in topic.events] == ["ORD-1#4"]
    assert parking.parked == [("ORD-1", 3, "larger than a message may be")]


UNREADABLE = {"orderId": "ORD-0", "version": 1, "contact": {"email": "ada@example.com"}}


GOOD = image(a_placed_order(order_id="ORD-0"))


@pytest.mark.parametrize(
    "images",
    [
        {"NewImage": to_item(UNREADABLE)},
        {"NewImage": GOOD | {"total": {"N": "29.99"}}},
        {"NewImage": GOOD, "OldImage": to_item({"x": 1})},
        {"NewImage": GOOD, "OldImage": to_item({"version": "one"})},
        {"NewImage": GOOD, "OldImage": {"version": {"N": "1.5"}}},
    ],
    ids=[
        "no order",
        "an amount with a fraction",
        "an old image without a version",
        "an old image with words for a version",
        "an old image with half a version",
    ],
)
def test_a_record_that_can_never_be_published_is_parked_and_holds_no_other_back(
    images: dict[str, Any],
) -> None:
    topic, parking = Topic(), Parking()
    broken = {"dynamodb": {"SequenceNumber": "1", **images}}
    again = publish_changes(
        [broken, record(a_placed_order(), number="2")], topic=topic, parking=parking
    )
    assert again == []
    assert [event.event_id for event in topic.events] == ["ORD-1#1"]
    ((order_id, version, reason),) = parking.parked
    assert (order_id, version) == ("ORD-0", 1)
    assert reason
    assert "ada" not in reason


def test_a_record_without_a_readable_version_is_parked_without_one() -> None:
    parking = Parking()
    broken = {"SequenceNumber": "1", "NewImage": GOOD | {"version": {"N": "1.5"}}}
    assert publish_changes([{"dynamodb": broken}], topic=Topic(), parking=parking) == []
    assert [parked[:2] for parked in parking.parked] == [("ORD-0", None)]
