"""An item whose units are on counters: sold to the last one by all of them, and never oversold."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.items import from_item, to_item
from tests.e2e.problems import ITEM_CHANGED, NOT_ENOUGH_STOCK
from tests.e2e.races_track import Track
from tests.e2e.shop import Item, Json, Shop, history

pytestmark = pytest.mark.life

COUNTERS = 4
"""With the item, an order and its reservation they fit into a transaction of DynamoDB Local, which
takes 10 actions; AWS takes 100."""

WITHIN = 300
"""Seconds: orders that come for what others are taking are tried again with backoff."""


@pytest.fixture(scope="module")
def track(shop: Shop) -> Track:
    return Track(shop)


def counters_of(shop: Shop, item: Item) -> list[int]:
    """Return what the inventory table has on the item's counters."""
    answers = [
        shop.dynamodb.get_item(
            TableName=shop.deployment.inventory_table_name,
            Key=to_item({"itemId": f"stock#{item.item_id}#{number}"}),
            ConsistentRead=True,
        )
        for number in range(COUNTERS)
    ]
    return [from_item(each["Item"])["available"] for each in answers if "Item" in each]


def at_once(calls: list[Callable[[], str]]) -> list[str]:
    with ThreadPoolExecutor(len(calls)) as customers:
        return list(customers.map(lambda call: call(), calls))


def placing(shop: Shop, item: Item, quantity: int, shows: str) -> Callable[[], str]:
    request = shop.order((item, quantity))
    return lambda: shop.place(request, shows=shows)


def setting(item: Json, **changes: object) -> Json:
    """Return the request that sets an item as it was read, with some changes."""
    names = ("name", "price", "currency", "available", "active", "stockCounters")
    return {name: item[name] for name in names} | changes


def test_twenty_orders_at_once_for_the_last_ten_units_of_four_counters(
    shop: Shop, track: Track
) -> None:
    # given
    item = shop.stocked_item(available=10, stockCounters=COUNTERS)
    assert counters_of(shop, item) == [3, 3, 2, 2]

    # when
    shows = "20 at once for the last 10 units of 4 counters"
    order_ids = at_once([placing(shop, item, 1, shows) for _ in range(20)])

    # then
    orders = [shop.at_rest(order_id, within=WITHIN) for order_id in order_ids]
    assert Counter(order["status"] for order in orders) == {"CONFIRMED": 10, "OUT_OF_STOCK": 10}
    for order in orders:
        assert len(history(order)) == len(set(history(order))), "a step was taken twice"
    assert counters_of(shop, item) == [0] * COUNTERS
    left = shop.item_now(item)
    assert (left["available"], left["version"]) == (0, 1 + 10), "set once, reserved ten times"

    # and stock and money agree with the orders
    settled = track.settled([track.orders.get(order_id) for order_id in order_ids])
    track.check_stock(item, settled, expected=10)
    track.check_money(settled)


def test_lines_that_no_counter_can_serve_alone_are_sold_while_all_together_can(
    shop: Shop, track: Track
) -> None:
    # given one unit on each counter, and orders for three of them
    item = shop.stocked_item(available=COUNTERS, stockCounters=COUNTERS)
    shows = "5 at once for 3 of 4 units, one on each counter"

    # when
    order_ids = at_once([placing(shop, item, 3, shows) for _ in range(5)])

    # then
    orders = [shop.at_rest(order_id, within=WITHIN) for order_id in order_ids]
    assert Counter(order["status"] for order in orders) == {"CONFIRMED": 1, "OUT_OF_STOCK": 4}
    [confirmed] = [order["orderId"] for order in orders if order["status"] == "CONFIRMED"]
    reservation = shop.reservation(confirmed)
    assert reservation
    taken = reservation["counters"][item.item_id]
    assert set(taken.values()) == {1}
    assert len(taken) == 3

    # and when it is cancelled, each unit is where it was
    assert shop.cancel(confirmed).is_success
    shop.until_event(confirmed, "StockReleased")
    assert counters_of(shop, item) == [1] * COUNTERS
    settled = track.settled([track.orders.get(order_id) for order_id in order_ids])
    track.check_stock(item, settled, expected=COUNTERS)


def test_what_cancelled_orders_let_go_is_sold_to_others_at_the_same_time(
    shop: Shop, track: Track
) -> None:
    # given an item that is sold out
    item = shop.stocked_item(available=8, stockCounters=COUNTERS)
    first = at_once([placing(shop, item, 1, "a hot item is sold out") for _ in range(8)])
    for order_id in first:
        shop.until(order_id, "CONFIRMED")

    # when half of its customers cancel while others order
    def cancelling(order_id: str) -> Callable[[], str]:
        def cancel() -> str:
            while (answer := shop.cancel(order_id)).status_code == 503:
                pass
            assert answer.is_success, answer.text
            return order_id

        return cancel

    others = [placing(shop, item, 2, "2 of what others let go of 4 counters") for _ in range(4)]
    done = at_once([*map(cancelling, first[:4]), *others])

    # then no unit is sold twice, and none is lost
    order_ids = [*first, *done[4:]]
    settled = track.settled([track.orders.get(order_id) for order_id in order_ids])
    track.check_stock(item, settled, expected=8)
    track.check_money(settled)


def test_parcels_and_refunds_of_a_hot_item_keep_its_books(shop: Shop, track: Track) -> None:
    # given an order that is split over the counters
    item = shop.stocked_item(available=COUNTERS, stockCounters=COUNTERS)
    order_id = shop.place(shop.order((item, 3)), shows="a split line: sent and refunded in parts")
    shop.until(order_id, "CONFIRMED")

    # when one unit leaves, and then all come back one by one
    assert shop.ship(order_id, "parcel-1", [(item, 1)]).is_success
    shop.until_event(order_id, "PaymentCaptured")
    for number in (1, 2, 3):
        lines = [{"itemId": item.item_id, "quantity": 1}]
        assert shop.refund(order_id, f"refund-{number}", lines=lines, restock=True).is_success
        shop.until_event(order_id, *["StockRestocked"] * number)

    # then each unit is where it was
    assert counters_of(shop, item) == [1] * COUNTERS
    track.check_stock(item, track.settled([track.orders.get(order_id)]), expected=COUNTERS)


def test_counters_are_set_and_given_up_by_who_has_read_the_item(shop: Shop) -> None:
    # given an item without
    item = shop.stocked_item(available=10)
    read = shop.api.get(f"inventory/{item.item_id}")

    # when it gets counters
    more = setting(read.json(), stockCounters=COUNTERS)
    answer = shop.put_item(item.item_id, more, {"If-Match": read.headers["ETag"]})

    # then
    assert answer.status_code == 200, answer.text
    assert answer.json() == read.json() | {"stockCounters": COUNTERS, "version": 2}
    assert shop.item_now(item) == answer.json()
    assert counters_of(shop, item) == [3, 3, 2, 2]

    # and what was read before an order is not set after it
    order_id = shop.place(shop.order((item, 4)), shows="a hot item is set while it is ordered")
    shop.until(order_id, "CONFIRMED")
    for counters in (1, 2, COUNTERS):
        old = setting(answer.json(), stockCounters=counters)
        refused = shop.put_item(item.item_id, old, {"If-Match": answer.headers["ETag"]})
        assert (refused.status_code, refused.json()["type"]) == (412, ITEM_CHANGED)
    assert shop.available(item) == 6

    # when it gives its counters up
    now = shop.api.get(f"inventory/{item.item_id}")
    fewer = setting(now.json(), stockCounters=1)
    answer = shop.put_item(item.item_id, fewer, {"If-Match": now.headers["ETag"]})

    # then its units are its own, and what the order held goes back to it
    assert answer.status_code == 200, answer.text
    assert counters_of(shop, item) == []
    assert shop.cancel(order_id).is_success
    shop.until_event(order_id, "StockReleased")
    assert shop.available(item) == 10


def test_units_of_all_counters_are_adjusted_together(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10, stockCounters=COUNTERS)

    # when
    answers = [shop.adjust(item.item_id, "adjustment-1", -9) for _ in range(2)]

    # then it is made once
    assert [answer.status_code for answer in answers] == [200, 200]
    assert shop.available(item) == 1
    too_many = shop.adjust(item.item_id, "adjustment-2", -2)
    assert (too_many.status_code, too_many.json()["type"]) == (409, NOT_ENOUGH_STOCK)
    assert "which is now 1" in too_many.json()["detail"]
    assert shop.adjust(item.item_id, "adjustment-3", 7).status_code == 200
    assert counters_of(shop, item) == [2] * COUNTERS


def test_code_without_counters_can_neither_sell_nor_set_the_item(shop: Shop) -> None:
    """What the release before wrote fails at such an item, and not by a condition."""
    # given
    item = shop.stocked_item(available=10, stockCounters=COUNTERS)
    table = shop.deployment.inventory_table_name

    # when
    with pytest.raises(ClientError) as failed:
        shop.dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": table,
                        "Key": to_item({"itemId": item.item_id}),
                        "UpdateExpression": "SET available = available - :units, "
                        "version = version + :one",
                        "ConditionExpression": "available >= :units",
                        "ExpressionAttributeValues": to_item({":units": 1, ":one": 1}),
                    }
                }
            ]
        )
    with pytest.raises(shop.dynamodb.exceptions.ConditionalCheckFailedException):
        shop.dynamodb.put_item(
            TableName=table,
            Item=to_item({"itemId": item.item_id, "available": 99, "version": 2}),
            ConditionExpression="version = :expected",
            ExpressionAttributeValues=to_item({":expected": 1}),
        )

    # then
    assert "ConditionalCheckFailed" not in str(failed.value), "it would be told out of stock"
    assert shop.available(item) == 10
