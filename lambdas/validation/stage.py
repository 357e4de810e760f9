"""Check a placed order against the catalogue."""

from order_pipeline.catalogue import check
from order_pipeline.events import OrderEvent
from order_pipeline.order import Order
from order_pipeline.ports import Catalogue, Orders
from order_pipeline.transitions import EventType

BY = "validation"


def validate_order(event: OrderEvent, *, orders: Orders, catalogue: Catalogue) -> None:
    """Record the catalogue's verdict on the order.

    Idempotent: an order that is already past PLACED is left as it is.
    """

    def verdict(order: Order) -> Order:
        if not order.may(EventType.ORDER_VALIDATED):
            return order
        return check(order, catalogue.find(order.quantities), by=BY)

    orders.change(event.order_id, verdict)
