"""An order from a copy of the table, brought as far as the audit bucket knows it."""

from datetime import timedelta
from typing import Any

import pytest

from order_pipeline.domain.authorisation import (
    confirmed,
    payment_declined,
    payment_expired,
    reauthorised,
)
from order_pipeline.domain.catalogue import check
from order_pipeline.domain.events import events_since
from order_pipeline.domain.order import LineQuantity, Order, PaymentState, Stock, StockState
from order_pipeline.domain.refunds import refund_failed, refunded, restocked
from order_pipeline.domain.shipping import deliver
from order_pipeline.domain.transitions import EventType, Status
from orderctl.audit import compare
from orderctl.rolling_forward import RolledForward, later_events, may_lack_intent, roll_forward
from tests.unit.builders import (
    BY,
    a_placed_order,
    an_item,
    captured,
    shipped,
    with_payment,
    with_refund,
)


def forward(copy: Order, now: Order, intent_id: str | None = None) -> RolledForward:
    recorded = reversed([*events_since(0, now), *events_since(0, now)])
    return roll_forward(copy, later_events(copy, recorded), intent_id=intent_id)


def without_authors(order: Order) -> dict[str, Any]:
    """Return everything that is stored of an order but who recorded its events."""
    return order.model_dump(exclude={"history": {"__all__": {"by"}}})


def released(order: Order) -> Order:
    return order.after(EventType.STOCK_RELEASED, by=BY, stock=Stock(state=StockState.RELEASED))


def voided(order: Order) -> Order:
    payment = order.payment.model_copy(update={"state": PaymentState.VOIDED})
    return order.after(EventType.PAYMENT_VOIDED, by=BY, payment=payment)


PLACED = a_placed_order()
VALIDATED = check(PLACED, {"ITEM-001": an_item()}, by=BY)
RESERVED = VALIDATED.after(EventType.STOCK_RESERVED, by=BY, stock=Stock(state=StockState.HELD))
PAYING = with_payment(RESERVED, intent_id="pi_1")
CONFIRMED = confirmed(PAYING, by=BY)
CAPTURED = captured(shipped(CONFIRMED))
ONE = LineQuantity(item_id="ITEM-001", quantity=1)
ASKED_BACK = with_refund(CAPTURED, lines=[ONE], restock=True)
REJECTED = PLACED.after(EventType.ORDER_REJECTED, by=BY, detail={"reason": "x"})
RENEWED = reauthorised(CONFIRMED, "pi_2", by=BY)
CANCELLED = voided(released(CONFIRMED.after(EventType.ORDER_CANCELLED, by=BY, detail={})))


@pytest.mark.parametrize(
    ("copy", "now"),
    [
        (PLACED, REJECTED),
        (PLACED, CONFIRMED),
        (VALIDATED, CONFIRMED),
        (PAYING, CONFIRMED),
        (PAYING, released(payment_declined(PAYING, "card_declined", by=BY))),
        (VALIDATED, VALIDATED.after(EventType.STOCK_UNAVAILABLE, by=BY)),
        (VALIDATED, CANCELLED),
        (CONFIRMED, payment_expired(CONFIRMED, "expired", by=BY)),
        (CAPTURED, deliver(CAPTURED, "P-1", by=BY)),
        (ASKED_BACK, restocked(refunded(ASKED_BACK, "R-1", by=BY), "R-1", by=BY)),
        (ASKED_BACK, refund_failed(ASKED_BACK, "R-1", "declined", by=BY)),
    ],
    ids=lambda order: order.history[-1].event.value,
)
def test_what_events_tell_is_put_back_to_the_letter(copy: Order, now: Order) -> None:
    done = forward(copy, now, now.payment.intent_id)
    assert without_authors(done.order) == without_authors(now)
    assert compare(done.order, events_since(0, now)).agrees
    assert len(done.recorded) == now.version - copy.version
    assert done.left == ()
    assert not done.must_not_go_on


def test_what_is_put_back_says_by_whom_and_keeps_what_was() -> None:
    done = forward(VALIDATED, CONFIRMED, "pi_1")
    assert [entry.by for entry in done.order.history] == ["test", "test", "restore", "restore"]


def test_a_renewed_hold_is_that_of_the_intent_that_the_provider_has() -> None:
    assert forward(CONFIRMED, RENEWED, "pi_2").order.payment == RENEWED.payment
    halfway = with_payment(CONFIRMED, replacement_intent_id="pi_2")
    assert forward(halfway, RENEWED).order.payment == RENEWED.payment


@pytest.mark.parametrize(("copy", "now"), [(RESERVED, CONFIRMED), (CONFIRMED, RENEWED)])
def test_a_payment_whose_intent_nobody_knows_is_left_to_the_stage(copy: Order, now: Order) -> None:
    done = forward(copy, now)
    assert done.order == copy
    assert [event.version for event in done.left] == [now.version]
    assert not done.must_not_go_on


def test_a_cancelled_order_needs_no_intent_to_stay_cancelled() -> None:
    done = forward(VALIDATED, CANCELLED)
    assert (done.order.status, done.order.is_settled) == (Status.CANCELLED, True)
    assert compare(done.order, events_since(0, CANCELLED)).agrees


@pytest.mark.parametrize(
    ("copy", "now", "left"),
    [
        (CONFIRMED, CAPTURED, ["ParcelShipped", "OrderShipped", "PaymentCaptured"]),
        (
            CONFIRMED,
            deliver(CAPTURED, "P-1", by=BY),
            [
                "ParcelShipped",
                "OrderShipped",
                "PaymentCaptured",
                "ParcelDelivered",
                "OrderDelivered",
            ],
        ),
        (CAPTURED, refunded(ASKED_BACK, "R-1", by=BY), ["RefundRequested", "PaymentRefunded"]),
    ],
)
def test_what_people_asked_for_is_left_to_be_sent_again(
    copy: Order, now: Order, left: list[str]
) -> None:
    done = forward(copy, now)
    assert done.order == copy
    assert [event.event_type for event in done.left] == left
    assert not done.must_not_go_on


@pytest.mark.parametrize("missing", [{3}, {3, 4}], ids=str)
def test_nothing_is_put_back_beyond_a_gap_and_an_end_beyond_it_holds_the_order_back(
    missing: set[int],
) -> None:
    events = [event for event in events_since(0, CANCELLED) if event.version not in missing]
    done = roll_forward(VALIDATED, later_events(VALIDATED, events))
    assert done.order == VALIDATED
    assert [event.version for event in done.left] == sorted({4, 5, 6, 7} - missing)
    assert done.must_not_go_on


def test_an_event_that_cannot_be_in_that_status_ends_it() -> None:
    (delivered,) = events_since(3, CONFIRMED)
    wrong = delivered.model_copy(update={"event_type": EventType.ORDER_DELIVERED})
    done = roll_forward(RESERVED, [wrong])
    assert (done.recorded, done.left) == ((), (wrong,))


def test_an_intent_that_the_order_has_lost_is_given_back_to_it() -> None:
    done = forward(VALIDATED, VALIDATED, "pi_1")
    assert done.order.payment.intent_id == "pi_1"
    assert (done.order.status, done.order.version) == (Status.VALIDATED, 2)


@pytest.mark.parametrize(
    ("copy", "now", "lacks"),
    [
        (PLACED, CONFIRMED, True),
        (RESERVED, RESERVED, True),
        (PAYING, CONFIRMED, False),
        (CONFIRMED, CAPTURED, False),
        (CONFIRMED, RENEWED, True),
        (REJECTED, REJECTED, False),
        (CANCELLED, CANCELLED, False),
    ],
)
def test_the_provider_is_asked_about_orders_that_may_not_know_their_intent(
    copy: Order, now: Order, *, lacks: bool
) -> None:
    assert may_lack_intent(copy, later_events(copy, events_since(0, now))) is lacks


def test_times_are_those_that_were_recorded() -> None:
    confirmed = CONFIRMED.history[-1]
    later = confirmed.model_copy(update={"at": confirmed.at + timedelta(hours=1)})
    now = CONFIRMED.model_copy(update={"history": (*CONFIRMED.history[:3], later)})
    done = forward(PAYING, now)
    assert done.order.history[-1].at == later.at
    assert done.order.payment.authorised_at == later.at
