"""Which orders were erased lately: a backup that is older must not bring them back."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=40)
"""Longer than a point in time can lie back (DynamoDB: 35 days)."""


class ErasedOrders:
    """Notes in the idempotency table: the order's id, and nothing about the customer."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def note(self, order_id: str, at: datetime) -> None:
        """Remember that an order is erased, until no backup can have it any more."""
        self._client.put_item(
            TableName=self._table_name,
            Item=to_item({"id": _key(order_id), "expiresAt": int((at + _KEPT).timestamp())}),
        )

    def __contains__(self, order_id: object) -> bool:
        """Tell whether an order was erased."""
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"id": _key(order_id)}), ConsistentRead=True
        )
        return "Item" in answer


def _key(order_id: object) -> str:
    return f"erased#{order_id}"
