"""What the customer is told: one text per event, with the right amounts and currency.

Each has a short form for SMS and push, and a long one for e-mail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from order_pipeline.domain.catalogue import RejectionReason
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.money import major_units
from order_pipeline.domain.order import Channel, Order, RefundState, withheld_units
from order_pipeline.domain.transitions import EventType


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
        "We'll let you know when it leaves our warehouse. "
        "Your payment has been authorised, and will be taken when the first parcel leaves.",
    )


def _rejected(order: Order, event: OrderEvent) -> Message:
    return Message(
        f"We could not accept your order {order.order_id}",
        f"We're sorry, but {_objection(order, event.detail)}. You have not been charged. "
        "Please check your basket and order again.",
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
                f"the price of {detail['itemId']} is different from the one you were shown: "
                f"it is {detail['currentPrice']} {order.currency}"
            )
        case RejectionReason.TOTAL_TOO_SMALL:
            return f"our minimum order is {detail['smallest']} {order.currency}"
        case RejectionReason.TOTAL_TOO_LARGE:
            return f"our maximum order is {detail['largest']} {order.currency}"


def _out_of_stock(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"We do not have enough stock for your order {order.order_id}",
        "We're sorry, but we do not have enough stock of what you ordered, so the order will not "
        "go ahead. You have not been charged.",
    )


def _payment_declined(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"The payment for your order {order.order_id} was declined",
        f"We're sorry, but your payment of {_total(order)} was declined, so the order will not go "
        "ahead. You have not been charged. Please order again using a different payment method.",
    )


def _cancelled(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"Your order {order.order_id} has been cancelled",
        "Your order has been cancelled. You have not been charged, and any amount your bank has "
        "reserved for it will be released.",
    )


def _parcel_shipped(order: Order, event: OrderEvent) -> Message:
    parcel = order.parcel(str(event.detail["parcelId"]))
    if parcel is None:
        raise ValueError(f"{order.order_id} has no parcel {event.detail['parcelId']}")
    contents = "\n".join(f"{line.quantity} x {line.item_id}" for line in parcel.lines)
    return Message(
        f"A parcel from your order {order.order_id} is on its way",
        f"{contents}\n\nSent with {parcel.carrier}, tracking number {parcel.tracking_number}.",
    )


def _delivered(order: Order, _event: OrderEvent) -> Message:
    all_of_it = (
        "Everything we sent from your order has arrived; anything not sent has been refunded."
        if withheld_units(
            refund for refund in order.refunds if refund.state is RefundState.REFUNDED
        )
        else "Everything in your order has arrived."
    )
    return Message(f"Your order {order.order_id} has arrived", f"{all_of_it} We hope you enjoy it.")


def _captured(order: Order, _event: OrderEvent) -> Message:
    return Message(
        f"We have taken your payment of {_total(order)} for order {order.order_id}",
        "A parcel from your order has left our warehouse, so we have taken your payment of "
        f"{_total(order)}.",
    )


def _refunded(order: Order, event: OrderEvent) -> Message:
    amount = f"{major_units(int(event.detail['amount']), order.currency)} {order.currency}"
    return Message(
        f"We have refunded {amount} for your order {order.order_id}",
        f"We have refunded {amount}. It may take a few days to appear on your statement.",
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
