from typing import Any

import pytest

from order_pipeline.domain.catalogue import Item, RejectionReason, check
from order_pipeline.domain.limits import MAX_TOTAL
from order_pipeline.domain.money import Currency
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import BY, a_line, a_placed_order, an_item


def test_an_order_is_validated_at_the_catalogues_prices() -> None:
    order = a_placed_order(a_line("A", 2, price=2999), a_line("B", 1))
    items = {"A": an_item("A", price=2999), "B": an_item("B", price=4999)}

    validated = check(order, items, by=BY)

    assert validated.status is Status.VALIDATED
    assert [line.unit_price for line in validated.lines] == [2999, 4999]
    assert validated.total == 2 * 2999 + 4999


@pytest.mark.parametrize(
    ("item", "detail"),
    [
        (None, {"reason": "unknown_item", "itemId": "A"}),
        ({"active": False}, {"reason": "item_not_for_sale", "itemId": "A"}),
        (
            {"currency": Currency.EUR},
            {"reason": "currency_mismatch", "itemId": "A", "orderedIn": "GBP", "soldIn": "EUR"},
        ),
        ({"price": 3000}, {"reason": "price_changed", "itemId": "A", "currentPrice": "30.00"}),
    ],
)
def test_a_line_that_cannot_be_sold_rejects_the_order(
    item: dict[str, Any] | None, detail: dict[str, str]
) -> None:
    order = a_placed_order(a_line("GOOD", 1), a_line("A", 2, price=2999))
    items = {"GOOD": an_item("GOOD")}
    if item is not None:
        items["A"] = an_item("A", **item)

    rejected = check(order, items, by=BY)

    assert rejected.status is Status.REJECTED
    assert rejected.history[-1].event is EventType.ORDER_REJECTED
    assert rejected.history[-1].detail == detail
    assert rejected.total is None


@pytest.mark.parametrize(
    ("price", "quantity", "status"),
    [
        (29, 1, Status.REJECTED),
        (30, 1, Status.VALIDATED),
        (0, 1, Status.REJECTED),
        (MAX_TOTAL, 1, Status.VALIDATED),
        (MAX_TOTAL + 1, 1, Status.REJECTED),
        (MAX_TOTAL // 2 + 1, 2, Status.REJECTED),
    ],
)
def test_a_total_must_be_one_that_can_be_charged(price: int, quantity: int, status: Status) -> None:
    verdict = check(a_placed_order(a_line("A", quantity)), {"A": an_item("A", price=price)}, by=BY)
    assert verdict.status is status


def test_a_total_that_cannot_be_charged_says_what_can() -> None:
    order = a_placed_order(a_line("A", 1))
    too_small = check(order, {"A": an_item("A", price=1)}, by=BY)
    too_large = check(order, {"A": an_item("A", price=MAX_TOTAL + 1)}, by=BY)
    assert too_small.history[-1].detail == {"reason": "total_too_small", "smallest": "0.30"}
    assert too_large.history[-1].detail == {"reason": "total_too_large", "largest": "999999.99"}


def test_exactly_one_counter_is_the_item_itself() -> None:
    assert not an_item(stock_counters=1).has_counters
    assert an_item(stock_counters=2).has_counters


def test_an_item_is_for_sale_and_without_counters_unless_it_says_otherwise() -> None:
    item = Item(item_id="A", name="Tea pot", price=1, currency=Currency.GBP, available=0, version=1)
    assert item.active
    assert item.stock_counters == 1


def test_reasons_are_called_what_is_stored_and_published() -> None:
    assert [str(reason) for reason in RejectionReason] == [
        "unknown_item",
        "item_not_for_sale",
        "currency_mismatch",
        "price_changed",
        "total_too_small",
        "total_too_large",
    ]


def test_the_history_says_who_has_judged() -> None:
    order = a_placed_order(a_line("A", 1))
    for price in (1, 2999):
        assert check(order, {"A": an_item("A", price=price)}, by="v").history[-1].by == "v"
    assert check(order, {}, by="v").history[-1].by == "v"


def test_the_first_line_that_cannot_be_sold_is_the_reason() -> None:
    order = a_placed_order(a_line("A", 1), a_line("B", 1))
    assert check(order, {}, by=BY).history[-1].detail["itemId"] == "A"
