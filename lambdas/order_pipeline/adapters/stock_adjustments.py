"""Units added to an item's stock or taken away, once for each adjustment id."""

from typing import TYPE_CHECKING

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.transactions import CONDITION_FAILED, cancellation_reasons
from order_pipeline.limits import MAX_AVAILABLE
from order_pipeline.ports import (
    ConcurrentChangeError,
    NotEnoughStockError,
    TooMuchStockError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateTypeDef


class StockAdjustments:
    """Changes an item in the inventory table, together with the record that it was done."""

    def __init__(
        self, client: "DynamoDBClient", inventory_table: str, idempotency: IdempotencyTable
    ) -> None:
        self._client = client
        self._inventory_table = inventory_table
        self._idempotency = idempotency

    def make(self, item_id: str, adjustment_id: str, delta: int) -> int:
        """Add `delta` units (fewer than none takes some away), unless it was done before.

        Returns
        -------
        int
            What was adjusted under this id: `delta`, or what another request asked for before.

        Raises
        ------
        NotEnoughStockError
            If there are fewer units than are to be taken away, or there is no such item.
        TooMuchStockError
            If there would be more units than an item may have, or there is no such item.
        ConcurrentChangeError
            If the item was being changed by somebody else.
        """
        key = f"adjustment#{item_id}#{adjustment_id}"
        update: UpdateTypeDef = {
            "TableName": self._inventory_table,
            "Key": to_item({"itemId": item_id}),
            "UpdateExpression": "SET available = available + :delta, version = version + :one",
            "ConditionExpression": "available <= :most" if delta > 0 else "available >= :least",
            "ExpressionAttributeValues": to_item(
                {":delta": delta, ":one": 1}
                | ({":most": MAX_AVAILABLE - delta} if delta > 0 else {":least": -delta})
            ),
        }
        record = self._idempotency.record(key, delta)
        try:
            self._client.transact_write_items(TransactItems=[record, {"Update": update}])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            recorded, adjusted = cancellation_reasons(cancelled)
            if recorded == CONDITION_FAILED:
                return self._idempotency.recorded(key)
            if adjusted == CONDITION_FAILED:
                refused = TooMuchStockError if delta > 0 else NotEnoughStockError
                raise refused(item_id) from None
            raise ConcurrentChangeError(item_id) from cancelled
        return delta
