import pytest

from order_pipeline.domain.cancellation import (
    PAYMENT_OVERDUE,
    CancelReason,
    can_cancel,
    cancel,
    cancelled_for,
)
from order_pipeline.domain.order import LineQuantity, Order
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    shipped,
)

ONE = LineQuantity(item_id="ITEM-001", quantity=1)


@pytest.mark.parametrize(
    "order", [a_placed_order(), a_validated_order(), a_reserved_order(), a_confirmed_order()]
)
def test_an_order_can_be_cancelled_until_its_first_parcel_leaves(order: Order) -> None:
    cancelled = cancel(order, CancelReason.CHANGED_MIND, by=BY)
    assert can_cancel(order)
    assert cancelled.status is Status.CANCELLED
    assert cancelled.history[-1].event is EventType.ORDER_CANCELLED
    assert cancelled.history[-1].detail == {"reason": "changed_mind"}


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (shipped(a_confirmed_order(), lines=[ONE]), "a parcel has left"),
        (a_captured_order(), "a parcel has left"),
        (a_declined_order(), "it is PAYMENT_DECLINED"),
    ],
)
def test_afterwards_it_cannot(order: Order, why: str) -> None:
    assert not can_cancel(order)
    with pytest.raises(CommandRefusedError, match=rf"cannot be cancelled: {why}\.$"):
        cancel(order, CancelReason.OTHER, by=BY)


def test_cancelling_again_changes_nothing() -> None:
    cancelled = cancel(a_placed_order(), CancelReason.OTHER, by=BY)
    assert cancel(cancelled, CancelReason.OTHER, by=BY) is cancelled


def test_cancelling_again_for_another_reason_is_a_conflict() -> None:
    cancelled = cancel(a_placed_order(), CancelReason.OTHER, by=BY)
    with pytest.raises(CommandConflictError, match="with the reason other"):
        cancel(cancelled, CancelReason.CHANGED_MIND, by=BY)


def test_the_reason_is_known_of_an_order_that_was_cancelled() -> None:
    order = a_placed_order()
    assert cancelled_for(order) is None
    assert cancelled_for(cancel(order, CancelReason.TAKES_TOO_LONG, by=BY)) == "takes_too_long"


def test_the_history_says_who_cancelled() -> None:
    assert cancel(a_placed_order(), CancelReason.OTHER, by="orders-api").history[-1].by == (
        "orders-api"
    )


def test_reasons_are_called_what_customers_send() -> None:
    assert [str(reason) for reason in CancelReason] == [
        "changed_mind",
        "ordered_by_mistake",
        "takes_too_long",
        "suspected_fraud",
        "other",
    ]
    assert PAYMENT_OVERDUE == "payment_overdue"
