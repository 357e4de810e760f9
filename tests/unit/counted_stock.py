"""A shop with items that have counters, for the tests about them: it sells, takes back and sets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.stock_adjustments import StockAdjustments
from order_pipeline.adapters.stock_transactions import StockTransactions, reservation_key
from order_pipeline.domain.order import Line, LineQuantity, Order, Stock, StockState
from order_pipeline.domain.refunds import refunded, restocked
from order_pipeline.domain.transitions import EventType
from tests.unit import builders
from tests.unit.builders import BY, a_validated_order, captured, with_refund
from tests.unit.conftest import IDEMPOTENCY_TABLE, INVENTORY_TABLE, ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Shop:
    """The tables, and one execution environment of each function that moves stock."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client = client
        self.orders = OrdersTable(client, ORDERS_TABLE)
        self.inventory = InventoryTable(client, INVENTORY_TABLE)
        idempotency = IdempotencyTable(client, IDEMPOTENCY_TABLE)
        self.adjustments = StockAdjustments(client, INVENTORY_TABLE, idempotency)
        self.ledger = self.new_environment()

    def new_environment(self) -> StockTransactions:
        """Return a ledger that has seen no order yet."""
        return StockTransactions(self.client, INVENTORY_TABLE, self.orders)

    # ------------------------------------------------------------ what is there

    def stored(self, key: str) -> dict[str, Any]:
        answer = self.client.get_item(TableName=INVENTORY_TABLE, Key=to_item({"itemId": key}))
        return from_item(answer.get("Item", {}))

    def everything(self) -> list[dict[str, Any]]:
        return [from_item(item) for item in self.client.scan(TableName=INVENTORY_TABLE)["Items"]]

    def counters(self, item_id: str) -> list[int]:
        """Return what is on each counter of an item."""
        found = {
            each["itemId"]: int(each["available"])
            for each in self.everything()
            if each["itemId"].startswith(f"stock#{item_id}#")
        }
        return [found[f"stock#{item_id}#{number}"] for number in range(len(found))]

    def set_counters(self, item_id: str, *units: int) -> None:
        """Put units on an item's counters, as many orders would have left them."""
        for number, each in enumerate(units):
            self.client.update_item(
                TableName=INVENTORY_TABLE,
                Key=to_item({"itemId": f"stock#{item_id}#{number}"}),
                UpdateExpression="SET available = :units, version = version + :one",
                ConditionExpression="attribute_exists(itemId)",
                ExpressionAttributeValues=to_item({":units": each, ":one": 1}),
            )

    def available(self, item_id: str) -> int:
        item = self.inventory.get(item_id)
        assert item
        return item.available

    def reservation(self, order_id: str) -> dict[str, Any]:
        return self.stored(reservation_key(order_id))

    # ------------------------------------------------------------ what happens

    def order(self, order_id: str, *lines: Line) -> Order:
        return self.orders.add(a_validated_order(*lines, order_id=order_id))

    def reserve(self, order: Order, ledger: StockTransactions | None = None) -> list[str]:
        reserved = order.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))
        return (ledger or self.ledger).reserve(order, reserved)

    def set_item(self, item_id: str, *, available: int, counters: int) -> None:
        item = self.inventory.get(item_id)
        assert item
        version = item.version
        changes = {"available": available, "stock_counters": counters, "version": version + 1}
        self.inventory.replace(item.model_copy(update=changes), expected_version=version)

    def release(self, order_id: str, ledger: StockTransactions | None = None) -> None:
        """Cancel an order that holds its stock, and give the stock back."""
        order = self.orders.get(order_id)
        if order.may(EventType.ORDER_CANCELLED):
            order = self.orders.change(
                order_id, lambda now: now.after(EventType.ORDER_CANCELLED, by=BY)
            )
        released = order.after(
            EventType.STOCK_RELEASED, by=BY, stock=Stock(state=StockState.RELEASED)
        )
        (ledger or self.ledger).release(order, released)

    def ship(self, order_id: str, parcel_id: str, *lines: LineQuantity) -> None:
        """Let a parcel of a reserved order leave: some units, or all that remain; take its money.

        The steps in between that move no stock are taken where they are missing.
        """

        def leave(order: Order) -> Order:
            if order.may(EventType.ORDER_CONFIRMED):
                order = order.after(EventType.ORDER_CONFIRMED, by=BY)
            order = builders.shipped(order, parcel_id, lines or None)
            return order if order.payment.is_collected else captured(order)

        self.ledger.ship(self.orders.change(order_id, leave))

    def refund(
        self,
        order_id: str,
        refund_id: str,
        *lines: LineQuantity,
        ledger: StockTransactions | None = None,
    ) -> None:
        """Give the money of some units back, and put them into stock."""
        self.put_back(self.ask_for_refund(order_id, refund_id, *lines), refund_id, ledger)

    def ask_for_refund(self, order_id: str, refund_id: str, *lines: LineQuantity) -> Order:
        """Give the money of some units back; they are to be put into stock."""

        def give_back(order: Order) -> Order:
            asked = with_refund(order, refund_id, lines=lines, restock=True)
            return refunded(asked, refund_id, by=BY)

        order = self.orders.change(order_id, give_back)
        self.ledger.ship(order)  # which it has, if nothing of it can leave any more
        return order

    def put_back(
        self, order: Order, refund_id: str, ledger: StockTransactions | None = None
    ) -> None:
        refund = order.refund(refund_id)
        assert refund
        (ledger or self.ledger).restock(
            order, restocked(order, refund_id, by=BY), refund.comes_back
        )


class WatchedShop(Shop):
    """A shop that tells which calls are made, and lets others act in between."""

    def __init__(self, client: "DynamoDBClient") -> None:
        super().__init__(client)
        self.calls: list[str] = []
        client.meta.events.register("before-call.dynamodb", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def before(self, operation: str, happens: Callable[[], object], *, nth: int = 1) -> None:
        """Let something happen before the nth call of an operation from now on, just once."""
        calls = 0

        def hook(**_: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == nth:
                happens()

        self.client.meta.events.register(f"before-call.dynamodb.{operation}", hook)
