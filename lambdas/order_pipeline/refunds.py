"""Refunds: never more than was captured, and every unit given back once."""

from collections.abc import Sequence

from order_pipeline.money import major_units
from order_pipeline.order import (
    LineQuantity,
    Order,
    PaymentState,
    Refund,
    RefundState,
    units_of,
)
from order_pipeline.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.shipping import check_room
from order_pipeline.stored import now
from order_pipeline.transitions import EventType


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
        What is given back. With `restock` they come back into stock, so they must have left it.
    request_hash
        What the request is recognised by when it comes again: the order then stays as it is.

    Raises
    ------
    CommandConflictError
        If the refund was asked for before with another content.
    CommandRefusedError
        If nothing was captured, the refunds would exceed what was, or more units would come back
        than were sold or have left.
    """
    if asked := order.refund(refund_id):
        if asked.request_hash != request_hash:
            raise CommandConflictError(f"Refund {refund_id} was asked for with another content.")
        return order
    if not (order.may(EventType.REFUND_REQUESTED) and order.payment.is_collected):
        raise CommandRefusedError(
            f"Order {order.order_id} cannot be refunded: nothing was captured."
        )
    _check_units(order, lines, restock=restock)
    if amount is None:
        amount = _price(order, lines)
    left = refundable(order)
    if not 0 < amount <= left:
        raise CommandRefusedError(
            f"{major_units(amount, order.currency)} {order.currency} cannot be refunded: "
            f"{major_units(left, order.currency)} {order.currency} can."
        )
    check_room(order, len(lines))
    requested_at = now()
    refund = Refund(
        refund_id=refund_id,
        amount=amount,
        lines=tuple(lines),
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
    """Return the order with a refund whose money was given back."""
    refund = _requested(order, refund_id)
    if refund is None:
        return order
    order = _with(order, refund.model_copy(update={"state": RefundState.REFUNDED}))
    given_back = sum(each.amount for each in order.refunds if each.state is RefundState.REFUNDED)
    state = PaymentState.REFUNDED if given_back == order.total else PaymentState.PARTIALLY_REFUNDED
    return order.after(
        EventType.PAYMENT_REFUNDED,
        by=by,
        detail={"refundId": refund_id, "amount": refund.amount},
        payment=order.payment.model_copy(update={"state": state}),
    )


def refund_failed(order: Order, refund_id: str, reason: str, *, by: str) -> Order:
    """Return the order with a refund that the provider refused; its amount can be asked again."""
    refund = _requested(order, refund_id)
    if refund is None:
        return order
    return _with(order, refund.model_copy(update={"state": RefundState.FAILED})).after(
        EventType.REFUND_FAILED, by=by, detail={"refundId": refund_id, "reason": reason}
    )


def restocked(order: Order, refund_id: str, *, by: str) -> Order:
    """Return the order with a refund whose lines are back in stock."""
    refund = order.refund(refund_id)
    if refund is None or not needs_restocking(refund):
        return order
    return _with(order, refund.model_copy(update={"restocked": True})).after(
        EventType.STOCK_RESTOCKED, by=by, detail={"refundId": refund_id}
    )


def needs_restocking(refund: Refund) -> bool:
    """Tell whether the money is back but the stock is not, although it was asked for."""
    return refund.state is RefundState.REFUNDED and refund.restock and not refund.restocked


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


def _check_units(order: Order, lines: Sequence[LineQuantity], *, restock: bool) -> None:
    before = units_of(line for refund in _counted(order) for line in refund.lines)
    back_in_stock = units_of(
        line for refund in _counted(order) if refund.restock for line in refund.lines
    )
    for item_id, units in units_of(lines).items():
        if before[item_id] + units > order.quantities.get(item_id, 0):
            raise CommandRefusedError(
                f"{units} units of {item_id} cannot be given back: "
                f"{order.quantities.get(item_id, 0) - before[item_id]} can."
            )
        left = order.shipped_quantities.get(item_id, 0) - back_in_stock[item_id]
        if restock and units > left:
            raise CommandRefusedError(
                f"{units} units of {item_id} cannot be restocked: {left} have left the warehouse."
            )


def _price(order: Order, lines: Sequence[LineQuantity]) -> int:
    """Return what the lines cost; every line of one item has the catalogue's one price."""
    prices = {line.item_id: line.unit_price or 0 for line in order.lines}
    return sum(prices[line.item_id] * line.quantity for line in lines)
