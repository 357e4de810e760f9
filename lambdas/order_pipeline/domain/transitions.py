"""An order's life: which event may happen in which status, and the status it leads to.

This table is the only place that knows the picture. What has an axis of its own (payment, stock,
parcels, refunds) never changes the status; its events are listed with the statuses they may
happen in.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where an order is."""

    PLACED = "PLACED"
    VALIDATED = "VALIDATED"
    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    CANCELLED = "CANCELLED"


class EventType(StrEnum):
    """What can happen to an order."""

    ORDER_PLACED = "OrderPlaced"
    ORDER_VALIDATED = "OrderValidated"
    ORDER_REJECTED = "OrderRejected"
    STOCK_RESERVED = "StockReserved"
    STOCK_UNAVAILABLE = "StockUnavailable"
    ORDER_CONFIRMED = "OrderConfirmed"
    PAYMENT_DECLINED = "PaymentDeclined"
    ORDER_CANCELLED = "OrderCancelled"
    STOCK_RELEASED = "StockReleased"
    PAYMENT_VOIDED = "PaymentVoided"
    PARCEL_SHIPPED = "ParcelShipped"
    ORDER_SHIPPED = "OrderShipped"
    PAYMENT_CAPTURED = "PaymentCaptured"
    PAYMENT_CAPTURE_FAILED = "PaymentCaptureFailed"
    PARCEL_DELIVERED = "ParcelDelivered"
    ORDER_DELIVERED = "OrderDelivered"
    REFUND_REQUESTED = "RefundRequested"
    PAYMENT_REFUNDED = "PaymentRefunded"
    REFUND_FAILED = "RefundFailed"
    STOCK_RESTOCKED = "StockRestocked"
    PAYMENT_REAUTHORISED = "PaymentReauthorised"
    PAYMENT_EXPIRED = "PaymentExpired"


class TransitionRefusedError(Exception):
    """The event cannot happen to an order in this status."""

    def __init__(self, event: EventType, status: Status) -> None:
        super().__init__(f"{event} cannot happen to an order that is {status}")
        self.event = event
        self.status = status


def _unchanged(*statuses: Status) -> Mapping[Status, Status]:
    return MappingProxyType({status: status for status in statuses})


_ONCE_SHIPPING = (Status.CONFIRMED, Status.SHIPPED, Status.DELIVERED)
"""From the first parcel on: while more parcels are to leave, the order is still CONFIRMED."""

TRANSITIONS: Mapping[EventType, Mapping[Status, Status]] = MappingProxyType(
    {
        EventType.ORDER_VALIDATED: {Status.PLACED: Status.VALIDATED},
        EventType.ORDER_REJECTED: {Status.PLACED: Status.REJECTED},
        EventType.STOCK_RESERVED: {Status.VALIDATED: Status.RESERVED},
        EventType.STOCK_UNAVAILABLE: {Status.VALIDATED: Status.OUT_OF_STOCK},
        EventType.ORDER_CONFIRMED: {Status.RESERVED: Status.CONFIRMED},
        EventType.PAYMENT_DECLINED: {Status.RESERVED: Status.PAYMENT_DECLINED},
        EventType.ORDER_CANCELLED: {
            Status.PLACED: Status.CANCELLED,
            Status.VALIDATED: Status.CANCELLED,
            Status.RESERVED: Status.CANCELLED,
            Status.CONFIRMED: Status.CANCELLED,
        },
        EventType.ORDER_SHIPPED: {Status.CONFIRMED: Status.SHIPPED},
        EventType.ORDER_DELIVERED: {Status.SHIPPED: Status.DELIVERED},
        EventType.STOCK_RELEASED: _unchanged(Status.PAYMENT_DECLINED, Status.CANCELLED),
        EventType.PAYMENT_VOIDED: _unchanged(Status.CANCELLED),
        EventType.PARCEL_SHIPPED: _unchanged(Status.CONFIRMED),
        EventType.PARCEL_DELIVERED: _unchanged(Status.CONFIRMED, Status.SHIPPED),
        EventType.PAYMENT_CAPTURED: _unchanged(*_ONCE_SHIPPING),
        EventType.PAYMENT_CAPTURE_FAILED: _unchanged(*_ONCE_SHIPPING),
        EventType.REFUND_REQUESTED: _unchanged(*_ONCE_SHIPPING),
        EventType.PAYMENT_REFUNDED: _unchanged(*_ONCE_SHIPPING),
        EventType.REFUND_FAILED: _unchanged(*_ONCE_SHIPPING),
        EventType.STOCK_RESTOCKED: _unchanged(*_ONCE_SHIPPING),
        EventType.PAYMENT_REAUTHORISED: _unchanged(Status.CONFIRMED),
        EventType.PAYMENT_EXPIRED: _unchanged(Status.CONFIRMED),
    }
)
"""Event → status before → status after. ORDER_PLACED is absent: it makes the order."""


def status_after(event: EventType, status: Status) -> Status:
    """Return the status that `event` leads to.

    Raises
    ------
    TransitionRefusedError
        If the event cannot happen in `status`.
    """
    try:
        return TRANSITIONS[event][status]
    except KeyError:
        raise TransitionRefusedError(event, status) from None
