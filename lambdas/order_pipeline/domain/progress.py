"""How far an order has come: what a stage still owes it, and when somebody should look at it."""

from datetime import datetime

from order_pipeline.domain.limits import HANDOVER_TIME, SETTLING_TIME
from order_pipeline.domain.order import HistoryEntry, Order, PaymentState, Refund, RefundState
from order_pipeline.domain.refunds import needs_restocking
from order_pipeline.domain.transitions import EventType, Status

_NEXT_STEP = {
    Status.PLACED: EventType.ORDER_PLACED,
    Status.VALIDATED: EventType.ORDER_VALIDATED,
    Status.RESERVED: EventType.STOCK_RESERVED,
}
"""The statuses that a stage leads an order out of, and the event that the stage acts on."""

_TO_UNDO = {
    Status.PAYMENT_DECLINED: EventType.PAYMENT_DECLINED,
    Status.CANCELLED: EventType.ORDER_CANCELLED,
}
"""The ends after which stock or money may still have to be given back."""


def unfinished(order: Order) -> HistoryEntry | None:
    """Return the event that a stage has yet to act on; None when no stage owes the order anything.

    What people have yet to do is not in it: send a parcel, settle a capture that failed.
    """
    if event := _NEXT_STEP.get(order.status):
        return order.latest(event)
    if order.status in _TO_UNDO and not order.is_settled:
        return order.latest(_TO_UNDO[order.status])
    if order.parcels and order.payment.state is PaymentState.AUTHORISED:
        return order.latest(EventType.PARCEL_SHIPPED)
    for refund in order.refunds:
        if refund.state is RefundState.REQUESTED:
            return _of_refund(order, EventType.REFUND_REQUESTED, refund)
        if needs_restocking(refund):
            return _of_refund(order, EventType.PAYMENT_REFUNDED, refund)
    return None


def awaits_first_parcel(order: Order) -> bool:
    """Tell whether the customer's money is held for an order of which nothing has left yet."""
    return (
        order.status is Status.CONFIRMED
        and order.payment.state is PaymentState.AUTHORISED
        and not order.parcels
    )


def due_at(order: Order) -> datetime | None:
    """Return when the reconciler should look at the order, unless something happens before.

    None when the pipeline owes it nothing. The same for all the steps up to the confirmation, so
    that it is written rarely.
    """
    if order.status in _NEXT_STEP:
        return order.placed_at + SETTLING_TIME
    if entry := unfinished(order):
        return entry.at + SETTLING_TIME
    if awaits_first_parcel(order) and order.payment.authorised_at:
        return order.payment.authorised_at + HANDOVER_TIME
    return None


def _of_refund(order: Order, event: EventType, refund: Refund) -> HistoryEntry:
    return next(
        entry
        for entry in reversed(order.history)
        if entry.event is event and entry.detail["refundId"] == refund.refund_id
    )
