from datetime import timedelta
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import OrdersTable
from orderctl.overdue import UNREADABLE, OverdueOrder, look_at_overdue
from tests.unit.builders import NOON, a_placed_order, a_reserved_order
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_overdue_orders_are_told_with_the_tables_due_time_oldest_first(
    dynamodb: "DynamoDBClient",
) -> None:
    orders = OrdersTable(dynamodb, ORDERS_TABLE)
    late = orders.add(a_placed_order(order_id="LATE"))
    later = orders.add(a_reserved_order(order_id="LATER"))
    orders.put_off(late, NOON + timedelta(hours=2))
    orders.put_off(later, NOON + timedelta(hours=1))
    dynamodb.put_item(
        TableName=ORDERS_TABLE,
        Item=to_item(
            {"orderId": "BROKEN", "openBucket": "open#1", "dueAt": "2026-01-31T12:00:00.000Z"}
        ),
    )
    found = look_at_overdue(["LATE", "GONE", "LATER", "BROKEN"], dynamodb, ORDERS_TABLE)
    assert found == [
        OverdueOrder("BROKEN", NOON, UNREADABLE, "-", None),
        OverdueOrder("LATER", NOON + timedelta(hours=1), "RESERVED", "StockReserved", NOON),
        OverdueOrder("LATE", NOON + timedelta(hours=2), "PLACED", "OrderPlaced", NOON),
    ]
