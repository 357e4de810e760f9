"""Renew the hold on a customer's money before the provider lets it go."""

from datetime import datetime

from order_pipeline.adapters.observability import logger
from order_pipeline.domain.authorisation import payment_expired, reauthorised
from order_pipeline.domain.order import Order, PaymentState
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    Declined,
    OrdersWithIntents,
    PaymentOutcome,
    Payments,
    Unconfirmed,
)
from order_pipeline.domain.stored import now


def renew_hold(
    order: Order,
    hold_ends: datetime,
    *,
    orders: OrdersWithIntents,
    payments: Payments,
    by: str,
) -> None:
    """Hold the order's money anew with a second intent, and set the first one free.

    The second intent is stored before it is confirmed, as the first one was, so that a crash
    anywhere leaves at most two holds of which the first ends by itself within a day. When the
    provider declines, the first hold is kept to its end; then the payment is EXPIRED, which people
    have to settle with the customer.
    """
    replacement = order.payment.replacement_intent_id or payments.create(order)
    if isinstance(replacement, Declined):
        _keep_or_expire(order, replacement, hold_ends, orders=orders, payments=payments, by=by)
        return
    outcome: PaymentOutcome = Unconfirmed()
    if replacement == order.payment.replacement_intent_id:
        outcome = payments.outcome(replacement)
    else:
        _remember(order, replacement, orders, payments)
    if isinstance(outcome, Unconfirmed):
        outcome = payments.confirm(replacement)
    if isinstance(outcome, Declined):
        if not outcome.is_cancelled:
            payments.cancel(replacement)
        _keep_or_expire(order, outcome, hold_ends, orders=orders, payments=payments, by=by)
        return
    renewed = orders.change(order.order_id, lambda order: reauthorised(order, replacement, by=by))
    took_over = renewed.payment.intent_id == replacement
    to_cancel = order.payment.intent_id if took_over else replacement
    if to_cancel is not None:
        payments.cancel(to_cancel)


def _remember(
    order: Order, replacement: str, orders: OrdersWithIntents, payments: Payments
) -> None:
    try:
        orders.remember_replacement(order, replacement)
    except ConcurrentChangeError:
        payments.cancel(replacement)
        raise


def _keep_or_expire(
    order: Order,
    declined: Declined,
    hold_ends: datetime,
    *,
    orders: OrdersWithIntents,
    payments: Payments,
    by: str,
) -> None:
    """Keep the first hold to its end; then set free what the provider may hold any longer."""
    if now() < hold_ends:
        logger.warning("the hold cannot be renewed yet", reason=declined.reason)
        return
    # First recorded, so that nothing leaves meanwhile. Not cancelled, the hold ends by itself.
    expired = orders.change(
        order.order_id, lambda order: payment_expired(order, declined.reason, by=by)
    )
    if expired.payment.state is PaymentState.EXPIRED and expired.payment.intent_id is not None:
        payments.cancel(expired.payment.intent_id)
