"""Reservations as they stand in the inventory table."""

from typing import TYPE_CHECKING

import pytest

from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.reservations import ReservationsTable
from order_pipeline.adapters.stock_transactions import StockTransactions
from order_pipeline.domain.order import LineQuantity, Stock, StockState
from order_pipeline.domain.ports import ReservationsUnavailableError
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import BY, a_line, a_validated_order, an_item, shipped
from tests.unit.conftest import INVENTORY_TABLE, ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_a_reservation_is_read_as_it_was_made(dynamodb: "DynamoDBClient") -> None:
    # given
    orders = OrdersTable(dynamodb, ORDERS_TABLE)
    stock = StockTransactions(dynamodb, INVENTORY_TABLE, orders)
    reservations = ReservationsTable(dynamodb, INVENTORY_TABLE)
    InventoryTable(dynamodb, INVENTORY_TABLE).create(an_item(available=5))
    order = a_validated_order(a_line(quantity=3))
    orders.add(order)
    assert reservations.of(order.order_id) is None
    # when
    held = order.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))
    stock.reserve(order, held)
    # then
    reservation = reservations.of(order.order_id)
    assert reservation
    assert (reservation.state, reservation.units) == (StockState.HELD, {"ITEM-001": 3})
    assert reservation.held("ITEM-001") == 3
    # and when a parcel leaves
    confirmed = held.after(EventType.ORDER_CONFIRMED, by=BY)
    stock.ship(shipped(confirmed, "P-1", [LineQuantity(item_id="ITEM-001", quantity=1)]))
    left = reservations.of(order.order_id)
    assert left
    assert left.held("ITEM-001") == 2


def test_reservations_that_cannot_be_read_are_told_from_those_that_are_none(
    dynamodb: "DynamoDBClient",
) -> None:
    with pytest.raises(ReservationsUnavailableError) as raised:
        ReservationsTable(dynamodb, "no-such-table").of("ORD-1")
    # It is logged as it is, so that it has a code and none of the words of others.
    assert str(raised.value) == "ResourceNotFoundException of GetItem"
