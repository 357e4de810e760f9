"""Check a placed order against the catalogue."""

from order_pipeline.domain.catalogue import check
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import Catalogue, Orders
from order_pipeline.domain.transitions import EventType

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
