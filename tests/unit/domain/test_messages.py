import pytest

from order_pipeline.domain.cancellation import CancelReason, cancel
from order_pipeline.domain.catalogue import Item, RejectionReason, check
from order_pipeline.domain.messages import TEMPLATES, Message
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import LineQuantity, Order
from order_pipeline.domain.refunds import refunded
from order_pipeline.domain.shipping import deliver
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import (
    BY,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_line,
    a_partly_shipped_order,
    a_placed_order,
    a_validated_order,
    an_item,
    event_of,
    with_refund,
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
        check(a_placed_order(), {}, by=BY),
        "could not accept",
    ),
    (
        EventType.STOCK_UNAVAILABLE,
        a_validated_order().after(EventType.STOCK_UNAVAILABLE, by=BY),
        "not have enough stock",
    ),
    (EventType.PAYMENT_DECLINED, a_declined_order(), "was declined"),
    (
        EventType.ORDER_CANCELLED,
        cancel(a_confirmed_order(), CancelReason.OTHER, by=BY),
        "has been cancelled",
    ),
]


@pytest.mark.parametrize(("event", "order", "says"), FAILURES)
def test_a_failed_order_is_never_announced_as_confirmed(
    event: EventType, order: Order, says: str
) -> None:
    told = message(event, order)
    assert says in told.subject
    assert order.order_id in told.subject
    assert "You have not been charged" in told.text
    assert "confirmed" not in (told.subject + told.text).lower()


DEAR = {"ITEM-001": an_item(price=100_000_000)}
CHEAP = {"ITEM-001": an_item(price=1)}
REJECTIONS = [
    (RejectionReason.UNKNOWN_ITEM, {}, "ITEM-001 is not for sale"),
    (
        RejectionReason.ITEM_NOT_FOR_SALE,
        {"ITEM-001": an_item(active=False)},
        "ITEM-001 is not for sale",
    ),
    (
        RejectionReason.CURRENCY_MISMATCH,
        {"ITEM-001": an_item(currency=Currency.EUR)},
        "ITEM-001 is not sold in GBP",
    ),
    (
        RejectionReason.PRICE_CHANGED,
        {"ITEM-001": an_item(price=3999)},
        "the price of ITEM-001 is different from the one you were shown: it is 39.99 GBP",
    ),
    (RejectionReason.TOTAL_TOO_SMALL, CHEAP, "our minimum order is 0.30 GBP"),
    (RejectionReason.TOTAL_TOO_LARGE, DEAR, "our maximum order is 999999.99 GBP"),
]


@pytest.mark.parametrize(("reason", "items", "says"), REJECTIONS)
def test_a_rejection_says_what_is_wrong(
    reason: RejectionReason, items: dict[str, Item], says: str
) -> None:
    shown = 2999 if reason is RejectionReason.PRICE_CHANGED else None
    order = check(a_placed_order(a_line(price=shown)), items, by=BY)
    assert order.history[-1].detail["reason"] == reason
    assert f"We're sorry, but {says}." in message(EventType.ORDER_REJECTED, order).text


def test_every_reason_of_a_rejection_has_its_words() -> None:
    assert {reason for reason, _, _ in REJECTIONS} == set(RejectionReason)


def test_a_declined_payment_names_its_amount() -> None:
    assert "59.98 GBP" in message(EventType.PAYMENT_DECLINED, a_declined_order()).text


def test_a_parcel_names_its_contents_and_how_to_follow_it() -> None:
    told = message(EventType.PARCEL_SHIPPED, a_captured_order())
    assert told.subject == "A parcel from your order ORD-1 is on its way"
    assert "2 x ITEM-001" in told.text
    assert "Sent with Royal Mail, tracking number AB1" in told.text


def test_a_captured_payment_names_its_amount() -> None:
    told = message(EventType.PAYMENT_CAPTURED, a_captured_order())
    assert told.subject == "We have taken your payment of 59.98 GBP for order ORD-1"
    assert "A parcel from your order has left our warehouse" in told.text


def test_an_arrival_is_told_when_all_has_arrived() -> None:
    order = deliver(a_captured_order(), "P-1", by=BY)
    told = message(EventType.ORDER_DELIVERED, order)
    assert "has arrived" in told.subject
    assert "Everything in your order has arrived." in told.text


def test_an_arrival_does_not_say_that_what_was_refunded_instead_has_arrived() -> None:
    order = deliver(a_partly_shipped_order(), "P-1", by=BY)
    order = with_refund(order, lines=[LineQuantity(item_id="ITEM-001", quantity=2)])
    told = message(EventType.ORDER_DELIVERED, refunded(order, "R-1", by=BY))
    assert (
        "Everything we sent from your order has arrived; anything not sent has been refunded"
        in (told.text)
    )


def test_a_refund_names_its_own_amount() -> None:
    order = with_refund(a_captured_order(), amount=1050)
    told = message(EventType.PAYMENT_REFUNDED, refunded(order, "R-1", by=BY))
    assert told.subject == "We have refunded 10.50 GBP for your order ORD-1"
