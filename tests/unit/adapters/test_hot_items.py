"""Orders for items whose units are on counters: held, given back, and never oversold."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters import stock_transactions
from order_pipeline.adapters.items import to_item
from order_pipeline.domain.limits import MAX_ADJUSTMENT, MAX_AVAILABLE, MAX_LINES, MAX_QUANTITY
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import LineQuantity, Order, StockState
from order_pipeline.domain.ports import ConcurrentChangeError
from order_pipeline.domain.stock_counters import first_counter
from order_pipeline.domain.stored import Record
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import a_line, an_item
from tests.unit.conftest import INVENTORY_TABLE
from tests.unit.counted_stock import WatchedShop as Shop

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COUNTERS = 4


@pytest.fixture
def shop(dynamodb: "DynamoDBClient") -> Shop:
    shop = Shop(dynamodb)
    shop.inventory.create(an_item("HOT", available=12, stock_counters=COUNTERS))
    shop.inventory.create(an_item("TEA", available=5))
    return shop


ORD_1 = first_counter("ORD-1", COUNTERS)
"""The counter that the order ORD-1 turns to first."""


def after(*changes: tuple[int, int], of: int = 3) -> list[int]:
    """Return what is on the counters: counted from ORD-1's first one, which lacks how many."""
    units = [of] * COUNTERS
    for step, lacking in changes:
        units[(ORD_1 + step) % COUNTERS] -= lacking
    return units


@contextmanager
def calls_of(shop: Shop, *expected: str) -> Iterator[None]:
    shop.calls.clear()
    yield
    assert shop.calls == list(expected)


# ------------------------------------------------------------------ held


def test_units_are_taken_from_the_orders_first_counter(shop: Shop) -> None:
    item = shop.stored("HOT")
    order = shop.order("ORD-1", a_line("HOT", 2), a_line("TEA", 1))

    assert shop.reserve(order) == []

    assert shop.counters("HOT") == after((0, 2))
    assert shop.available("TEA") == 4
    assert shop.stored("HOT") == item, "no order writes the item itself"
    assert shop.orders.get("ORD-1").stock.state is StockState.HELD
    assert shop.reservation("ORD-1") == {
        "itemId": "reservation#ORD-1",
        "orderId": "ORD-1",
        "state": "HELD",
        "units": {"HOT": 2, "TEA": 1},
        "counters": {"HOT": {str(ORD_1): 2}},
    }


def test_an_environment_learns_of_the_counters_by_its_first_order(shop: Shop) -> None:
    orders = [shop.order(f"ORD-{number}", a_line("HOT", 1)) for number in (1, 2)]
    with calls_of(shop, "TransactWriteItems", "BatchGetItem", "TransactWriteItems"):
        shop.reserve(orders[0])
    with calls_of(shop, "TransactWriteItems"):
        shop.reserve(orders[1])


def test_an_item_without_counters_takes_one_call_whatever_becomes_of_the_order(
    shop: Shop,
) -> None:
    orders = [shop.order(f"ORD-{number}", a_line("TEA", 3)) for number in (1, 2)]
    with calls_of(shop, *["TransactWriteItems"] * 2):
        assert shop.reserve(orders[0]) == []
        assert shop.reserve(orders[1]) == ["TEA"]
    shop.calls.clear()
    shop.release("ORD-1")
    assert shop.calls == ["GetItem", "GetItem", "UpdateItem", "TransactWriteItems"]


def test_an_empty_counter_sends_the_order_to_the_next_one_that_has_all(shop: Shop) -> None:
    shop.set_counters("HOT", *after((0, 3), (1, 2)))
    shop.reserve(shop.order("ORD-1", a_line("HOT", 2)))
    assert shop.counters("HOT") == after((0, 3), (1, 2), (2, 2))
    taken = {str((ORD_1 + 2) % COUNTERS): 2}
    assert shop.reservation("ORD-1")["counters"] == {"HOT": taken}


def test_a_line_is_split_where_no_counter_has_all_of_it(shop: Shop) -> None:
    shop.set_counters("HOT", *after((0, 3), (1, 2), (2, 1)))
    shop.reserve(shop.order("ORD-1", a_line("HOT", 5)))
    assert shop.counters("HOT") == after((0, 3), (1, 2), (2, 3), (3, 3))
    taken = {str((ORD_1 + 3) % COUNTERS): 3, str((ORD_1 + 2) % COUNTERS): 2}
    assert shop.reservation("ORD-1")["counters"] == {"HOT": taken}


def test_the_last_units_of_all_counters_are_sold(shop: Shop) -> None:
    assert shop.reserve(shop.order("ORD-1", a_line("HOT", 12))) == []
    assert shop.counters("HOT") == [0] * COUNTERS
    assert shop.reserve(shop.order("ORD-2", a_line("HOT", 1))) == ["HOT"]


def test_too_few_on_all_counters_move_nothing_and_name_the_items(shop: Shop) -> None:
    shop.inventory.create(an_item("HOT-2", available=4, stock_counters=2))
    lines = [a_line("HOT", 13), a_line("TEA", 6), a_line("HOT-2", 4)]
    order = shop.order("ORD-1", *lines)

    assert shop.reserve(order) == ["HOT", "TEA"]

    assert shop.counters("HOT") == [3] * COUNTERS
    assert shop.counters("HOT-2") == [2, 2]
    assert shop.available("TEA") == 5
    assert shop.orders.get("ORD-1") == order
    assert shop.reservation("ORD-1") == {}


def test_several_items_with_counters_are_held_together(shop: Shop) -> None:
    shop.inventory.create(an_item("HOT-2", available=4, stock_counters=2))
    shop.reserve(shop.order("ORD-1", a_line("HOT", 4), a_line("HOT-2", 3)))
    assert (sum(shop.counters("HOT")), sum(shop.counters("HOT-2"))) == (8, 1)
    counters = shop.reservation("ORD-1")["counters"]
    assert {item_id: sum(taken.values()) for item_id, taken in counters.items()} == {
        "HOT": 4,
        "HOT-2": 3,
    }


def test_units_that_come_back_between_two_looks_are_a_fault_not_out_of_stock(
    shop: Shop,
) -> None:
    shop.set_counters("HOT", *[0] * COUNTERS)
    order = shop.order("ORD-1", a_line("HOT", 1))
    shop.before("BatchGetItem", partial(shop.set_counters, "HOT", 1), nth=2)
    with pytest.raises(ConcurrentChangeError):
        shop.reserve(order)
    # and the order gets them when it is tried again
    assert shop.reserve(order) == []


def test_while_others_take_what_was_seen_each_time_it_is_a_fault(shop: Shop) -> None:
    order = shop.order("ORD-1", a_line("HOT", 3))
    for attempt, step in enumerate((0, 1, 0)):  # always the one that it turns to
        units = after((step, 3))
        shop.before(
            "TransactWriteItems", partial(shop.set_counters, "HOT", *units), nth=attempt + 1
        )
    # for an environment that knows of them
    shop.ledger._counters.look("HOT")
    with pytest.raises(ConcurrentChangeError):
        shop.reserve(order)
    assert shop.orders.get("ORD-1") == order
    assert shop.reserve(order) == []


def test_an_order_that_changed_in_between_is_not_called_out_of_stock(shop: Shop) -> None:
    order = shop.order("ORD-1", a_line("HOT", 99))
    shop.before("TransactWriteItems", lambda: shop.orders.change("ORD-1", cancelled))
    with pytest.raises(ConcurrentChangeError):
        shop.reserve(order)


def cancelled(order: Order) -> Order:
    return order.after(EventType.ORDER_CANCELLED, by="other")


def test_stock_is_reserved_once_for_an_order(shop: Shop) -> None:
    order = shop.order("ORD-1", a_line("HOT", 2))
    shop.reserve(order)
    with pytest.raises(ConcurrentChangeError):
        shop.reserve(order)
    assert sum(shop.counters("HOT")) == 10


def test_an_item_that_is_gone_is_out_of_stock(shop: Shop) -> None:
    order = shop.order("ORD-1", a_line("GONE", 1))
    assert shop.reserve(order) == ["GONE"]


def test_where_dynamodb_does_not_tell_what_it_found_it_is_looked_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_transactions, "items_found", lambda _: [{}] * 4)
    assert shop.reserve(shop.order("ORD-1", a_line("HOT", 2), a_line("TEA", 1))) == []
    assert shop.reserve(shop.order("ORD-2", a_line("TEA", 5))) == ["TEA"]


# ------------------------------------------------------------------ other counters than before


@pytest.mark.parametrize("now", [1, 2, 5])
def test_an_environment_that_knows_of_other_counters_finds_the_units(shop: Shop, now: int) -> None:
    # given one that has sold of four
    shop.reserve(shop.order("ORD-1", a_line("HOT", 2)))
    shop.set_item("HOT", available=10, counters=now)
    # then it sells all that there are
    for number in range(2, 12):
        assert shop.reserve(shop.order(f"ORD-{number}", a_line("HOT", 1))) == []
    assert shop.reserve(shop.order("ORD-12", a_line("HOT", 1))) == ["HOT"]
    assert shop.available("HOT") == 0


def test_more_counters_are_used_a_minute_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    shop.reserve(shop.order("ORD-0", a_line("HOT", 1)))
    shop.set_item("HOT", available=3200, counters=32)
    far = [f"ORD-{n}" for n in range(1, 99) if first_counter(f"ORD-{n}", 32) >= COUNTERS]
    # given orders that would go beyond the counters that it knows
    shop.reserve(shop.order(far[0], a_line("HOT", 1)))
    assert first_counter(far[0], COUNTERS) == int(*shop.reservation(far[0])["counters"]["HOT"])
    # when a minute is over
    seconds += 61
    with calls_of(shop, "PutItem", "BatchGetItem", "BatchGetItem", "TransactWriteItems"):
        shop.reserve(shop.order(far[1], a_line("HOT", 1)))
    assert first_counter(far[1], 32) == int(*shop.reservation(far[1])["counters"]["HOT"])
    # and for another minute it knows
    with calls_of(shop, "PutItem", "TransactWriteItems"):
        shop.reserve(shop.order(far[2], a_line("HOT", 1)))


# ------------------------------------------------------------------ given back


@pytest.mark.parametrize("knows", [True, False])
def test_units_go_back_to_the_counters_that_they_were_on(shop: Shop, *, knows: bool) -> None:
    before = after((0, 3), (1, 2), (2, 1))
    shop.set_counters("HOT", *before)
    shop.reserve(shop.order("ORD-1", a_line("HOT", 5), a_line("TEA", 1)))
    shop.release("ORD-1", shop.ledger if knows else shop.new_environment())
    assert shop.counters("HOT") == before
    assert shop.available("TEA") == 5
    assert shop.orders.get("ORD-1").stock.state is StockState.RELEASED
    with pytest.raises(ConcurrentChangeError):
        shop.release("ORD-1")
    assert shop.counters("HOT") == before


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("now", [1, 2, 5])
def test_units_go_back_to_an_item_that_has_other_counters_now(
    shop: Shop, now: int, *, knows: bool
) -> None:
    shop.reserve(shop.order("ORD-1", a_line("HOT", 12)))
    shop.set_item("HOT", available=0, counters=now)
    shop.release("ORD-1", shop.ledger if knows else shop.new_environment())
    assert shop.available("HOT") == 12
    assert sum(shop.counters("HOT")) == (12 if now > 1 else 0)


@pytest.mark.parametrize("knows", [True, False])
def test_units_that_were_held_before_there_were_counters_go_to_the_orders_first_one(
    shop: Shop, *, knows: bool
) -> None:
    shop.reserve(shop.order("ORD-1", a_line("TEA", 2)))
    shop.set_item("TEA", available=COUNTERS, counters=COUNTERS)
    if knows:
        shop.ledger._counters.look("TEA")
    shop.release("ORD-1")
    assert shop.counters("TEA") == after((0, -2), of=1)


@pytest.mark.parametrize("knows", [True, False])
def test_what_comes_back_in_parts_is_in_the_end_where_it_was(shop: Shop, *, knows: bool) -> None:
    # given an order for units of two counters, of which some have left
    before = after((0, 3), (1, 2), (2, 1))
    shop.set_counters("HOT", *before)
    shop.reserve(shop.order("ORD-1", a_line("HOT", 5)))
    shop.ship("ORD-1", "P-1", LineQuantity(item_id="HOT", quantity=2))
    # when all come back, one after the other
    for number in range(1, 6):
        ledger = shop.ledger if knows else shop.new_environment()
        line = LineQuantity(item_id="HOT", quantity=1)
        shop.refund("ORD-1", f"R-{number}", line, ledger=ledger)
        # then none has more than it had
        assert sum(shop.counters("HOT")) == sum(before) - 5 + number
        assert all(now <= was for now, was in zip(shop.counters("HOT"), before, strict=True))
    assert shop.counters("HOT") == before
    reservation = shop.reservation("ORD-1")
    assert (reservation["shipped"], reservation["withheld"]) == ({"HOT": 2}, {"HOT": 3})


def test_units_come_back_when_the_reservation_was_kept_long_enough(shop: Shop) -> None:
    shop.reserve(shop.order("ORD-1", a_line("HOT", 2)))
    shop.ship("ORD-1", "P-1")
    shop.client.delete_item(TableName=INVENTORY_TABLE, Key=to_item({"itemId": "reservation#ORD-1"}))
    shop.refund("ORD-1", "R-1", LineQuantity(item_id="HOT", quantity=1))
    assert shop.counters("HOT") == after((0, 1))


def test_a_conflict_while_units_go_back_is_a_fault(shop: Shop) -> None:
    shop.reserve(shop.order("ORD-1", a_line("HOT", 2)))
    shop.release("ORD-1")
    # given an order that does not hold its stock any more, as this one is seen
    with pytest.raises(ConcurrentChangeError):
        shop.release("ORD-1", shop.new_environment())
    assert shop.counters("HOT") == [3] * COUNTERS


# ------------------------------------------------------------------ older code


@pytest.mark.parametrize(
    ("change", "condition", "values"),
    [
        ("- :units", "available >= :units", {":units": 1}),
        ("- :units", "available >= :units", {":units": MAX_LINES * MAX_QUANTITY}),
        ("+ :units", "attribute_exists(itemId)", {":units": 1}),
        (
            "+ :units",
            "available <= :most",
            {":units": MAX_ADJUSTMENT, ":most": MAX_AVAILABLE - MAX_ADJUSTMENT},
        ),
        ("+ :units", "available >= :least", {":units": -MAX_ADJUSTMENT, ":least": MAX_ADJUSTMENT}),
    ],
    ids=["take one", "take the most", "give back", "add the most", "take away the most"],
)
def test_code_without_counters_fails_and_neither_sells_nor_refuses(
    shop: Shop, change: str, condition: str, values: dict[str, int]
) -> None:
    """The release before this one made these writes; on AWS they fail alike.

    An operand that is text is the reason ``ValidationError``, which is not that a condition failed:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    before = shop.everything()
    with pytest.raises(ClientError) as failed:
        shop.client.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": INVENTORY_TABLE,
                        "Key": to_item({"itemId": "HOT"}),
                        "UpdateExpression": f"SET available = available {change}, "
                        "version = version + :one",
                        "ConditionExpression": condition,
                        "ExpressionAttributeValues": to_item(values | {":one": 1}),
                    }
                }
            ]
        )
    assert "ConditionalCheckFailed" not in str(failed.value)
    assert shop.everything() == before


def test_code_without_counters_cannot_set_the_item(shop: Shop) -> None:
    with pytest.raises(shop.client.exceptions.ConditionalCheckFailedException):
        shop.client.put_item(
            TableName=INVENTORY_TABLE,
            Item=to_item(an_item("HOT", version=2).model_dump(mode="json", by_alias=True)),
            ConditionExpression="version = :expected",
            ExpressionAttributeValues=to_item({":expected": 1}),
        )


class OlderItem(Record):
    """An item as the release before this one reads it."""

    item_id: str
    name: str
    price: int
    currency: Currency
    available: int
    active: bool = True
    version: int


def test_code_without_counters_still_validates_orders_for_the_item(shop: Shop) -> None:
    read = OlderItem.model_validate(shop.stored("HOT"))
    assert (read.name, read.price, read.currency, read.active) == ("Tea pot", 2999, "GBP", True)
