import pytest

from inventory.stage import release_stock, reserve_stock, restock, ship_stock
from order_pipeline.domain.order import LineQuantity, Order, Stock, StockState
from order_pipeline.domain.refunds import refunded
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_partly_shipped_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    event_of,
    latest_event,
    with_refund,
)
from tests.unit.functions.in_memory import Ledger, Orders


def test_a_validated_order_gets_its_stock() -> None:
    orders = Orders(a_validated_order())
    ledger = Ledger(orders)
    reserve_stock(latest_event(a_validated_order()), orders=orders, ledger=ledger)
    order = orders.get("ORD-1")
    assert (order.status, order.stock.state) == (Status.RESERVED, StockState.HELD)
    assert order.history[-1].by == "inventory"
    assert len(ledger.reserved) == 1


def test_an_order_without_enough_stock_says_which_items() -> None:
    orders = Orders(a_validated_order())
    ledger = Ledger(orders, short=["A", "B"])
    reserve_stock(latest_event(a_validated_order()), orders=orders, ledger=ledger)
    order = orders.get("ORD-1")
    assert (order.status, order.stock.state) == (Status.OUT_OF_STOCK, StockState.NONE)
    assert order.history[-1].detail == {"itemIds": ["A", "B"]}


def test_an_order_that_was_cancelled_meanwhile_is_not_called_out_of_stock() -> None:
    orders = Orders(a_validated_order())
    orders.meanwhile = lambda order: order.after(EventType.ORDER_CANCELLED, by="other")
    ledger = Ledger(orders, short=["A"])
    reserve_stock(latest_event(a_validated_order()), orders=orders, ledger=ledger)
    assert orders.get("ORD-1").status is Status.CANCELLED


@pytest.mark.parametrize("order", [a_placed_order(), a_reserved_order(), a_cancelled_order()])
def test_stock_is_reserved_for_validated_orders_only(order: Order) -> None:
    orders = Orders(order)
    ledger = Ledger(orders)
    reserve_stock(latest_event(a_validated_order()), orders=orders, ledger=ledger)
    assert ledger.reserved == []
    assert orders.get("ORD-1") == order


@pytest.mark.parametrize("order", [a_declined_order(), a_cancelled_order()])
def test_an_order_that_does_not_go_on_gives_its_stock_back(order: Order) -> None:
    orders = Orders(order)
    ledger = Ledger(orders)
    release_stock(latest_event(order), orders=orders, ledger=ledger)
    assert len(ledger.released) == 1
    assert orders.get("ORD-1").stock.state is StockState.RELEASED
    assert orders.get("ORD-1").status is order.status


RELEASED = a_declined_order().after(
    EventType.STOCK_RELEASED, by=BY, stock=Stock(state=StockState.RELEASED)
)
NEVER_HELD = a_placed_order().after(EventType.ORDER_CANCELLED, by=BY)


@pytest.mark.parametrize("order", [RELEASED, NEVER_HELD, a_confirmed_order(), a_reserved_order()])
def test_only_held_stock_of_an_ended_order_is_given_back(order: Order) -> None:
    orders = Orders(order)
    ledger = Ledger(orders)
    release_stock(latest_event(a_declined_order()), orders=orders, ledger=ledger)
    assert ledger.released == []
    assert orders.get("ORD-1") == order


SHIPPED = event_of(a_captured_order(), EventType.PARCEL_SHIPPED)


def test_what_has_left_is_written_down() -> None:
    orders = Orders(a_captured_order())
    ledger = Ledger(orders)
    ship_stock(SHIPPED, orders=orders, ledger=ledger)
    assert ledger.shipped == [orders.get("ORD-1")]


def test_nothing_has_left_without_a_parcel() -> None:
    orders = Orders(a_confirmed_order())
    ledger = Ledger(orders)
    ship_stock(SHIPPED, orders=orders, ledger=ledger)
    assert ledger.shipped == []


def a_refunded_order(*, with_stock: bool) -> Order:
    one = LineQuantity(item_id="ITEM-001", quantity=1)
    order = with_refund(a_captured_order(), lines=[one], restock=with_stock)
    return refunded(order, "R-1", by=BY)


def test_a_refunds_lines_come_back_once() -> None:
    order = a_refunded_order(with_stock=True)
    orders = Orders(order)
    ledger = Ledger(orders)
    for _ in range(2):
        restock(latest_event(order), orders=orders, ledger=ledger)
    assert ledger.back == [LineQuantity(item_id="ITEM-001", quantity=1)]
    assert orders.get("ORD-1").history[-1].event is EventType.STOCK_RESTOCKED


def test_what_never_left_comes_back_although_nobody_asked_for_it() -> None:
    both = LineQuantity(item_id="ITEM-001", quantity=2)
    order = with_refund(a_partly_shipped_order(), lines=[both])
    orders = Orders(refunded(order, "R-1", by=BY))
    ledger = Ledger(orders)
    refunded_event = event_of(orders.get("ORD-1"), EventType.PAYMENT_REFUNDED)
    for _ in range(2):
        restock(refunded_event, orders=orders, ledger=ledger)
    assert ledger.back == [LineQuantity(item_id="ITEM-001", quantity=1)]
    assert orders.get("ORD-1").refunds[0].restocked


@pytest.mark.parametrize("order", [a_refunded_order(with_stock=False), a_captured_order()])
def test_stock_comes_back_only_where_it_was_asked_for(order: Order) -> None:
    orders = Orders(order)
    ledger = Ledger(orders)
    restock(latest_event(a_refunded_order(with_stock=True)), orders=orders, ledger=ledger)
    assert ledger.back == []
    assert orders.get("ORD-1") == order
