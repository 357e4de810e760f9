import pytest

from order_pipeline.domain.cancellation import CancelReason, cancel
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order, PaymentState, RefundState
from order_pipeline.domain.ports import ClaimTakenError, Declined, PaymentOutcomeUnknownError
from order_pipeline.domain.transitions import EventType
from payment.collection import capture_payment, give_refund, void_payment
from tests.unit.builders import (
    BY,
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_reserved_order,
    a_shipped_order,
    event_of,
    latest_event,
    with_payment,
    with_refund,
)
from tests.unit.functions.in_memory import Claims, Orders, Provider


def a_refund_asked_for() -> Order:
    return with_refund(a_captured_order(), amount=1000)


SHIPPED = event_of(a_shipped_order(), EventType.PARCEL_SHIPPED)
CANCELLED = latest_event(a_cancelled_order())
CANCELLED_ORDER = cancel(a_confirmed_order(), CancelReason.OTHER, by=BY)
REFUND = latest_event(a_refund_asked_for())


def test_the_money_is_taken_when_the_first_parcel_leaves() -> None:
    orders, provider = Orders(a_shipped_order()), Provider()
    capture_payment(SHIPPED, orders=orders, payments=provider)
    order = orders.get("ORD-1")
    assert order.payment.state is PaymentState.CAPTURED
    assert order.history[-1].event is EventType.PAYMENT_CAPTURED
    assert provider.captured == ["pi_1"]


@pytest.mark.parametrize("order", [a_captured_order(), a_confirmed_order(), a_cancelled_order()])
def test_the_money_is_taken_once_and_only_for_what_left(order: Order) -> None:
    orders, provider = Orders(order), Provider()
    capture_payment(SHIPPED, orders=orders, payments=provider)
    assert provider.calls == []
    assert orders.get("ORD-1") == order


@pytest.mark.parametrize("after", ["capture", "void"])
def test_an_intent_that_was_to_take_over_is_cancelled(after: str) -> None:
    order = a_shipped_order() if after == "capture" else CANCELLED_ORDER
    orders, provider = Orders(with_payment(order, replacement_intent_id="pi_2")), Provider()
    if after == "capture":
        capture_payment(SHIPPED, orders=orders, payments=provider)
    else:
        void_payment(CANCELLED, orders=orders, payments=provider)
    assert "pi_2" in provider.cancelled
    assert orders.get("ORD-1").version == order.version + 1


def test_a_failed_capture_is_recorded_once_and_tried_again() -> None:
    orders, provider = Orders(a_shipped_order()), Provider()
    provider.on_capture = Declined("authorisation_expired")
    capture_payment(SHIPPED, orders=orders, payments=provider)
    failed = orders.get("ORD-1")
    assert failed.payment.state is PaymentState.CAPTURE_FAILED
    assert failed.history[-1].detail == {"reason": "authorisation_expired"}
    assert not failed.is_settled

    capture_payment(SHIPPED, orders=orders, payments=provider)
    assert orders.get("ORD-1") is failed
    assert provider.calls == ["capture", "capture"]

    provider.on_capture = None
    capture_payment(SHIPPED, orders=orders, payments=provider)
    assert orders.get("ORD-1").payment.state is PaymentState.CAPTURED


def test_a_capture_whose_answer_is_lost_is_not_called_failed() -> None:
    orders, provider = Orders(a_shipped_order()), Provider(silent=["capture"])
    with pytest.raises(PaymentOutcomeUnknownError):
        capture_payment(SHIPPED, orders=orders, payments=provider)
    assert orders.get("ORD-1").payment.state is PaymentState.AUTHORISED
    capture_payment(SHIPPED, orders=orders, payments=provider)
    assert orders.get("ORD-1").payment.state is PaymentState.CAPTURED


def test_two_workers_record_one_capture() -> None:
    orders, provider = Orders(a_shipped_order()), Provider()
    captured_meanwhile = a_captured_order()
    orders.meanwhile = lambda _: captured_meanwhile
    capture_payment(SHIPPED, orders=orders, payments=provider)
    assert orders.get("ORD-1") == captured_meanwhile


@pytest.mark.parametrize(
    "order",
    [
        cancel(a_confirmed_order(), CancelReason.OTHER, by=BY),
        cancel(a_reserved_order(intent_id="pi_1"), CancelReason.OTHER, by=BY),
    ],
    ids=["authorised", "not confirmed yet"],
)
def test_a_cancelled_orders_money_is_set_free(order: Order) -> None:
    orders, provider = Orders(order), Provider()
    void_payment(CANCELLED, orders=orders, payments=provider)
    void_payment(CANCELLED, orders=orders, payments=provider)
    voided = orders.get("ORD-1")
    assert voided.payment.state is PaymentState.VOIDED
    assert [entry.event for entry in voided.history].count(EventType.PAYMENT_VOIDED) == 1
    assert provider.cancelled == {"pi_1"}
    assert provider.calls == ["cancel"]


@pytest.mark.parametrize("order", [a_cancelled_order(), a_confirmed_order()])
def test_there_is_nothing_to_set_free_without_an_intent_or_a_cancellation(order: Order) -> None:
    orders, provider = Orders(order), Provider()
    void_payment(CANCELLED, orders=orders, payments=provider)
    assert provider.calls == []
    assert orders.get("ORD-1") == order


def refund(
    orders: Orders, provider: Provider, claims: Claims | None = None, event: OrderEvent = REFUND
) -> None:
    give_refund(event, orders=orders, payments=provider, claims=claims or Claims())


def test_a_refund_gives_the_money_back_once() -> None:
    orders, provider, claims = Orders(a_refund_asked_for()), Provider(), Claims()
    refund(orders, provider, claims)
    refund(orders, provider, claims)
    order = orders.get("ORD-1")
    assert order.payment.state is PaymentState.PARTIALLY_REFUNDED
    assert order.refunds[0].state is RefundState.REFUNDED
    assert provider.refunded == {"R-1": 1000}
    assert provider.calls == ["refund"]


def test_a_refund_that_the_provider_refuses_is_recorded() -> None:
    orders, provider = Orders(a_refund_asked_for()), Provider()
    provider.on_refund = Declined("charge_disputed")
    refund(orders, provider)
    order = orders.get("ORD-1")
    assert order.refunds[0].state is RefundState.FAILED
    assert order.history[-1].detail == {"refundId": "R-1", "reason": "charge_disputed"}


def test_a_refund_whose_answer_is_lost_is_asked_for_again() -> None:
    orders, claims = Orders(a_refund_asked_for()), Claims()
    provider = Provider(silent=["refund"])
    with pytest.raises(PaymentOutcomeUnknownError):
        refund(orders, provider, claims)
    assert orders.get("ORD-1").refunds[0].state is RefundState.REQUESTED
    refund(orders, provider, claims)
    assert orders.get("ORD-1").refunds[0].state is RefundState.REFUNDED
    assert provider.refunded == {"R-1": 1000}


def test_a_refund_that_another_worker_is_at_waits() -> None:
    provider, claims = Provider(), Claims()
    claims.claim("refund#ORD-1#R-1")
    with pytest.raises(ClaimTakenError):
        refund(Orders(a_refund_asked_for()), provider, claims)
    assert provider.calls == []


def test_an_order_restored_to_before_its_refund_learns_of_it_again() -> None:
    # given
    asked_for, provider, claims = a_refund_asked_for(), Provider(), Claims()
    refund(Orders(asked_for), provider, claims)
    # when
    orders = Orders(asked_for)
    refund(orders, provider, claims)
    # then
    assert orders.get("ORD-1").refunds[0].state is RefundState.REFUNDED
    assert provider.refunded == {"R-1": 1000}


def test_a_refund_nobody_asked_for_is_not_made() -> None:
    provider = Provider()
    refund(Orders(a_captured_order()), provider)
    assert provider.calls == []
