"""Builders that the unit tests share: an order at any point of its life, an item, an event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from order_pipeline.domain.authorisation import confirmed
from order_pipeline.domain.catalogue import Item, check
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import (
    Address,
    Contact,
    Line,
    LineQuantity,
    Order,
    Payment,
    PaymentState,
    Refund,
    Stock,
    StockState,
    place,
)
from order_pipeline.domain.refunds import request_refund
from order_pipeline.domain.shipping import ship
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATELY = now()
"""When money was held that still is: what is authorised ends after a week."""
BY = "test"


def a_line(item_id: str = "ITEM-001", quantity: int = 2, price: int | None = None) -> Line:
    return Line(item_id=item_id, quantity=quantity, expected_price=price)


def an_item(item_id: str = "ITEM-001", **changes: Any) -> Item:
    values: dict[str, Any] = {
        "item_id": item_id,
        "name": "Tea pot",
        "price": 2999,
        "currency": Currency.GBP,
        "available": 10,
        "active": True,
        "version": 1,
    }
    return Item(**(values | changes))


def a_placed_order(*lines: Line, **changes: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": "ORD-1",
        "customer_id": "CUST-1",
        "currency": Currency.GBP,
        "lines": lines or (a_line(),),
        "payment_method": "pm_card_visa",
        "payload_hash": "0" * 64,
        "contact": Contact(email="ada@example.com"),
        "by": BY,
        "at": NOON,
    }
    return place(**(values | changes))


def a_storefront_order(*lines: Line, **changes: Any) -> Order:
    """An order as a storefront sends it, with ids as long as theirs: what sizes are measured by."""
    values: dict[str, Any] = {
        "order_id": "ORD-2026-000123",
        "customer_id": "CUST-12345",
        "payment_method": "pm_1PX9abcDEFghiJKLmnoPQRst",
        "contact": Contact(email="ada.lovelace@mail.example", phone="+447700900123"),
        "shipping_address": Address(
            name="Ada Lovelace",
            line1="12 Analytical Row",
            city="London",
            postcode="N1 9GU",
            country="GB",
        ),
        "by": "place-order",
    }
    return a_placed_order(*lines, **(values | changes))


def to_its_confirmation(placed: Order) -> list[Order]:
    """Return an order after each of its writes, to its confirmation."""
    items = {
        line.item_id: an_item(line.item_id, price=line.expected_price) for line in placed.lines
    }
    validated = check(placed, items, by="validation")
    reserved = validated.after(
        EventType.STOCK_RESERVED, by="inventory", stock=Stock(state=StockState.HELD)
    )
    with_intent = with_payment(reserved, intent_id="pi_3PX9abcDEFghiJKLmnoPQRst")
    return [placed, validated, reserved, with_intent, confirmed(with_intent, by="payment")]


def a_validated_order(*lines: Line, **changes: Any) -> Order:
    order = a_placed_order(*lines, **changes)
    return check(order, {item_id: an_item(item_id) for item_id in order.quantities}, by=BY)


def a_reserved_order(*lines: Line, intent_id: str | None = None, **changes: Any) -> Order:
    order = a_validated_order(*lines, **changes)
    return order.after(
        EventType.STOCK_RESERVED,
        by=BY,
        at=NOON,
        stock=Stock(state=StockState.HELD),
        payment=order.payment.model_copy(update={"intent_id": intent_id}),
    )


def a_confirmed_order(*lines: Line, **changes: Any) -> Order:
    order = a_reserved_order(*lines, intent_id="pi_1", **changes)
    payment = Payment(
        method=order.payment.method,
        intent_id="pi_1",
        state=PaymentState.AUTHORISED,
        authorised_at=LATELY,
    )
    return order.after(EventType.ORDER_CONFIRMED, by=BY, at=NOON, payment=payment)


def a_declined_order(*lines: Line, **changes: Any) -> Order:
    order = a_reserved_order(*lines, intent_id="pi_1", **changes)
    return order.after(
        EventType.PAYMENT_DECLINED, by=BY, at=NOON, detail={"reason": "card_declined"}
    )


def a_cancelled_order(*lines: Line, **changes: Any) -> Order:
    return a_reserved_order(*lines, **changes).after(EventType.ORDER_CANCELLED, by=BY, at=NOON)


def a_shipped_order(*lines: Line, **changes: Any) -> Order:
    """Return an order whose lines have all left in the parcel P-1, and whose money is held."""
    return shipped(a_confirmed_order(*lines, **changes))


def a_captured_order(*lines: Line, **changes: Any) -> Order:
    """Return an order whose lines have all left in the parcel P-1, and whose money was taken."""
    return captured(a_shipped_order(*lines, **changes))


def a_partly_shipped_order() -> Order:
    """Return an order of two units, paid for, of which one has left in the parcel P-1."""
    one = LineQuantity(item_id="ITEM-001", quantity=1)
    return captured(shipped(a_confirmed_order(a_line(quantity=2)), lines=[one]))


def shipped(
    order: Order,
    parcel_id: str = "P-1",
    lines: Sequence[LineQuantity] | None = None,
    request_hash: str = "1",
) -> Order:
    """Return the order with a parcel that has left: all that remains, if not told otherwise."""
    return ship(
        order,
        parcel_id,
        lines=lines,
        carrier="Royal Mail",
        tracking_number="AB1",
        request_hash=request_hash,
        by=BY,
    )


def captured(order: Order) -> Order:
    """Return the order with its money taken."""
    payment = order.payment.model_copy(update={"state": PaymentState.CAPTURED})
    return order.after(EventType.PAYMENT_CAPTURED, by=BY, at=NOON, payment=payment)


def with_payment(order: Order, **changes: Any) -> Order:
    """Return the order with something else on record of its payment, and no event that says so."""
    return order.model_copy(update={"payment": order.payment.model_copy(update=changes)})


def a_refund(**changes: Any) -> Refund:
    values: dict[str, Any] = {
        "refund_id": "R-1",
        "amount": 1000,
        "request_hash": "1",
        "requested_at": NOON,
    }
    return Refund(**(values | changes))


def with_refund(order: Order, refund_id: str = "R-1", **changes: Any) -> Order:
    """Return the order with a refund asked for: of an `amount`, or of `lines`."""
    values: dict[str, Any] = {
        "amount": None,
        "lines": (),
        "restock": False,
        "request_hash": "1",
        "by": BY,
    }
    return request_refund(order, refund_id, **(values | changes))


def latest_event(order: Order) -> OrderEvent:
    """Return the event that the order's last history entry stands for."""
    return events_since(order.version - 1, order)[0]


def event_of(order: Order, event_type: EventType) -> OrderEvent:
    """Return the order's latest event of a type."""
    return [event for event in events_since(0, order) if event.event_type is event_type][-1]
