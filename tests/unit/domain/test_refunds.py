from typing import Any

import pytest

from order_pipeline.domain.limits import MAX_REFUNDS
from order_pipeline.domain.order import (
    LineQuantity,
    Order,
    PaymentState,
    Refund,
    RefundLine,
    RefundState,
    StockState,
)
from order_pipeline.domain.refunds import (
    refund_failed,
    refundable,
    refunded,
    restocked,
)
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.shipping import deliver, remaining_quantities
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    NOON,
    a_captured_order,
    a_confirmed_order,
    a_line,
    captured,
    shipped,
    with_refund,
)

ORDER = a_captured_order(a_line("A", 2), a_line("B", 1))
"""Everything has left and was paid: three units at 29.99."""


def units(item_id: str, quantity: int) -> LineQuantity:
    return LineQuantity(item_id=item_id, quantity=quantity)


def test_a_refund_by_amount_is_recorded() -> None:
    order = with_refund(ORDER, amount=1000)
    assert order.refunds[0].amount == 1000
    assert order.refunds[0].state is RefundState.REQUESTED
    assert order.history[-1].event is EventType.REFUND_REQUESTED
    assert order.history[-1].detail == {"refundId": "R-1", "amount": 1000}
    assert order.payment.state is PaymentState.CAPTURED


def test_a_refund_by_line_gives_back_what_the_lines_cost() -> None:
    order = with_refund(ORDER, lines=(units("A", 1), units("B", 1)))
    assert order.refunds[0].amount == 2 * 2999


def test_the_same_refund_is_recorded_once() -> None:
    order = with_refund(ORDER, amount=1000)
    assert with_refund(order, amount=1000) is order


def test_another_refund_with_the_same_id_is_a_conflict() -> None:
    with pytest.raises(CommandConflictError):
        with_refund(with_refund(ORDER, amount=1000), amount=2000, request_hash="2")


@pytest.mark.parametrize(
    ("order", "refund", "why"),
    [
        (ORDER, {"amount": 8998}, "89.98 GBP cannot be refunded: 89.97 GBP left to refund"),
        (ORDER, {"amount": 0}, r"0\.00 GBP cannot be refunded"),
        (with_refund(ORDER, "R-0", amount=8000), {"amount": 998}, r"9\.97 GBP left to refund"),
        (ORDER, {"lines": (units("A", 3),)}, "3 of A cannot be refunded: 2 left to refund"),
        (ORDER, {"lines": (units("C", 1),)}, "1 of C cannot be refunded: 0 left to refund"),
        (
            with_refund(ORDER, "R-0", lines=(units("A", 2),)),
            {"lines": (units("A", 1),)},
            "1 of A cannot be refunded: 0 left to refund",
        ),
        (a_confirmed_order(), {"amount": 1}, "no payment has been captured"),
    ],
)
def test_never_more_than_was_captured_is_given_back(
    order: Order, refund: dict[str, Any], why: str
) -> None:
    with pytest.raises(CommandRefusedError, match=why):
        with_refund(order, **refund)


def partly_shipped() -> Order:
    """Return an order of two units, paid for, of which one has left."""
    return captured(shipped(a_confirmed_order(a_line("A", 2)), "P-1", [units("A", 1)]))


def test_units_that_have_left_are_refunded_first_and_the_others_are_withheld() -> None:
    order = with_refund(partly_shipped(), "R-1", lines=(units("A", 1),))
    assert order.refunds[0].lines == (RefundLine(item_id="A", quantity=1, withheld=0),)
    assert remaining_quantities(order) == {"A": 1}

    order = with_refund(order, "R-2", lines=(units("A", 1),))

    assert order.refunds[1].lines == (RefundLine(item_id="A", quantity=1, withheld=1),)
    assert remaining_quantities(order) == {}


def test_units_that_were_withheld_before_are_not_with_the_customer() -> None:
    of_four = shipped(a_confirmed_order(a_line("A", 4)), "P-1", [units("A", 1)])
    order = with_refund(captured(of_four), "R-1", lines=(units("A", 2),))
    order = with_refund(order, "R-2", lines=(units("A", 1),))
    assert [refund.lines[0].withheld for refund in order.refunds] == [1, 1]
    assert remaining_quantities(order) == {"A": 1}


def test_one_refund_can_be_of_units_that_left_and_of_units_that_have_not() -> None:
    order = with_refund(partly_shipped(), lines=(units("A", 1), units("A", 1)))
    assert order.refunds[0].lines == (RefundLine(item_id="A", quantity=2, withheld=1),)
    assert order.refunds[0].amount == 2 * 2999


@pytest.mark.parametrize(("restock", "back"), [(False, 1), (True, 2)])
def test_what_was_withheld_comes_back_in_any_case(*, restock: bool, back: int) -> None:
    order = with_refund(partly_shipped(), lines=(units("A", 2),), restock=restock)
    assert order.refunds[0].comes_back == (units("A", back),)


def test_withheld_units_cannot_leave_unless_the_refund_fails() -> None:
    order = with_refund(partly_shipped(), lines=(units("A", 2),))
    with pytest.raises(CommandRefusedError, match="1 of A cannot be shipped: 0 left to ship"):
        shipped(order, "P-2", [units("A", 1)])
    with pytest.raises(CommandRefusedError, match="the rest is being refunded"):
        shipped(order, "P-2")

    failed = refund_failed(order, "R-1", "disputed", by=BY)

    assert remaining_quantities(failed) == {"A": 1}
    assert shipped(failed, "P-2").status is Status.SHIPPED


def test_an_order_is_shipped_when_the_rest_of_it_is_refunded() -> None:
    order = refunded(with_refund(partly_shipped(), lines=(units("A", 2),)), "R-1", by=BY)
    assert (order.status, order.stock.state) == (Status.SHIPPED, StockState.SHIPPED)
    assert [entry.event for entry in order.history[-2:]] == [
        EventType.PAYMENT_REFUNDED,
        EventType.ORDER_SHIPPED,
    ]
    assert deliver(order, "P-1", by=BY).status is Status.DELIVERED


def test_an_order_is_delivered_when_the_rest_of_it_is_refunded_after_all_arrived() -> None:
    arrived = deliver(partly_shipped(), "P-1", by=BY)
    asked_for = with_refund(arrived, lines=(units("A", 2),))
    assert asked_for.status is Status.CONFIRMED

    order = refunded(asked_for, "R-1", by=BY)

    assert order.status is Status.DELIVERED
    assert [entry.event for entry in order.history[-3:]] == [
        EventType.PAYMENT_REFUNDED,
        EventType.ORDER_SHIPPED,
        EventType.ORDER_DELIVERED,
    ]


def test_an_order_whose_other_units_left_is_not_shipped_while_a_refund_may_still_fail() -> None:
    order = a_confirmed_order(a_line("A", 1), a_line("B", 1), a_line("C", 1))
    order = captured(shipped(order, "P-1", [units("A", 1)]))
    order = with_refund(order, lines=(units("B", 1),))

    order = shipped(order, "P-2")

    assert order.parcels[1].lines == (units("C", 1),)
    assert (order.status, order.stock.state) == (Status.CONFIRMED, StockState.HELD)
    assert refunded(order, "R-1", by=BY).status is Status.SHIPPED


def test_a_refund_of_what_has_left_leaves_the_rest_to_leave() -> None:
    order = refunded(with_refund(partly_shipped(), lines=(units("A", 1),)), "R-1", by=BY)
    assert order.status is Status.CONFIRMED
    assert shipped(order, "P-2").status is Status.SHIPPED


def test_an_order_has_room_for_so_many_refunds() -> None:
    order = ORDER
    for number in range(MAX_REFUNDS):
        order = refund_failed(
            with_refund(order, f"R-{number}", amount=1), f"R-{number}", "no", by=BY
        )
    with pytest.raises(
        CommandRefusedError,
        match=r"already has 20 refunds, the maximum \(including any that failed\)\.$",
    ):
        with_refund(order, "one too many", amount=1)


def test_money_given_back_shows_in_the_payment() -> None:
    part = refunded(with_refund(ORDER, amount=1000), "R-1", by=BY)
    assert part.payment.state is PaymentState.PARTIALLY_REFUNDED
    assert part.refunds[0].state is RefundState.REFUNDED
    assert part.history[-1].detail == {"refundId": "R-1", "amount": 1000}
    assert refundable(part) == 7997

    whole = refunded(with_refund(part, "R-2", amount=7997), "R-2", by=BY)

    assert whole.payment.state is PaymentState.REFUNDED
    assert refundable(whole) == 0


def test_money_that_is_only_asked_for_is_not_given_back_yet() -> None:
    order = with_refund(ORDER, "R-1", amount=2999)
    order = with_refund(order, "R-2", amount=2 * 2999)
    order = refunded(order, "R-1", by=BY)
    assert order.payment.state is PaymentState.PARTIALLY_REFUNDED
    assert refunded(order, "R-2", by=BY).payment.state is PaymentState.REFUNDED


def test_a_refund_asked_for_twice_with_two_ids_may_not_exceed_what_was_taken() -> None:
    with pytest.raises(CommandRefusedError):
        with_refund(with_refund(ORDER, "R-1", amount=8997), "R-2", amount=8997)


def test_a_failed_refund_can_be_asked_for_again() -> None:
    failed = refund_failed(with_refund(ORDER, amount=8997), "R-1", "expired_card", by=BY)
    assert failed.refunds[0].state is RefundState.FAILED
    assert failed.payment.state is PaymentState.CAPTURED
    assert failed.history[-1].detail == {"refundId": "R-1", "reason": "expired_card"}
    assert with_refund(failed, "R-2", amount=8997).refund("R-2")


def test_what_became_of_a_refund_is_recorded_once() -> None:
    order = refunded(with_refund(ORDER, amount=1000), "R-1", by=BY)
    assert refunded(order, "R-1", by=BY) is order
    assert refund_failed(order, "R-1", "late", by=BY) is order
    assert refunded(order, "unknown", by=BY) is order


def test_stock_comes_back_once_and_only_where_it_was_asked_for() -> None:
    asked_for = with_refund(ORDER, lines=(units("A", 1),), restock=True)
    assert restocked(asked_for, "R-1", by=BY) is asked_for
    order = restocked(refunded(asked_for, "R-1", by=BY), "R-1", by=BY)
    assert order.refunds[0].restocked
    assert order.history[-1].event is EventType.STOCK_RESTOCKED
    assert restocked(order, "R-1", by=BY) is order
    not_asked = refunded(with_refund(ORDER, amount=1), "R-1", by=BY)
    assert restocked(not_asked, "R-1", by=BY) is not_asked


def test_a_refund_is_all_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("order_pipeline.domain.refunds.now", lambda: NOON)
    order = with_refund(
        ORDER, lines=(units("A", 1),), restock=True, request_hash="abc", by="orders-api"
    )
    assert order.refunds == (
        Refund(
            refund_id="R-1",
            state=RefundState.REQUESTED,
            amount=2999,
            lines=(RefundLine(item_id="A", quantity=1, withheld=0),),
            restock=True,
            restocked=False,
            request_hash="abc",
            requested_at=NOON,
        ),
    )
    assert (order.history[-1].at, order.history[-1].by) == (NOON, "orders-api")


def test_what_follows_from_a_refund_happens_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = with_refund(deliver(partly_shipped(), "P-1", by=BY), lines=(units("A", 2),))
    monkeypatch.setattr("order_pipeline.domain.refunds.now", lambda: NOON)
    order = refunded(asked_for, "R-1", by="payment")
    assert [(entry.event, entry.at, entry.by) for entry in order.history[-3:]] == [
        (EventType.PAYMENT_REFUNDED, NOON, "payment"),
        (EventType.ORDER_SHIPPED, NOON, "payment"),
        (EventType.ORDER_DELIVERED, NOON, "payment"),
    ]
    assert order.payment.intent_id == asked_for.payment.intent_id


def test_the_history_says_who_recorded_what_became_of_a_refund() -> None:
    asked_for = with_refund(ORDER, lines=(units("A", 1),), restock=True)
    failed = refund_failed(asked_for, "R-1", "disputed", by="payment")
    assert (failed.history[-1].event, failed.history[-1].by) == (
        EventType.REFUND_FAILED,
        "payment",
    )
    back = restocked(refunded(asked_for, "R-1", by=BY), "R-1", by="inventory")
    assert (back.history[-1].by, back.history[-1].detail) == ("inventory", {"refundId": "R-1"})


def test_only_the_refund_that_is_meant_is_changed() -> None:
    order = with_refund(with_refund(ORDER, "R-1", amount=1000), "R-2", amount=2000)
    order = refunded(order, "R-2", by=BY)
    assert [(each.refund_id, each.amount, each.state) for each in order.refunds] == [
        ("R-1", 1000, RefundState.REQUESTED),
        ("R-2", 2000, RefundState.REFUNDED),
    ]
    assert order.payment.state is PaymentState.PARTIALLY_REFUNDED
    assert refundable(order) == 3 * 2999 - 3000


def test_a_refund_that_nobody_asked_for_changes_nothing() -> None:
    assert refund_failed(ORDER, "R-9", "disputed", by=BY) is ORDER
    assert restocked(ORDER, "R-9", by=BY) is ORDER


def test_nothing_can_be_refunded_of_an_order_without_a_total_or_without_its_money() -> None:
    assert refundable(a_confirmed_order()) == 0
    assert refundable(ORDER.model_copy(update={"total": None})) == 0
    assert refundable(ORDER) == 3 * 2999


def test_nothing_is_refunded_of_an_order_that_cannot_be_in_that_state() -> None:
    with pytest.raises(CommandRefusedError, match="no payment has been captured"):
        with_refund(ORDER.model_copy(update={"status": Status.CANCELLED}), amount=1)


def test_all_that_was_paid_can_be_given_back_at_once() -> None:
    assert with_refund(ORDER, amount=3 * 2999).refunds[0].amount == 3 * 2999
    assert with_refund(ORDER, amount=1).refunds[0].amount == 1


def test_what_is_refused_says_of_which_order_and_why() -> None:
    with pytest.raises(
        CommandRefusedError, match=r"^Order ORD-1 cannot be refunded: no payment has"
    ):
        with_refund(a_confirmed_order(), amount=1)
    with pytest.raises(
        CommandConflictError, match=r"^Refund R-1 was already requested with different"
    ):
        with_refund(with_refund(ORDER, amount=1000), amount=2000, request_hash="2")
