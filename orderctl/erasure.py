"""Erasing a customer: what is removed, what is kept, and why."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import OrdersTable, Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_ELSEWHERE = (
    "The audit bucket keeps events for the accounts: ids, items and amounts, no personal data.",
    "Logs keep order ids until their retention ends; they never held personal data.",
    "The payment provider keeps records of its own: ask it to erase the customer as well.",
)


@dataclass
class Erasure:
    """What was erased of a customer, and which orders were kept."""

    erased: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Order id → why it was kept."""


def erase_customer(
    customer_id: str, *, orders: OrdersTable, client: "DynamoDBClient", table_name: str
) -> Erasure:
    """Delete the customer's settled orders; an order that is still open is kept until it is not.

    Deleting publishes nothing. Repeatable: run it again when the open orders are settled.
    """
    erasure = Erasure()
    for order_id in _order_ids(customer_id, orders):
        order = orders.get(order_id)
        if not order.is_settled:
            erasure.kept[order_id] = f"it is {order.status} and not settled yet"
            continue
        client.delete_item(
            TableName=table_name,
            Key=to_item({"orderId": order_id}),
            ConditionExpression="version = :version",
            ExpressionAttributeValues=to_item({":version": order.version}),
        )
        erasure.erased.append(order_id)
    return erasure


def _order_ids(customer_id: str, orders: OrdersTable) -> list[str]:
    ids: list[str] = []
    after: Position | None = None
    while True:
        listed, after = orders.of_customer(customer_id, limit=100, status=None, after=after)
        ids += [order.order_id for order in listed]
        if after is None:
            return ids
