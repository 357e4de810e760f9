import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_pipeline.domain.limits import MAX_LINES, MAX_PARCEL_LINES, MAX_PARCELS, PAYMENT_HOLD
from order_pipeline.domain.order import LineQuantity, Order, PaymentState, StockState
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.shipping import deliver, remaining_quantities, ship
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    NOON,
    a_cancelled_order,
    a_confirmed_order,
    a_line,
    a_reserved_order,
    shipped,
    with_payment,
)


def units(item_id: str, quantity: int) -> LineQuantity:
    return LineQuantity(item_id=item_id, quantity=quantity)


ORDER = a_confirmed_order(a_line("A", 2), a_line("B", 1))


def test_a_parcel_with_all_that_remains_ships_the_order() -> None:
    order = shipped(ORDER)
    assert order.status is Status.SHIPPED
    assert order.stock.state is StockState.SHIPPED
    assert [entry.event for entry in order.history[-2:]] == [
        EventType.PARCEL_SHIPPED,
        EventType.ORDER_SHIPPED,
    ]
    assert order.parcels[0].lines == (units("A", 2), units("B", 1))
    assert order.history[-2].detail == {"parcelId": "P-1"}
    assert (order.parcels[0].carrier, order.parcels[0].tracking_number) == ("Royal Mail", "AB1")


def test_an_order_can_leave_in_several_parcels_even_within_a_line() -> None:
    first = shipped(ORDER, "P-1", [units("A", 1)])
    assert (first.status, first.stock.state) == (Status.CONFIRMED, StockState.HELD)
    assert remaining_quantities(first) == {"A": 1, "B": 1}

    second = shipped(first, "P-2")

    assert second.status is Status.SHIPPED
    assert second.parcels[1].lines == (units("A", 1), units("B", 1))
    assert second.shipped_quantities == second.quantities


def test_the_same_parcel_leaves_once() -> None:
    order = shipped(ORDER, "P-1", [units("A", 1)])
    assert shipped(order, "P-1", [units("A", 1)]) is order


def test_another_parcel_with_the_same_id_is_a_conflict() -> None:
    order = shipped(ORDER, "P-1", [units("A", 1)])
    with pytest.raises(CommandConflictError):
        shipped(order, "P-1", [units("B", 1)], request_hash="2")


@pytest.mark.parametrize(
    ("order", "lines", "why"),
    [
        (ORDER, [units("A", 3)], "3 of A cannot be shipped: 2 left to ship"),
        (ORDER, [units("A", 1), units("A", 2)], "3 of A cannot be shipped: 2 left to ship"),
        (ORDER, [units("C", 1)], "1 of C cannot be shipped: 0 left to ship"),
        (a_reserved_order(), None, "it is RESERVED"),
        (a_cancelled_order(), None, "it is CANCELLED"),
        (shipped(ORDER), None, "it is SHIPPED"),
    ],
)
def test_only_what_remains_of_a_confirmed_order_can_leave(
    order: Order, lines: Sequence[LineQuantity] | None, why: str
) -> None:
    with pytest.raises(CommandRefusedError, match=why):
        shipped(order, "P-9", lines)


LAST_PARCEL = re.escape(
    "This is the last of the 80 parcels that order ORD-1 may have: it must contain everything "
    "that is left, and no refund of unshipped units may be in progress."
)


def test_the_last_parcel_that_an_order_may_have_holds_all_that_remains() -> None:
    order = a_confirmed_order(a_line("A", 200), a_line("B", 1))
    for number in range(MAX_PARCELS - 1):
        order = shipped(order, f"P-{number}", [units("A", 1)])
    for too_little in ([units("A", 1)], [units("B", 1)]):
        with pytest.raises(CommandRefusedError, match=LAST_PARCEL):
            shipped(order, "last", too_little)

    order = shipped(order, "last")

    assert order.status is Status.SHIPPED
    assert order.parcels[-1].lines == (units("A", 200 - MAX_PARCELS + 1), units("B", 1))


ROOM_FOR_OTHERS = re.escape(
    "The parcels of order ORD-1 may have 500 lines in total, and some are kept for what is left "
    "behind: the parcel must contain all that is left of at least 50 more of its items."
)


def test_a_parcel_never_takes_the_room_of_what_it_leaves_behind() -> None:
    order = a_confirmed_order(*(a_line(f"I-{number}", 40) for number in range(MAX_LINES)))
    each_once = [units(f"I-{number}", 1) for number in range(MAX_LINES)]
    number = 0
    while len(order.parcels) < MAX_PARCEL_LINES // MAX_LINES - 1:
        order = shipped(order, f"P-{number}", each_once)
        number += 1
    all_of_one, all_of_two = (
        [units(f"I-{item}", remaining_quantities(order)[f"I-{item}"]) for item in range(items)]
        for items in (1, 2)
    )
    with pytest.raises(CommandRefusedError, match=ROOM_FOR_OTHERS):
        shipped(order, "all split", each_once)
    with pytest.raises(CommandRefusedError, match="of at least 1 more"):
        shipped(order, "one split", [*all_of_one, units("I-1", 1)])

    order = shipped(shipped(order, "whole", all_of_two), "the rest")

    assert order.status is Status.SHIPPED


@settings(max_examples=20, deadline=None)
@given(chance=st.randoms(), parcels=st.integers(0, MAX_PARCELS + 5))
def test_whatever_has_left_the_rest_can_leave(chance: Random, parcels: int) -> None:
    """Parcels of any contents: those that are refused would have left too little room."""
    items = [f"I-{number}" for number in range(MAX_LINES)]
    order = a_confirmed_order(*(a_line(item_id, 300) for item_id in items))
    for number in range(parcels):
        in_parcel = chance.sample(items, chance.randint(1, 10))
        lines = [units(item_id, chance.randint(1, 3)) for item_id in in_parcel]
        with suppress(CommandRefusedError):
            order = shipped(order, f"P-{number}", lines)
    assert shipped(order, "all that remains").status is Status.SHIPPED


def test_an_order_is_delivered_when_every_parcel_has_arrived() -> None:
    order = shipped(shipped(ORDER, "P-1", [units("A", 1)]), "P-2")
    first = deliver(order, "P-2", by=BY)
    assert first.status is Status.SHIPPED
    assert first.history[-1].detail == {"parcelId": "P-2"}

    second = deliver(first, "P-1", by=BY)

    assert second.status is Status.DELIVERED
    assert [entry.event for entry in second.history[-2:]] == [
        EventType.PARCEL_DELIVERED,
        EventType.ORDER_DELIVERED,
    ]


def test_a_parcel_that_arrives_while_more_are_to_leave_does_not_deliver_the_order() -> None:
    order = deliver(shipped(ORDER, "P-1", [units("A", 1)]), "P-1", by=BY)
    assert order.status is Status.CONFIRMED
    delivered = deliver(shipped(order, "P-2"), "P-2", by=BY)
    assert delivered.status is Status.DELIVERED


def test_a_parcel_arrives_once() -> None:
    order = deliver(shipped(ORDER), "P-1", by=BY)
    assert deliver(order, "P-1", by=BY) is order


def test_a_parcel_that_never_left_does_not_arrive() -> None:
    with pytest.raises(CommandRefusedError, match="No parcel P-9"):
        deliver(shipped(ORDER), "P-9", by=BY)


@pytest.mark.parametrize(
    ("payment", "why"),
    [
        ({"state": PaymentState.EXPIRED}, "its payment has expired"),
        ({"state": PaymentState.CAPTURE_FAILED}, "its payment could not be taken"),
        ({"authorised_at": now() - PAYMENT_HOLD}, "the hold on its money has ended"),
    ],
)
def test_nothing_leaves_that_nobody_would_pay_for(payment: dict[str, Any], why: str) -> None:
    order = with_payment(shipped(ORDER, lines=[units("A", 1)]), **payment)
    with pytest.raises(CommandRefusedError, match=f"Order ORD-1 cannot be shipped: {why}."):
        shipped(order, "P-2")
    assert shipped(order, lines=[units("A", 1)]) is order  # that one has left


def test_a_hold_counts_up_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ORDER.payment.hold_ends
    times = [ORDER.payment.hold_ends, ORDER.payment.hold_ends - timedelta(microseconds=1)]
    monkeypatch.setattr("order_pipeline.domain.shipping.now", lambda: times[0])
    with pytest.raises(CommandRefusedError, match="the hold on its money has ended"):
        shipped(ORDER)
    times.pop(0)
    assert shipped(ORDER).status is Status.SHIPPED


@pytest.mark.parametrize(
    "payment",
    [
        {"authorised_at": None},  # of an order that was restored without it
        {"state": PaymentState.CAPTURED, "authorised_at": now() - PAYMENT_HOLD},
    ],
)
def test_what_is_paid_for_or_will_be_leaves(payment: dict[str, Any]) -> None:
    assert shipped(with_payment(ORDER, **payment)).status is Status.SHIPPED


def test_what_follows_from_a_parcel_happens_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left, arrived = NOON + timedelta(hours=1), NOON + timedelta(days=1)
    monkeypatch.setattr("order_pipeline.domain.shipping.now", lambda: left)
    order = ship(
        ORDER,
        "P-1",
        lines=None,
        carrier="Royal Mail",
        tracking_number="AB1",
        request_hash="abc",
        by="warehouse",
    )
    assert order.parcels[0].shipped_at == left
    assert order.parcels[0].delivered_at is None
    assert order.parcels[0].request_hash == "abc"
    monkeypatch.setattr("order_pipeline.domain.shipping.now", lambda: arrived)
    order = deliver(order, "P-1", by="carrier")
    assert order.parcels[0].delivered_at == arrived
    assert [(entry.event, entry.at, entry.by) for entry in order.history[-4:]] == [
        (EventType.PARCEL_SHIPPED, left, "warehouse"),
        (EventType.ORDER_SHIPPED, left, "warehouse"),
        (EventType.PARCEL_DELIVERED, arrived, "carrier"),
        (EventType.ORDER_DELIVERED, arrived, "carrier"),
    ]


def test_only_the_parcel_that_arrived_is_changed() -> None:
    order = shipped(shipped(ORDER, "P-1", [units("A", 1)]), "P-2")
    first = deliver(order, "P-2", by=BY)
    assert first.parcels[0] is order.parcels[0]
    assert first.parcels[1].lines == order.parcels[1].lines


def test_what_is_refused_says_of_which_order_and_why() -> None:
    order = shipped(ORDER, "P-1", [units("A", 1)])
    with pytest.raises(
        CommandConflictError, match=r"Parcel P-1 was already shipped with different content"
    ):
        shipped(order, "P-1", request_hash="2")
    with pytest.raises(
        CommandRefusedError, match=r"^No parcel P-9 of order ORD-1 has been shipped\.$"
    ):
        deliver(order, "P-9", by=BY)
