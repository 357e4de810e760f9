from typing import TYPE_CHECKING

import pytest

from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.order import StockState
from order_pipeline.ports import OrderNotFoundError
from order_pipeline.transitions import EventType
from orderctl.erasure import Erasure, erase_customer
from tests.unit.builders import BY, a_confirmed_order, a_placed_order
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def orders(dynamodb: "DynamoDBClient") -> OrdersTable:
    table = OrdersTable(dynamodb, ORDERS_TABLE)
    table.add(a_placed_order(order_id="REJECTED").after(EventType.ORDER_REJECTED, by=BY))
    table.add(a_confirmed_order(order_id="OPEN"))
    table.add(
        a_placed_order(order_id="OTHERS", customer_id="CUST-2").after(
            EventType.ORDER_REJECTED, by=BY
        )
    )
    return table


def erase(orders: OrdersTable, dynamodb: "DynamoDBClient") -> Erasure:
    return erase_customer("CUST-1", orders=orders, client=dynamodb, table_name=ORDERS_TABLE)


def test_settled_orders_are_erased_and_open_ones_kept_for_a_reason(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    erasure = erase(orders, dynamodb)
    assert erasure.erased == ["REJECTED"]
    assert erasure.kept == {"OPEN": "it is CONFIRMED and not settled yet"}
    with pytest.raises(OrderNotFoundError):
        orders.get("REJECTED")
    assert orders.get("OPEN")
    assert orders.get("OTHERS")


def test_erasing_again_finishes_what_was_kept(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    erase(orders, dynamodb)
    orders.change("OPEN", lambda order: order.after(EventType.ORDER_CANCELLED, by=BY))
    orders.change(
        "OPEN",
        lambda order: order.after(
            EventType.STOCK_RELEASED,
            by=BY,
            stock=order.stock.model_copy(update={"state": StockState.RELEASED}),
            payment=order.payment.model_copy(update={"intent_id": None}),
        ),
    )
    assert erase(orders, dynamodb).erased == ["OPEN"]
    assert erase(orders, dynamodb) == Erasure()
