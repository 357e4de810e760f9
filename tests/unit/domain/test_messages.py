import pytest

from order_pipeline.messages import TEMPLATES
from order_pipeline.order import Order
from order_pipeline.transitions import EventType
from tests.unit.builders import (
    BY,
    a_confirmed_order,
    a_declined_order,
    a_line,
    a_placed_order,
    a_validated_order,
)


def test_a_confirmation_names_the_lines_and_the_total() -> None:
    order = a_confirmed_order(a_line("POT", 2), a_line("CUP", 1))
    message = TEMPLATES[EventType.ORDER_CONFIRMED](order)
    assert message.subject == "Your order ORD-1 is confirmed"
    assert "2 x POT at 29.99 GBP" in message.text
    assert "1 x CUP at 29.99 GBP" in message.text
    assert "Total: 89.97 GBP" in message.text


@pytest.mark.parametrize(
    ("event", "order", "says"),
    [
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
    ],
)
def test_a_failed_order_is_never_announced_as_confirmed(
    event: EventType, order: Order, says: str
) -> None:
    message = TEMPLATES[event](order)
    assert says in message.subject
    assert order.order_id in message.subject
    assert "Nothing was charged" in message.text
    assert "confirmed" not in (message.subject + message.text).lower()


def test_a_declined_payment_names_its_amount() -> None:
    assert "59.98 GBP" in TEMPLATES[EventType.PAYMENT_DECLINED](a_declined_order()).text
