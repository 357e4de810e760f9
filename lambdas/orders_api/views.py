"""An order as the API shows it: without contact data, address and payment tokens."""

from order_pipeline.api.models import (
    HistoryEntryView,
    LineQuantityView,
    OrderLineView,
    OrderView,
    ParcelView,
    PaymentView,
    RefundView,
    StockView,
)
from order_pipeline.money import major_units
from order_pipeline.order import Order


def order_view(order: Order) -> OrderView:
    """Return what a caller sees of an order."""

    def money(amount: int | None) -> str | None:
        return None if amount is None else major_units(amount, order.currency)

    return OrderView(
        order_id=order.order_id,
        customer_id=order.customer_id,
        status=order.status,
        version=order.version,
        placed_at=order.placed_at,
        currency=order.currency,
        priority=order.priority,
        items=tuple(
            OrderLineView(
                item_id=line.item_id, quantity=line.quantity, unit_price=money(line.unit_price)
            )
            for line in order.lines
        ),
        total=money(order.total),
        payment=PaymentView(state=order.payment.state),
        stock=StockView(state=order.stock.state),
        parcels=tuple(
            ParcelView(
                parcel_id=parcel.parcel_id,
                lines=tuple(
                    LineQuantityView(item_id=line.item_id, quantity=line.quantity)
                    for line in parcel.lines
                ),
                carrier=parcel.carrier,
                tracking_number=parcel.tracking_number,
                shipped_at=parcel.shipped_at,
                delivered_at=parcel.delivered_at,
            )
            for parcel in order.parcels
        ),
        refunds=tuple(
            RefundView(
                refund_id=refund.refund_id,
                state=refund.state,
                amount=major_units(refund.amount, order.currency),
                requested_at=refund.requested_at,
            )
            for refund in order.refunds
        ),
        history=tuple(
            HistoryEntryView(
                version=entry.version,
                event=entry.event,
                at=entry.at,
                by=entry.by,
                detail=entry.detail,
            )
            for entry in order.history
        ),
    )
