"""The canary's orders: test orders that the pipeline places by itself, and cancels again.

They take the way of every order, so that they tell whether it works. They are not business: they
are counted in no figure of the shop, told to nobody, and never handed over to the warehouse.
"""

CUSTOMER_ID = "order-pipeline-canary"
"""Whose orders they are. Nobody else can order under this id."""

ORDER_ID_PREFIX = "canary-"
"""What their ids begin with: all that the canary may look at and cancel."""


def is_reserved_for_canary(customer_id: str, order_id: str | None) -> bool:
    """Tell whether an order is placed in the canary's name without being one of its own."""
    return customer_id == CUSTOMER_ID and not (order_id or "").startswith(ORDER_ID_PREFIX)
