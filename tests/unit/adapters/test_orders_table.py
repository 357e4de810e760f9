from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import (
    OPEN_BUCKETS,
    OrdersTable,
    Position,
    open_bucket,
    stored_attributes,
)
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import ConcurrentChangeError, OrderNotFoundError
from order_pipeline.domain.progress import due_at
from order_pipeline.domain.stored import rfc3339
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    NOON,
    a_confirmed_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
)
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def orders(dynamodb: "DynamoDBClient") -> OrdersTable:
    return OrdersTable(dynamodb, ORDERS_TABLE)


def stored(dynamodb: "DynamoDBClient", order_id: str = "ORD-1") -> dict[str, object]:
    key = to_item({"orderId": order_id})
    return from_item(dynamodb.get_item(TableName=ORDERS_TABLE, Key=key)["Item"])


def reject(order: Order) -> Order:
    return order.after(EventType.ORDER_REJECTED, by=BY, at=NOON, detail={"reason": "x"})


def test_an_order_is_read_as_it_was_written(orders: OrdersTable) -> None:
    order = a_reserved_order(intent_id="pi_1")
    assert orders.add(order) == order
    assert orders.get("ORD-1") == order


def test_an_order_that_is_not_there_is_named(orders: OrdersTable) -> None:
    with pytest.raises(OrderNotFoundError, match="ORD-9"):
        orders.get("ORD-9")


def test_adding_an_order_twice_keeps_the_first(orders: OrdersTable) -> None:
    first = a_placed_order()
    orders.add(first)
    assert orders.add(a_placed_order(customer_id="CUST-2")) == first
    assert orders.get("ORD-1") == first


def test_a_change_appends_to_the_history(orders: OrdersTable) -> None:
    placed = orders.add(a_placed_order())
    changed = orders.change("ORD-1", reject)
    assert changed == orders.get("ORD-1")
    assert changed.history[:-1] == placed.history
    assert changed.status is Status.REJECTED


def test_nothing_to_change_writes_nothing(orders: OrdersTable, dynamodb: "DynamoDBClient") -> None:
    orders.add(a_placed_order())
    before = stored(dynamodb)
    assert orders.change("ORD-1", lambda order: order).version == 1
    assert stored(dynamodb) == before


def test_an_order_that_was_just_seen_is_not_read_again(
    orders: OrdersTable, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = orders.add(a_placed_order())
    monkeypatch.setattr(dynamodb, "get_item", Mock(side_effect=AssertionError))
    assert orders.change("ORD-1", reject, seen=seen).status is Status.REJECTED


def test_an_order_that_has_changed_since_it_was_seen_is_looked_at_again(
    orders: OrdersTable,
) -> None:
    # given
    seen = orders.add(a_placed_order())
    orders.change("ORD-1", lambda order: order.after(EventType.ORDER_VALIDATED, by=BY))
    # when
    decided_upon: list[Status] = []

    def cancel(order: Order) -> Order:
        decided_upon.append(order.status)
        return order.after(EventType.ORDER_CANCELLED, by=BY)

    changed = orders.change("ORD-1", cancel, seen=seen)
    # then
    assert decided_upon == [Status.PLACED, Status.VALIDATED]
    assert changed == orders.get("ORD-1")
    assert changed.version == 3


def test_an_order_changed_in_between_is_decided_upon_again(orders: OrdersTable) -> None:
    orders.add(a_placed_order())
    seen: list[Status] = []

    def decide(order: Order) -> Order:
        seen.append(order.status)
        if len(seen) == 1:
            orders.change("ORD-1", lambda now: now.after(EventType.ORDER_VALIDATED, by=BY))
        return order.after(EventType.ORDER_CANCELLED, by=BY)

    changed = orders.change("ORD-1", decide)

    assert seen == [Status.PLACED, Status.VALIDATED]
    assert [entry.event for entry in changed.history] == [
        EventType.ORDER_PLACED,
        EventType.ORDER_VALIDATED,
        EventType.ORDER_CANCELLED,
    ]
    assert orders.get("ORD-1") == changed


def test_an_order_that_others_keep_changing_is_left_for_later(orders: OrdersTable) -> None:
    orders.add(a_reserved_order().after(EventType.ORDER_CONFIRMED, by=BY))

    def decide(order: Order) -> Order:
        orders.change("ORD-1", lambda now: now.after(EventType.REFUND_REQUESTED, by="other"))
        return order.after(EventType.ORDER_SHIPPED, by=BY)

    with pytest.raises(ConcurrentChangeError):
        orders.change("ORD-1", decide)
    assert orders.get("ORD-1").status is Status.CONFIRMED


def test_a_change_keeps_attributes_it_does_not_know(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    orders.add(a_placed_order())
    dynamodb.update_item(
        TableName=ORDERS_TABLE,
        Key=to_item({"orderId": "ORD-1"}),
        UpdateExpression="SET giftWrap = :yes",
        ExpressionAttributeValues=to_item({":yes": {"paper": 3}}),
    )
    orders.change("ORD-1", reject)
    assert stored(dynamodb)["giftWrap"] == {"paper": 3}


def test_an_open_order_is_in_the_open_orders_index(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    order = orders.add(a_placed_order())
    due = due_at(order)
    assert due
    assert stored(dynamodb)["openBucket"] == open_bucket("ORD-1")
    assert stored(dynamodb)["dueAt"] == rfc3339(due)
    assert "expiresAt" not in stored(dynamodb)


def test_a_settled_order_leaves_the_index_and_expires(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    orders.add(a_placed_order())
    orders.change("ORD-1", reject)
    assert not stored(dynamodb).keys() & {"openBucket", "dueAt"}
    assert stored(dynamodb)["expiresAt"] == int(NOON.timestamp()) + 90 * 24 * 3600


def test_open_orders_spread_over_every_bucket() -> None:
    assert {open_bucket(f"ORD-{number}") for number in range(500)} == {
        f"open#{number}" for number in range(OPEN_BUCKETS)
    }


def test_an_intent_is_remembered_without_an_event(orders: OrdersTable) -> None:
    order = orders.add(a_reserved_order())
    orders.remember_intent(order, "pi_1")
    now = orders.get("ORD-1")
    assert now.payment.intent_id == "pi_1"
    assert (now.version, now.history) == (order.version, order.history)


def test_its_own_late_write_of_an_intent_is_no_conflict(orders: OrdersTable) -> None:
    order = orders.add(a_reserved_order())
    orders.remember_intent(order, "pi_1")
    orders.remember_intent(order, "pi_1")
    assert orders.get("ORD-1").payment.intent_id == "pi_1"


def test_a_replacement_is_remembered_without_an_event(orders: OrdersTable) -> None:
    order = orders.add(a_confirmed_order())
    orders.remember_replacement(order, "pi_2")
    orders.remember_replacement(order, "pi_2")
    now = orders.get("ORD-1")
    assert now.payment.replacement_intent_id == "pi_2"
    assert now.payment.intent_id == "pi_1"
    assert (now.version, now.history) == (order.version, order.history)


def test_a_second_replacement_is_not_remembered(orders: OrdersTable) -> None:
    order = orders.add(a_confirmed_order())
    orders.remember_replacement(order, "pi_2")
    with pytest.raises(ConcurrentChangeError):
        orders.remember_replacement(order, "pi_3")
    assert orders.get("ORD-1").payment.replacement_intent_id == "pi_2"


def test_no_replacement_is_remembered_once_something_has_happened(orders: OrdersTable) -> None:
    order = orders.add(a_confirmed_order())
    orders.change("ORD-1", lambda order: order.after(EventType.ORDER_CANCELLED, by=BY))
    with pytest.raises(ConcurrentChangeError):
        orders.remember_replacement(order, "pi_2")
    assert orders.get("ORD-1").payment.replacement_intent_id is None


@pytest.mark.parametrize(
    "order", [a_reserved_order(intent_id="pi_0"), a_validated_order()], ids=["has one", "too early"]
)
def test_an_intent_is_not_remembered_where_it_must_not(orders: OrdersTable, order: Order) -> None:
    orders.add(order)
    with pytest.raises(ConcurrentChangeError):
        orders.remember_intent(order, "pi_1")
    assert orders.get("ORD-1") == order


def test_overdue_orders_are_found_in_every_bucket(orders: OrdersTable) -> None:
    ids = {f"ORD-{number}" for number in range(60)}
    assert len({open_bucket(order_id) for order_id in ids}) == OPEN_BUCKETS
    for order_id in ids:
        orders.add(a_placed_order(order_id=order_id))
    due = due_at(a_placed_order())
    assert due
    later = due_at(orders.add(a_placed_order(order_id="LATER", at=NOON + timedelta(minutes=1))))
    assert later

    assert list(orders.overdue(due)) == []
    assert sorted(orders.overdue(later)) == sorted(ids)
    assert sorted(orders.overdue(later + timedelta(milliseconds=1))) == sorted(ids | {"LATER"})


def test_overdue_orders_of_a_bucket_come_oldest_first_from_all_its_pages() -> None:
    pages: list[dict[str, Any]] = [
        {"Items": [to_item({"orderId": "A"})]},
        {"Items": []},
        {"Items": [to_item({"orderId": "B"})]},
    ]
    client = Mock()
    client.get_paginator.return_value.paginate.return_value = pages
    assert list(OrdersTable(client, ORDERS_TABLE).overdue(NOON))[:2] == ["A", "B"]


def test_a_settled_order_is_not_overdue(orders: OrdersTable) -> None:
    orders.add(a_placed_order())
    orders.change("ORD-1", reject)
    assert list(orders.overdue(NOON + timedelta(days=30))) == []


def test_an_order_is_put_off_without_an_event(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    order = orders.add(a_placed_order())
    tomorrow = NOON + timedelta(days=1)
    orders.put_off(order, tomorrow)
    assert orders.get("ORD-1") == order
    assert stored(dynamodb)["dueAt"] == rfc3339(tomorrow)
    assert list(orders.overdue(tomorrow)) == []


@pytest.mark.parametrize("event", [EventType.ORDER_VALIDATED, EventType.ORDER_REJECTED])
def test_an_order_that_has_moved_on_is_not_put_off(
    orders: OrdersTable, dynamodb: "DynamoDBClient", event: EventType
) -> None:
    order = orders.add(a_placed_order())
    orders.change("ORD-1", lambda order: order.after(event, by=BY, at=NOON))
    before = stored(dynamodb)
    orders.put_off(order, NOON + timedelta(days=1))
    assert stored(dynamodb) == before


def placed(orders: OrdersTable, number: int, customer_id: str = "CUST-1") -> Order:
    return orders.add(
        a_placed_order(
            order_id=f"ORD-{number}",
            customer_id=customer_id,
            at=NOON + timedelta(minutes=number),
        )
    )


def all_pages(
    orders: OrdersTable, limit: int, status: Status | None = None
) -> tuple[list[str], int]:
    """Return the ids of a customer's orders, page by page, and how many pages there were."""
    ids: list[str] = []
    after: Position | None = None
    for pages in range(1, 50):
        listed, after = orders.of_customer("CUST-1", limit=limit, status=status, after=after)
        assert len(listed) <= limit
        ids += [order.order_id for order in listed]
        if after is None:
            return ids, pages
    raise AssertionError("the pages have no end")


def test_a_list_tells_what_has_become_of_an_order_since(orders: OrdersTable) -> None:
    placed(orders, 1)
    orders.change("ORD-1", lambda order: order.after(EventType.ORDER_CANCELLED, by=BY))
    ((listed,), _) = orders.of_customer("CUST-1", limit=10, status=None, after=None)
    assert (listed.order_id, listed.status) == ("ORD-1", Status.CANCELLED)


def test_more_orders_than_one_request_reads_are_listed(
    orders: OrdersTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("order_pipeline.adapters.reading._KEYS_PER_READ", 3)
    for number in range(8):
        placed(orders, number)
    assert all_pages(orders, limit=100) == ([f"ORD-{number}" for number in range(7, -1, -1)], 1)


def test_what_was_not_read_is_read_again() -> None:
    # given: an index of two orders, and a table that reads one at a time
    client = Mock()
    keys = [{"orderId": {"S": order_id}} for order_id in ("ORD-2", "ORD-1")]
    client.query.return_value = {"Items": keys}
    items = [to_item(stored_attributes(a_placed_order(order_id=f"ORD-{n}"))) for n in (1, 2)]
    client.batch_get_item.side_effect = [
        {
            "Responses": {ORDERS_TABLE: items[:1]},
            "UnprocessedKeys": {ORDERS_TABLE: {"Keys": keys[:1]}},
        },
        {"Responses": {ORDERS_TABLE: items[1:]}, "UnprocessedKeys": {}},
    ]
    # when
    listed, _ = OrdersTable(client, ORDERS_TABLE).of_customer(
        "CUST-1", limit=10, status=None, after=None
    )
    # then
    assert [order.order_id for order in listed] == ["ORD-2", "ORD-1"]
    assert client.batch_get_item.call_count == 2


def test_an_order_that_is_gone_since_the_index_told_of_it_is_not_listed(
    orders: OrdersTable, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(orders, 1)
    monkeypatch.setattr(
        dynamodb, "batch_get_item", Mock(return_value={"Responses": {ORDERS_TABLE: []}})
    )
    assert orders.of_customer("CUST-1", limit=10, status=None, after=None) == ([], None)


def test_a_customers_orders_are_listed_newest_first(orders: OrdersTable) -> None:
    for number in range(7):
        placed(orders, number)
    placed(orders, 8, customer_id="CUST-2")
    assert all_pages(orders, limit=3)[0] == [f"ORD-{number}" for number in range(6, -1, -1)]
    assert all_pages(orders, limit=100) == ([f"ORD-{number}" for number in range(6, -1, -1)], 1)


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_a_status_is_found_on_every_page(orders: OrdersTable, limit: int) -> None:
    for number in range(9):
        placed(orders, number)
    for number in (1, 4, 5):
        orders.change(f"ORD-{number}", reject)
    assert all_pages(orders, limit, Status.REJECTED)[0] == ["ORD-5", "ORD-4", "ORD-1"]


def test_a_made_up_position_shows_nobody_elses_orders(orders: OrdersTable) -> None:
    placed(orders, 1)
    placed(orders, 2, customer_id="CUST-2")
    position = Position("2026-01-31T12:02:00.000Z", "ORD-2")
    listed, _ = orders.of_customer("CUST-1", limit=10, status=None, after=position)
    assert [order.order_id for order in listed] == ["ORD-1"]


def test_a_customer_without_orders_has_none(orders: OrdersTable) -> None:
    assert orders.of_customer("CUST-9", limit=10, status=None, after=None) == ([], None)


def test_an_order_in_a_rare_status_is_found_at_once(orders: OrdersTable) -> None:
    for number in range(30):
        at = NOON + timedelta(minutes=number)
        orders.add(a_placed_order(order_id=f"ORD-{number}", at=at))
    orders.change("ORD-3", reject)
    listed, _ = orders.of_customer("CUST-1", limit=1, status=Status.REJECTED, after=None)
    assert [order.order_id for order in listed] == ["ORD-3"]
