import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.stock_transactions import StockTransactions, reservation_key
from order_pipeline.domain.order import Line, LineQuantity, Order, Stock, StockState
from order_pipeline.domain.ports import ConcurrentChangeError
from order_pipeline.domain.refunds import refunded, restocked
from order_pipeline.domain.transitions import EventType, Status
from tests.unit import builders
from tests.unit.builders import (
    BY,
    a_declined_order,
    a_line,
    a_validated_order,
    an_item,
    captured,
    with_refund,
)
from tests.unit.conftest import INVENTORY_TABLE, ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Tables:
    """The two tables and what moves stock between them."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client = client
        self.orders = OrdersTable(client, ORDERS_TABLE)
        self.inventory = InventoryTable(client, INVENTORY_TABLE)
        self.ledger = StockTransactions(client, INVENTORY_TABLE, self.orders)
        self.inventory.create(an_item("A", available=5))
        self.inventory.create(an_item("B", available=1))

    def available(self) -> dict[str, int]:
        items = self.inventory.find(["A", "B"])
        return {item_id: items[item_id].available for item_id in ("A", "B")}

    def reservation(self) -> dict[str, Any] | None:
        key = to_item({"itemId": reservation_key("ORD-1")})
        item = self.client.get_item(TableName=INVENTORY_TABLE, Key=key).get("Item")
        return from_item(item) if item else None


@pytest.fixture
def tables(dynamodb: "DynamoDBClient") -> Tables:
    return Tables(dynamodb)


def reserved(order: Order) -> Order:
    return order.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))


def released(order: Order) -> Order:
    return order.after(EventType.STOCK_RELEASED, by=BY, stock=Stock(state=StockState.RELEASED))


def test_reserving_takes_the_stock_and_moves_the_order(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 2), a_line("B", 1), a_line("A", 1)))

    assert tables.ledger.reserve(order, reserved(order)) == []

    assert tables.available() == {"A": 2, "B": 0}
    assert tables.orders.get("ORD-1").stock.state is StockState.HELD
    assert tables.reservation() == {
        "itemId": "reservation#ORD-1",
        "orderId": "ORD-1",
        "state": "HELD",
        "units": {"A": 3, "B": 1},
    }


def test_reserving_raises_the_version_of_the_items(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 2)))
    tables.ledger.reserve(order, reserved(order))
    item = tables.inventory.get("A")
    assert item
    assert item.version == 2


def test_too_little_stock_moves_nothing_and_names_the_items(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 5), a_line("B", 2)))

    assert tables.ledger.reserve(order, reserved(order)) == ["B"]

    assert tables.available() == {"A": 5, "B": 1}
    assert tables.orders.get("ORD-1") == order
    assert tables.reservation() is None


def test_an_item_that_is_gone_is_out_of_stock(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("GONE", 1)))
    assert tables.ledger.reserve(order, reserved(order)) == ["GONE"]


def test_an_order_that_changed_in_between_keeps_its_stock_where_it_is(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 2)))
    tables.orders.change("ORD-1", lambda now: now.after(EventType.ORDER_CANCELLED, by="other"))
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.reserve(order, reserved(order))
    assert tables.available() == {"A": 5, "B": 1}
    assert tables.reservation() is None


def test_a_changed_order_is_not_called_out_of_stock(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 99)))
    tables.orders.change("ORD-1", lambda now: now.after(EventType.ORDER_CANCELLED, by="other"))
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.reserve(order, reserved(order))


def test_stock_is_reserved_once_for_an_order(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 2)))
    tables.ledger.reserve(order, reserved(order))
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.reserve(order, reserved(order))
    assert tables.available() == {"A": 3, "B": 1}


def restored(tables: Tables, order: Order) -> Order:
    """Put an order into the table as it was before, as a restore does."""
    key = to_item({"orderId": order.order_id})
    tables.client.delete_item(TableName=ORDERS_TABLE, Key=key)
    return tables.orders.add(order)


@pytest.mark.parametrize("lines", [[a_line("A", 2)], [a_line("A", 2), a_line("B", 1)]])
def test_a_restored_order_finds_its_stock_held_and_takes_none_again(
    tables: Tables, lines: list[Line]
) -> None:
    order = tables.orders.add(a_validated_order(*lines))
    tables.ledger.reserve(order, reserved(order))
    reservation, available = tables.reservation(), tables.available()
    restored(tables, order)

    assert tables.ledger.reserve(order, reserved(order)) == []

    assert tables.orders.get("ORD-1").stock.state is StockState.HELD
    assert tables.reservation() == reservation
    assert tables.available() == available


def test_what_has_left_already_stays_written_down(tables: Tables) -> None:
    order = a_validated_order(a_line("A", 3))
    confirmed(tables, a_line("A", 3))
    tables.ledger.ship(shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1)))
    reservation = tables.reservation()
    restored(tables, order)

    tables.ledger.reserve(order, reserved(order))

    assert tables.reservation() == reservation
    assert tables.available() == {"A": 2, "B": 1}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("state", "RELEASED"), ("state", "SHIPPED"), ("units", {"A": 1})],
)
def test_a_reservation_that_is_not_the_restored_orders_own_moves_nothing(
    tables: Tables, attribute: str, value: object
) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 2)))
    tables.ledger.reserve(order, reserved(order))
    tables.client.update_item(
        TableName=INVENTORY_TABLE,
        Key=to_item({"itemId": reservation_key("ORD-1")}),
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues=to_item({":value": value}),
    )
    restored(tables, order)

    with pytest.raises(ConcurrentChangeError):
        tables.ledger.reserve(order, reserved(order))

    assert tables.orders.get("ORD-1") == order
    assert tables.available() == {"A": 3, "B": 1}


def test_a_conflict_on_a_hot_item_is_a_fault_not_out_of_stock() -> None:
    client = Mock()
    client.exceptions.TransactionCanceledException = ClientError
    client.transact_write_items.side_effect = ClientError(
        {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [
                {"Code": "TransactionConflict"},
                {"Code": "None"},
                {"Code": "None"},
            ],
        },
        "TransactWriteItems",
    )
    ledger = StockTransactions(client, INVENTORY_TABLE, OrdersTable(client, ORDERS_TABLE))
    order = a_validated_order(a_line("A", 2))
    with pytest.raises(ConcurrentChangeError) as fault:
        ledger.reserve(order, reserved(order))
    assert str(fault.value) == "ORD-1, A"  # for whoever looks for the hot item
    assert client.transact_write_items.call_count == 3


def test_releasing_gives_the_stock_back(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 3), a_line("B", 1)))
    tables.ledger.reserve(order, reserved(order))
    declined = tables.orders.change(
        "ORD-1", lambda now: now.after(EventType.PAYMENT_DECLINED, by=BY)
    )

    tables.ledger.release(declined, released(declined))

    assert tables.available() == {"A": 5, "B": 1}
    assert tables.orders.get("ORD-1").stock.state is StockState.RELEASED
    reservation = tables.reservation()
    assert reservation
    assert reservation["state"] == "RELEASED"
    assert reservation["expiresAt"] > time.time() + 89 * 24 * 3600


def test_stock_is_given_back_once(tables: Tables) -> None:
    order = tables.orders.add(a_validated_order(a_line("A", 3)))
    tables.ledger.reserve(order, reserved(order))
    declined = tables.orders.change(
        "ORD-1", lambda now: now.after(EventType.PAYMENT_DECLINED, by=BY)
    )
    tables.ledger.release(declined, released(declined))
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.release(declined, released(declined))
    assert tables.available() == {"A": 5, "B": 1}


def test_what_was_never_reserved_is_not_given_back(tables: Tables) -> None:
    order = tables.orders.add(a_declined_order(a_line("A", 3)))
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.release(order, released(order))
    assert tables.available() == {"A": 5, "B": 1}


def confirmed(tables: Tables, *lines: Line) -> Order:
    """Return a confirmed order that holds its stock."""
    order = tables.orders.add(a_validated_order(*lines))
    tables.ledger.reserve(order, reserved(order))
    return tables.orders.change("ORD-1", lambda now: now.after(EventType.ORDER_CONFIRMED, by=BY))


def shipped(tables: Tables, parcel_id: str, *lines: LineQuantity) -> Order:
    return tables.orders.change(
        "ORD-1", lambda order: builders.shipped(order, parcel_id, lines or None)
    )


def test_what_has_left_is_written_down_parcel_by_parcel(tables: Tables) -> None:
    confirmed(tables, a_line("A", 3), a_line("B", 1))

    tables.ledger.ship(shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1)))
    partly = tables.reservation()
    tables.ledger.ship(shipped(tables, "P-2"))
    wholly = tables.reservation()

    assert partly
    assert (partly["state"], partly["shipped"]) == ("HELD", {"A": 1})
    assert "expiresAt" not in partly
    assert wholly
    assert (wholly["state"], wholly["shipped"]) == ("SHIPPED", {"A": 3, "B": 1})
    assert wholly["units"] == {"A": 3, "B": 1}
    assert wholly["expiresAt"] > time.time() + 89 * 24 * 3600
    assert tables.available() == {"A": 2, "B": 0}


def test_an_older_parcel_that_is_heard_of_later_takes_nothing_back(tables: Tables) -> None:
    confirmed(tables, a_line("A", 3))
    first = shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1))
    second = shipped(tables, "P-2", LineQuantity(item_id="A", quantity=1))
    tables.ledger.ship(second)
    before = tables.reservation()
    tables.ledger.ship(first)
    tables.ledger.ship(second)
    assert tables.reservation() == before


def test_stock_that_comes_back_is_available_again(tables: Tables) -> None:
    order = confirmed(tables, a_line("A", 3))
    back = order.after(EventType.STOCK_RESTOCKED, by=BY)
    tables.ledger.restock(order, back, [LineQuantity(item_id="A", quantity=2)])
    assert tables.available() == {"A": 4, "B": 1}
    assert tables.orders.get("ORD-1") == back


def test_stock_comes_back_once(tables: Tables) -> None:
    order = confirmed(tables, a_line("A", 3))
    back = order.after(EventType.STOCK_RESTOCKED, by=BY)
    lines = [LineQuantity(item_id="A", quantity=2)]
    tables.ledger.restock(order, back, lines)
    with pytest.raises(ConcurrentChangeError):
        tables.ledger.restock(order, back, lines)
    assert tables.available() == {"A": 4, "B": 1}


def refund_made(tables: Tables, refund_id: str, units: int, *, restock: bool) -> Order:
    """Return the order with a refund of A whose money was given back."""

    def refund(order: Order) -> Order:
        lines = [LineQuantity(item_id="A", quantity=units)]
        order = with_refund(order, refund_id, lines=lines, restock=restock)
        return refunded(order, refund_id, by=BY)

    return tables.orders.change("ORD-1", refund)


def put_back(tables: Tables, order: Order, refund_id: str) -> None:
    refund = order.refund(refund_id)
    assert refund
    tables.ledger.restock(order, restocked(order, refund_id, by=BY), refund.comes_back)


def held(tables: Tables) -> int:
    """Return the units of A that the reservation holds, from the inventory table alone."""
    reservation = tables.reservation()
    assert reservation
    counts = [reservation.get(name, {}).get("A", 0) for name in ("units", "shipped", "withheld")]
    return int(counts[0] - counts[1] - counts[2])


def test_units_refunded_before_they_left_are_held_no_more(tables: Tables) -> None:
    # given three of five units, of which one has left
    confirmed(tables, a_line("A", 3))
    tables.ledger.ship(shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1)))
    tables.orders.change("ORD-1", captured)
    assert (tables.available()["A"], held(tables)) == (2, 2)

    # when one that left comes back, and then one goes that has not left
    order = refund_made(tables, "R-1", 1, restock=True)
    put_back(tables, order, "R-1")
    assert (tables.available()["A"], held(tables)) == (3, 2)
    reservation = tables.reservation()
    assert reservation
    assert "withheld" not in reservation
    order = refund_made(tables, "R-2", 1, restock=False)
    assert (tables.available()["A"], held(tables)) == (3, 2)
    put_back(tables, order, "R-2")

    # then initial + adjustments = available + held + shipped - returned
    assert (tables.available()["A"], held(tables)) == (4, 1)
    assert tables.available()["A"] + held(tables) + 1 - 1 == 5

    # and once more only the rest is added
    order = refund_made(tables, "R-3", 1, restock=True)
    assert order.status is Status.SHIPPED
    put_back(tables, order, "R-3")
    assert (tables.available()["A"], held(tables)) == (5, 0)
    reservation = tables.reservation()
    assert reservation
    assert (reservation["shipped"], reservation["withheld"]) == ({"A": 1}, {"A": 2})


@pytest.mark.parametrize("heard_of_first", ["ship", "restock"])
def test_a_reservation_ends_with_the_refund_of_all_that_had_not_left(
    tables: Tables, heard_of_first: str
) -> None:
    confirmed(tables, a_line("A", 3))
    tables.ledger.ship(shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1)))
    tables.orders.change("ORD-1", captured)
    order = refund_made(tables, "R-1", 3, restock=False)
    steps: list[Callable[[], None]] = [
        lambda: tables.ledger.ship(tables.orders.get("ORD-1")),
        lambda: put_back(tables, order, "R-1"),
    ]
    for step in steps if heard_of_first == "ship" else reversed(steps):
        step()
    reservation = tables.reservation()
    assert reservation
    assert reservation["state"] == "SHIPPED"
    assert reservation["expiresAt"] > time.time() + 89 * 24 * 3600
    assert (tables.available()["A"], held(tables)) == (4, 0)


def test_units_that_never_left_come_back_once(tables: Tables) -> None:
    confirmed(tables, a_line("A", 3))
    tables.ledger.ship(shipped(tables, "P-1", LineQuantity(item_id="A", quantity=1)))
    tables.orders.change("ORD-1", captured)
    order = refund_made(tables, "R-1", 3, restock=False)
    put_back(tables, order, "R-1")
    with pytest.raises(ConcurrentChangeError):
        put_back(tables, order, "R-1")
    assert (tables.available()["A"], held(tables)) == (4, 0)
