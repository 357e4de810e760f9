"""The provider's records against the orders."""

import pytest

from order_pipeline.books import difference
from order_pipeline.order import Order, PaymentState, Stock, StockState
from order_pipeline.ports import Money, MoneyState
from tests.unit.builders import (
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_reserved_order,
)

TOTAL = 5998


def money(state: MoneyState = MoneyState.HELD, **changes: object) -> Money:
    values = {"intent_id": "pi_1", "order_id": "ORD-1", "state": state, "amount": TOTAL}
    return Money(**(values | changes))  # type: ignore[arg-type]


def with_replacement(order: Order) -> Order:
    """Return an order whose hold is being renewed, `pi_1` taking over from `pi_0`."""
    payment = order.payment.model_copy(
        update={"intent_id": "pi_0", "replacement_intent_id": "pi_1"}
    )
    return order.model_copy(update={"payment": payment})


def with_state(order: Order, state: PaymentState) -> Order:
    return order.model_copy(update={"payment": order.payment.model_copy(update={"state": state})})


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (MoneyState.HELD, a_confirmed_order()),
        (MoneyState.HELD, with_state(a_captured_order(), PaymentState.CAPTURE_FAILED)),
        (MoneyState.TAKEN, a_captured_order()),
        (MoneyState.TAKEN, with_state(a_captured_order(), PaymentState.PARTIALLY_REFUNDED)),
        (MoneyState.TAKEN, with_state(a_captured_order(), PaymentState.REFUNDED)),
        # a stage is still to act on these
        (MoneyState.HELD, a_reserved_order(intent_id="pi_1")),
        (MoneyState.HELD, with_replacement(a_confirmed_order())),
        (MoneyState.HELD, a_cancelled_order(intent_id="pi_1")),
    ],
)
def test_the_books_agree(state: MoneyState, order: Order) -> None:
    assert order.total == TOTAL
    assert difference(money(state), order) is None


@pytest.mark.parametrize(
    ("found", "order", "problem"),
    [
        (money(), None, "held for an order that does not exist"),
        (money(), a_reserved_order(), "held by another intent than the order's"),
        (money(), a_reserved_order(intent_id="pi_2"), "held by another intent than the order's"),
        (money(intent_id="pi_2"), a_confirmed_order(), "held by another intent than the order's"),
        (money(amount=1), a_confirmed_order(), "held: 1, of an order of 5998"),
        (money(), a_captured_order(), "held, not CAPTURED"),
        (money(), with_state(a_confirmed_order(), PaymentState.EXPIRED), "held, not EXPIRED"),
        (
            money(MoneyState.TAKEN),
            a_confirmed_order(),
            "taken, not AUTHORISED",
        ),
        (
            money(MoneyState.TAKEN),
            with_state(a_captured_order(), PaymentState.CAPTURE_FAILED),
            "taken, not CAPTURE_FAILED",
        ),
    ],
)
def test_the_books_differ(found: Money, order: Order | None, problem: str) -> None:
    assert difference(found, order) == problem


def test_money_for_an_order_that_came_to_nothing_is_a_difference() -> None:
    released = a_declined_order().model_copy(update={"stock": Stock(state=StockState.RELEASED)})
    assert difference(money(), released) == "held, not NONE"
