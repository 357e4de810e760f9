"""From a request to an order that is stored or deferred, or to the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from order_pipeline.adapters.observability import logger
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.problems import ProblemError, ProblemType, invalid_field
from order_pipeline.domain.canary import is_reserved_for_canary
from order_pipeline.domain.content_hash import content_hash
from order_pipeline.domain.limits import MAX_IDEMPOTENCY_KEY
from order_pipeline.domain.money import AmountError, minor_units
from order_pipeline.domain.order import Address, Contact, Line, Order, place
from order_pipeline.domain.ports import NewOrders, OrdersUnavailableError

BY = "place-order"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:order-pipeline:idempotency-key")


class Overflow(Protocol):
    """Where new orders are kept that cannot be stored at present."""

    def defer(self, order: Order, reason: str) -> None:
        """Keep the order, as it is, until it can be stored."""


@dataclass(frozen=True)
class Acceptance:
    """An order that will not be lost any more."""

    order: Order
    deferred: bool = False
    """Whether it is yet to be stored."""


def place_order(
    request: PlaceOrderRequest,
    *,
    idempotency_key: str | None,
    default_payment_method: str | None,
    trace_header: str | None,
    orders: NewOrders,
    overflow: Overflow,
) -> Acceptance:
    """Store the order that is asked for; the same request again finds the same order.

    A request is recognised by its `orderId`, and by the idempotency key only without one. A key
    beside an id is not refused: clients that put a new key on every attempt still place one order.

    An order that cannot be stored at present is deferred. It may have been stored although the
    answer was lost, and the same request may come again: whoever stores it later finds it there.

    Raises
    ------
    ProblemError
        If the request cannot become an order, or the order exists with different content.
    """
    order = _order(request, idempotency_key, default_payment_method, trace_header)
    logger.append_keys(order_id=order.order_id)
    try:
        stored = orders.add(order)
    except OrdersUnavailableError as unavailable:
        overflow.defer(order, str(unavailable))
        return Acceptance(order, deferred=True)
    if stored.payload_hash != order.payload_hash:
        raise ProblemError(
            ProblemType.ORDER_CONFLICT,
            f"Order {order.order_id} was already placed with different content.",
        )
    return Acceptance(stored)


def _order(
    request: PlaceOrderRequest,
    idempotency_key: str | None,
    default_payment_method: str | None,
    trace_header: str | None,
) -> Order:
    method = request.payment.method if request.payment else default_payment_method
    if not method:
        raise invalid_field(
            "payment", "is required: this environment has no default payment method"
        )
    if is_reserved_for_canary(request.customer_id, request.order_id):
        raise invalid_field("customerId", "is reserved for the pipeline's own test orders")
    lines = _lines(request)
    return place(
        order_id=request.order_id or _derived_id(idempotency_key),
        customer_id=request.customer_id,
        currency=request.currency,
        priority=request.priority,
        lines=lines,
        contact=Contact(**request.contact.model_dump()) if request.contact else None,
        shipping_address=(
            Address(**request.shipping_address.model_dump()) if request.shipping_address else None
        ),
        payment_method=method,
        payload_hash=_payload_hash(request, lines),
        trace_header=trace_header,
        by=BY,
    )


def _derived_id(idempotency_key: str | None) -> str:
    if not idempotency_key:
        raise invalid_field("orderId", "is required unless there is an Idempotency-Key header")
    if len(idempotency_key) > MAX_IDEMPOTENCY_KEY:
        raise invalid_field(
            "Idempotency-Key", f"must have at most {MAX_IDEMPOTENCY_KEY} characters"
        )
    return str(uuid5(_NAMESPACE, idempotency_key))


def _lines(request: PlaceOrderRequest) -> tuple[Line, ...]:
    lines = []
    for position, item in enumerate(request.items):
        try:
            price = None if item.price is None else minor_units(item.price, request.currency)
        except AmountError as error:
            raise invalid_field(f"items[{position}].price", str(error)) from None
        lines.append(Line(item_id=item.item_id, quantity=item.quantity, expected_price=price))
    return tuple(lines)


def _payload_hash(request: PlaceOrderRequest, lines: Sequence[Line]) -> str:
    """Hash what was asked for; how it was written (spaces, 29.9 or "29.90") does not matter.

    What has its default value is left out, so that a field added later changes no old hash.
    """
    content = request.model_dump(
        mode="json", exclude_defaults=True, exclude={"items": {"__all__": {"price"}}}
    )
    content["prices"] = [line.expected_price for line in lines]
    return content_hash(content)
