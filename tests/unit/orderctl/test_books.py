from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from order_pipeline.adapters.items import to_item
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.order import Order
from orderctl.books import OrderBook, check_orders, check_stock, not_recorded
from tests.unit.builders import NOON, a_captured_order, a_confirmed_order, a_placed_order
from tests.unit.functions.test_outbox import image

YESTERDAY = NOON - timedelta(days=1)
LATER = NOON + timedelta(hours=1)
ORDER = a_confirmed_order()
EVENTS = events_since(0, ORDER)
RESERVATION = {
    "itemId": "reservation#ORD-1",
    "orderId": "ORD-1",
    "state": "HELD",
    "units": {"ITEM-001": 2},
}
UNITS_IN_STOCK = {"itemId": "ITEM-001", "available": 8, "version": 3}


HOT = {"itemId": "HOT", "available": 500, "version": "1", "stockCounters": 2}
COUNTERS = [
    {"itemId": f"stock#HOT#{number}", "available": 3, "version": 0, "itemVersion": 1}
    for number in range(3)
]


def book_of(*orders: Order) -> OrderBook:
    return OrderBook.read(image(order) for order in orders)


def in_orders(
    book: OrderBook, events: Iterable[OrderEvent], since: datetime = YESTERDAY
) -> list[tuple[str, str]]:
    differences = check_orders(book, events, since=since, until=LATER)
    return [(each.about, each.what) for each in differences]


def in_stock(book: OrderBook, *items: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.about, each.what) for each in check_stock(book, map(to_item, items))]


def test_books_that_agree_have_no_difference() -> None:
    assert in_orders(book_of(ORDER), [*EVENTS, EVENTS[0]]) == []
    assert in_stock(book_of(ORDER), RESERVATION, UNITS_IN_STOCK) == []


def test_an_order_that_only_the_bucket_has_is_missing_in_the_table() -> None:
    assert in_orders(book_of(), [*EVENTS[1:], EVENTS[0]]) == [
        (
            "ORD-1",
            (
                "missing from the table; 4 events recorded, the last #4 OrderConfirmed; "
                "CUST-1: 2 of ITEM-001; 59.98 GBP"
            ),
        )
    ]
    assert in_orders(book_of(), events_since(0, a_placed_order())) == [
        (
            "ORD-1",
            (
                "missing from the table; 1 events recorded, the last #1 OrderPlaced; "
                "CUST-1: 2 of ITEM-001; not validated"
            ),
        )
    ]


def test_an_order_that_the_table_has_in_an_earlier_state_is_behind_the_bucket() -> None:
    assert in_orders(book_of(a_placed_order()), EVENTS) == [
        ("ORD-1", "the table is behind the bucket: #2 OrderValidated"),
        ("ORD-1", "the table is behind the bucket: #3 StockReserved"),
        ("ORD-1", "the table is behind the bucket: #4 OrderConfirmed"),
    ]


def test_an_event_that_the_bucket_lacks_is_told_and_so_is_one_that_differs() -> None:
    forged = EVENTS[3].model_copy(update={"detail": {"reason": "forged"}})
    assert in_orders(book_of(ORDER), [*EVENTS[:2], forged]) == [
        ("ORD-1", "not in the bucket: #3 StockReserved"),
        ("ORD-1", "different: #4 OrderConfirmed"),
    ]


def test_what_happened_outside_the_span_need_not_be_in_the_bucket() -> None:
    assert in_orders(book_of(ORDER), [], since=NOON + timedelta(minutes=1)) == []


def test_what_the_bucket_lacks_of_a_span_is_known_by_its_ids() -> None:
    book = book_of(ORDER, a_placed_order(order_id="ORD-2"))
    span = {"since": YESTERDAY, "until": LATER}
    assert not_recorded(book, EVENTS[1:], **span) == {"ORD-1#1", "ORD-2#1"}
    assert not_recorded(book, [], since=LATER, until=LATER + timedelta(days=1)) == set()


def test_an_order_that_cannot_be_read_is_told_once() -> None:
    book = OrderBook.read([to_item({"orderId": "ORD-1", "version": 4})])
    assert in_orders(book, EVENTS) == [("ORD-1", "cannot be read")]
    assert in_stock(book, RESERVATION) == []


def test_less_than_nothing_is_told() -> None:
    assert in_stock(book_of(ORDER), UNITS_IN_STOCK | {"available": -1}, RESERVATION) == [
        ("ITEM-001", "available is -1")
    ]
    assert in_stock(book_of(ORDER), RESERVATION | {"withheld": {"ITEM-001": -1}}) == [
        ("reservation#ORD-1", "withheld.ITEM-001 is -1")
    ]


def test_stock_that_is_held_for_nobody_is_told() -> None:
    assert in_stock(book_of(), RESERVATION) == [
        ("ORD-1", "its reservation is HELD, but there is no such order")
    ]
    assert in_stock(book_of(a_captured_order()), RESERVATION) == [
        ("ORD-1", "its reservation is HELD, but its stock is SHIPPED")
    ]


def test_an_order_whose_stock_nobody_holds_is_told() -> None:
    assert in_stock(book_of(ORDER)) == [("ORD-1", "its stock is HELD, but it has no reservation")]
    assert in_stock(book_of(ORDER), RESERVATION | {"state": "RELEASED"}) == [
        ("ORD-1", "its stock is HELD, but its reservation is RELEASED")
    ]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"units": {"ITEM-001": 1}}, "its reservation has different units from its lines"),
        ({"shipped": {"ITEM-001": 3}}, "its reservation holds a negative quantity of ITEM-001"),
        (
            {"counters": {"ITEM-001": {"0": 1}}},
            "its reservation has different units on the counters of ITEM-001",
        ),
        ({"units": None}, "its reservation cannot be read"),
    ],
)
def test_whatever_the_reconciler_finds_wrong_with_a_reservation_is_told(
    changes: dict[str, Any], what: str
) -> None:
    assert in_stock(book_of(ORDER), RESERVATION | changes) == [("ORD-1", what)]


def test_the_counters_of_an_item_are_those_that_it_knows() -> None:
    assert in_stock(book_of(), HOT, *COUNTERS[:2]) == []
    assert in_stock(book_of(), COUNTERS[0], HOT) == [("HOT", "its counter 1 is missing")]
    assert in_stock(book_of(), HOT) == [
        ("HOT", "its counter 0 is missing"),
        ("HOT", "its counter 1 is missing"),
    ]
    unknown = [("HOT", "it has no counter 2, but there is one, with 3 units")]
    assert in_stock(book_of(), HOT, *COUNTERS) == unknown
    plain = HOT | {"stockCounters": 1}
    for items in ([plain, COUNTERS[2]], [COUNTERS[2]]):
        assert in_stock(book_of(), *items) == unknown
    stale = COUNTERS[1] | {"itemVersion": 7}
    assert in_stock(book_of(), HOT, COUNTERS[0], stale) == [
        ("stock#HOT#1", "set for version 7 of its item, which is at version 1")
    ]
    below = COUNTERS[1] | {"available": -1}
    assert in_stock(book_of(), HOT, COUNTERS[0], below) == [("stock#HOT#1", "available is -1")]
