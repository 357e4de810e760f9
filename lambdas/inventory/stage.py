"""Move an order's stock: hold it, give it back, let it go, take it back."""

from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order, Stock, StockState
from order_pipeline.domain.ports import Orders, StockLedger
from order_pipeline.domain.refunds import needs_restocking, restocked
from order_pipeline.domain.transitions import EventType

BY = "inventory"


def reserve_stock(event: OrderEvent, *, orders: Orders, ledger: StockLedger) -> None:
    """Hold the order's stock, all of it, or record that there is not enough.

    Idempotent: an order that is already past VALIDATED is left as it is.
    """
    order = orders.get(event.order_id)
    if not order.may(EventType.STOCK_RESERVED):
        return
    reserved = order.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))
    if short := ledger.reserve(order, reserved):

        def out_of_stock(order: Order) -> Order:
            if not order.may(EventType.STOCK_UNAVAILABLE):
                return order
            return order.after(EventType.STOCK_UNAVAILABLE, by=BY, detail={"itemIds": list(short)})

        orders.change(event.order_id, out_of_stock)


def release_stock(event: OrderEvent, *, orders: Orders, ledger: StockLedger) -> None:
    """Give the order's held stock back.

    Idempotent: an order that holds no stock is left as it is.
    """
    order = orders.get(event.order_id)
    if order.stock.state is not StockState.HELD or not order.may(EventType.STOCK_RELEASED):
        return
    released = order.after(EventType.STOCK_RELEASED, by=BY, stock=Stock(state=StockState.RELEASED))
    ledger.release(order, released)


def ship_stock(event: OrderEvent, *, orders: Orders, ledger: StockLedger) -> None:
    """Write down in the order's reservation what has left the warehouse.

    Idempotent, and indifferent to the order of events: it starts from all parcels so far.
    """
    order = orders.get(event.order_id)
    if order.parcels:
        ledger.ship(order)


def restock(event: OrderEvent, *, orders: Orders, ledger: StockLedger) -> None:
    """Put into stock what a refund withheld, and what comes back with it.

    Idempotent: what is back in stock already stays as it is.
    """
    refund_id = str(event.detail["refundId"])
    order = orders.get(event.order_id)
    refund = order.refund(refund_id)
    if refund is None or not needs_restocking(refund):
        return
    ledger.restock(order, restocked(order, refund_id, by=BY), refund.comes_back)
