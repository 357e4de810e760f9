"""Open orders past their due: what the pipeline owes and has not done in time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import to_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class OverdueOrder:
    """An open order that was due before now."""

    order_id: str
    due_at: datetime
    status: str
    last_event: str
    last_event_at: datetime | None


def look_at_overdue(
    order_ids: Iterable[str], client: "DynamoDBClient", table_name: str
) -> list[OverdueOrder]:
    """Return what can be told of overdue orders, the one that is due longest first.

    The due time is the table's, not the order's own: the reconciler puts orders off. An order
    that is not open any more is left out: the index follows the table.
    """
    found: list[OverdueOrder] = []
    for order_id in order_ids:
        item = client.get_item(
            TableName=table_name, Key=to_item({"orderId": order_id}), ConsistentRead=True
        ).get("Item", {})
        if "dueAt" not in item:
            continue
        due_at = datetime.fromisoformat(from_item({"dueAt": item["dueAt"]})["dueAt"])
        try:
            order = to_order(item)
        except ValueError:
            found.append(OverdueOrder(order_id, due_at, UNREADABLE, "-", None))
            continue
        last = order.history[-1]
        found.append(OverdueOrder(order_id, due_at, order.status.value, last.event.value, last.at))
    return sorted(found, key=lambda order: order.due_at)
