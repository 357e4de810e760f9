"""An order as the API shows it: without contact data and payment tokens; its address apart."""

from collections.abc import Callable, Sequence

from order_pipeline.adapters.orders_table import ListedOrder
from order_pipeline.api.changing import (
    CancelOrderResponse,
    DeliverParcelResponse,
    LineQuantityView,
    RefundLineView,
    RefundOrderResponse,
    ShipParcelResponse,
)
from order_pipeline.api.fields import Links
from order_pipeline.api.looking import (
    HistoryEntryView,
    OrderLineView,
    OrderListEntry,
    OrderListResponse,
    OrderView,
    ParcelView,
    PaymentView,
    RefundView,
    ShippingAddressView,
    StockView,
)
from order_pipeline.domain.money import major_units
from order_pipeline.domain.order import Address, Order, Parcel, Refund

type Refer = Callable[[str], str]
"""A path of the API → the reference that leads there from the request (`Request.reference`)."""


def order_view(order: Order) -> OrderView:
    """Return what a caller sees of an order; once it is erased, that is not whose it was."""

    def money(amount: int | None) -> str | None:
        return None if amount is None else major_units(amount, order.currency)

    return OrderView(
        order_id=order.order_id,
        customer_id=None if order.erased_at else order.customer_id,
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
                lines=_lines(parcel),
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
                lines=_refund_lines(refund),
                requested_at=refund.requested_at,
            )
            for refund in order.refunds
        ),
        erased_at=order.erased_at,
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


def address_view(address: Address) -> ShippingAddressView:
    """Return what the warehouse sees of an address: all of it."""
    return ShippingAddressView(**address.model_dump())


def cancelled_view(order: Order, refer: Refer) -> CancelOrderResponse:
    """Return the answer to a cancellation."""
    return CancelOrderResponse(
        order_id=order.order_id,
        status=order.status,
        message="The order has been cancelled; any stock and money held will be released.",
        links=_links(order.order_id, refer),
    )


def shipped_view(order: Order, parcel_id: str, refer: Refer) -> ShipParcelResponse:
    """Return the answer to a shipment."""
    return ShipParcelResponse(
        order_id=order.order_id,
        parcel_id=parcel_id,
        lines=_lines(_parcel(order, parcel_id)),
        links=_links(order.order_id, refer),
    )


def delivered_view(order: Order, parcel_id: str, refer: Refer) -> DeliverParcelResponse:
    """Return the answer to a delivery."""
    delivered_at = _parcel(order, parcel_id).delivered_at
    if delivered_at is None:
        raise ValueError(f"parcel {parcel_id} of {order.order_id} was not delivered")
    return DeliverParcelResponse(
        order_id=order.order_id,
        parcel_id=parcel_id,
        delivered_at=delivered_at,
        links=_links(order.order_id, refer),
    )


def refund_view(order: Order, refund_id: str, refer: Refer) -> RefundOrderResponse:
    """Return the answer to a refund."""
    refund = order.refund(refund_id)
    if refund is None:
        raise ValueError(f"{order.order_id} has no refund {refund_id}")
    return RefundOrderResponse(
        order_id=order.order_id,
        refund_id=refund_id,
        amount=major_units(refund.amount, order.currency),
        lines=_refund_lines(refund),
        links=_links(order.order_id, refer),
    )


def list_view(orders: Sequence[ListedOrder], cursor: str | None, refer: Refer) -> OrderListResponse:
    """Return a page of a list."""
    return OrderListResponse(
        orders=tuple(
            OrderListEntry(
                order_id=order.order_id,
                status=order.status,
                placed_at=order.placed_at,
                currency=order.currency,
                total=None if order.total is None else major_units(order.total, order.currency),
                links=_links(order.order_id, refer),
            )
            for order in orders
        ),
        cursor=cursor,
    )


def _links(order_id: str, refer: Refer) -> Links:
    return Links(self=refer(f"/orders/{order_id}"))


def _parcel(order: Order, parcel_id: str) -> Parcel:
    parcel = order.parcel(parcel_id)
    if parcel is None:
        raise ValueError(f"{order.order_id} has no parcel {parcel_id}")
    return parcel


def _lines(parcel: Parcel) -> tuple[LineQuantityView, ...]:
    return tuple(
        LineQuantityView(item_id=line.item_id, quantity=line.quantity) for line in parcel.lines
    )


def _refund_lines(refund: Refund) -> tuple[RefundLineView, ...]:
    return tuple(
        RefundLineView(item_id=line.item_id, quantity=line.quantity, withheld=line.withheld)
        for line in refund.lines
    )
