import pytest

from order_pipeline.cancellation import CancelReason, cancel
from order_pipeline.messages import TEMPLATES, Message
from order_pipeline.order import Order
from order_pipeline.refunds import refunded, request_refund
from order_pipeline.shipping import deliver
from order_pipeline.transitions import EventType
from tests.unit.builders import (
    BY,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_line,
    a_placed_order,
    a_validated_order,
    event_of,
)


def message(event_type: EventType, order: Order) -> Message:
    """Return what the customer is told about the order's latest event of a type."""
    return TEMPLATES[event_type](order, event_of(order, event_type))


def test_a_confirmation_names_the_lines_and_the_total() -> None:
    order = a_confirmed_order(a_line("POT", 2), a_line("CUP", 1))
    told = message(EventType.ORDER_CONFIRMED, order)
    assert told.subject == "Your order ORD-1 is confirmed"
    assert "2 x POT at 29.99 GBP" in told.text
    assert "1 x CUP at 29.99 GBP" in told.text
    assert "Total: 89.97 GBP" in told.text


FAILURES = [
    (
        EventType.ORDER_REJECTED,
        a_placed_order().after(EventType.ORDER_REJECTED, by=BY),
        "could not accept",
    ),
    (
        EventType.STOCK_UNAVAILABLE,
        a_validated_order().after(EventType.STOCK_UNAVAILABLE, by=BY),
        "out of stock",
    ),
    (EventType.PAYMENT_DECLINED, a_declined_order(), "was declined"),
    (
        EventType.ORDER_CANCELLED,
        cancel(a_confirmed_order(), CancelReason.OTHER, by=BY),
        "is cancelled",
    ),
]


@pytest.mark.parametrize(("event", "order", "says"), FAILURES)
def test_a_failed_order_is_never_announced_as_confirmed(
    event: EventType, order: Order, says: str
) -> None:
    told = message(event, order)
    assert says in told.subject
    assert order.order_id in told.subject
    assert "Nothing was charged" in told.text
    assert "confirmed" not in (told.subject + told.text).lower()


def test_a_declined_payment_names_its_amount() -> None:
    assert "59.98 GBP" in message(EventType.PAYMENT_DECLINED, a_declined_order()).text


def test_a_parcel_names_its_contents_and_how_to_follow_it() -> None:
    told = message(EventType.PARCEL_SHIPPED, a_captured_order())
    assert told.subject == "A parcel of your order ORD-1 is on its way"
    assert "2 x ITEM-001" in told.text
    assert "Royal Mail, tracking number AB1" in told.text


def test_a_captured_payment_names_its_amount() -> None:
    told = message(EventType.PAYMENT_CAPTURED, a_captured_order())
    assert told.subject == "We have taken the payment of 59.98 GBP for your order ORD-1"


def test_an_arrival_is_told_when_all_has_arrived() -> None:
    order = deliver(a_captured_order(), "P-1", by=BY)
    assert "has arrived" in message(EventType.ORDER_DELIVERED, order).subject


def test_a_refund_names_its_own_amount() -> None:
    order = request_refund(
        a_captured_order(),
        "R-1",
        amount=1050,
        lines=(),
        restock=False,
        request_hash="1",
        by=BY,
    )
    told = message(EventType.PAYMENT_REFUNDED, refunded(order, "R-1", by=BY))
    assert told.subject == "We have refunded 10.50 GBP for your order ORD-1"
