"""What becomes of an order when the payment provider has answered."""

from datetime import datetime, timedelta

import pytest

from order_pipeline.domain.authorisation import (
    confirmed,
    payment_declined,
    payment_expired,
    reauthorised,
)
from order_pipeline.domain.order import Order, PaymentState
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    NOON,
    a_cancelled_order,
    a_confirmed_order,
    a_declined_order,
    a_partly_shipped_order,
    a_reserved_order,
    a_shipped_order,
    a_validated_order,
    with_payment,
)

FUNCTION = "payment"


def renewing(order: Order) -> Order:
    """Return the order while the intent `pi_2` is about to take over."""
    return with_payment(order, replacement_intent_id="pi_2")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The time at which the provider's answer comes."""
    moment = NOON + timedelta(hours=1)
    monkeypatch.setattr("order_pipeline.domain.authorisation.now", lambda: moment)
    return moment


def test_an_order_is_confirmed_with_its_money_held(at_once: datetime) -> None:
    reserved = a_reserved_order(intent_id="pi_1")

    order = confirmed(reserved, by=FUNCTION)

    assert order.status is Status.CONFIRMED
    assert (order.payment.state, order.payment.intent_id) == (PaymentState.AUTHORISED, "pi_1")
    assert order.payment.method == reserved.payment.method
    entry = order.history[-1]
    assert (entry.event, entry.by, entry.detail) == (EventType.ORDER_CONFIRMED, FUNCTION, {})
    assert order.payment.authorised_at == entry.at == at_once


def test_an_order_whose_payment_is_declined_says_why() -> None:
    order = payment_declined(a_reserved_order(intent_id="pi_1"), "card_declined", by=FUNCTION)
    assert order.status is Status.PAYMENT_DECLINED
    assert order.payment.state is PaymentState.NONE
    entry = order.history[-1]
    assert (entry.event, entry.by) == (EventType.PAYMENT_DECLINED, FUNCTION)
    assert entry.detail == {"reason": "card_declined"}


@pytest.mark.parametrize(
    "order",
    [
        a_validated_order(),
        a_confirmed_order(),
        a_declined_order(),
        a_cancelled_order(intent_id="pi_1"),
        a_shipped_order(),
    ],
)
def test_an_answer_that_comes_at_another_time_changes_nothing(order: Order) -> None:
    assert confirmed(order, by=FUNCTION) is order
    assert payment_declined(order, "card_declined", by=FUNCTION) is order


def test_another_intent_takes_over_for_as_long_as_the_first_one(at_once: datetime) -> None:
    held = renewing(a_confirmed_order())
    assert held.payment.authorised_at != at_once

    order = reauthorised(held, "pi_2", by=FUNCTION)

    assert order.status is Status.CONFIRMED
    assert order.payment.state is PaymentState.AUTHORISED
    assert (order.payment.intent_id, order.payment.replacement_intent_id) == ("pi_2", None)
    entry = order.history[-1]
    assert (entry.event, entry.by, entry.detail) == (
        EventType.PAYMENT_REAUTHORISED,
        FUNCTION,
        {},
    )
    assert order.payment.authorised_at == entry.at == at_once


def test_an_expired_hold_says_why_and_keeps_the_intent() -> None:
    order = payment_expired(renewing(a_confirmed_order()), "card_declined", by=FUNCTION)
    assert order.status is Status.CONFIRMED
    assert order.payment.state is PaymentState.EXPIRED
    assert (order.payment.intent_id, order.payment.replacement_intent_id) == ("pi_1", None)
    entry = order.history[-1]
    assert (entry.event, entry.by) == (EventType.PAYMENT_EXPIRED, FUNCTION)
    assert entry.detail == {"reason": "card_declined"}


@pytest.mark.parametrize(
    "order",
    [
        a_reserved_order(intent_id="pi_1"),
        a_partly_shipped_order(),
        a_shipped_order(),
        a_cancelled_order(intent_id="pi_1"),
        payment_expired(a_confirmed_order(), "card_declined", by=FUNCTION),
    ],
)
def test_a_hold_is_renewed_only_until_the_first_parcel_leaves(order: Order) -> None:
    assert reauthorised(order, "pi_2", by=FUNCTION) is order
    assert payment_expired(order, "card_declined", by=FUNCTION) is order
