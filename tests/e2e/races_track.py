"""Where the races are held: the deployed tables and the payment server, as the functions see them.

Also the books that must balance afterwards, whoever won: stock, and the customers' money.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.stock_adjustments import StockAdjustments
from order_pipeline.adapters.stock_transactions import StockTransactions, reservation_key
from order_pipeline.adapters.stripe_payments import StripePayments
from order_pipeline.domain.catalogue import check
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import (
    Line,
    Order,
    PaymentState,
    RefundState,
    StockState,
    place,
    units_of,
    withheld_units,
)
from order_pipeline.domain.transitions import EventType, Status
from tests.e2e.deployment import Deployment
from tests.e2e.payment_server import Intent, holding_money
from tests.e2e.shop import Item, Shop
from tests.e2e.waiting import wait_for

BY = "races"
CUSTOMERS_AT_ONCE = 8


class Queues(Deployment):
    """The queues whose messages are still to change an order or its stock."""

    validation_queue_url: str
    inventory_queue_url: str
    payment_queue_url: str


class Track:
    """The deployed pipeline, with the parts of it that races run by themselves."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        deployed, dynamodb = shop.deployment, shop.dynamodb
        suffix = deployed.orders_table_name.removeprefix("orders-table-")
        self.orders = OrdersTable(dynamodb, deployed.orders_table_name)
        self.inventory = InventoryTable(dynamodb, deployed.inventory_table_name)
        self.claims = IdempotencyTable(dynamodb, f"idempotency-table-{suffix}")
        self.adjustments = StockAdjustments(dynamodb, deployed.inventory_table_name, self.claims)
        self.payments = StripePayments(
            "sk_test_races", deployment=suffix, api_url=deployed.payment_server_url
        )
        queues = Queues.read()
        self._queue_urls = (
            queues.validation_queue_url,
            queues.inventory_queue_url,
            queues.payment_queue_url,
        )

    def ledger(self, orders: OrdersTable) -> StockTransactions:
        """Return the stock, moved together with orders in the table given."""
        return StockTransactions(
            self.shop.dynamodb, self.shop.deployment.inventory_table_name, orders
        )

    # ------------------------------------------------------------------ given

    def validated_order(self, item: Item, quantity: int = 1) -> Order:
        """Store an order that is VALIDATED already, and return it.

        The deployed inventory stage hears of it a moment later, and comes after the racers.
        """
        placed = place(
            order_id=self.shop.new_id("order"),
            customer_id=self.shop.new_id("customer"),
            currency=Currency(item.currency),
            lines=(Line(item_id=item.item_id, quantity=quantity),),
            payment_method="pm_card_visa",
            payload_hash="0" * 64,
            by=BY,
        )
        return self.orders.add(check(placed, self.inventory.find([item.item_id]), by=BY))

    def confirmed_orders(self, count: int, item: Item, quantity: int = 1) -> list[Order]:
        """Place orders through the API, and wait until the deployed pipeline has confirmed them."""

        def place_one(_: int) -> str:
            answer = self.shop.post_order(self.shop.order((item, quantity)))
            assert answer.status_code == 202, answer.text
            return str(answer.json()["orderId"])

        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            order_ids = list(customers.map(place_one, range(count)))
        return [
            wait_for(
                lambda order_id=order_id: self.orders.get(order_id),  # type: ignore[misc]
                lambda order: order.status is Status.CONFIRMED,
                f"{order_id} CONFIRMED",
                within=180,
            )
            for order_id in order_ids
        ]

    # ------------------------------------------------------------------ then

    def settled(self, orders: Iterable[Order]) -> list[Order]:
        """Wait until the deployed pipeline has nothing more to do, and return the orders."""
        settled = [
            wait_for(
                lambda order_id=order.order_id: self.orders.get(order_id),  # type: ignore[misc]
                lambda order: _is_at_rest(order) and self._has_written_down(order),
                f"{order.order_id} at rest",
                within=180,
            )
            for order in orders
        ]
        wait_for(self._messages, lambda messages: messages == 0, "empty queues", within=180)
        return settled

    def check_stock(self, item: Item, orders: Sequence[Order], *, expected: int) -> None:
        """Assert that no unit was lost or made up; see `stock_transactions` for the books.

        Parameters
        ----------
        item
            An item that only `orders` ever moved.
        expected
            Units it had at first, and those that were added since.
        """
        held = shipped = returned = 0
        for order in orders:
            reservation = self._reservation(order.order_id)
            assert reservation.get("state", "NONE") == order.stock.state, order.order_id
            left = reservation.get("shipped", {})
            assert left == order.shipped_quantities, order.order_id
            back = [refund for refund in order.refunds if refund.restocked]
            withheld = withheld_units(back)
            assert reservation.get("withheld", {}) == withheld, order.order_id
            shipped += left.get(item.item_id, 0)
            if reservation.get("state", "RELEASED") != StockState.RELEASED:
                held += reservation["units"][item.item_id]
                held -= left.get(item.item_id, 0) + withheld[item.item_id]
            returned += sum(units_of(refund.comes_back)[item.item_id] for refund in back)
            returned -= withheld[item.item_id]
        stored = self.inventory.get(item.item_id)
        assert stored
        assert stored.available >= 0, "oversold"
        books = f"{stored.available} available, {held=}, {shipped=}, {returned=}"
        assert stored.available + held + shipped - returned == expected, books

    def check_money(self, orders: Sequence[Order]) -> None:
        """Assert that the payment server holds what the orders say, and gave back no more."""
        intents: dict[str, list[Intent]] = {order.order_id: [] for order in orders}
        for intent in self.shop.payments.intents():
            intents.get(intent["metadata"].get("orderId"), []).append(intent)
        for order in orders:
            holding = holding_money(intents[order.order_id])
            of_order = [(each["id"], each["status"], each["amount"]) for each in holding]
            assert of_order == _expected_intents(order), (order.order_id, order.payment)
            given_back = sum(each["amount"] for each in self._refunds(order, holding))
            assert given_back == sum(
                refund.amount for refund in order.refunds if refund.state is RefundState.REFUNDED
            )
            captured = [each["amount"] for each in holding if each["status"] == "succeeded"]
            assert given_back <= sum(captured), "more given back than taken"

    def _refunds(self, order: Order, holding: Sequence[Intent]) -> list[dict[str, Any]]:
        """Return what the payment server gave back, asked over plain HTTP."""
        if not order.refunds:
            return []
        answer = httpx.get(
            f"{self.shop.deployment.payment_server_url}/v1/refunds",
            params={"payment_intent": holding[0]["id"], "limit": "100"},
            auth=("sk_test_races", ""),
        )
        answer.raise_for_status()
        refunds: list[dict[str, Any]] = answer.json()["data"]
        return refunds

    def _reservation(self, order_id: str) -> dict[str, Any]:
        answer = self.shop.dynamodb.get_item(
            TableName=self.shop.deployment.inventory_table_name,
            Key=to_item({"itemId": reservation_key(order_id)}),
            ConsistentRead=True,
        )
        return from_item(answer.get("Item", {}))

    def _has_written_down(self, order: Order) -> bool:
        """Tell whether the reservation says of the order, and of every parcel, what it should."""
        reservation = self._reservation(order.order_id)
        return (
            int(reservation.get("parcels", 0)) == len(order.parcels)
            and str(reservation.get("state", "NONE")) == order.stock.state
        )

    def _messages(self) -> int:
        """Count the messages that wait, are being worked on, or are put back for later."""
        answers = [
            self.shop.sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
            for url in self._queue_urls
        ]
        return sum(int(count) for answer in answers for count in answer["Attributes"].values())


def event_of(order: Order, event_type: EventType) -> OrderEvent:
    """Return the order's latest event of a type, as a queue delivers it."""
    return [event for event in events_since(0, order) if event.event_type is event_type][-1]


def _is_at_rest(order: Order) -> bool:
    """Tell whether the pipeline leaves the order as it is, until somebody asks for more."""
    if not all(refund.is_settled for refund in order.refunds):
        return False
    if order.status is Status.CONFIRMED and not order.parcels:
        return True
    if order.status in (Status.CONFIRMED, Status.SHIPPED):
        return order.payment.is_collected
    return order.is_settled


def _expected_intents(order: Order) -> list[tuple[str | None, str, int | None]]:
    """Return the intents that should hold money: one at most, and none of a cancelled order."""
    match order.payment.state:
        case PaymentState.AUTHORISED:
            status = "requires_capture"
        case PaymentState.CAPTURED | PaymentState.PARTIALLY_REFUNDED | PaymentState.REFUNDED:
            status = "succeeded"
        case _:
            return []
    return [(order.payment.intent_id, status, order.total)]
