"""Shipping and delivering an order, in one parcel or several."""

from collections.abc import Sequence

from order_pipeline.limits import MAX_PARCEL_LINES, MAX_PARCELS_AND_REFUNDS
from order_pipeline.order import (
    LineQuantity,
    Order,
    Parcel,
    PaymentState,
    Stock,
    StockState,
    units_of,
)
from order_pipeline.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.stored import now
from order_pipeline.transitions import EventType, Status


def ship(
    order: Order,
    parcel_id: str,
    *,
    lines: Sequence[LineQuantity] | None,
    carrier: str,
    tracking_number: str,
    request_hash: str,
    by: str,
) -> Order:
    """Return the order with a parcel that has left, and SHIPPED when nothing remains.

    Parameters
    ----------
    lines
        What is in the parcel; all that remains, if None.
    request_hash
        What the request is recognised by when it comes again: the order then stays as it is.

    Raises
    ------
    CommandConflictError
        If the parcel was shipped before with another content.
    CommandRefusedError
        If the order is not CONFIRMED, its payment has expired, or less remains of a line than is
        in the parcel.
    """
    if shipped := order.parcel(parcel_id):
        if shipped.request_hash != request_hash:
            raise CommandConflictError(f"Parcel {parcel_id} left before with another content.")
        return order
    if not order.may(EventType.PARCEL_SHIPPED):
        raise CommandRefusedError(
            f"Order {order.order_id} cannot be shipped: it is {order.status}."
        )
    if order.payment.state is PaymentState.EXPIRED:
        raise CommandRefusedError(
            f"Order {order.order_id} cannot be shipped: its payment has expired."
        )
    remaining = remaining_quantities(order)
    in_parcel = remaining if lines is None else units_of(lines)
    for item_id, units in in_parcel.items():
        if units > remaining.get(item_id, 0):
            raise CommandRefusedError(
                f"{units} units of {item_id} cannot leave: {remaining.get(item_id, 0)} remain."
            )
    check_room(order, len(in_parcel))
    shipped_at = now()
    parcel = Parcel(
        parcel_id=parcel_id,
        lines=tuple(
            LineQuantity(item_id=item_id, quantity=units) for item_id, units in in_parcel.items()
        ),
        carrier=carrier,
        tracking_number=tracking_number,
        request_hash=request_hash,
        shipped_at=shipped_at,
    )
    order = order.after(
        EventType.PARCEL_SHIPPED,
        by=by,
        at=shipped_at,
        detail={"parcelId": parcel_id, "carrier": carrier, "trackingNumber": tracking_number},
        parcels=(*order.parcels, parcel),
    )
    if remaining_quantities(order):
        return order
    return order.after(
        EventType.ORDER_SHIPPED, by=by, at=shipped_at, stock=Stock(state=StockState.SHIPPED)
    )


def deliver(order: Order, parcel_id: str, *, by: str) -> Order:
    """Return the order with a parcel that has arrived, and DELIVERED when all have.

    A parcel that has arrived before stays as it is.

    Raises
    ------
    CommandRefusedError
        If no such parcel has left.
    """
    parcel = order.parcel(parcel_id)
    if parcel is None:
        raise CommandRefusedError(f"No parcel {parcel_id} of order {order.order_id} has left.")
    if parcel.delivered_at:
        return order
    delivered_at = now()
    delivered = parcel.model_copy(update={"delivered_at": delivered_at})
    order = order.after(
        EventType.PARCEL_DELIVERED,
        by=by,
        at=delivered_at,
        detail={"parcelId": parcel_id},
        parcels=tuple(delivered if each.parcel_id == parcel_id else each for each in order.parcels),
    )
    if order.status is not Status.SHIPPED or not all(each.delivered_at for each in order.parcels):
        return order
    return order.after(EventType.ORDER_DELIVERED, by=by, at=delivered_at)


def remaining_quantities(order: Order) -> dict[str, int]:
    """Return the units per item that have not left yet; items of which all have left are absent."""
    remaining = units_of(order.lines)
    remaining.subtract(order.shipped_quantities)
    return {item_id: units for item_id, units in remaining.items() if units > 0}


def check_room(order: Order, more_lines: int) -> None:
    """Refuse one more parcel or refund where the order's item could become too large.

    Raises
    ------
    CommandRefusedError
        If the order has as many as it may have.
    """
    lines = sum(len(parcel.lines) for parcel in order.parcels)
    lines += sum(len(refund.lines) for refund in order.refunds)
    if len(order.parcels) + len(order.refunds) >= MAX_PARCELS_AND_REFUNDS:
        raise CommandRefusedError(
            f"Order {order.order_id} has {MAX_PARCELS_AND_REFUNDS} parcels and refunds already."
        )
    if lines + more_lines > MAX_PARCEL_LINES:
        raise CommandRefusedError(
            f"The parcels and refunds of order {order.order_id} would have more than "
            f"{MAX_PARCEL_LINES} lines."
        )
