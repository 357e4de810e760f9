"""What became of every order of a run, as a table for the person who started it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from order_pipeline.domain.money import Currency, major_units
from tests.e2e.payment_server import Intent

MONEY = {
    "requires_capture": "held",
    "succeeded": "taken",
    "canceled": "freed",
    "requires_payment_method": "refused",
}
"""What an intent's status means for the customer's money; any other is shown as it is."""

COLOURS = {
    **dict.fromkeys(("CONFIRMED", "SHIPPED", "DELIVERED"), "green"),
    **dict.fromkeys(("PLACED", "VALIDATED", "RESERVED"), "red"),
}
"""Of a status: green for a happy end, red for an order left on its way, yellow for the rest."""


@dataclass
class Story:
    """The orders of a run, in the order in which they were placed."""

    shows: dict[str, str] = field(default_factory=dict)
    """Order id → what it was placed for."""

    def tell(self, order_id: str, shows: str) -> None:
        """Remember an order, and what it was first placed for."""
        self.shows.setdefault(order_id, shows)

    def table(self, orders: Mapping[str, Mapping[str, Any]], intents: list[Intent]) -> Table:
        """Return the table.

        Parameters
        ----------
        orders
            The orders as the API shows them, by id.
        intents
            Every intent at the payment server.
        """
        table = Table(title="What became of each order", title_style="bold", box=box.SIMPLE)
        table.add_column("order", max_width=22, overflow="fold")
        table.add_column("status", no_wrap=True)
        table.add_column("what it shows, and its timeline in milliseconds since it was placed")
        table.add_column("payment", no_wrap=True)
        table.add_column("stock", no_wrap=True)
        for shows, group in groupby(self.shows, key=lambda order_id: self.shows[order_id]):
            table.add_row("", "", Text(shows, style="bold"))
            for order_id in group:
                money = _money([i for i in intents if i["metadata"].get("orderId") == order_id])
                table.add_row(*_row(order_id, orders.get(order_id), money))
        return table


def _row(order_id: str, order: Mapping[str, Any] | None, money: str) -> Iterator[str | Text]:
    yield order_id
    if order is None:
        yield Text("not found", style="red")
        return
    yield Text(order["status"], style=COLOURS.get(order["status"], "yellow"))
    yield _timeline(order)
    yield money
    yield str(order["stock"]["state"]).lower()


def _timeline(order: Mapping[str, Any]) -> str:
    placed = datetime.fromisoformat(order["placedAt"])
    return " → ".join(
        f"{entry['event']} {_milliseconds(entry['at'], placed):,}".replace(",", " ")
        for entry in order["history"]
    )


def _milliseconds(at: str, since: datetime) -> int:
    return round((datetime.fromisoformat(at) - since).total_seconds() * 1000)


def _money(intents: list[Intent]) -> str:
    return ", ".join(_payment(intent) for intent in intents) or "none"


def _payment(intent: Intent) -> str:
    currency = Currency(intent["currency"].upper())
    text = (
        f"{major_units(intent['amount'], currency)} {currency} "
        f"{MONEY.get(intent['status'], intent['status'])}"
    )
    back = sum(charge["amount_refunded"] for charge in intent["charges"]["data"])
    return f"{text}, {major_units(back, currency)} back" if back else text
