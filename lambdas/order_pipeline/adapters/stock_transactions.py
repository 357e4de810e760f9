"""Stock moves in one transaction with the order that moves it, so that it is all or nothing.

What a reservation's numbers mean, and the books that hold for every item, are in
`domain/reservation.py`.

``available`` is the item's own, or the sum of its counters (`adapters/stock_counters.py`). From
which of them units were taken is in the reservation's ``counters``, so that they go back there.
Which items have counters is not asked before an item's first order here: its own transaction tells.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.observability import logger, note_recorded
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.stock_counters import (
    HAS_UNITS_ITSELF,
    StockCounters,
    counter_key,
    read_inventory,
    to_catalogue_item,
)
from order_pipeline.adapters.transactions import (
    CONDITION_FAILED,
    CONFLICT,
    cancellation_reasons,
    items_found,
    write_together,
)
from order_pipeline.domain.limits import RETENTION
from order_pipeline.domain.order import LineQuantity, Order, StockState, units_of, withheld_units
from order_pipeline.domain.ports import ConcurrentChangeError
from order_pipeline.domain.reservation import Reservation
from order_pipeline.domain.stock_counters import Units, first_counter, fold, give_back
from order_pipeline.domain.stored import now

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 3
"""The first where the units should be, and two more where they were seen to be."""

type Places = Mapping[str, Units]
"""By item: on which counters units are. An item that has its units itself has none."""


class StockTransactions:
    """Moves stock in the inventory table and the order in its own, together."""

    def __init__(self, client: "DynamoDBClient", inventory_table: str, orders: OrdersTable) -> None:
        self._client = client
        self._inventory_table = inventory_table
        self._orders = orders
        self._counters = StockCounters(client, inventory_table)

    def reserve(self, order: Order, reserved: Order) -> list[str]:
        """Hold the order's stock and store the order as `reserved`; see `ports.StockLedger`.

        An order that was restored to an older version may find that its stock is held already: it
        is then moved without taking stock again.
        """
        places = {
            item_id: self._counters.first_place(item_id, units, order.order_id)
            for item_id, units in order.quantities.items()
        }
        for _ in range(_ATTEMPTS):
            takes = _at(places, order.quantities, self._take)
            ends = [self._put_reservation(order, places), self._move(order, reserved)]
            try:
                self._write([*(action for _, action in takes), *ends])
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons, found = cancellation_reasons(cancelled), items_found(cancelled)
                was_reserved, order_has_changed = (
                    reason == CONDITION_FAILED for reason in reasons[-2:]
                )
                if was_reserved and not order_has_changed:
                    self._keep_reservation(order, reserved)
                    return []
                refused = {
                    item_id: there
                    for (item_id, _), reason, there in zip(takes, reasons, found, strict=False)
                    if reason == CONDITION_FAILED
                }
                if order_has_changed or not refused:
                    wanted = [
                        item_id
                        for (item_id, _), reason in zip(takes, reasons, strict=False)
                        if reason == CONFLICT
                    ]
                    raise ConcurrentChangeError(", ".join([order.order_id, *wanted])) from cancelled
            else:
                note_recorded(order, reserved)
                return []
            elsewhere = {
                item_id: self._elsewhere(order, item_id, places[item_id], there)
                for item_id, there in refused.items()
            }
            if short := [item_id for item_id, place in elsewhere.items() if place is None]:
                return short
            places |= {item_id: place for item_id, place in elsewhere.items() if place is not None}
        raise ConcurrentChangeError(order.order_id)

    def _elsewhere(
        self, order: Order, item_id: str, tried: Units, found: Mapping[str, Any]
    ) -> Units | None:
        """Return where else an item's units can be taken; None if there are too few of them.

        `found` is what a transaction that tried to take them found there.
        """
        if not tried and found:
            item = to_catalogue_item(found)
            if not item.has_counters:
                return None
            self._counters.remember(item)
        return self._counters.where_to_take(item_id, order.quantities[item_id], order.order_id)

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
        ends = [self._end_reservation(order), self._move(order, released)]
        self._give_back(order, order.quantities, ends)
        note_recorded(order, released)

    def restock(self, order: Order, restocked: Order, lines: Sequence[LineQuantity]) -> None:
        """Put what came back into stock; see `ports.StockLedger`."""
        ends = [self._move(order, restocked)]
        withheld = _back_unshipped(restocked)
        if withheld != _back_unshipped(order):
            ends.insert(0, self._withhold(order, withheld))
        self._give_back(order, units_of(lines), ends)
        note_recorded(order, restocked)

    def _give_back(
        self, order: Order, units: Mapping[str, int], ends: "list[TransactWriteItemTypeDef]"
    ) -> None:
        """Put units back where they were taken, together with other writes that end the matter.

        Raises
        ------
        ConcurrentChangeError
            If the order or an item was being changed by somebody else.
        """
        for _ in range(_ATTEMPTS):
            gives = _at(self._places_of(order, units), units, self._give)
            try:
                self._write([*(action for _, action in gives), *ends])
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons = cancellation_reasons(cancelled)
                refused = {
                    item_id
                    for (item_id, _), reason in zip(gives, reasons, strict=False)
                    if reason == CONDITION_FAILED
                }
                if not refused or CONDITION_FAILED in reasons[len(gives) :]:
                    raise ConcurrentChangeError(order.order_id) from cancelled
            else:
                return
            for item_id in refused:  # It has counters after all, or others than it had.
                self._counters.look(item_id)
        raise ConcurrentChangeError(order.order_id)

    def _places_of(self, order: Order, units: Mapping[str, int]) -> Places:
        """Return where units of an order go back to, as far as is known which items have counters.

        What was taken from an item before it had counters goes to the order's first one.
        """
        counters = {item_id: self._counters.known_for(item_id) for item_id in units}
        if all(number == 1 for number in counters.values()):
            return {item_id: {} for item_id in units}
        key = reservation_key(order.order_id)
        found = read_inventory(self._client, self._inventory_table, [key])
        taken = Reservation.model_validate(found[key]).counters if found else {}
        back_before = units_of(
            line for refund in order.refunds if refund.restocked for line in refund.comes_back
        )
        places: dict[str, Units] = {}
        for item_id, number in counters.items():
            if number == 1:
                places[item_id] = {}
            elif item_id in taken:
                back = give_back(units[item_id], taken[item_id], back_before[item_id])
                places[item_id] = fold(back, number)
            else:
                places[item_id] = {first_counter(order.order_id, number): units[item_id]}
        return places

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
        write_together(self._client, actions)

    def _take(self, key: str, units: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": key}),
                "UpdateExpression": "SET available = available - :units, version = version + :one",
                "ConditionExpression": f"available >= :units AND {HAS_UNITS_ITSELF}",
                "ExpressionAttributeValues": to_item({":units": units, ":one": 1}),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _give(self, key: str, units: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self._inventory_table,
                "Key": to_item({"itemId": key}),
                "UpdateExpression": "SET available = available + :units, version = version + :one",
                "ConditionExpression": f"attribute_exists(itemId) AND {HAS_UNITS_ITSELF}",
                "ExpressionAttributeValues": to_item({":units": units, ":one": 1}),
            }
        }

    def _put_reservation(self, order: Order, places: Places) -> "TransactWriteItemTypeDef":
        values: dict[str, Any] = {
            "itemId": reservation_key(order.order_id),
            "orderId": order.order_id,
            "state": StockState.HELD.value,
            "units": order.quantities,
        }
        if counters := {
            item_id: {str(number): units for number, units in place.items()}
            for item_id, place in places.items()
            if place
        }:
            values["counters"] = counters
        return {
            "Put": {
                "TableName": self._inventory_table,
                "Item": to_item(values),
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


def _at(
    places: Places,
    units: Mapping[str, int],
    action: "Callable[[str, int], TransactWriteItemTypeDef]",
) -> "list[tuple[str, TransactWriteItemTypeDef]]":
    """Return an action for each place of each item, with the item's id."""
    return [
        (item_id, action(key, part))
        for item_id, place in places.items()
        for key, part in (
            [(counter_key(item_id, number), part) for number, part in place.items()]
            or [(item_id, units[item_id])]
        )
    ]


def _back_unshipped(order: Order) -> dict[str, int]:
    """Return the units per item that are back in stock without having left it."""
    return dict(withheld_units(refund for refund in order.refunds if refund.restocked))


def reservation_key(order_id: str) -> str:
    """Return the key of an order's reservation; no item has it, since ids hold no `#`."""
    return f"reservation#{order_id}"
