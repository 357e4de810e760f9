"""What the pipeline still owes an order, and when somebody should look at it."""

from datetime import datetime, timedelta

import pytest

from order_pipeline.domain.limits import HANDOVER_TIME, SETTLING_TIME
from order_pipeline.domain.order import (
    LineQuantity,
    Order,
    Payment,
    PaymentState,
    RefundLine,
    RefundState,
    Stock,
    StockState,
)
from order_pipeline.domain.progress import awaits_first_parcel, due_at, unfinished
from order_pipeline.domain.refunds import refunded, restocked
from order_pipeline.domain.shipping import deliver
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import (
    BY,
    LATELY,
    NOON,
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_placed_order,
    a_reserved_order,
    a_shipped_order,
    a_validated_order,
    shipped,
    with_payment,
    with_refund,
)

ONE = LineQuantity(item_id="ITEM-001", quantity=1)

RELEASED = Stock(state=StockState.RELEASED)
VOIDED = Payment(method="pm", intent_id="pi_1", state=PaymentState.VOIDED)


def to_restock(order: Order) -> Order:
    """Return the order with its refunds to be restocked."""
    lines = (RefundLine(item_id="ITEM-001", quantity=1),)
    refunds = tuple(
        refund.model_copy(update={"restock": True, "lines": lines}) for refund in order.refunds
    )
    return order.model_copy(update={"refunds": refunds})


@pytest.mark.parametrize(
    ("order", "event"),
    [
        (a_placed_order(), EventType.ORDER_PLACED),
        (a_validated_order(), EventType.ORDER_VALIDATED),
        (a_reserved_order(), EventType.STOCK_RESERVED),
        (a_declined_order(), EventType.PAYMENT_DECLINED),
        (a_cancelled_order(), EventType.ORDER_CANCELLED),
        (
            a_cancelled_order(intent_id="pi_1").after(
                EventType.STOCK_RELEASED, by=BY, stock=RELEASED
            ),
            EventType.ORDER_CANCELLED,
        ),
        (
            a_cancelled_order(intent_id="pi_1").after(
                EventType.PAYMENT_VOIDED, by=BY, payment=VOIDED
            ),
            EventType.ORDER_CANCELLED,
        ),
        (a_shipped_order(), EventType.PARCEL_SHIPPED),
        (with_refund(a_captured_order(), amount=1000), EventType.REFUND_REQUESTED),
        (
            to_restock(refunded(with_refund(a_captured_order(), amount=1000), "R-1", by=BY)),
            EventType.PAYMENT_REFUNDED,
        ),
    ],
)
def test_what_a_stage_has_yet_to_act_on(order: Order, event: EventType) -> None:
    entry = unfinished(order)
    assert entry is not None
    assert entry.event is event
    assert entry == [each for each in order.history if each.event is event][-1]


@pytest.mark.parametrize(
    "order",
    [
        a_placed_order().after(EventType.ORDER_REJECTED, by=BY),
        a_validated_order().after(EventType.STOCK_UNAVAILABLE, by=BY),
        a_declined_order().after(EventType.STOCK_RELEASED, by=BY, stock=RELEASED),
        a_placed_order().after(EventType.ORDER_CANCELLED, by=BY),
        a_confirmed_order(),
        a_captured_order(),
        with_payment(a_shipped_order(), state=PaymentState.CAPTURE_FAILED),
        with_payment(a_confirmed_order(), state=PaymentState.EXPIRED),
        refunded(with_refund(a_captured_order(), amount=1000), "R-1", by=BY),
        restocked(
            to_restock(refunded(with_refund(a_captured_order(), amount=1000), "R-1", by=BY)),
            "R-1",
            by=BY,
        ),
    ],
)
def test_what_is_done_or_waits_for_people_is_nothing_a_stage_owes(order: Order) -> None:
    assert unfinished(order) is None


def test_each_refund_is_followed_by_its_own_event() -> None:
    order = refunded(with_refund(a_captured_order(), amount=1000), "R-1", by=BY)
    order = with_refund(order, "R-2", amount=1000)
    entry = unfinished(order)
    assert entry is not None
    assert entry.detail["refundId"] == "R-2"


def test_of_two_refunds_the_one_that_was_asked_for_first_is_followed_first() -> None:
    order = with_refund(with_refund(a_captured_order(), amount=1000), "R-2", amount=1000)
    entry = unfinished(order)
    assert entry is not None
    assert entry.detail["refundId"] == "R-1"


def test_a_refund_is_owed_also_when_something_else_has_happened_since() -> None:
    order = deliver(with_refund(a_captured_order(), amount=1000), "P-1", by=BY)
    entry = unfinished(order)
    assert entry is not None
    assert entry.event is EventType.REFUND_REQUESTED


def test_a_failed_refund_is_nothing_a_stage_owes() -> None:
    order = with_refund(a_captured_order(), amount=1000)
    failed = tuple(each.model_copy(update={"state": RefundState.FAILED}) for each in order.refunds)
    assert unfinished(order.model_copy(update={"refunds": failed})) is None


@pytest.mark.parametrize("order", [a_placed_order(), a_validated_order(), a_reserved_order()])
def test_on_its_way_it_is_due_some_time_after_its_placement(order: Order) -> None:
    assert due_at(order) == NOON + SETTLING_TIME


def test_what_is_to_be_given_back_is_due_some_time_after_the_end() -> None:
    later = NOON + timedelta(days=1)
    order = a_reserved_order().after(EventType.ORDER_CANCELLED, by=BY, at=later)
    assert due_at(order) == later + SETTLING_TIME


def test_a_confirmed_order_is_due_when_its_first_parcel_should_have_left() -> None:
    order = a_confirmed_order()
    assert awaits_first_parcel(order)
    assert due_at(order) == LATELY + HANDOVER_TIME


@pytest.mark.parametrize(
    ("order", "due"),
    [
        (a_shipped_order(), True),
        (a_captured_order(), False),
        (with_payment(a_confirmed_order(), state=PaymentState.EXPIRED), False),
        # Held until the parcel that has left is paid for, or the cancelled order's hold is freed.
        (shipped(a_confirmed_order(), lines=[ONE]), True),
        (a_confirmed_order().after(EventType.ORDER_CANCELLED, by=BY, at=NOON), True),
        (a_placed_order().after(EventType.ORDER_REJECTED, by=BY), False),
    ],
)
def test_only_what_the_pipeline_owes_makes_an_order_due(order: Order, due: bool) -> None:
    assert not awaits_first_parcel(order)
    assert isinstance(due_at(order), datetime) is due


def test_an_order_of_which_nobody_knows_since_when_its_money_is_held_is_not_due() -> None:
    order = with_payment(a_confirmed_order(), authorised_at=None)
    assert awaits_first_parcel(order)
    assert due_at(order) is None
