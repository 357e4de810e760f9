"""What the customer is told: one text per event, with the right amounts and currency."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from order_pipeline.money import major_units
from order_pipeline.order import Order
from order_pipeline.transitions import EventType


@dataclass(frozen=True)
class Message:
    """A subject and a text, without any personal data but the order's own."""

    subject: str
    text: str


def _confirmed(order: Order) -> Message:
    return Message(
        f"Your order {order.order_id} is confirmed",
        "Thank you for your order.\n\n"
        f"{_lines(order)}\n\n"
        f"Total: {_total(order)}\n\n"
        "We tell you when it leaves our warehouse. "
        "Your payment is authorised now and taken when the first parcel leaves.",
    )


def _rejected(order: Order) -> Message:
    return Message(
        f"We could not accept your order {order.order_id}",
        "We are sorry: an item of your order is not for sale, or its price has changed since you "
        "saw it. Nothing was charged. Please have a look at your basket and order again.",
    )


def _out_of_stock(order: Order) -> Message:
    return Message(
        f"Your order {order.order_id} is out of stock",
        "We are sorry: we do not have enough of what you ordered. Nothing was charged.",
    )


def _payment_declined(order: Order) -> Message:
    return Message(
        f"The payment for your order {order.order_id} was declined",
        f"We are sorry: your payment of {_total(order)} was declined, so the order does not go "
        "ahead. Nothing was charged. Please order again with another way to pay.",
    )


TEMPLATES: Mapping[EventType, Callable[[Order], Message]] = MappingProxyType(
    {
        EventType.ORDER_CONFIRMED: _confirmed,
        EventType.ORDER_REJECTED: _rejected,
        EventType.STOCK_UNAVAILABLE: _out_of_stock,
        EventType.PAYMENT_DECLINED: _payment_declined,
    }
)
"""The events that a customer is told about, and how."""


def _lines(order: Order) -> str:
    return "\n".join(
        f"{line.quantity} x {line.item_id} at "
        f"{major_units(line.unit_price or 0, order.currency)} {order.currency}"
        for line in order.lines
    )


def _total(order: Order) -> str:
    return f"{major_units(order.total or 0, order.currency)} {order.currency}"
