import pytest

from order_pipeline.domain.order import Order, PaymentState
from order_pipeline.domain.ports import (
    Authorised,
    ConcurrentChangeError,
    Declined,
    PaymentOutcomeUnknownError,
)
from order_pipeline.domain.transitions import EventType, Status
from payment.authorisation import authorise_payment
from tests.unit.builders import (
    a_cancelled_order,
    a_confirmed_order,
    a_declined_order,
    a_reserved_order,
    a_validated_order,
    latest_event,
    with_payment,
)
from tests.unit.functions.in_memory import Orders, Provider

RESERVED = latest_event(a_reserved_order())


def cancelled(order: Order) -> Order:
    return order.after(EventType.ORDER_CANCELLED, by="other")


def test_a_reserved_order_is_confirmed_when_the_money_is_held() -> None:
    orders, provider = Orders(a_reserved_order()), Provider()
    authorise_payment(RESERVED, orders=orders, payments=provider)
    order = orders.get("ORD-1")
    assert order.status is Status.CONFIRMED
    assert order.payment.state is PaymentState.AUTHORISED
    assert order.payment.intent_id == "pi_1"
    assert order.payment.authorised_at == order.history[-1].at
    assert order.history[-1].by == "payment"
    assert provider.holding == ["pi_1"]


def test_a_declined_order_holds_no_money_and_says_why() -> None:
    orders = Orders(a_reserved_order())
    provider = Provider(on_confirm=Declined("insufficient_funds"))
    authorise_payment(RESERVED, orders=orders, payments=provider)
    order = orders.get("ORD-1")
    assert order.status is Status.PAYMENT_DECLINED
    assert order.history[-1].detail == {"reason": "insufficient_funds"}
    assert provider.cancelled == {"pi_1"}


def test_an_unknown_payment_method_declines_the_order() -> None:
    orders, provider = Orders(a_reserved_order(payment_method="pm_unknown")), Provider()
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.PAYMENT_DECLINED
    assert provider.intents == {}


@pytest.mark.parametrize("silent", ["create", "confirm"])
def test_an_unknown_outcome_changes_nothing_and_is_asked_about(silent: str) -> None:
    orders, provider = Orders(a_reserved_order()), Provider(silent=[silent])

    with pytest.raises(PaymentOutcomeUnknownError):
        authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.RESERVED

    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.CONFIRMED
    assert len(provider.holding) == 1


def test_after_an_unknown_outcome_the_stored_intent_is_not_confirmed_again() -> None:
    orders, provider = Orders(a_reserved_order()), Provider(silent=["confirm"])
    with pytest.raises(PaymentOutcomeUnknownError):
        authorise_payment(RESERVED, orders=orders, payments=provider)
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert provider.calls == ["create", "confirm", "outcome"]


def test_a_stored_intent_that_was_never_confirmed_is_confirmed() -> None:
    orders, provider = Orders(a_reserved_order()), Provider()
    created = provider.create(a_reserved_order())
    assert isinstance(created, str)
    orders.remember_intent(a_reserved_order(), created)
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert provider.calls == ["create", "outcome", "confirm"]
    assert orders.get("ORD-1").status is Status.CONFIRMED


def test_a_decline_whose_recording_failed_is_recorded_later() -> None:
    orders = Orders(a_reserved_order())
    provider = Provider(on_confirm=Declined("card_declined"), silent=["cancel"])
    with pytest.raises(PaymentOutcomeUnknownError):
        authorise_payment(RESERVED, orders=orders, payments=provider)
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.PAYMENT_DECLINED
    assert provider.cancelled == {"pi_1"}


def test_an_intent_that_was_cancelled_meanwhile_is_not_cancelled_again() -> None:
    orders = Orders(a_reserved_order())
    provider = Provider(on_confirm=Declined("canceled", is_cancelled=True))
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.PAYMENT_DECLINED
    assert provider.calls == ["create", "confirm"]


def test_an_order_cancelled_before_its_intent_is_stored_leaves_none() -> None:
    orders, provider = Orders(a_reserved_order()), Provider()
    orders.meanwhile = cancelled
    with pytest.raises(ConcurrentChangeError):
        authorise_payment(RESERVED, orders=orders, payments=provider)
    assert provider.cancelled == {"pi_1"}
    assert provider.holding == []


def test_an_order_cancelled_while_it_is_authorised_gets_its_money_back() -> None:
    orders, provider = Orders(a_reserved_order(intent_id="pi_1")), Provider()
    provider.intents["pi_1"] = Authorised()
    orders.meanwhile = cancelled
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert orders.get("ORD-1").status is Status.CANCELLED
    assert provider.holding == []


def test_of_two_workers_intents_only_the_stored_one_stays() -> None:
    def other_worker_stores_its_own(order: Order) -> Order:
        return with_payment(order, intent_id="pi_other")

    orders, provider = Orders(a_reserved_order()), Provider()
    orders.meanwhile = other_worker_stores_its_own
    with pytest.raises(ConcurrentChangeError):
        authorise_payment(RESERVED, orders=orders, payments=provider)
    assert provider.cancelled == {"pi_1"}
    assert orders.get("ORD-1").payment.intent_id == "pi_other"


@pytest.mark.parametrize(
    "order",
    [a_validated_order(), a_confirmed_order(), a_declined_order(), a_cancelled_order()],
)
def test_only_a_reserved_order_is_authorised(order: Order) -> None:
    orders, provider = Orders(order), Provider()
    authorise_payment(RESERVED, orders=orders, payments=provider)
    assert provider.calls == []
    assert orders.get("ORD-1") == order
