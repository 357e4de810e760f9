"""Units added to an item's stock or taken away, once for each adjustment id."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.stock_counters import (
    HAS_UNITS_ITSELF,
    StockCounters,
    counter_key,
    to_catalogue_item,
)
from order_pipeline.adapters.transactions import (
    CONDITION_FAILED,
    cancellation_reasons,
    items_found,
    write_together,
)
from order_pipeline.domain.limits import MAX_AVAILABLE
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    NotEnoughStockError,
    TooMuchStockError,
)
from order_pipeline.domain.stock_counters import adjust

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 3
"""While orders take what was just seen to be there."""


class StockAdjustments:
    """Changes an item in the inventory table, together with the record that it was done."""

    def __init__(
        self, client: "DynamoDBClient", inventory_table: str, idempotency: IdempotencyTable
    ) -> None:
        self._client = client
        self._inventory_table = inventory_table
        self._idempotency = idempotency
        self._counters = StockCounters(client, inventory_table)

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
        bound = "available <= :most" if delta > 0 else "available >= :least"
        limit = {":most": MAX_AVAILABLE - delta} if delta > 0 else {":least": -delta}
        change = self._change(item_id, delta, f"{bound} AND {HAS_UNITS_ITSELF}", limit)
        try:
            self._write(key, delta, [change])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            recorded, adjusted = cancellation_reasons(cancelled)
            if recorded == CONDITION_FAILED:
                return self._idempotency.recorded(key)
            if adjusted != CONDITION_FAILED:
                raise ConcurrentChangeError(item_id) from cancelled
            if found := items_found(cancelled)[-1]:
                item = to_catalogue_item(found)
                if not item.has_counters:
                    raise _refused(delta)(item_id) from None
                self._counters.remember(item)
            return self._make_on_counters(item_id, key, delta)
        return delta

    def _make_on_counters(self, item_id: str, key: str, delta: int) -> int:
        """Make an adjustment of an item that has counters, or had some a moment ago.

        What there would be in all is judged by a look: of two that add at the same moment, each may
        find room for itself alone.
        """
        for _ in range(_ATTEMPTS):
            stock = self._counters.look(item_id)
            if stock is None or not 0 <= stock.available + delta <= MAX_AVAILABLE:
                if self._counters.look(item_id) != stock:
                    continue  # nobody can tell how many there were at any moment
                if (made := self._idempotency.find_recorded(key)) is not None:
                    return made
                raise _refused(delta)(item_id)
            if not stock.counters:
                break
            changes = [
                self._change(
                    counter_key(item_id, number), part, "available >= :least", {":least": -part}
                )
                for number, part in adjust(
                    [counter.available for counter in stock.counters], delta
                ).items()
            ]
            try:
                self._write(key, delta, changes)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                recorded, *adjusted = cancellation_reasons(cancelled)
                if recorded == CONDITION_FAILED:
                    return self._idempotency.recorded(key)
                if CONDITION_FAILED not in adjusted:
                    raise ConcurrentChangeError(item_id) from cancelled
            else:
                return delta
        raise ConcurrentChangeError(item_id)

    def _write(self, key: str, delta: int, changes: "Sequence[TransactWriteItemTypeDef]") -> None:
        record = self._idempotency.record(key, delta)
        write_together(self._client, [record, *changes])

    def _change(
        self, key: str, delta: int, condition: str, values: Mapping[str, int]
    ) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": key}),
                "UpdateExpression": "SET available = available + :delta, version = version + :one",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": to_item({":delta": delta, ":one": 1, **values}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }


def _refused(delta: int) -> type[NotEnoughStockError | TooMuchStockError]:
    return TooMuchStockError if delta > 0 else NotEnoughStockError
