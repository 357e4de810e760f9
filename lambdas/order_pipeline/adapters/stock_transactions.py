"""Stock moves in one transaction with the order that moves it, so that it is all or nothing.

A reservation in the inventory table says HELD exactly while its order says that its stock is held.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.order import Order, StockState
from order_pipeline.ports import ConcurrentChangeError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_CONDITION_FAILED = "ConditionalCheckFailed"


class StockTransactions:
    """Moves stock in the inventory table and the order in its own, together."""

    def __init__(self, client: "DynamoDBClient", inventory_table: str, orders: OrdersTable) -> None:
        self._client = client
        self._inventory_table = inventory_table
        self._orders = orders

    def reserve(self, order: Order, reserved: Order) -> list[str]:
        """Hold the order's stock and store the order as `reserved`; see `ports.StockLedger`."""
        taken = [self._take(item_id, units) for item_id, units in order.quantities.items()]
        try:
            self._write([*taken, self._put_reservation(order), self._move(order, reserved)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            reasons = _reasons(cancelled)
            short = [
                item_id
                for item_id, reason in zip(order.quantities, reasons, strict=False)
                if reason == _CONDITION_FAILED
            ]
            order_has_changed = reasons[-1] == _CONDITION_FAILED
            if order_has_changed or not short:
                raise ConcurrentChangeError(order.order_id) from cancelled
            return short
        return []

    def release(self, order: Order, released: Order) -> None:
        """Give held stock back and store the order as `released`; see `ports.StockLedger`."""
        returned = [self._give(item_id, units) for item_id, units in order.quantities.items()]
        try:
            self._write([*returned, self._end_reservation(order), self._move(order, released)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            raise ConcurrentChangeError(order.order_id) from cancelled

    def _write(self, actions: "list[TransactWriteItemTypeDef]") -> None:
        self._client.transact_write_items(TransactItems=actions)

    def _take(self, item_id: str, units: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": item_id}),
                "UpdateExpression": "SET available = available - :units, version = version + :one",
                "ConditionExpression": "available >= :units",
                "ExpressionAttributeValues": to_item({":units": units, ":one": 1}),
            }
        }

    def _give(self, item_id: str, units: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": item_id}),
                "UpdateExpression": "SET available = available + :units, version = version + :one",
                "ConditionExpression": "attribute_exists(itemId)",
                "ExpressionAttributeValues": to_item({":units": units, ":one": 1}),
            }
        }

    def _put_reservation(self, order: Order) -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self._inventory_table,
                "Item": to_item(
                    {
                        "itemId": reservation_key(order.order_id),
                        "orderId": order.order_id,
                        "state": StockState.HELD.value,
                        "units": order.quantities,
                    }
                ),
                "ConditionExpression": "attribute_not_exists(itemId)",
            }
        }

    def _end_reservation(self, order: Order) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": reservation_key(order.order_id)}),
                "UpdateExpression": "SET #state = :released",
                "ConditionExpression": "#state = :held",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": to_item(
                    {":released": StockState.RELEASED.value, ":held": StockState.HELD.value}
                ),
            }
        }

    def _move(self, before: Order, after: Order) -> "TransactWriteItemTypeDef":
        return {"Update": self._orders.update(before, after)}


def reservation_key(order_id: str) -> str:
    """Return the key of an order's reservation; no item has it, since ids hold no `#`."""
    return f"reservation#{order_id}"


def _reasons(cancelled: ClientError) -> list[str]:
    """Return why each action of a cancelled transaction failed, in the order of the actions."""
    return [reason.get("Code", "None") for reason in cancelled.response["CancellationReasons"]]
