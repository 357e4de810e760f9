"""Store an order that was deferred when it was placed."""

from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.queue_processor import PoisonError, read_message
from order_pipeline.adapters.tracing import annotate
from order_pipeline.domain.order import SCHEMA_VERSION, Order
from order_pipeline.domain.ports import NewOrders


def drain(body: str, *, orders: NewOrders) -> None:
    """Store the order of a message, unless it is stored already.

    Idempotent: it may have been stored when it was placed, by the same request sent again, or by
    an earlier delivery of the message.

    Raises
    ------
    PoisonError
        If the message holds no order, or the table has another order of that id: the customer was
        told that this one is accepted, so somebody has to look at the two.
    """
    order = read_message(Order, body, what="an order")
    logger.append_keys(order_id=order.order_id)
    annotate(orderId=order.order_id)
    if order.schema_version > SCHEMA_VERSION:
        raise PoisonError(
            f"order {order.order_id} has the unknown schemaVersion {order.schema_version}"
        )
    stored = orders.add(order)
    if stored.payload_hash != order.payload_hash:
        raise PoisonError(f"order {order.order_id} was already placed with different content")
