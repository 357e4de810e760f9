from datetime import timedelta

from order_pipeline.adapters.items import to_item
from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import EventType
from orderctl.republishing import republish_span
from tests.unit.builders import BY, NOON, a_placed_order
from tests.unit.functions.test_outbox import Topic, image

ONE_MINUTE = timedelta(minutes=1)


def an_order(order_id: str, minutes: int) -> Order:
    """Return an order that was placed some minutes after noon, and rejected a minute later."""
    placed = NOON + minutes * ONE_MINUTE
    return a_placed_order(order_id=order_id, at=placed).after(
        EventType.ORDER_REJECTED, by=BY, at=placed + ONE_MINUTE
    )


ITEMS = [image(an_order(f"ORD-{minutes}", minutes)) for minutes in range(4)]


def test_what_happened_in_the_span_is_published_and_nothing_else() -> None:
    topic = Topic()
    done = republish_span(ITEMS, topic, since=NOON + ONE_MINUTE, until=NOON + 3 * ONE_MINUTE)
    assert sorted(event.event_id for event in topic.events) == [
        "ORD-0#2",
        "ORD-1#1",
        "ORD-1#2",
        "ORD-2#1",
    ]
    assert (done.published, done.orders) == (4, {"ORD-0", "ORD-1", "ORD-2"})
    assert done.is_complete


def test_only_one_type_is_published_if_that_is_asked_for() -> None:
    topic = Topic()
    republish_span(
        ITEMS,
        topic,
        since=NOON,
        until=NOON + timedelta(days=1),
        only=EventType.ORDER_REJECTED,
    )
    assert {event.event_type for event in topic.events} == {EventType.ORDER_REJECTED}
    assert len(topic.events) == 4


def test_more_events_than_go_at_once_are_all_published() -> None:
    items = [image(an_order(f"ORD-{number}", 0)) for number in range(130)]
    topic = Topic()
    done = republish_span(items, topic, since=NOON, until=NOON + timedelta(days=1))
    assert done.published == len({event.event_id for event in topic.events}) == 260


def test_what_the_topic_refuses_and_what_cannot_be_read_is_counted() -> None:
    broken = to_item({"orderId": "BROKEN", "version": 1})
    done = republish_span(
        [broken, *ITEMS], Topic("ORD-1#2"), since=NOON, until=NOON + timedelta(days=1)
    )
    assert (done.published, done.refused, done.unreadable) == (7, ["ORD-1#2"], ["BROKEN"])
    assert not done.is_complete
