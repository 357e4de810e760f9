"""The board of orders for a person: counts, a row for each order, or a line for each change."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from order_pipeline.domain.stored import rfc3339
from order_pipeline.domain.transitions import Status
from orderctl import colours
from orderctl.board import Frame, WatchedOrder
from orderctl.terminal import age, table

_WAY = (
    Status.PLACED,
    Status.VALIDATED,
    Status.RESERVED,
    Status.CONFIRMED,
    Status.SHIPPED,
    Status.DELIVERED,
)


def board(frame: Frame, *, where: str, rows: int) -> Group:
    """Return a frame as something to look at, with so many rows at most."""
    shown = table(
        *("order", "customer", "way", "status", "for", "total", "payment", "stock"),
        ids=("order", "way", "status"),
        framed=False,
    )
    for order in frame.orders[:rows]:
        shown.add_row(
            order.order_id,
            order.customer_id,
            _way(order),
            Text(order.status, style=colours.of_status(order.status)),
            _age(order, frame.at),
            f"{order.total} {order.currency}" if order.total else "-",
            order.payment,
            order.stock,
            style=colours.DIM if order.has_ended else "",
        )
    parts: list[RenderableType] = [_counts(frame, where), shown]
    if (more := len(frame.orders) - rows) > 0:
        parts.append(Text(f"… and {more} more."))
    if frame.unreadable:
        parts.append(Text(f"cannot be read: {', '.join(frame.unreadable)}", style=colours.BAD))
    return Group(*parts)


def changes(before: Frame | None, after: Frame) -> Iterator[str]:
    """Yield a line for each order that came into another status between two frames."""
    known: Mapping[str, WatchedOrder] = (
        {order.order_id: order for order in before.orders} if before else {}
    )
    for order in reversed(after.orders):
        was = known.get(order.order_id)
        if was is None or was.status != order.status:
            came = f"{was.status} → " if was else ""
            yield f"{rfc3339(order.since)} {order.order_id} {came}{order.status}"


def document(frame: Frame) -> dict[str, object]:
    """Return a frame as JSON."""
    return {
        "at": rfc3339(frame.at),
        "counts": {status.value: number for status, number in frame.counts.items()},
        "orders": [
            {
                "orderId": order.order_id,
                "customerId": order.customer_id,
                "status": order.status,
                "since": rfc3339(order.since),
                "placedAt": rfc3339(order.placed_at),
                "total": order.total,
                "currency": order.currency,
                "payment": order.payment,
                "stock": order.stock,
                "lastEvent": order.last_event,
                "dueAt": rfc3339(order.due_at) if order.due_at else None,
            }
            for order in frame.orders
        ],
        "unreadable": list(frame.unreadable),
    }


def _counts(frame: Frame, where: str) -> Text:
    line = Text()
    line.append(f"{where} ", style="bold")
    line.append(f"{frame.at:%H:%M:%S} UTC", style=colours.DIM)
    for status, number in frame.counts.items():
        if number or status in _WAY:
            line.append("  ")
            line.append(f"{status} ", style=colours.of_status(status) if number else colours.DIM)
            line.append(str(number), style="bold" if number else colours.DIM)
    return line


def _way(order: WatchedOrder) -> Text:
    """Return how far the order has come: what it passed, and what is still ahead of it."""
    colour = colours.of_status(order.status)
    if order.status in _WAY:
        passed = _WAY.index(order.status) + 1
        return Text.assemble(("■" * passed, colour), ("□" * (len(_WAY) - passed), colours.DIM))
    return Text.assemble(("■" * order.came_through, colours.DIM), ("✕", colour))


def _age(order: WatchedOrder, now: datetime) -> Text:
    text = Text(age(order.since, now))
    if order.due_at and order.due_at < now:
        text.append(f" (due {age(order.due_at, now)} ago)", style=colours.BAD)
    return text
