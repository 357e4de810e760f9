from collections.abc import Callable
from typing import Any

import pytest

from order_pipeline.api.changing import CancelOrderRequest, RefundOrderRequest, ShipParcelRequest
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.domain.erasure import erased
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Address, LineQuantity, Order, RefundLine
from order_pipeline.domain.transitions import EventType, Status
from orders_api.commands import (
    cancel_order,
    deliver_parcel,
    order_now,
    refund_order,
    ship_parcel,
    shipping_address,
)
from orders_api.views import address_view, order_view
from tests.unit.builders import a_captured_order, a_confirmed_order, a_line, a_placed_order
from tests.unit.functions.in_memory import Orders

CANCEL = CancelOrderRequest.model_validate({"reason": "changed_mind"})
PARCEL: dict[str, Any] = {"parcelId": "P-1", "carrier": "Royal Mail", "trackingNumber": "AB1"}
REFUND: dict[str, Any] = {"refundId": "R-1", "amount": "10.00"}
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 Analytical Row",
    "line2": "Second floor",
    "city": "London",
    "postcode": "N1 9GU",
    "country": "GB",
}


def ship(orders: Orders, **changes: Any) -> Order:
    request = ShipParcelRequest.model_validate(PARCEL | changes)
    return ship_parcel("ORD-1", request, orders=orders)


def refund(orders: Orders, **changes: Any) -> Order:
    request = {name: value for name, value in (REFUND | changes).items() if value is not ...}
    return refund_order("ORD-1", RefundOrderRequest.model_validate(request), orders=orders)


def test_an_order_is_cancelled() -> None:
    orders = Orders(a_confirmed_order())
    assert cancel_order("ORD-1", CANCEL, orders=orders).status is Status.CANCELLED
    assert orders.get("ORD-1").history[-1].by == "orders-api"


def test_a_parcel_leaves_with_some_lines_or_with_all() -> None:
    orders = Orders(a_confirmed_order(a_line("A", 3)))
    ship(orders, lines=[{"itemId": "A", "quantity": 1}])
    order = ship(orders, parcelId="P-2")
    assert [parcel.lines for parcel in order.parcels] == [
        (LineQuantity(item_id="A", quantity=1),),
        (LineQuantity(item_id="A", quantity=2),),
    ]
    assert order.status is Status.SHIPPED


def test_a_repeated_parcel_without_lines_is_the_same_parcel() -> None:
    orders = Orders(a_confirmed_order())
    assert ship(orders) is ship(orders)


@pytest.mark.parametrize(
    "change",
    [
        {"carrier": "DPD"},
        {"trackingNumber": "AB2"},
        {"lines": [{"itemId": "ITEM-001", "quantity": 1}]},
    ],
)
def test_another_parcel_with_the_same_id_is_a_conflict(change: dict[str, Any]) -> None:
    orders = Orders(a_confirmed_order())
    ship(orders)
    with pytest.raises(ProblemError) as error:
        ship(orders, **change)
    assert error.value.problem is ProblemType.ID_CONFLICT


def test_a_parcel_arrives() -> None:
    orders = Orders(a_captured_order())
    assert deliver_parcel("ORD-1", "P-1", orders=orders).status is Status.DELIVERED


def test_a_refund_is_recorded_for_the_payment_stage() -> None:
    orders = Orders(a_captured_order())
    order = refund(orders)
    assert order.history[-1].event is EventType.REFUND_REQUESTED
    assert order.refunds[0].amount == 1000
    assert refund(orders, amount=10) is order


def test_a_refund_by_line_may_restock() -> None:
    lines = [{"itemId": "ITEM-001", "quantity": 2}]
    order = refund(Orders(a_captured_order()), amount=..., lines=lines, restock=True)
    assert order.refunds[0].amount == 5998
    assert order.refunds[0].restock
    assert order.refunds[0].lines == (RefundLine(item_id="ITEM-001", quantity=2),)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": ...}, "amount"),
        ({"lines": [{"itemId": "ITEM-001", "quantity": 1}]}, "amount"),
        ({"restock": True}, "restock"),
    ],
)
def test_a_refund_is_by_amount_or_by_line(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemError) as error:
        refund(Orders(a_captured_order()), **change)
    assert error.value.errors[0].field == field


def test_another_refund_with_the_same_id_is_a_conflict() -> None:
    orders = Orders(a_captured_order())
    refund(orders)
    with pytest.raises(ProblemError) as error:
        refund(orders, amount="10.01")
    assert error.value.problem is ProblemType.ID_CONFLICT


def test_an_amount_must_be_one_in_the_orders_currency() -> None:
    orders = Orders(a_captured_order().model_copy(update={"currency": Currency.JPY}))
    with pytest.raises(ProblemError) as error:
        refund(orders, amount="10.50")
    assert error.value.errors[0].field == "amount"


def test_what_the_order_does_not_allow_is_refused_and_leaves_no_trace() -> None:
    placed = a_placed_order()
    orders = Orders(placed)
    for command in (ship, refund):
        with pytest.raises(ProblemError) as error:
            command(orders)
        assert error.value.problem is ProblemType.REFUSED
    with pytest.raises(ProblemError) as error:
        deliver_parcel("ORD-1", "P-1", orders=orders)
    assert error.value.problem is ProblemType.REFUSED
    assert orders.get("ORD-1") is placed


@pytest.mark.parametrize(
    "command",
    [
        lambda orders: order_now("ORD-1", orders=orders),
        lambda orders: cancel_order("ORD-1", CANCEL, orders=orders),
        lambda orders: deliver_parcel("ORD-1", "P-1", orders=orders),
        ship,
        refund,
    ],
)
def test_an_order_that_is_not_there_is_not_found(command: Callable[[Orders], Order]) -> None:
    with pytest.raises(ProblemError) as error:
        command(Orders())
    assert error.value.problem is ProblemType.NOT_FOUND


def test_an_erased_order_takes_no_more_changes_but_repeats_its_answers() -> None:
    delivered = a_captured_order().after(EventType.ORDER_DELIVERED, by="test")
    orders = Orders(delivered)
    parcel = delivered.parcels[0]
    erased_order = orders.change("ORD-1", erased)
    with pytest.raises(ProblemError) as error:
        refund(orders)
    assert error.value.problem is ProblemType.REFUSED
    assert (
        error.value.detail == "Order ORD-1 is closed: its customer's personal data has been erased."
    )
    with pytest.raises(ProblemError):
        cancel_order("ORD-1", CANCEL, orders=orders)
    assert orders.get("ORD-1") is erased_order
    assert parcel in erased_order.parcels

    cancelled = a_placed_order().after(
        EventType.ORDER_CANCELLED, by="test", detail={"reason": "changed_mind"}
    )
    orders = Orders(erased(cancelled))
    assert cancel_order("ORD-1", CANCEL, orders=orders).status is Status.CANCELLED


@pytest.mark.parametrize("line2", ["Second floor", None])
def test_an_address_is_shown_as_it_was_given(line2: str | None) -> None:
    given = ADDRESS | {"line2": line2}
    orders = Orders(a_confirmed_order(shipping_address=Address(**given)))
    assert address_view(shipping_address("ORD-1", orders=orders)).model_dump() == given


def test_an_order_without_an_address_is_told_from_one_that_was_erased_and_from_none() -> None:
    rejected = a_placed_order(shipping_address=Address(**ADDRESS)).after(
        EventType.ORDER_REJECTED, by="test"
    )
    for orders, detail in (
        (Orders(), "There is no order ORD-1."),
        (
            Orders(a_confirmed_order()),
            "Order ORD-1 has no shipping address: it was placed without one.",
        ),
        (
            Orders(erased(rejected)),
            "Order ORD-1 has no shipping address: its customer was erased.",
        ),
    ):
        with pytest.raises(ProblemError) as error:
            shipping_address("ORD-1", orders=orders)
        assert (error.value.problem, error.value.detail) == (ProblemType.NOT_FOUND, detail)


def test_an_erased_order_is_shown_without_its_customer() -> None:
    order = a_placed_order().after(EventType.ORDER_REJECTED, by="test")
    assert order_view(order).customer_id == "CUST-1"
    assert order_view(order).erased_at is None
    view = order_view(erased(order))
    assert view.customer_id is None
    assert view.erased_at
    assert view.history == order_view(order).history
