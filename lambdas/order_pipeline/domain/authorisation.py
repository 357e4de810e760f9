"""What becomes of an order when the payment provider has answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from order_pipeline.domain.order import Order, PaymentState
from order_pipeline.domain.progress import awaits_first_parcel
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType


def confirmed(order: Order, *, by: str) -> Order:
    """Return the order CONFIRMED, its money held; one that is past RESERVED stays as it is."""
    if not order.may(EventType.ORDER_CONFIRMED):
        return order
    authorised_at = now()
    payment = order.payment.model_copy(
        update={"state": PaymentState.AUTHORISED, "authorised_at": authorised_at}
    )
    return order.after(EventType.ORDER_CONFIRMED, by=by, at=authorised_at, payment=payment)


def payment_declined(order: Order, reason: str, *, by: str) -> Order:
    """Return the order PAYMENT_DECLINED; one that is past RESERVED stays as it is."""
    if not order.may(EventType.PAYMENT_DECLINED):
        return order
    return order.after(EventType.PAYMENT_DECLINED, by=by, detail={"reason": reason})


def reauthorised(order: Order, intent_id: str, *, by: str) -> Order:
    """Return the order with its money held by another intent, for as long as by the first one.

    One whose first parcel has left, or that is cancelled, stays as it is.
    """
    authorised_at = now()
    return _awaiting_first_parcel(
        order,
        EventType.PAYMENT_REAUTHORISED,
        {"intent_id": intent_id, "replacement_intent_id": None, "authorised_at": authorised_at},
        by=by,
        at=authorised_at,
    )


def payment_expired(order: Order, reason: str, *, by: str) -> Order:
    """Return the order with its payment EXPIRED: nothing may leave until people have settled it.

    One whose first parcel has left, or that is cancelled, stays as it is.
    """
    return _awaiting_first_parcel(
        order,
        EventType.PAYMENT_EXPIRED,
        {"state": PaymentState.EXPIRED, "replacement_intent_id": None},
        by=by,
        detail={"reason": reason},
    )


def _awaiting_first_parcel(
    order: Order,
    event: EventType,
    changes: Mapping[str, Any],
    *,
    by: str,
    at: datetime | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Order:
    if not awaits_first_parcel(order):
        return order
    payment = order.payment.model_copy(update=dict(changes))
    return order.after(event, by=by, at=at, detail=detail, payment=payment)
