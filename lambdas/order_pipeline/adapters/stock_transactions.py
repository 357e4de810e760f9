"""Stock moves in one transaction with the order that moves it, so that it is all or nothing.

An order's reservation in the inventory table counts, per item:

* ``units``: what was taken from the item's ``available`` when the stock was reserved,
* ``shipped``: what has left the warehouse since,
* ``withheld``: what was refunded before it left, and is back in ``available``.

What it still holds of an item follows from the reservation alone:

    held = units - shipped - withheld, and nothing once its state is RELEASED.

Whatever is reserved, shipped, withheld and returned, these books hold for every item, with all its
reservations summed (``returned`` is what had left and was restocked with a refund):

    initial + adjustments = available + held + shipped - returned.

The state follows the order's: HELD, then RELEASED together with the order, or SHIPPED soon after
nothing of the order can leave any more.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.observability import logger, note_recorded
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.transactions import CONDITION_FAILED, cancellation_reasons
from order_pipeline.limits import RETENTION
from order_pipeline.order import LineQuantity, Order, StockState, units_of, withheld_units
from order_pipeline.ports import ConcurrentChangeError
from order_pipeline.stored import now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class StockTransactions:
    """Moves stock in the inventory table and the order in its own, together."""

    def __init__(self, client: "DynamoDBClient", inventory_table: str, orders: OrdersTable) -> None:
        self._client = client
        self._inventory_table = inventory_table
        self._orders = orders

    def reserve(self, order: Order, reserved: Order) -> list[str]:
        """Hold the order's stock and store the order as `reserved`; see `ports.StockLedger`.

        An order that was restored to an older version may find that its stock is held already: it
        is then moved without taking stock again.
        """
        taken = [self._take(item_id, units) for item_id, units in order.quantities.items()]
        try:
            self._write([*taken, self._put_reservation(order), self._move(order, reserved)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            reasons = cancellation_reasons(cancelled)
            short = [
                item_id
                for item_id, reason in zip(order.quantities, reasons, strict=False)
                if reason == CONDITION_FAILED
            ]
            was_reserved, order_has_changed = (
                reason == CONDITION_FAILED for reason in reasons[-2:]
            )
            if was_reserved and not order_has_changed:
                self._keep_reservation(order, reserved)
                return []
            if order_has_changed or not short:
                raise ConcurrentChangeError(order.order_id) from cancelled
            return short
        note_recorded(order, reserved)
        return []

    def _keep_reservation(self, order: Order, reserved: Order) -> None:
        """Store the order as `reserved` if its own reservation holds just its units."""
        try:
            self._write([self._still_held(order), self._move(order, reserved)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            raise ConcurrentChangeError(order.order_id) from cancelled
        logger.warning("its stock was held already", order_id=order.order_id)
        note_recorded(order, reserved)

    def release(self, order: Order, released: Order) -> None:
        """Give held stock back and store the order as `released`; see `ports.StockLedger`."""
        returned = [self._give(item_id, units) for item_id, units in order.quantities.items()]
        try:
            self._write([*returned, self._end_reservation(order), self._move(order, released)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            raise ConcurrentChangeError(order.order_id) from cancelled
        note_recorded(order, released)

    def restock(self, order: Order, restocked: Order, lines: Sequence[LineQuantity]) -> None:
        """Put what came back into stock; see `ports.StockLedger`."""
        actions = [self._give(item_id, units) for item_id, units in units_of(lines).items()]
        withheld = _back_unshipped(restocked)
        if withheld != _back_unshipped(order):
            actions.append(self._withhold(order, withheld))
        try:
            self._write([*actions, self._move(order, restocked)])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            raise ConcurrentChangeError(order.order_id) from cancelled
        note_recorded(order, restocked)

    def ship(self, order: Order) -> None:
        """Write down in the reservation what has left; see `ports.StockLedger`."""
        values = {
            ":shipped": order.shipped_quantities,
            ":parcels": len(order.parcels),
            ":state": order.stock.state.value,
            ":held": StockState.HELD.value,
        }
        expression = "SET shipped = :shipped, parcels = :parcels, #state = :state"
        condition = "#state = :held"
        if order.stock.state is StockState.SHIPPED:
            values[":expires"] = int((now() + RETENTION).timestamp())
            expression += ", expiresAt = :expires"
        else:
            condition += " AND (attribute_not_exists(parcels) OR parcels < :parcels)"
        try:
            self._client.update_item(
                TableName=self._inventory_table,
                Key=to_item({"itemId": reservation_key(order.order_id)}),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=to_item(values),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            logger.info("what has left is written down already", parcels=len(order.parcels))

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

    def _withhold(self, order: Order, withheld: Mapping[str, int]) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": reservation_key(order.order_id)}),
                "UpdateExpression": "SET withheld = :withheld",
                "ConditionExpression": "attribute_exists(itemId)",
                "ExpressionAttributeValues": to_item({":withheld": withheld}),
            }
        }

    def _still_held(self, order: Order) -> "TransactWriteItemTypeDef":
        """Return a write that changes nothing: a mere check would need a right of its own."""
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": reservation_key(order.order_id)}),
                "UpdateExpression": "SET #state = :held",
                "ConditionExpression": "#state = :held AND units = :units",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": to_item(
                    {":held": StockState.HELD.value, ":units": order.quantities}
                ),
            }
        }

    def _end_reservation(self, order: Order) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": reservation_key(order.order_id)}),
                "UpdateExpression": "SET #state = :released, expiresAt = :expires",
                "ConditionExpression": "#state = :held",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": to_item(
                    {
                        ":released": StockState.RELEASED.value,
                        ":held": StockState.HELD.value,
                        ":expires": int((now() + RETENTION).timestamp()),
                    }
                ),
            }
        }

    def _move(self, before: Order, after: Order) -> "TransactWriteItemTypeDef":
        return {"Update": self._orders.update(before, after)}


def _back_unshipped(order: Order) -> dict[str, int]:
    """Return the units per item that are back in stock without having left it."""
    return dict(withheld_units(refund for refund in order.refunds if refund.restocked))


def reservation_key(order_id: str) -> str:
    """Return the key of an order's reservation; no item has it, since ids hold no `#`."""
    return f"reservation#{order_id}"
