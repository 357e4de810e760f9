"""The books of a deployment: orders against the audit bucket, and stock against the orders.

They are right when nothing is on its way: between an order's write and the bucket's are minutes,
and between a parcel's departure and the reservation's note of it are moments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from order_pipeline.adapters.items import Item, from_item, order_id_of
from order_pipeline.adapters.orders_table import to_order
from order_pipeline.adapters.stock_counters import counter_of
from order_pipeline.adapters.stock_transactions import reservation_key
from order_pipeline.domain.books import stock_difference
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.money import major_units
from order_pipeline.domain.order import Order, StockState
from order_pipeline.domain.reservation import Reservation
from orderctl.audit import by_order, compare

_RESERVATION = reservation_key("")


type Values = Mapping[str, Any]
"""An item of the inventory table."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    book: str
    """``orders`` or ``stock``."""
    about: str
    """The order or item."""
    what: str


@dataclass(frozen=True)
class OrderBook:
    """The orders of a table."""

    orders: Mapping[str, Order]
    unreadable: frozenset[str]

    @classmethod
    def read(cls, items: Iterable[Item]) -> "OrderBook":
        """Read the items of the orders table."""
        orders: dict[str, Order] = {}
        unreadable: set[str] = set()
        for item in items:
            order_id = order_id_of(item)
            try:
                orders[order_id] = to_order(item)
            except ValueError:
                unreadable.add(order_id)
        return cls(orders, frozenset(unreadable))


def not_recorded(
    book: OrderBook, events: Iterable[OrderEvent], *, since: datetime, until: datetime
) -> set[str]:
    """Return the ids of the span's events that the orders have and `events` has not."""
    found = {event.event_id for event in events}
    return {
        event.event_id
        for order in book.orders.values()
        for event in events_since(0, order)
        if since <= event.occurred_at < until and event.event_id not in found
    }


def check_orders(
    book: OrderBook, events: Iterable[OrderEvent], *, since: datetime, until: datetime
) -> Iterator[Difference]:
    """Yield where the orders and the events of the audit bucket differ.

    Parameters
    ----------
    book
        Every order of the table.
    events
        What the bucket has of the span, and maybe more: in any order, with repetitions.
    since, until
        What happened in this span must be in the bucket.
    """
    recorded = by_order(events)
    for order_id in sorted(book.unreadable):
        yield Difference("orders", order_id, "cannot be read")
    for order_id in sorted(recorded.keys() - book.orders.keys() - book.unreadable):
        yield Difference("orders", order_id, f"missing from the table; {_lost(recorded[order_id])}")
    for order_id, order in sorted(book.orders.items()):
        yield from _of_order(order, recorded.get(order_id, ()), since, until)


def _lost(events: Sequence[OrderEvent]) -> str:
    """Tell what is recorded of an order, so that it can be placed again or written off."""
    last = max(events, key=lambda event: event.version)
    lines = ", ".join(f"{line.quantity} of {line.item_id}" for line in last.order.lines)
    total = "not validated"
    if last.order.total is not None:
        total = f"{major_units(last.order.total, last.order.currency)} {last.order.currency}"
    return (
        f"{len(events)} events recorded, the last #{last.version} {last.event_type}; "
        f"{last.customer_id}: {lines}; {total}"
    )


def _of_order(
    order: Order, events: Iterable[OrderEvent], since: datetime, until: datetime
) -> Iterator[Difference]:
    comparison = compare(order, events)
    for event in comparison.missing:
        if since <= event.occurred_at < until:
            yield Difference(
                "orders", order.order_id, f"not in the bucket: #{event.version} {event.event_type}"
            )
    for event in comparison.different:
        what = "the table is behind the bucket" if event.version > order.version else "different"
        yield Difference("orders", order.order_id, f"{what}: #{event.version} {event.event_type}")


def check_stock(book: OrderBook, items: Iterable[Item]) -> Iterator[Difference]:
    """Yield what is wrong with the stock: less than nothing, held for nobody, or for sale nowhere.

    `items` are those of the inventory table: what the shop sells, the counters of what sells
    fastest, and a reservation for each order whose stock was held.
    """
    reservations: dict[str, Values] = {}
    for_sale: dict[str, Values] = {}
    counters: dict[str, dict[int, Values]] = {}
    for values in map(from_item, items):
        key = str(values["itemId"])
        yield from (
            Difference("stock", key, f"{name} is {number}") for name, number in _negative(values)
        )
        if counter := counter_of(key):
            item_id, number = counter
            counters.setdefault(item_id, {})[number] = values
        elif key.startswith(_RESERVATION):
            reservations[key.removeprefix(_RESERVATION)] = values
        else:
            for_sale[key] = values
    for order_id in sorted((book.orders.keys() | reservations.keys()) - book.unreadable):
        problem = _problem_of_stock(book.orders.get(order_id), reservations.get(order_id))
        if problem:
            yield Difference("stock", order_id, problem)
    for item_id in sorted(counters.keys() | for_sale.keys()):
        yield from _of_counters(item_id, for_sale.get(item_id, {}), counters.get(item_id, {}))


def _of_counters(item_id: str, item: Values, found: Mapping[int, Values]) -> Iterator[Difference]:
    """Yield which counters an item lacks, those that it does not know, and those set before it."""
    many = int(item.get("stockCounters", 1))
    known = set(range(many)) if many > 1 else set()
    for each in sorted(known - found.keys()):
        yield Difference("stock", item_id, f"its counter {each} is missing")
    for each in sorted(found.keys() - known):
        units = found[each]["available"]
        yield Difference(
            "stock", item_id, f"it has no counter {each}, but there is one, with {units} units"
        )
    for _, counter in sorted(found.items()):
        version = counter["itemVersion"]
        if item and version != int(item["version"]):
            yield Difference(
                "stock",
                counter["itemId"],
                f"set for version {version} of its item, which is at version {item['version']}",
            )


def _problem_of_stock(order: Order | None, values: Values | None) -> str | None:
    """Tell what is wrong with an order and its reservation, as the table has it, if anything is."""
    try:
        reservation = Reservation.model_validate(values) if values else None
    except ValidationError:
        return "its reservation cannot be read"
    is_held = reservation is not None and reservation.state is StockState.HELD
    if order is None:
        return "its reservation is HELD, but there is no such order" if is_held else None
    # The reservation hears of that a moment later, and here nothing is on its way.
    if is_held and order.stock.state is StockState.SHIPPED:
        return "its reservation is HELD, but its stock is SHIPPED"
    return stock_difference(order, reservation)


def _negative(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, int]]:
    """Yield every number below zero, wherever it is."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _negative(value, f"{path}{name}.")
        elif isinstance(value, int) and value < 0:
            yield f"{path}{name}", value
