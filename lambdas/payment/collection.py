"""What follows an authorisation: the money is taken, set free, or given back."""

from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order, PaymentState, RefundState
from order_pipeline.domain.ports import Claims, Declined, Orders, Payments
from order_pipeline.domain.refunds import refund_failed, refunded
from order_pipeline.domain.transitions import EventType, Status

BY = "payment"


def capture_payment(event: OrderEvent, *, orders: Orders, payments: Payments) -> None:
    """Take all of the order's money: its first parcel has left.

    Idempotent: money that was taken stays taken. A capture that failed is tried again whenever the
    event comes again, and nothing more leaves until it was made; that it was refused is recorded
    once.
    """
    order = orders.get(event.order_id)
    intent_id = order.payment.intent_id
    if not _is_to_capture(order) or intent_id is None:
        return
    outcome = payments.capture(intent_id)
    _cancel_replacement(order, payments)

    def record(order: Order) -> Order:
        if not _is_to_capture(order):
            return order
        if isinstance(outcome, Declined):
            if order.payment.state is PaymentState.CAPTURE_FAILED:
                return order
            return order.after(
                EventType.PAYMENT_CAPTURE_FAILED,
                by=BY,
                detail={"reason": outcome.reason},
                payment=order.payment.model_copy(update={"state": PaymentState.CAPTURE_FAILED}),
            )
        return order.after(
            EventType.PAYMENT_CAPTURED,
            by=BY,
            payment=order.payment.model_copy(update={"state": PaymentState.CAPTURED}),
        )

    orders.change(event.order_id, record)


def void_payment(event: OrderEvent, *, orders: Orders, payments: Payments) -> None:
    """Set a cancelled order's money free.

    Idempotent: an order without an intent, or whose intent is cancelled, is left as it is.
    """
    order = orders.get(event.order_id)
    if order.status is not Status.CANCELLED or order.payment.holds_nothing:
        return
    if order.payment.intent_id is not None:
        payments.cancel(order.payment.intent_id)
    _cancel_replacement(order, payments)

    def record(order: Order) -> Order:
        if order.payment.holds_nothing:
            return order
        return order.after(
            EventType.PAYMENT_VOIDED,
            by=BY,
            payment=order.payment.model_copy(update={"state": PaymentState.VOIDED}),
        )

    orders.change(event.order_id, record)


def give_refund(event: OrderEvent, *, orders: Orders, payments: Payments, claims: Claims) -> None:
    """Give back the money of a refund that was asked for.

    Idempotent: a refund is claimed, so that two deliveries of the event never ask the provider at
    once, and what the provider has on record is not asked for again. The claim remembers nothing:
    an order that was restored to before its refund has to learn of it once more.

    Raises
    ------
    ClaimTakenError
        If another process is at this refund right now.
    """
    refund_id = str(event.detail["refundId"])
    order = orders.get(event.order_id)
    refund = order.refund(refund_id)
    intent_id = order.payment.intent_id
    if refund is None or refund.state is not RefundState.REQUESTED or intent_id is None:
        return
    key = f"refund#{order.order_id}#{refund_id}"
    claims.claim(key)
    try:
        outcome = payments.refund(order, intent_id, refund)
        if isinstance(outcome, Declined):
            reason = outcome.reason
            orders.change(
                event.order_id, lambda order: refund_failed(order, refund_id, reason, by=BY)
            )
        else:
            orders.change(event.order_id, lambda order: refunded(order, refund_id, by=BY))
    finally:
        claims.release(key)


def _cancel_replacement(order: Order, payments: Payments) -> None:
    """Cancel the intent that was to take over when something else happened to the order."""
    if order.payment.replacement_intent_id is not None:
        payments.cancel(order.payment.replacement_intent_id)


def _is_to_capture(order: Order) -> bool:
    return bool(order.parcels) and order.payment.state in (
        PaymentState.AUTHORISED,
        PaymentState.CAPTURE_FAILED,
    )
