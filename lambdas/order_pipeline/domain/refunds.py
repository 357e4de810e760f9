"""Refunds: never more than was captured, and every unit given back once.

A refund by line of units that have not left yet means that they will not leave any more. They are
withheld from the moment it is asked for, unless it fails, and go into stock with the money.
"""

from collections.abc import Sequence

from order_pipeline.domain.limits import MAX_REFUNDS
from order_pipeline.domain.money import major_units
from order_pipeline.domain.order import (
    LineQuantity,
    Order,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
    units_of,
    withheld_units,
)
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.shipping import completed
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType


def request_refund(
    order: Order,
    refund_id: str,
    *,
    amount: int | None,
    lines: Sequence[LineQuantity],
    restock: bool,
    request_hash: str,
    by: str,
) -> Order:
    """Return the order with a refund that is asked for; the payment stage gives the money back.

    Parameters
    ----------
    amount
        Minor units; what the lines cost, if None.
    lines
        What is given back. Units count as those that have left, as long as some of them are not
        refunded yet; the others are withheld.
    restock
        Whether the units that have left come back into stock. Those that are withheld always do.
    request_hash
        What the request is recognised by when it comes again: the order then stays as it is.

    Raises
    ------
    CommandConflictError
        If the refund was asked for before with different content.
    CommandRefusedError
        If nothing was captured, the refunds would exceed what was, more units would be given back
        than were sold, or the order has as many refunds as it may have.
    """
    if asked := order.refund(refund_id):
        if asked.request_hash != request_hash:
            raise CommandConflictError(
                f"Refund {refund_id} was already requested with different content."
            )
        return order
    if not (order.may(EventType.REFUND_REQUESTED) and order.payment.is_collected):
        raise CommandRefusedError(
            f"Order {order.order_id} cannot be refunded: no payment has been captured."
        )
    refund_lines = _refund_lines(order, lines)
    if amount is None:
        amount = _price(order, lines)
    left = refundable(order)
    if not 0 < amount <= left:
        raise CommandRefusedError(
            f"{major_units(amount, order.currency)} {order.currency} cannot be refunded: "
            f"{major_units(left, order.currency)} {order.currency} left to refund."
        )
    if len(order.refunds) >= MAX_REFUNDS:
        raise CommandRefusedError(
            f"Order {order.order_id} already has {MAX_REFUNDS} refunds, the maximum "
            "(including any that failed)."
        )
    requested_at = now()
    refund = Refund(
        refund_id=refund_id,
        amount=amount,
        lines=refund_lines,
        restock=restock,
        request_hash=request_hash,
        requested_at=requested_at,
    )
    return order.after(
        EventType.REFUND_REQUESTED,
        by=by,
        at=requested_at,
        detail={"refundId": refund_id, "amount": amount},
        refunds=(*order.refunds, refund),
    )


def refunded(order: Order, refund_id: str, *, by: str) -> Order:
    """Return the order with a refund whose money was given back.

    When all that had not left was withheld, this completes the order: it is SHIPPED, or DELIVERED.
    A refund that is not REQUESTED, or not there, changes nothing.
    """
    refund = _requested(order, refund_id)
    if refund is None:
        return order
    order = _with(order, refund.model_copy(update={"state": RefundState.REFUNDED}))
    given_back = sum(each.amount for each in order.refunds if each.state is RefundState.REFUNDED)
    state = PaymentState.REFUNDED if given_back == order.total else PaymentState.PARTIALLY_REFUNDED
    refunded_at = now()
    order = order.after(
        EventType.PAYMENT_REFUNDED,
        by=by,
        at=refunded_at,
        detail={"refundId": refund_id, "amount": refund.amount},
        payment=order.payment.model_copy(update={"state": state}),
    )
    return completed(order, by=by, at=refunded_at)


def refund_failed(order: Order, refund_id: str, reason: str, *, by: str) -> Order:
    """Return the order with a refund that the provider refused.

    Its amount can be asked for again, and what it withheld can leave again. A refund that is not
    REQUESTED, or not there, changes nothing.
    """
    refund = _requested(order, refund_id)
    if refund is None:
        return order
    return _with(order, refund.model_copy(update={"state": RefundState.FAILED})).after(
        EventType.REFUND_FAILED, by=by, detail={"refundId": refund_id, "reason": reason}
    )


def restocked(order: Order, refund_id: str, *, by: str) -> Order:
    """Return the order with a refund of which all that comes back is in stock.

    A refund of which nothing is to come back, or no more, changes nothing.
    """
    refund = order.refund(refund_id)
    if refund is None or not needs_restocking(refund):
        return order
    return _with(order, refund.model_copy(update={"restocked": True})).after(
        EventType.STOCK_RESTOCKED, by=by, detail={"refundId": refund_id}
    )


def needs_restocking(refund: Refund) -> bool:
    """Tell whether the money is back, but not yet the stock that comes with it."""
    return refund.state is RefundState.REFUNDED and not refund.is_settled


def refundable(order: Order) -> int:
    """Return what can still be refunded, in minor units."""
    if not order.payment.is_collected or order.total is None:
        return 0
    return order.total - sum(refund.amount for refund in _counted(order))


def _counted(order: Order) -> list[Refund]:
    return [refund for refund in order.refunds if refund.state is not RefundState.FAILED]


def _requested(order: Order, refund_id: str) -> Refund | None:
    refund = order.refund(refund_id)
    return refund if refund and refund.state is RefundState.REQUESTED else None


def _with(order: Order, changed: Refund) -> Order:
    return order.model_copy(
        update={
            "refunds": tuple(
                changed if refund.refund_id == changed.refund_id else refund
                for refund in order.refunds
            )
        }
    )


def _refund_lines(order: Order, lines: Sequence[LineQuantity]) -> tuple[RefundLine, ...]:
    """Return what is refunded, one line per item, with what is withheld of it.

    Raises
    ------
    CommandRefusedError
        If more units would be given back than were sold.
    """
    before = units_of(line for refund in _counted(order) for line in refund.lines)
    withheld_before = withheld_units(_counted(order))
    refund_lines = []
    for item_id, units in units_of(lines).items():
        if before[item_id] + units > order.quantities.get(item_id, 0):
            raise CommandRefusedError(
                f"{units} of {item_id} cannot be refunded: "
                f"{order.quantities.get(item_id, 0) - before[item_id]} left to refund."
            )
        returned = before[item_id] - withheld_before[item_id]
        with_customer = order.shipped_quantities.get(item_id, 0) - returned
        refund_lines.append(
            RefundLine(item_id=item_id, quantity=units, withheld=max(0, units - with_customer))
        )
    return tuple(refund_lines)


def _price(order: Order, lines: Sequence[LineQuantity]) -> int:
    """Return what the lines cost; every line of one item has the catalogue's one price."""
    prices = {line.item_id: line.unit_price or 0 for line in order.lines}
    return sum(prices[line.item_id] * line.quantity for line in lines)
