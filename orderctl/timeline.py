"""One order for a person: where it is, where its money and stock are, and how it came there."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from order_pipeline.domain.money import Currency, major_units
from orderctl import colours
from orderctl.terminal import age, table

type Json = Mapping[str, Any]

_SECONDS_PER_MINUTE = 60
_MINUTES_PER_HOUR = 60
_HOURS_PER_DAY = 24


def timeline(order: Json, *, now: datetime | None = None) -> Group:
    """Return an order, as the API shows it, as something to look at."""
    parts: list[RenderableType] = [_headline(order, now), _axes(order), _lines(order)]
    if order["parcels"]:
        parts.append(_parcels(order))
    if order["refunds"]:
        parts.append(_refunds(order))
    parts.append(_history(order))
    return Group(*parts)


def history_lines(order: Json, told: int) -> Iterator[Text]:
    """Yield what is new in an order's history as lines, with the time since it was placed."""
    placed_at = at(order["history"][0])
    for entry in order["history"][told:]:
        line = Text(f"{since(at(entry) - placed_at):>12}  ")
        line.append(f"{entry['event']:20}", style=colours.of_event(entry["event"]))
        line.append(f"  {entry['by']}", style=colours.DIM)
        if entry["detail"]:
            line.append(f"  {_detail(entry, order)}")
        yield line


def at(entry: Json) -> datetime:
    """Return when something of the history happened."""
    return datetime.fromisoformat(entry["at"])


def since(passed: timedelta) -> str:
    """Return a span of time, exact while it is short.

    Examples
    --------
    >>> since(timedelta(milliseconds=350)), since(timedelta(hours=3, minutes=5))
    ('+0.35 s', '+3 h 5 min')
    """
    seconds = passed.total_seconds()
    if seconds < _SECONDS_PER_MINUTE:
        return f"+{seconds:.2f} s"
    minutes, seconds = divmod(int(seconds), _SECONDS_PER_MINUTE)
    if minutes < _MINUTES_PER_HOUR:
        return f"+{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, _MINUTES_PER_HOUR)
    if hours < _HOURS_PER_DAY:
        return f"+{hours} h {minutes} min"
    days, hours = divmod(hours, _HOURS_PER_DAY)
    return f"+{days} d {hours} h"


def money(amount: object, order: Json) -> str:
    """Return an amount with its currency; a dash for one that is not known yet."""
    return "-" if amount is None else f"{amount} {order['currency']}"


def _headline(order: Json, now: datetime | None) -> Text:
    line = Text()
    line.append(order["orderId"], style="bold")
    line.append("  ")
    line.append(order["status"], style=f"bold {colours.of_status(order['status'])}")
    line.append(f"  {money(order.get('total'), order)}")
    placed_at = datetime.fromisoformat(order["placedAt"])
    line.append(f"  placed {order['placedAt']} ({age(placed_at, now)} ago)", style=colours.DIM)
    return line


def _axes(order: Json) -> Text:
    parts = [
        f"customer {order.get('customerId') or 'erased'}",
        f"payment {order['payment']['state']}",
        f"stock {order['stock']['state']}",
        f"priority {order['priority']}",
    ]
    return Text(" · ".join(parts) + "\n")


def _lines(order: Json) -> RenderableType:
    shown = table("item", "quantity", "unit price", ids=("item",), framed=False)
    for line in order["items"]:
        price = money(line.get("unitPrice"), order)
        shown.add_row(line["itemId"], str(line["quantity"]), price)
    return shown


def _parcels(order: Json) -> RenderableType:
    shown = table(
        "parcel", "what", "carrier", "shipped", "delivered", ids=("parcel",), framed=False
    )
    for parcel in order["parcels"]:
        shown.add_row(
            parcel["parcelId"],
            _units(parcel["lines"]),
            f"{parcel['carrier']} {parcel['trackingNumber']}",
            parcel["shippedAt"],
            parcel.get("deliveredAt") or "-",
        )
    return shown


def _refunds(order: Json) -> RenderableType:
    shown = table("refund", "amount", "for", "state", "requested", ids=("refund",), framed=False)
    for refund in order["refunds"]:
        shown.add_row(
            refund["refundId"],
            money(refund["amount"], order),
            _units(refund["lines"]) or "an amount",
            refund["state"],
            refund["requestedAt"],
        )
    return shown


def _history(order: Json) -> RenderableType:
    shown = table("#", "at (UTC)", "after", "event", "by", "detail", ids=("event",), framed=False)
    before: datetime | None = None
    for entry in order["history"]:
        happened = at(entry)
        shown.add_row(
            str(entry["version"]),
            f"{happened:%Y-%m-%d %H:%M:%S}.{happened.microsecond // 1000:03}",
            since(happened - before) if before else "",
            Text(entry["event"], style=colours.of_event(entry["event"])),
            entry["by"],
            _detail(entry, order),
        )
        before = happened
    return shown


def _detail(entry: Json, order: Json) -> str:
    told = []
    for name, value in entry["detail"].items():
        if name == "amount" and isinstance(value, int):  # of minor units, as events have it
            told.append(money(major_units(value, Currency(order["currency"])), order))
        else:
            told.append(f"{name} {_value(value)}")
    return ", ".join(told)


def _value(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(str(_value(each)) for each in value)
    if isinstance(value, Mapping):
        if {"itemId", "quantity"} <= value.keys():
            return f"{value['quantity']} of {value['itemId']}"
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    return value


def _units(lines: Iterable[Json]) -> str:
    return ", ".join(f"{line['quantity']} of {line['itemId']}" for line in lines)
