import pytest

from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import Status
from tests.unit.builders import (
    a_cancelled_order,
    a_confirmed_order,
    a_placed_order,
    a_validated_order,
    an_item,
    latest_event,
)
from tests.unit.functions.in_memory import Inventory, Orders
from validation.stage import validate_order

PLACED = latest_event(a_placed_order())


def test_a_placed_order_is_validated() -> None:
    orders = Orders(a_placed_order())
    validate_order(PLACED, orders=orders, catalogue=Inventory(an_item()))
    order = orders.get("ORD-1")
    assert order.status is Status.VALIDATED
    assert order.total == 5998
    assert order.history[-1].by == "validation"


def test_an_order_that_cannot_go_on_is_rejected() -> None:
    orders = Orders(a_placed_order())
    validate_order(PLACED, orders=orders, catalogue=Inventory())
    assert orders.get("ORD-1").status is Status.REJECTED


@pytest.mark.parametrize("order", [a_validated_order(), a_confirmed_order(), a_cancelled_order()])
def test_an_order_that_is_past_it_is_left_as_it_is(order: Order) -> None:
    orders = Orders(order)
    validate_order(PLACED, orders=orders, catalogue=Inventory())
    assert orders.get("ORD-1") == order
