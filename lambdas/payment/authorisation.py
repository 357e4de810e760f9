"""Authorise an order's payment, so that a crash anywhere holds no money twice.

The intent is created unconfirmed, its id is stored with the order, and only the stored intent is
confirmed. The provider forgets idempotency keys after a day; the stored id is what remembers.
"""

from order_pipeline.domain.authorisation import confirmed, payment_declined
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    Declined,
    OrdersWithIntents,
    PaymentOutcome,
    Payments,
    Unconfirmed,
)
from order_pipeline.domain.transitions import EventType, Status

BY = "payment"


def authorise_payment(event: OrderEvent, *, orders: OrdersWithIntents, payments: Payments) -> None:
    """Hold the order's total with the provider, and record whether it does.

    Idempotent: an order that is already past RESERVED is left as it is.

    Raises
    ------
    PaymentOutcomeUnknownError
        If the provider does not say what became of a call. Nothing is assumed: the next attempt
        asks what became of the stored intent.
    """
    order = orders.get(event.order_id)
    if not order.may(EventType.ORDER_CONFIRMED):
        return
    intent_id = order.payment.intent_id
    outcome: PaymentOutcome
    if intent_id is None:
        created = payments.create(order)
        if isinstance(created, Declined):
            _record_decline(order, created, orders)
            return
        intent_id = created
        order = _remember(order, intent_id, orders, payments)
        outcome = Unconfirmed()
    else:
        outcome = payments.outcome(intent_id)
    if isinstance(outcome, Unconfirmed):
        outcome = payments.confirm(intent_id)
    if isinstance(outcome, Declined):
        if not outcome.is_cancelled:
            payments.cancel(intent_id)
        _record_decline(order, outcome, orders)
    elif _record_authorisation(order, orders).status is Status.CANCELLED:
        payments.cancel(intent_id)


def _remember(order: Order, intent_id: str, orders: OrdersWithIntents, payments: Payments) -> Order:
    """Store the new intent's id; an intent that cannot be stored is cancelled."""
    try:
        orders.remember_intent(order, intent_id)
    except ConcurrentChangeError:
        payments.cancel(intent_id)
        raise
    payment = order.payment.model_copy(update={"intent_id": intent_id})
    return order.model_copy(update={"payment": payment})


def _record_authorisation(order: Order, orders: OrdersWithIntents) -> Order:
    return orders.change(order.order_id, lambda order: confirmed(order, by=BY), seen=order)


def _record_decline(order: Order, declined: Declined, orders: OrdersWithIntents) -> None:
    orders.change(
        order.order_id, lambda order: payment_declined(order, declined.reason, by=BY), seen=order
    )
