"""What is measured of an order's life."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from order_pipeline.domain.authorisation import confirmed, payment_declined
from order_pipeline.domain.canary import CUSTOMER_ID as CANARY
from order_pipeline.domain.cancellation import PAYMENT_OVERDUE, CancelReason, cancel
from order_pipeline.domain.catalogue import RejectionReason, check
from order_pipeline.domain.measurements import OTHER, Measurement, Unit, measurements_of
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Order
from order_pipeline.domain.refunds import refunded
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import (
    BY,
    NOON,
    a_captured_order,
    a_confirmed_order,
    a_line,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    an_item,
    with_refund,
)

GBP = {"currency": "GBP"}


def measured(before: Order | None, after: Order) -> dict[str, Measurement]:
    return {each.name: each for each in measurements_of(before, after)}


def test_a_placed_order_is_counted() -> None:
    assert list(measurements_of(None, a_placed_order())) == [Measurement("OrdersPlaced", 1)]


def test_what_was_measured_before_is_not_measured_again() -> None:
    order = a_confirmed_order()
    assert list(measurements_of(order, order)) == []


def test_a_confirmed_order_tells_its_time_and_its_money() -> None:
    before = a_reserved_order(a_line(quantity=2), intent_id="pi_1")
    after = before.after(EventType.ORDER_CONFIRMED, by=BY, at=NOON + timedelta(seconds=4.2))
    assert list(measurements_of(before, after)) == [
        Measurement("OrdersConfirmed", 1),
        Measurement("TimeToConfirm", 4200.0, Unit.MILLISECONDS),
        Measurement("ConfirmedLate", 0),
        Measurement("RevenueConfirmed", 59.98, Unit.NONE, GBP),
        Measurement("StageLatency", 4200.0, Unit.MILLISECONDS),
    ]


@pytest.mark.parametrize(("seconds", "late"), [(5.0, 0), (5.001, 1)])
def test_an_order_that_is_confirmed_after_five_seconds_is_late(seconds: float, late: int) -> None:
    before = a_reserved_order(intent_id="pi_1")
    after = before.after(EventType.ORDER_CONFIRMED, by=BY, at=NOON + timedelta(seconds=seconds))
    assert measured(before, after)["ConfirmedLate"] == Measurement("ConfirmedLate", late)


def test_a_declined_payment_is_counted_whatever_its_reason() -> None:
    before = a_reserved_order()
    found = measured(before, payment_declined(before, "insufficient_funds", by=BY))
    assert found["PaymentsDeclined"] == Measurement("PaymentsDeclined", 1)
    assert "PaymentsDeclined" not in measured(None, check(a_placed_order(), {}, by=BY))


def test_a_stages_latency_counts_from_what_it_acts_upon() -> None:
    placed = a_placed_order(at=NOON - timedelta(minutes=5))
    validated = placed.after(EventType.ORDER_VALIDATED, by=BY, at=NOON)
    reserved = validated.after(EventType.STOCK_RESERVED, by=BY, at=NOON + timedelta(seconds=1))
    assert measured(validated, reserved)["StageLatency"].value == 1000.0


def test_a_refund_is_measured_from_its_own_request() -> None:
    asked = with_refund(a_captured_order(), amount=1000)
    after = refunded(asked, "R-1", by=BY)
    found = measured(asked, after)
    assert found["OrdersRefunded"] == Measurement("OrdersRefunded", 1)
    assert found["RevenueRefunded"] == Measurement("RevenueRefunded", 10.0, Unit.NONE, GBP)
    assert 0 <= found["StageLatency"].value < 60_000


def test_an_order_that_is_refunded_in_parts_counts_once_and_its_money_each_time() -> None:
    order = a_captured_order()
    for number in ("R-1", "R-2"):
        order = with_refund(order, number, amount=1000)
    once = refunded(order, "R-1", by=BY)
    twice = refunded(once, "R-2", by=BY)
    assert "OrdersRefunded" in measured(order, once)
    assert "OrdersRefunded" not in measured(once, twice)
    assert measured(once, twice)["RevenueRefunded"].value == 10.0


def test_clocks_that_differ_make_no_negative_time() -> None:
    before = a_reserved_order(intent_id="pi_1")
    after = before.after(EventType.ORDER_CONFIRMED, by=BY, at=NOON - timedelta(seconds=1))
    assert measured(before, after)["TimeToConfirm"].value == 0


def test_money_is_in_major_units_of_its_currency() -> None:
    order = a_placed_order(a_line(quantity=2), currency=Currency.JPY)
    item = an_item(price=1500, currency=Currency.JPY)
    validated = check(order, {item.item_id: item}, by=BY)
    cancelled = cancel(validated, CancelReason.OTHER, by=BY)
    lost = measured(validated, cancelled)["RevenueLost"]
    assert lost == Measurement("RevenueLost", 3000.0, Unit.NONE, {"currency": "JPY"})


def failures() -> Iterator[tuple[Order, Order, str, float | None]]:
    """Yield an order before and after, the reason that is counted, and the money that is lost."""
    placed, validated, reserved = a_placed_order(), a_validated_order(), a_reserved_order()
    total = 59.98
    yield placed, check(placed, {}, by=BY), RejectionReason.UNKNOWN_ITEM.value, None
    unavailable = validated.after(EventType.STOCK_UNAVAILABLE, by=BY)
    yield validated, unavailable, "out_of_stock", total
    yield (
        reserved,
        payment_declined(reserved, "insufficient_funds", by=BY),
        "insufficient_funds",
        total,
    )
    yield reserved, payment_declined(reserved, "brand_new_code", by=BY), OTHER, total


@pytest.mark.parametrize(("before", "after", "reason", "lost"), [*failures()])
def test_a_failed_order_is_counted_by_its_reason(
    before: Order, after: Order, reason: str, lost: float | None
) -> None:
    found = measured(before, after)
    assert found["OrdersFailed"] == Measurement("OrdersFailed", 1, dimensions={"reason": reason})
    assert found["StageLatency"].unit is Unit.MILLISECONDS
    money = found.get("RevenueLost")
    assert (money.value if money else None) == lost


@pytest.mark.parametrize("reason", [*CancelReason, PAYMENT_OVERDUE])
def test_a_cancelled_order_is_counted_by_its_reason(reason: str) -> None:
    before = a_confirmed_order()
    found = measured(before, cancel(before, reason, by=BY))
    assert found["OrdersCancelled"].dimensions == {"reason": str(reason)}
    assert found["RevenueLost"].value == 59.98
    assert "StageLatency" not in found  # a person's decision


def test_the_canarys_orders_tell_of_the_stages_and_are_no_business() -> None:
    order = confirmed(a_reserved_order(customer_id=CANARY), by=BY)
    cancelled = cancel(order, CancelReason.OTHER, by=BY)
    names = [each.name for each in measurements_of(None, cancelled)]
    assert names == ["StageLatency"] * 3


def test_an_order_that_jumps_is_measured_at_each_step() -> None:
    names = [each.name for each in measurements_of(None, confirmed(a_reserved_order(), by=BY))]
    assert names.count("StageLatency") == 3
    assert {"OrdersPlaced", "OrdersConfirmed", "TimeToConfirm"} <= set(names)
