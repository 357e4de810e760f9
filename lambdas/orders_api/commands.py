"""What may be done to an order: cancel it, ship it, deliver it, refund it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from order_pipeline.api.changing import (
    CancelOrderRequest,
    LineQuantityRequest,
    RefundOrderRequest,
    ShipParcelRequest,
)
from order_pipeline.api.problems import ProblemError, ProblemType, invalid_field
from order_pipeline.domain.cancellation import cancel
from order_pipeline.domain.content_hash import content_hash
from order_pipeline.domain.money import AmountError, Currency, minor_units
from order_pipeline.domain.order import Address, LineQuantity, Order
from order_pipeline.domain.ports import OrderNotFoundError, Orders
from order_pipeline.domain.refunds import request_refund
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.shipping import deliver, ship

BY = "orders-api"


def order_now(order_id: str, *, orders: Orders) -> Order:
    """Return the order as it is now.

    Raises
    ------
    ProblemError
        If there is none.
    """
    with _found(order_id):
        return orders.get(order_id)


def shipping_address(order_id: str, *, orders: Orders) -> Address:
    """Return where the order's parcels go.

    Raises
    ------
    ProblemError
        If there is no such order, it was placed without an address, or its customer was erased.
    """
    order = order_now(order_id, orders=orders)
    if order.shipping_address:
        return order.shipping_address
    why = "its customer was erased" if order.erased_at else "it was placed without one"
    raise ProblemError(ProblemType.NOT_FOUND, f"Order {order_id} has no shipping address: {why}.")


def cancel_order(order_id: str, request: CancelOrderRequest, *, orders: Orders) -> Order:
    """Cancel the order; what it holds is given back by the stages that hear of it.

    Raises
    ------
    ProblemError
        If there is no such order, a parcel has left, or it was cancelled for another reason.
    """
    return _carry_out(order_id, lambda order: cancel(order, request.reason, by=BY), orders)


def ship_parcel(order_id: str, request: ShipParcelRequest, *, orders: Orders) -> Order:
    """Record a parcel that leaves.

    Raises
    ------
    ProblemError
        If there is no such order, it is not ready to be shipped, less remains than is in the
        parcel, or the parcel left before with different content.
    """
    return _carry_out(
        order_id,
        lambda order: ship(
            order,
            request.parcel_id,
            lines=None if request.lines is None else _lines(request.lines),
            carrier=request.carrier,
            tracking_number=request.tracking_number,
            request_hash=content_hash(request.model_dump(mode="json", exclude_defaults=True)),
            by=BY,
        ),
        orders,
    )


def deliver_parcel(order_id: str, parcel_id: str, *, orders: Orders) -> Order:
    """Record a parcel's arrival.

    Raises
    ------
    ProblemError
        If there is no such order or parcel.
    """
    return _carry_out(order_id, lambda order: deliver(order, parcel_id, by=BY), orders)


def refund_order(order_id: str, request: RefundOrderRequest, *, orders: Orders) -> Order:
    """Record a refund; the payment stage gives the money back.

    Raises
    ------
    ProblemError
        If there is no such order, the refund is more than can be given back, or it was asked for
        before with different content.
    """
    if (request.amount is None) is (request.lines is None):
        raise invalid_field("amount", "is required without lines, and not allowed with them")
    if request.restock and request.lines is None:
        raise invalid_field("restock", "requires lines, to say what goes back into stock")

    def refund(order: Order) -> Order:
        amount = _minor_units(request.amount, order.currency)
        asked_for = request.model_dump(mode="json", exclude={"amount"}, exclude_defaults=True)
        return request_refund(
            order,
            request.refund_id,
            amount=amount,
            lines=_lines(request.lines or ()),
            restock=request.restock,
            request_hash=content_hash(asked_for | {"minorUnits": amount}),
            by=BY,
        )

    return _carry_out(order_id, refund, orders)


def _carry_out(order_id: str, command: Callable[[Order], Order], orders: Orders) -> Order:
    """Store what a command makes of an order; one whose customer was erased takes none any more."""

    def unless_erased(order: Order) -> Order:
        changed = command(order)
        if order.erased_at and changed is not order:
            raise CommandRefusedError(
                f"Order {order_id} is closed: its customer's personal data has been erased."
            )
        return changed

    try:
        with _found(order_id):
            return orders.change(order_id, unless_erased)
    except CommandConflictError as conflict:
        raise ProblemError(ProblemType.ID_CONFLICT, str(conflict)) from None
    except CommandRefusedError as refused:
        raise ProblemError(ProblemType.REFUSED, str(refused)) from None


@contextmanager
def _found(order_id: str) -> Iterator[None]:
    try:
        yield
    except OrderNotFoundError:
        raise ProblemError(ProblemType.NOT_FOUND, f"There is no order {order_id}.") from None


def _lines(lines: Sequence[LineQuantityRequest]) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(item_id=line.item_id, quantity=line.quantity) for line in lines)


def _minor_units(amount: Decimal | None, currency: Currency) -> int | None:
    try:
        return None if amount is None else minor_units(amount, currency)
    except AmountError as error:
        raise invalid_field("amount", str(error)) from None
