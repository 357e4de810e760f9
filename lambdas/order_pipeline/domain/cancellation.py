"""Cancelling an order: from its placement until the first parcel leaves."""

from enum import StrEnum

from order_pipeline.domain.order import Order
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.transitions import EventType, Status


class CancelReason(StrEnum):
    """Why an order is cancelled."""

    CHANGED_MIND = "changed_mind"
    ORDERED_BY_MISTAKE = "ordered_by_mistake"
    TAKES_TOO_LONG = "takes_too_long"
    SUSPECTED_FRAUD = "suspected_fraud"
    OTHER = "other"


PAYMENT_OVERDUE = "payment_overdue"
"""The pipeline's own reason: the stock was held too long without a payment."""


def can_cancel(order: Order) -> bool:
    """Tell whether the order can still be cancelled."""
    return order.may(EventType.ORDER_CANCELLED) and not order.parcels


def cancel(order: Order, reason: str, *, by: str) -> Order:
    """Return the order CANCELLED; one that was cancelled for the same reason stays as it is.

    What it holds (stock, money) is given back by the stages that hear of it.

    Parameters
    ----------
    reason
        A `CancelReason`, or `PAYMENT_OVERDUE`.

    Raises
    ------
    CommandConflictError
        If it was cancelled for another reason.
    CommandRefusedError
        If a parcel has left, or the order came to another end.
    """
    if order.status is Status.CANCELLED:
        if cancelled_for(order) != reason:
            raise CommandConflictError(
                f"Order {order.order_id} was already cancelled, with the reason "
                f"{cancelled_for(order)}."
            )
        return order
    if not can_cancel(order):
        left = "a parcel has left" if order.parcels else f"it is {order.status}"
        raise CommandRefusedError(f"Order {order.order_id} cannot be cancelled: {left}.")
    return order.after(EventType.ORDER_CANCELLED, by=by, detail={"reason": str(reason)})


def cancelled_for(order: Order) -> str | None:
    """Return the reason that the order was cancelled for."""
    for entry in order.history:
        if entry.event is EventType.ORDER_CANCELLED:
            return str(entry.detail["reason"])
    return None
