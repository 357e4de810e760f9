"""What the customer is told: one text per event, with the right amounts and currency.

Each has a short form for SMS and push, and a long one for e-mail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from order_pipeline.catalogue import RejectionReason
from order_pipeline.events import OrderEvent
from order_pipeline.money import major_units
from order_pipeline.order import Channel, Order, RefundState, withheld_units
from order_pipeline.transitions import EventType


@dataclass(frozen=True)
class Message:
    """What one event says to the customer."""

    subject: str
    """One sentence: an e-mail's subject, and all that an SMS or a push message says."""
    text: str
    """The e-mail's text."""


def claim_key(event_id: str, channel: Channel) -> str:
    """Return what an event's message on a channel is claimed by, so that it is sent once."""
    return f"notification#{event_id}#{channel}"


def _confirmed(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"Your order {order.order_id} is confirmed",
        "Thank you for your order.\n\n"
        f"{_lines(order)}\n\n"
        f"Total: {_total(order)}\n\n"
        "We tell you when it leaves our warehouse. "
        "Your payment is authorised now and taken when the first parcel leaves.",
    )


def _rejected(order: Order, event: OrderEvent) -> Message:
    return Message(
        f"We could not accept your order {order.order_id}",
        f"We are sorry: {_objection(order, event.detail)}. Nothing was charged. "
        "Please have a look at your basket and order again.",
    )


def _objection(order: Order, detail: Mapping[str, Any]) -> str:
    """Say why an order was rejected; see `catalogue.check` for what the detail holds."""
    match RejectionReason(detail["reason"]):
        case RejectionReason.UNKNOWN_ITEM | RejectionReason.ITEM_NOT_FOR_SALE:
            return f"{detail['itemId']} is not for sale"
        case RejectionReason.CURRENCY_MISMATCH:
            return f"{detail['itemId']} is not sold in {order.currency}"
        case RejectionReason.PRICE_CHANGED:
            return (
                f"the price of {detail['itemId']} is not the one that you were shown: "
                f"it is {detail['currentPrice']} {order.currency}"
            )
        case RejectionReason.TOTAL_TOO_SMALL:
            return f"the smallest order that we can take is {detail['smallest']} {order.currency}"
        case RejectionReason.TOTAL_TOO_LARGE:
            return f"the largest order that we can take is {detail['largest']} {order.currency}"


def _out_of_stock(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"Your order {order.order_id} is out of stock",
        "We are sorry: we do not have enough of what you ordered. Nothing was charged.",
    )


def _payment_declined(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"The payment for your order {order.order_id} was declined",
        f"We are sorry: your payment of {_total(order)} was declined, so the order does not go "
        "ahead. Nothing was charged. Please order again with another way to pay.",
    )


def _cancelled(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"Your order {order.order_id} is cancelled",
        "Your order is cancelled. Nothing was charged; what your bank may have set aside for it "
        "is set free.",
    )


def _parcel_shipped(order: Order, event: OrderEvent) -> Message:
    parcel = order.parcel(str(event.detail["parcelId"]))
    if parcel is None:
        raise ValueError(f"{order.order_id} has no parcel {event.detail['parcelId']}")
    contents = "\n".join(f"{line.quantity} x {line.item_id}" for line in parcel.lines)
    return Message(
        f"A parcel of your order {order.order_id} is on its way",
        f"{contents}\n\n"
        f"It travels with {parcel.carrier}, tracking number {parcel.tracking_number}.",
    )


def _delivered(order: Order, _event: OrderEvent) -> Message:
    all_of_it = (
        "All that we have sent of your order has arrived; what was not sent is refunded."
        if withheld_units(
            refund for refund in order.refunds if refund.state is RefundState.REFUNDED
        )
        else "All of your order has arrived."
    )
    return Message(f"Your order {order.order_id} has arrived", f"{all_of_it} We hope you enjoy it.")


def _captured(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"We have taken the payment of {_total(order)} for your order {order.order_id}",
        "A parcel of your order has left our warehouse, so we have taken your payment of "
        f"{_total(order)}.",
    )


def _refunded(order: Order, event: OrderEvent) -> Message:
    amount = f"{major_units(int(event.detail['amount']), order.currency)} {order.currency}"
    return Message(
        f"We have refunded {amount} for your order {order.order_id}",
        f"We have given back {amount}. Your bank may need some days to show it.",
    )


TEMPLATES: Mapping[EventType, Callable[[Order, OrderEvent], Message]] = MappingProxyType(
    {
        EventType.ORDER_CONFIRMED: _confirmed,
        EventType.ORDER_REJECTED: _rejected,
        EventType.STOCK_UNAVAILABLE: _out_of_stock,
        EventType.PAYMENT_DECLINED: _payment_declined,
        EventType.ORDER_CANCELLED: _cancelled,
        EventType.PARCEL_SHIPPED: _parcel_shipped,
        EventType.ORDER_DELIVERED: _delivered,
        EventType.PAYMENT_CAPTURED: _captured,
        EventType.PAYMENT_REFUNDED: _refunded,
    }
)
"""The events that a customer is told about, and how.

ORDER_SHIPPED is not among them: it comes with the last parcel, which has its own message.
"""


def _lines(order: Order) -> str:
    return "\n".join(
        f"{line.quantity} x {line.item_id} at "
        f"{major_units(line.unit_price or 0, order.currency)} {order.currency}"
        for line in order.lines
    )


def _total(order: Order) -> str:
    return f"{major_units(order.total or 0, order.currency)} {order.currency}"
