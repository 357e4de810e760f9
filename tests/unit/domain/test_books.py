"""The provider's records and the reservations against the orders."""

import pytest

from order_pipeline.domain.books import payment_difference, stock_difference
from order_pipeline.domain.order import Order, PaymentState, Stock, StockState
from order_pipeline.domain.ports import Money, MoneyState
from order_pipeline.domain.reservation import Reservation
from tests.unit.builders import (
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_line,
    a_placed_order,
    a_reserved_order,
    with_payment,
)

TOTAL = 5998


def money(state: MoneyState = MoneyState.HELD, **changes: object) -> Money:
    values = {"intent_id": "pi_1", "order_id": "ORD-1", "state": state, "amount": TOTAL}
    return Money(**(values | changes))  # type: ignore[arg-type]


def with_replacement(order: Order) -> Order:
    """Return an order whose hold is being renewed, `pi_1` taking over from `pi_0`."""
    return with_payment(order, intent_id="pi_0", replacement_intent_id="pi_1")


def with_stock(state: StockState) -> Order:
    return a_confirmed_order().model_copy(update={"stock": Stock(state=state)})


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (MoneyState.HELD, a_confirmed_order()),
        (MoneyState.HELD, with_payment(a_captured_order(), state=PaymentState.CAPTURE_FAILED)),
        (MoneyState.TAKEN, a_captured_order()),
        (MoneyState.TAKEN, with_payment(a_captured_order(), state=PaymentState.PARTIALLY_REFUNDED)),
        (MoneyState.TAKEN, with_payment(a_captured_order(), state=PaymentState.REFUNDED)),
        # a stage is still to act on these
        (MoneyState.HELD, a_reserved_order(intent_id="pi_1")),
        (MoneyState.HELD, with_replacement(a_confirmed_order())),
        (MoneyState.HELD, a_cancelled_order(intent_id="pi_1")),
    ],
)
def test_the_books_agree(state: MoneyState, order: Order) -> None:
    assert order.total == TOTAL
    assert payment_difference(money(state), order) is None


@pytest.mark.parametrize(
    ("found", "order", "problem"),
    [
        (money(), None, "held for an order that does not exist"),
        (money(), a_reserved_order(), "held by a different intent from the order's"),
        (
            money(),
            a_reserved_order(intent_id="pi_2"),
            "held by a different intent from the order's",
        ),
        (
            money(intent_id="pi_2"),
            a_confirmed_order(),
            "held by a different intent from the order's",
        ),
        (money(amount=1), a_confirmed_order(), "held: 1, for an order of 5998"),
        (money(), a_captured_order(), "held, not CAPTURED"),
        (
            money(),
            with_payment(a_confirmed_order(), state=PaymentState.EXPIRED),
            "held, not EXPIRED",
        ),
        (
            money(MoneyState.TAKEN),
            a_confirmed_order(),
            "taken, not AUTHORISED",
        ),
        (
            money(MoneyState.TAKEN),
            with_payment(a_captured_order(), state=PaymentState.CAPTURE_FAILED),
            "taken, not CAPTURE_FAILED",
        ),
    ],
)
def test_the_books_differ(found: Money, order: Order | None, problem: str) -> None:
    assert payment_difference(found, order) == problem


def test_money_for_an_order_that_came_to_nothing_is_a_difference() -> None:
    released = a_declined_order().model_copy(update={"stock": Stock(state=StockState.RELEASED)})
    assert payment_difference(money(), released) == "held, not NONE"


TWO_ITEMS = a_confirmed_order(a_line("A", 1), a_line("B", 1))


def a_reservation(state: StockState = StockState.HELD, **changes: object) -> Reservation:
    values: dict[str, object] = {"state": state, "units": {"ITEM-001": 2}}
    return Reservation.model_validate(values | changes)


@pytest.mark.parametrize(
    ("order", "reservation"),
    [
        (a_placed_order(), None),
        (a_confirmed_order(), a_reservation()),
        # what has left, and what was refunded before it left
        (a_confirmed_order(), a_reservation(shipped={"ITEM-001": 1}, withheld={"ITEM-001": 1})),
        # taken from two counters
        (a_confirmed_order(), a_reservation(counters={"ITEM-001": {0: 1, 3: 1}})),
        (a_declined_order(), a_reservation()),  # until it is released
        (with_stock(StockState.RELEASED), None),  # expired since
        (with_stock(StockState.RELEASED), a_reservation(StockState.RELEASED)),
        # the reservation hears of the last parcel a moment later
        (with_stock(StockState.SHIPPED), a_reservation()),
        (with_stock(StockState.SHIPPED), a_reservation(StockState.SHIPPED)),
    ],
)
def test_an_order_and_its_reservation_agree(order: Order, reservation: Reservation | None) -> None:
    assert stock_difference(order, reservation) is None


@pytest.mark.parametrize(
    ("order", "reservation", "what"),
    [
        (a_confirmed_order(), None, "its stock is HELD, but it has no reservation"),
        (
            a_confirmed_order(),
            a_reservation(StockState.RELEASED),
            "its stock is HELD, but its reservation is RELEASED",
        ),
        (
            a_confirmed_order(),
            a_reservation(units={"ITEM-001": 1}),
            "its reservation has different units from its lines",
        ),
        (
            a_confirmed_order(),
            a_reservation(shipped={"ITEM-001": 2}, withheld={"ITEM-001": 1}),
            "its reservation holds a negative quantity of ITEM-001",
        ),
        (
            a_confirmed_order(),
            a_reservation(counters={"ITEM-001": {0: 1, 3: 2}}),
            "its reservation has different units on the counters of ITEM-001",
        ),
        (
            TWO_ITEMS,
            a_reservation(units={"A": 1, "B": 1}, shipped={"A": 2, "B": 1}, withheld={"B": 1}),
            "its reservation holds a negative quantity of A, B",
        ),
        (
            TWO_ITEMS,
            a_reservation(units={"A": 1, "B": 1}, counters={"A": {0: 2}, "B": {1: 3}}),
            "its reservation has different units on the counters of A, B",
        ),
        (
            with_stock(StockState.RELEASED),
            a_reservation(),
            "its reservation is HELD, but its stock is RELEASED",
        ),
        (a_placed_order(), a_reservation(), "its reservation is HELD, but its stock is NONE"),
    ],
)
def test_what_is_wrong_with_the_stock_is_told(
    order: Order, reservation: Reservation | None, what: str
) -> None:
    assert stock_difference(order, reservation) == what
