from typing import Any

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.items import to_item
from order_pipeline.domain.order import Order
from orderctl.publisher_records import NotRedrivenError, PublishAgain
from tests.unit.builders import a_confirmed_order, a_placed_order
from tests.unit.functions.in_memory import Orders
from tests.unit.functions.test_outbox import Parking, Topic, record
from tests.unit.orderctl.builders import Shard, a_batch, a_message

PARKED = a_message({"orderId": "ORD-1", "version": 2, "reason": "KeyError: 'status'"})


class Forgetful:
    """Streams that have trimmed what is asked for."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_shard_iterator(self, **_: object) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": self._code}}, "GetShardIterator")

    def get_records(self, **_: object) -> dict[str, Any]:
        raise AssertionError("there is no iterator to read with")


class UnreadableOrders(Orders):
    """Orders that are still not as the code knows them."""

    def get(self, order_id: str) -> Order:
        return Order.model_validate({"orderId": order_id})


def publisher(
    topic: Topic,
    *,
    orders: Orders | None = None,
    streams: Shard | Forgetful | None = None,
    parking: Parking | None = None,
) -> PublishAgain:
    return PublishAgain(orders or Orders(), topic, parking or Parking(), streams or Shard([]))


def test_all_events_of_a_parked_order_are_published() -> None:
    topic = Topic()
    publisher(topic, orders=Orders(a_confirmed_order()))(PARKED)
    assert [event.event_id for event in topic.events] == [
        f"ORD-1#{number}" for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("orders", "reason"),
    [(Orders(), "there is no order ORD-1"), (UnreadableOrders(), "ORD-1 still cannot be read")],
)
def test_an_order_that_is_gone_or_still_unreadable_is_left(orders: Orders, reason: str) -> None:
    topic = Topic()
    with pytest.raises(NotRedrivenError, match=reason):
        publisher(topic, orders=orders)(PARKED)
    assert topic.events == []


def test_an_event_that_the_topic_refuses_leaves_the_message() -> None:
    with pytest.raises(NotRedrivenError, match="refused"):
        publisher(Topic("ORD-1#3"), orders=Orders(a_confirmed_order()))(PARKED)


def test_a_batch_is_read_from_the_stream_up_to_its_end() -> None:
    records = [
        record(a_placed_order(order_id=f"ORD-{number}"), number=str(number))
        for number in range(10, 15)
    ]
    topic, shard = Topic(), Shard(records)
    publisher(topic, streams=shard)(a_message(a_batch(first=10, last=12)))
    assert [event.event_id for event in topic.events] == ["ORD-10#1", "ORD-11#1", "ORD-12#1"]
    assert shard.read == [10, 11, 12]


def test_a_change_of_a_batch_that_cannot_be_read_is_parked() -> None:
    unreadable = record(a_placed_order(), number="10")
    unreadable["dynamodb"]["NewImage"] = to_item({"orderId": "BAD", "version": 1})
    records = [unreadable, record(a_placed_order(order_id="GOOD"), number="11")]
    topic, parking = Topic(), Parking()
    publisher(topic, streams=Shard(records), parking=parking)(a_message(a_batch(10, 11)))
    assert [event.event_id for event in topic.events] == ["GOOD#1"]
    assert [order_id for order_id, *_ in parking.parked] == ["BAD"]


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_a_batch_that_the_stream_has_trimmed_says_what_to_do_instead(code: str) -> None:
    with pytest.raises(NotRedrivenError) as refused:
        publisher(Topic(), streams=Forgetful(code))(a_message(a_batch()))
    begin, end = "2026-01-31T11:59:00.000Z", "2026-01-31T12:01:30.000Z"
    assert f"orderctl republish --since {begin} --until {end};" in str(refused.value)
    deferred = str(refused.value).partition("deferred before that")[2]
    assert "republish --event OrderPlaced" in deferred
    assert deferred.endswith(f"--until {begin}")


def test_a_stream_that_ends_before_the_batch_does_leaves_the_message() -> None:
    records = [record(a_placed_order(), number="10")]
    with pytest.raises(NotRedrivenError, match="ended before"):
        publisher(Topic(), streams=Shard(records))(a_message(a_batch(10, 12)))


def test_a_fault_of_the_stream_is_not_taken_for_trimming() -> None:
    with pytest.raises(ClientError):
        publisher(Topic(), streams=Forgetful("ThrottlingException"))(a_message(a_batch()))


@pytest.mark.parametrize("body", ["no json", "[]", "7", "{}", {"DDBStreamBatchInfo": {}}])
def test_what_is_neither_is_left(body: object) -> None:
    with pytest.raises(NotRedrivenError, match="neither"):
        publisher(Topic())(a_message(body))
