"""Shipping and delivering an order, in one parcel or several."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from order_pipeline.domain.limits import MAX_PARCEL_LINES, MAX_PARCELS
from order_pipeline.domain.order import (
    LineQuantity,
    Order,
    Parcel,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Stock,
    StockState,
    units_of,
    withheld_units,
)
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status

_NOT_PAID = {
    PaymentState.EXPIRED: "its payment has expired",
    PaymentState.CAPTURE_FAILED: "its payment could not be taken",
}
"""The states in which no money will come, and what is said of them."""


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
        If the parcel was shipped before with different content.
    CommandRefusedError
        If the order is not CONFIRMED, nobody would pay for what leaves, less remains of a line
        than is in the parcel, or the parcel leaves more behind than the parcels after it could
        hold.
    """
    if shipped := order.parcel(parcel_id):
        if shipped.request_hash != request_hash:
            raise CommandConflictError(
                f"Parcel {parcel_id} was already shipped with different content."
            )
        return order
    if not order.may(EventType.PARCEL_SHIPPED):
        raise CommandRefusedError(
            f"Order {order.order_id} cannot be shipped: it is {order.status}."
        )
    if reason := _why_nobody_pays(order.payment):
        raise CommandRefusedError(f"Order {order.order_id} cannot be shipped: {reason}.")
    remaining = remaining_quantities(order)
    in_parcel = remaining if lines is None else units_of(lines)
    for item_id, units in in_parcel.items():
        if units > remaining.get(item_id, 0):
            raise CommandRefusedError(
                f"{units} of {item_id} cannot be shipped: {remaining.get(item_id, 0)} left to ship."
            )
    if not in_parcel:
        raise CommandRefusedError(
            f"Nothing in order {order.order_id} is left to ship: the rest is being refunded."
        )
    _check_room(order, in_parcel)
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
        detail={"parcelId": parcel_id},
        parcels=(*order.parcels, parcel),
    )
    return completed(order, by=by, at=shipped_at)


def _why_nobody_pays(payment: Payment) -> str | None:
    is_held = payment.state is PaymentState.AUTHORISED
    if is_held and payment.hold_ends and payment.hold_ends <= now():
        return "the hold on its money has ended"
    return _NOT_PAID.get(payment.state)


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
        raise CommandRefusedError(
            f"No parcel {parcel_id} of order {order.order_id} has been shipped."
        )
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
    return completed(order, by=by, at=delivered_at)


def completed(order: Order, *, by: str, at: datetime) -> Order:
    """Return an order of which a parcel has left as far as it has come with that.

    It is SHIPPED once nothing can leave any more: while a refund withholds units and may still
    fail, they can. It is DELIVERED once all its parcels have arrived as well.
    """
    if order.status is Status.CONFIRMED and not _to_account_for(order):
        order = order.after(
            EventType.ORDER_SHIPPED, by=by, at=at, stock=Stock(state=StockState.SHIPPED)
        )
    if order.status is Status.SHIPPED and all(parcel.delivered_at for parcel in order.parcels):
        order = order.after(EventType.ORDER_DELIVERED, by=by, at=at)
    return order


def remaining_quantities(order: Order) -> dict[str, int]:
    """Return the units per item that can leave; items of which none can are absent.

    They are what was sold, less what has left, less what is withheld by refunds, unless those
    have failed.
    """
    withholding = [refund for refund in order.refunds if refund.state is not RefundState.FAILED]
    return _not_left(order, withholding)


def _to_account_for(order: Order) -> dict[str, int]:
    """Return the units per item that have neither left nor been refunded for good instead."""
    return _not_left(
        order, [refund for refund in order.refunds if refund.state is RefundState.REFUNDED]
    )


def _not_left(order: Order, withholding: Sequence[Refund]) -> dict[str, int]:
    units = units_of(order.lines)
    units.subtract(order.shipped_quantities)
    units.subtract(withheld_units(withholding))
    return dict(+units)


def _check_room(order: Order, in_parcel: Mapping[str, int]) -> None:
    """Refuse a parcel that leaves more behind than the parcels after it could hold.

    Parcels and their lines are limited, since an order is one item of the table. Room is kept for
    all that is left behind, so that there is always a parcel that can leave: one with all that
    remains of its items.

    Raises
    ------
    CommandRefusedError
        If there would be too little room; the message says what the parcel must hold instead.
    """
    left_behind = +(Counter(_to_account_for(order)) - Counter(in_parcel))
    if left_behind and len(order.parcels) + 1 >= MAX_PARCELS:
        raise CommandRefusedError(
            f"This is the last of the {MAX_PARCELS} parcels that order {order.order_id} may have: "
            "it must contain everything that is left, and no refund of unshipped units may be in "
            "progress."
        )
    lines = sum(len(parcel.lines) for parcel in order.parcels) + len(in_parcel) + len(left_behind)
    if lines > MAX_PARCEL_LINES:
        raise CommandRefusedError(
            f"The parcels of order {order.order_id} may have {MAX_PARCEL_LINES} lines in total, "
            "and some are kept for what is left behind: the parcel must contain all that is left "
            f"of at least {lines - MAX_PARCEL_LINES} more of its items."
        )
