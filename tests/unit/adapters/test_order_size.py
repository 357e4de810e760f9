"""The largest order that the limits allow fits into its item, and its events into messages."""

import pytest

from cost.dynamodb_units import WRITE_UNIT, item_size
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import stored_attributes
from order_pipeline.domain.events import events_since
from order_pipeline.domain.limits import (
    MAX_LINES,
    MAX_PARCEL_LINES,
    MAX_PARCELS,
    MAX_QUANTITY,
    MAX_REFUNDS,
    MAX_TEXT,
)
from order_pipeline.domain.order import (
    Address,
    Contact,
    LineQuantity,
    Order,
    Refund,
    RefundLine,
    RefundState,
)
from order_pipeline.domain.refunds import refund_failed
from order_pipeline.domain.shipping import deliver, ship
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status
from tests.unit.builders import (
    BY,
    a_confirmed_order,
    a_line,
    a_storefront_order,
    captured,
    to_its_confirmation,
    with_refund,
)

LARGEST_ITEM = 400 * 1024
"""Bytes (DynamoDB's quota)."""

LARGEST_MESSAGE = 256 * 1024
"""Bytes (the quota of SNS and SQS)."""

LONG_TEXT = "\N{GRINNING FACE}" * MAX_TEXT
ITEM_IDS = [f"{number:064}" for number in range(MAX_LINES)]


def shipped(order: Order, number: int, lines: list[LineQuantity] | None) -> Order:
    return ship(
        order,
        f"{number:064}",
        lines=lines,
        carrier=LONG_TEXT,
        tracking_number=LONG_TEXT,
        request_hash="0" * 64,
        by="orders-api",
    )


def parcel_contents() -> list[list[LineQuantity] | None]:
    """Return what is in the parcels of an order that has as many, with as many lines, as it may.

    The first ones split every line, those after them the first line only.
    """
    each_once = [LineQuantity(item_id=item_id, quantity=1) for item_id in ITEM_IDS]
    before_the_last = MAX_PARCELS - 1
    splits = MAX_PARCEL_LINES - MAX_LINES
    of_all_lines = (splits - before_the_last) // (MAX_LINES - 1)
    of_one_line = before_the_last - of_all_lines
    return [*[each_once] * of_all_lines, *[each_once[:1]] * of_one_line, None]


@pytest.fixture(scope="module")
def largest() -> Order:
    """An order with as much of everything as there can be, all of it shipped and delivered."""
    order = a_confirmed_order(
        *(a_line(item_id, 600, 2999) for item_id in ITEM_IDS),  # nearly the largest total
        order_id="o" * 64,
        customer_id="c" * 64,
        payment_method="pm_" + "x" * 64,
        contact=Contact(
            email="e" * 254, phone="+" + "4" * 15, push_endpoint="p" * 256, channels=None
        ),
        shipping_address=Address(
            name=LONG_TEXT,
            line1=LONG_TEXT,
            line2=LONG_TEXT,
            city=LONG_TEXT,
            postcode=LONG_TEXT,
            country="GB",
        ),
        trace_header="t" * 256,
    )
    for number, lines in enumerate(parcel_contents()):
        order = shipped(order, number, lines)
        if number == 0:
            order = captured(order)
    assert order.status is Status.SHIPPED
    order = order.model_copy(update={"refunds": tuple(map(largest_refund, range(MAX_REFUNDS)))})
    for refund in order.refunds:
        detail = {"refundId": refund.refund_id, "amount": refund.amount}
        for event in (
            EventType.REFUND_REQUESTED,
            EventType.PAYMENT_REFUNDED,
            EventType.STOCK_RESTOCKED,
        ):
            order = order.after(event, by="orders-api", detail=detail)
    for parcel in order.parcels:
        order = deliver(order, parcel.parcel_id, by="orders-api")
    assert order.status is Status.DELIVERED
    return order


def largest_refund(number: int) -> Refund:
    """Return a refund of many units of every line, larger than there are units for all of them."""
    return Refund(
        refund_id=f"{number:064}",
        state=RefundState.REFUNDED,
        amount=99_999_999,
        lines=tuple(
            RefundLine(item_id=item_id, quantity=MAX_QUANTITY, withheld=MAX_QUANTITY)
            for item_id in ITEM_IDS
        ),
        restock=True,
        restocked=True,
        request_hash="0" * 64,
        requested_at=now(),
    )


def test_the_largest_order_is_as_large_as_the_limits_allow(largest: Order) -> None:
    lines = sum(len(parcel.lines) for parcel in largest.parcels)
    assert len(largest.parcels) == MAX_PARCELS
    assert MAX_PARCEL_LINES - MAX_LINES < lines <= MAX_PARCEL_LINES
    assert len(largest.refunds) == MAX_REFUNDS


def test_the_largest_order_fits_into_its_item(largest: Order) -> None:
    assert item_size(to_item(stored_attributes(largest))) < LARGEST_ITEM


def test_the_largest_orders_events_fit_into_messages(largest: Order) -> None:
    events = [event.model_dump_json(by_alias=True) for event in events_since(0, largest)]
    assert max(len(event.encode()) for event in events) < LARGEST_MESSAGE


def test_refunds_store_one_line_per_item() -> None:
    """A request may name an item on many lines: what is stored is bounded by the order's items."""
    order = a_confirmed_order(a_line("A", 100))
    order = captured(shipped(order, 0, [LineQuantity(item_id="A", quantity=1)]))
    order = with_refund(order, lines=[LineQuantity(item_id="A", quantity=1)] * MAX_LINES)
    assert order.refunds[0].lines == (RefundLine(item_id="A", quantity=50, withheld=49),)
    assert refund_failed(order, "R-1", "disputed", by=BY).refunds[0].is_settled


def test_an_ordinary_order_is_written_by_one_unit_until_it_is_confirmed() -> None:
    """Two lines, an address and a contact: what it costs is in docs/benchmarks/cost.md."""
    order = a_storefront_order(a_line("ITEM-001", 2, 2999), a_line("ITEM-002", 1, 4999))
    for stored in to_its_confirmation(order):
        assert item_size(to_item(stored_attributes(stored))) <= WRITE_UNIT
