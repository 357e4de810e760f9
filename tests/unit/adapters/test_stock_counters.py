"""Items with counters as they are set, read and adjusted; orders for them are in test_hot_items."""

from functools import partial
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters import stock_adjustments
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.stock_counters import counter_of
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.limits import MAX_AVAILABLE, MAX_STOCK_COUNTERS
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    ItemChangedError,
    ItemExistsError,
    NotEnoughStockError,
    TooMuchStockError,
)
from tests.unit.builders import a_line, an_item
from tests.unit.conftest import INVENTORY_TABLE
from tests.unit.counted_stock import WatchedShop as Shop

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def shop(dynamodb: "DynamoDBClient") -> Shop:
    return Shop(dynamodb)


def a_hot_item(**changes: object) -> Item:
    return an_item("HOT", **({"available": 10, "stock_counters": 4} | changes))


# ------------------------------------------------------------------ made and read


def test_units_of_a_new_item_are_spread_over_its_counters(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    assert shop.counters("HOT") == [3, 3, 2, 2]
    assert shop.inventory.get("HOT") == a_hot_item()
    assert shop.stored("stock#HOT#3") == {
        "itemId": "stock#HOT#3",
        "available": 2,
        "version": 0,
        "itemVersion": 1,
    }


def test_an_item_without_counters_is_stored_as_it_always_was(shop: Shop) -> None:
    shop.inventory.create(an_item("TEA"))
    assert shop.inventory.get("TEA") == an_item("TEA")
    shop.inventory.replace(an_item("TEA", version=2), expected_version=1)
    assert shop.stored("TEA") == {
        "itemId": "TEA",
        "name": "Tea pot",
        "price": 2999,
        "currency": "GBP",
        "available": 10,
        "active": True,
        "version": 2,
    }
    assert shop.calls == ["PutItem", "GetItem", "PutItem", "GetItem"]


def test_the_catalogue_has_the_item_without_a_look_at_its_counters(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    shop.inventory.create(an_item("TEA"))
    shop.calls.clear()
    assert shop.inventory.find(["HOT", "TEA"]) == {
        "HOT": a_hot_item(available=0),
        "TEA": an_item("TEA"),
    }
    assert shop.calls == ["BatchGetItem"]


def test_an_item_with_counters_is_made_once(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    shop.inventory.create(a_hot_item())
    for other in (a_hot_item(available=11), a_hot_item(stock_counters=3), an_item("HOT")):
        with pytest.raises(ItemExistsError):
            shop.inventory.create(other)
    assert shop.inventory.get("HOT") == a_hot_item()
    assert shop.counters("HOT") == [3, 3, 2, 2]


def test_as_many_counters_as_there_may_be_fit_into_a_transaction(shop: Shop) -> None:
    shop.inventory.create(a_hot_item(available=320, stock_counters=MAX_STOCK_COUNTERS))
    assert shop.counters("HOT") == [10] * MAX_STOCK_COUNTERS
    shop.set_item("HOT", available=31, counters=MAX_STOCK_COUNTERS)
    assert shop.counters("HOT") == [1] * 31 + [0]
    shop.set_item("HOT", available=31, counters=1)
    assert shop.counters("HOT") == []
    assert shop.available("HOT") == 31


@pytest.mark.parametrize(
    ("key", "counter"),
    [
        ("stock#HOT#0", ("HOT", 0)),
        ("stock#A.b_c-1#31", ("A.b_c-1", 31)),
        ("HOT", None),
        ("stock", None),
        ("reservation#ORD-1", None),
    ],
)
def test_a_counter_is_known_by_its_key(key: str, counter: tuple[str, int] | None) -> None:
    assert counter_of(key) == counter


# ------------------------------------------------------------------ set


@pytest.mark.parametrize(
    ("before", "after", "counters"),
    [
        (4, 4, [2, 2, 2, 1]),
        (4, 2, [4, 3]),
        (2, 4, [2, 2, 2, 1]),
        (1, 4, [2, 2, 2, 1]),
        (4, 1, []),
    ],
)
def test_setting_an_item_moves_its_units_to_the_counters_that_it_then_has(
    shop: Shop, before: int, after: int, counters: list[int]
) -> None:
    shop.inventory.create(a_hot_item(stock_counters=before))
    changed = a_hot_item(available=7, stock_counters=after, version=2)

    shop.inventory.replace(changed, expected_version=1)

    assert shop.counters("HOT") == counters
    assert shop.inventory.get("HOT") == changed
    # and the version before is that of nothing any more
    with pytest.raises(ItemChangedError):
        shop.inventory.replace(a_hot_item(available=99, version=2), expected_version=1)
    assert shop.inventory.get("HOT") == changed


def test_every_change_of_a_counter_raises_the_items_version(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    versions = [1]
    for number in range(3):
        shop.reserve(shop.order(f"ORD-{number}", a_line("HOT", 1)))
        item = shop.inventory.get("HOT")
        assert item
        versions.append(item.version)
    shop.set_item("HOT", available=3, counters=2)
    item = shop.inventory.get("HOT")
    assert item
    versions.append(item.version)
    assert versions == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("counters", [1, 2, 4, 5])
def test_units_reserved_since_the_item_was_read_are_not_overwritten(
    shop: Shop, counters: int
) -> None:
    shop.inventory.create(a_hot_item())
    shop.reserve(shop.order("ORD-1", a_line("HOT", 2)))
    changed = a_hot_item(available=10, stock_counters=counters, version=2)
    with pytest.raises(ItemChangedError):
        shop.inventory.replace(changed, expected_version=1)
    assert shop.available("HOT") == 8


@pytest.mark.parametrize("counters", [1, 2, 4, 5])
def test_units_reserved_while_the_item_is_set_are_not_overwritten(
    shop: Shop, counters: int
) -> None:
    shop.inventory.create(a_hot_item())
    order = shop.order("ORD-1", a_line("HOT", 2))
    # after its counters were looked at, and before they are written
    shop.before("TransactWriteItems", lambda: shop.reserve(order))
    changed = a_hot_item(available=10, stock_counters=counters, version=2)
    with pytest.raises(ItemChangedError):
        shop.inventory.replace(changed, expected_version=1)
    assert shop.available("HOT") == 8


def test_what_is_read_while_an_item_is_set_is_what_was_set_together(shop: Shop) -> None:
    shop.inventory.create(a_hot_item(available=8))
    # between the reading of the item and that of its counters
    shop.before("BatchGetItem", lambda: shop.set_item("HOT", available=6, counters=2))
    item = shop.inventory.get("HOT")
    assert item
    assert (item.available, item.stock_counters, item.version) == (6, 2, 2)


def test_counters_of_two_settings_are_never_summed(shop: Shop) -> None:
    # given an item whose counter 3 is of another setting, as a read in between may find it
    shop.inventory.create(a_hot_item(available=8))
    shop.client.update_item(
        TableName=INVENTORY_TABLE,
        Key=to_item({"itemId": "stock#HOT#3"}),
        UpdateExpression="SET itemVersion = :other",
        ExpressionAttributeValues=to_item({":other": 2}),
    )
    shop.calls.clear()
    with pytest.raises(ConcurrentChangeError):
        shop.inventory.get("HOT")
    assert shop.calls == ["GetItem", "BatchGetItem", "BatchGetItem", "BatchGetItem"]


def a_client_in_conflict(*codes: str) -> Mock:
    client = Mock()
    client.exceptions.TransactionCanceledException = ClientError
    client.transact_write_items.side_effect = ClientError(
        {"CancellationReasons": [{"Code": code} for code in codes]},
        "TransactWriteItems",
    )
    return client


def test_a_conflict_is_a_fault_not_a_change() -> None:
    client = a_client_in_conflict("TransactionConflict", "None")
    with pytest.raises(ConcurrentChangeError):
        InventoryTable(client, INVENTORY_TABLE).create(a_hot_item())
    stored = to_item(an_item("HOT").model_dump(mode="json", by_alias=True))
    client.batch_get_item.return_value = {"Responses": {INVENTORY_TABLE: [stored]}}
    with pytest.raises(ConcurrentChangeError):
        InventoryTable(client, INVENTORY_TABLE).replace(a_hot_item(version=2), expected_version=1)


# ------------------------------------------------------------------ adjusted


@pytest.mark.parametrize(
    ("delta", "counters"),
    [(6, [4, 4, 4, 4]), (1, [3, 3, 3, 2]), (-4, [1, 1, 2, 2]), (-10, [0] * 4), (0, [3, 3, 2, 2])],
)
def test_units_come_and_go(shop: Shop, delta: int, counters: list[int]) -> None:
    shop.inventory.create(a_hot_item())
    assert shop.adjustments.make("HOT", "ADJ-1", delta) == delta
    assert shop.counters("HOT") == counters


def test_an_adjustment_is_made_once(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    shop.adjustments.make("HOT", "ADJ-1", -9)
    assert shop.adjustments.make("HOT", "ADJ-1", -9) == -9
    assert shop.adjustments.make("HOT", "ADJ-1", 5) == -9
    assert shop.available("HOT") == 1


def test_more_than_there_is_on_all_counters_cannot_be_taken_and_can_be_tried_again(
    shop: Shop,
) -> None:
    shop.inventory.create(a_hot_item())
    with pytest.raises(NotEnoughStockError):
        shop.adjustments.make("HOT", "ADJ-1", -11)
    assert shop.inventory.get("HOT") == a_hot_item()
    shop.adjustments.make("HOT", "ADJ-2", 1)
    assert shop.adjustments.make("HOT", "ADJ-1", -11) == -11
    assert shop.available("HOT") == 0


def test_no_more_can_be_added_than_an_item_may_have(shop: Shop) -> None:
    shop.inventory.create(a_hot_item(available=MAX_AVAILABLE - 5))
    with pytest.raises(TooMuchStockError):
        shop.adjustments.make("HOT", "ADJ-1", 6)
    assert shop.adjustments.make("HOT", "ADJ-2", 5) == 5
    assert shop.available("HOT") == MAX_AVAILABLE


def test_units_that_an_order_takes_meanwhile_are_looked_for_elsewhere(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    # before the second write, the first on counters
    shop.before("TransactWriteItems", lambda: shop.set_counters("HOT", 0, 3, 2, 2), nth=2)
    assert shop.adjustments.make("HOT", "ADJ-1", -5) == -5
    assert shop.available("HOT") == 2


def test_too_few_units_are_what_two_looks_agree_on(shop: Shop) -> None:
    # given units that come back between the two looks at the counters
    shop.inventory.create(a_hot_item(available=4))
    shop.before("BatchGetItem", lambda: shop.set_counters("HOT", 4), nth=2)
    assert shop.adjustments.make("HOT", "ADJ-1", -7) == -7
    assert shop.available("HOT") == 0


def test_an_adjustment_that_somebody_else_makes_meanwhile_is_not_refused(shop: Shop) -> None:
    shop.inventory.create(a_hot_item())
    shop.before("BatchGetItem", lambda: Shop(shop.client).adjustments.make("HOT", "ADJ-1", -7))
    assert shop.adjustments.make("HOT", "ADJ-1", -7) == -7
    assert shop.available("HOT") == 3


def test_while_others_take_what_was_seen_each_time_it_is_a_fault(shop: Shop) -> None:
    shop.inventory.create(a_hot_item(available=100))
    for attempt in range(stock_adjustments._ATTEMPTS):
        units = [0 if number == attempt else 30 for number in range(4)]
        shop.before(
            "TransactWriteItems", partial(shop.set_counters, "HOT", *units), nth=attempt + 2
        )
    with pytest.raises(ConcurrentChangeError):
        shop.adjustments.make("HOT", "ADJ-1", -80)
    assert shop.available("HOT") == 90


def test_an_item_that_gets_counters_meanwhile_is_adjusted_on_them(shop: Shop) -> None:
    shop.inventory.create(a_hot_item(stock_counters=1))
    shop.before("TransactWriteItems", lambda: shop.set_item("HOT", available=10, counters=2), nth=1)
    assert shop.adjustments.make("HOT", "ADJ-1", 4) == 4
    assert shop.counters("HOT") == [7, 7]


def test_where_dynamodb_does_not_tell_what_it_found_it_is_looked_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.inventory.create(a_hot_item())
    shop.inventory.create(an_item("TEA", available=3))
    monkeypatch.setattr(stock_adjustments, "items_found", lambda _: [{}, {}])
    assert shop.adjustments.make("HOT", "ADJ-1", -8) == -8
    with pytest.raises(NotEnoughStockError):
        shop.adjustments.make("TEA", "ADJ-1", -4)


def test_an_item_without_counters_is_adjusted_with_one_call(shop: Shop) -> None:
    shop.inventory.create(an_item("TEA", available=3))
    shop.calls.clear()
    shop.adjustments.make("TEA", "ADJ-1", -3)
    with pytest.raises(NotEnoughStockError):
        shop.adjustments.make("TEA", "ADJ-2", -1)
    assert shop.calls == ["TransactWriteItems"] * 2
