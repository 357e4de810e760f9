"""Erasing a person from an order: what an order still is without its customer.

What remains is a tombstone: it keeps the order from being placed a second time, lets its history be
compared with the audit's, and tells whoever asks that there was an order and how it ended. It stays
for as long as the order would have stayed.
"""

from order_pipeline.domain.order import Order
from order_pipeline.domain.stored import now

NOBODY = "#erased"
"""In place of the customer's id and payment method. No id has this form (see `limits.ID_PATTERN`),
so nobody can place or list orders under it."""


def erased(order: Order) -> Order:
    """Return a settled order without its customer.

    Contact, address, and what the payment provider knows the customer by are gone. Kept are the
    order's id and the hash of its placement (by which the same request is recognised when it comes
    again), its lines, money, states and history, none of which say whose they are. Nothing has
    happened to the order by this: its version stays, so nothing is published.

    An order that is erased already is returned as it was given.

    Raises
    ------
    ValueError
        If the order is not settled: whoever finishes it needs what would be erased.
    """
    if order.erased_at:
        return order
    if not order.is_settled:
        raise ValueError(f"{order.order_id} is not settled")
    payment = order.payment.model_copy(
        update={"method": NOBODY, "intent_id": None, "replacement_intent_id": None}
    )
    return order.model_copy(
        update={
            "customer_id": NOBODY,
            "contact": None,
            "shipping_address": None,
            "payment": payment,
            "trace_header": None,
            "erased_at": now(),
        }
    )
