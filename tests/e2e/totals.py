"""What the metrics of a run must add up to, from what the run has left elsewhere.

Computed anew from the stored orders' histories, the payment provider's records, the messages that
customers got and the functions' recorded calls: nothing of the code that measures is used.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from tests.e2e.shop import Json

DECIMALS = {"GBP": 2, "EUR": 2, "USD": 2, "JPY": 0}

CANARY = "order-pipeline-canary"
"""The customer whose orders are tests: they are no business."""

A_TEST = "test"
"""Who an event is by that a test has written itself: no function has measured or logged it."""

FAILURES = {"OrderRejected", "StockUnavailable", "PaymentDeclined"}

ACTS_UPON = {
    "OrderValidated": {"OrderPlaced"},
    "OrderRejected": {"OrderPlaced"},
    "StockReserved": {"OrderValidated"},
    "StockUnavailable": {"OrderValidated"},
    "OrderConfirmed": {"StockReserved"},
    "PaymentDeclined": {"StockReserved"},
    "StockReleased": {"PaymentDeclined", "OrderCancelled"},
    "PaymentVoided": {"OrderCancelled"},
    "PaymentCaptured": {"ParcelShipped"},
    "PaymentCaptureFailed": {"ParcelShipped"},
    "PaymentRefunded": {"RefundRequested"},
    "RefundFailed": {"RefundRequested"},
    "StockRestocked": {"PaymentRefunded"},
}
"""What a stage records, and what it does that upon: the latest of it before."""


class Totals:
    """Of stored orders, as items of the table."""

    def __init__(self, orders: list[Json]) -> None:
        self._orders = orders

    def events(self, name: str) -> int:
        """Count the events of a name."""
        return sum(entry["event"] == name for _, entry in self._business())

    def failed(self) -> Counter[str]:
        """Count failed orders by reason."""
        return Counter(
            "out_of_stock" if entry["event"] == "StockUnavailable" else entry["detail"]["reason"]
            for _, entry in self._business()
            if entry["event"] in FAILURES
        )

    def cancelled(self) -> Counter[str]:
        """Count cancelled orders by reason."""
        return Counter(
            entry["detail"]["reason"]
            for _, entry in self._business()
            if entry["event"] == "OrderCancelled"
        )

    def refunded(self) -> int:
        """Count the orders of which money was given back."""
        return sum(
            any(entry["event"] == "PaymentRefunded" for entry in order["history"])
            for order in self._orders
            if order.get("customerId") != CANARY
        )

    def revenue(self, *events: str) -> dict[str, float]:
        """Sum the totals of orders by currency, once for each of the events that happened."""
        return self._sums(
            (order["currency"], order["total"])
            for order, entry in self._business()
            if entry["event"] in events and "total" in order
        )

    def given_back(self) -> dict[str, float]:
        """Sum refunds by currency."""
        return self._sums(
            (order["currency"], entry["detail"]["amount"])
            for order, entry in self._business()
            if entry["event"] == "PaymentRefunded"
        )

    def times_to_confirm(self) -> list[int]:
        """Return how long each confirmed order took, in milliseconds."""
        return sorted(
            _milliseconds(order["history"][0], entry)
            for order, entry in self._business()
            if entry["event"] == "OrderConfirmed"
        )

    def stage_latencies(self) -> Mapping[str, list[int]]:
        """Return how long each stage's steps took, in milliseconds, by who recorded them."""
        found: dict[str, list[int]] = {}
        for order, entry in self._entries():
            triggers = [
                earlier
                for earlier in order["history"]
                if earlier["version"] < entry["version"]
                and earlier["event"] in ACTS_UPON.get(entry["event"], ())
            ]
            if triggers:
                found.setdefault(entry["by"], []).append(_milliseconds(triggers[-1], entry))
        return {by: sorted(latencies) for by, latencies in found.items()}

    def _entries(self) -> Iterator[tuple[Json, Json]]:
        for order in self._orders:
            for entry in order["history"]:
                if entry["by"] != A_TEST:
                    yield order, entry

    def _business(self) -> Iterator[tuple[Json, Json]]:
        return (each for each in self._entries() if each[0].get("customerId") != CANARY)

    @staticmethod
    def _sums(amounts: Iterator[tuple[str, int]]) -> dict[str, float]:
        minor: Counter[str] = Counter()
        for currency, amount in amounts:
            minor[currency] += amount
        return {currency: amount / 10 ** DECIMALS[currency] for currency, amount in minor.items()}


def _milliseconds(earlier: Json, later: Json) -> int:
    """Return the time between two entries; none where one clock was ahead of the other."""
    took = datetime.fromisoformat(later["at"]) - datetime.fromisoformat(earlier["at"])
    return max(round(took.total_seconds() * 1000), 0)
