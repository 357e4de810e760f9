"""The metrics that the functions embedded in a run: each with its unit and dimensions, and right.

They are equal to what the run left elsewhere because nothing here kills a function. On AWS they can
be less: a function that dies, or loses the table's answer, between its write and its log has
recorded what it never measured. They are never more: an order's event is measured by the one
conditional write that recorded it, and a repeated delivery writes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from order_pipeline.domain.metric_catalogue import METRICS
from tests.e2e.logs import CHANNELS, complete_events, delivered, stored_orders
from tests.e2e.shop import Shop
from tests.e2e.totals import Totals
from tests.embedded_metrics import Embedded, embedded_metrics
from tests.log_insights import LogEvent

PROMISED_MS = 5000
"""Within which orders are to be confirmed (docs/objectives.md)."""
NOT_HERE = {"CanaryFailedAt"}
"""Metrics of what does not happen in a run: no test order fails."""


class Measured:
    """What was embedded, added up."""

    def __init__(self, embedded: list[Embedded]) -> None:
        self.embedded = embedded

    def of(self, name: str) -> list[Embedded]:
        return [each for each in self.embedded if each.name == name]

    def total(self, name: str) -> float:
        return sum(sum(each.values) for each in self.of(name))

    def by(self, *dimensions: str) -> Callable[[str], dict[str, float]]:
        """Return a function from a metric's name to its sums by some of its dimensions."""

        def sums(name: str) -> dict[str, float]:
            found: Counter[str] = Counter()
            for each in self.of(name):
                told_apart = dict(each.dimensions)
                found[", ".join(told_apart[one] for one in dimensions)] += sum(each.values)  # type: ignore[assignment]
            return dict(found)

        return sums

    def values(self, name: str, service: str | None = None) -> list[float]:
        return sorted(
            value
            for each in self.of(name)
            if service is None or ("service", service) in each.dimensions
            for value in each.values
        )


@pytest.fixture(scope="module")
def logged(shop: Shop) -> list[LogEvent]:
    return list(shop.logged())


@pytest.fixture(scope="module")
def complete(shop: Shop) -> list[LogEvent]:
    return complete_events(shop)


@pytest.fixture(scope="module")
def measured(complete: list[LogEvent]) -> Measured:
    return Measured(list(embedded(complete)))


@pytest.fixture(scope="module")
def totals(shop: Shop, complete: list[LogEvent]) -> Totals:
    return Totals(stored_orders(shop))


def embedded(events: list[LogEvent]) -> Iterator[Embedded]:
    return embedded_metrics(event.message for event in events)


@pytest.mark.last
def test_every_metric_has_its_unit_and_dimensions(shop: Shop, logged: list[LogEvent]) -> None:
    found = list(embedded(logged))
    assert found
    for each in found:
        metric = METRICS[each.name]
        assert each.namespace == f"OrderPipeline/{shop.deployment.suffix}", each
        assert each.unit == metric.unit, each
        assert {name for name, _ in each.dimensions} == metric.dimensions, each
        assert all(value >= 0 for value in each.values), each


@pytest.mark.whole
def test_every_metric_was_measured(logged: list[LogEvent]) -> None:
    assert {each.name for each in embedded(logged)} == set(METRICS) - NOT_HERE


@pytest.mark.undisturbed
def test_orders_are_counted(measured: Measured, totals: Totals) -> None:
    assert measured.total("OrdersPlaced") == totals.events("OrderPlaced") > 0
    assert measured.total("OrdersConfirmed") == totals.events("OrderConfirmed") > 0
    assert measured.by("reason")("OrdersFailed") == totals.failed()
    assert measured.by("reason")("OrdersCancelled") == totals.cancelled()
    assert measured.total("OrdersRefunded") == totals.refunded()
    assert measured.total("PaymentsDeclined") == totals.events("PaymentDeclined") > 0
    late = sum(milliseconds > PROMISED_MS for milliseconds in totals.times_to_confirm())
    assert measured.total("ConfirmedLate") == late


@pytest.mark.undisturbed
def test_money_is_told_by_currency(measured: Measured, totals: Totals) -> None:
    by_currency = measured.by("currency")
    assert by_currency("RevenueConfirmed") == pytest.approx(totals.revenue("OrderConfirmed"))
    assert by_currency("RevenueLost") == pytest.approx(
        totals.revenue("OrderRejected", "StockUnavailable", "PaymentDeclined", "OrderCancelled")
    )
    assert by_currency("RevenueRefunded") == pytest.approx(totals.given_back())


@pytest.mark.undisturbed
def test_times_are_those_of_the_histories(measured: Measured, totals: Totals) -> None:
    assert measured.values("TimeToConfirm") == pytest.approx(totals.times_to_confirm())
    for by, latencies in totals.stage_latencies().items():
        service = by.replace("-", "_")
        assert measured.values("StageLatency", service) == pytest.approx(latencies), by


@pytest.mark.undisturbed
def test_messages_are_counted_as_customers_got_them(shop: Shop, measured: Measured) -> None:
    sent = measured.by("channel", "outcome")("Notifications")
    assert {channel: sent.get(f"{channel}, sent", 0) for channel in CHANNELS} == delivered(shop)


@pytest.mark.undisturbed
def test_payments_are_counted_as_the_provider_has_them(shop: Shop, measured: Measured) -> None:
    calls = measured.by("call", "outcome")("PaymentCalls")
    taken = [intent for intent in shop.payments.intents() if intent["status"] == "succeeded"]
    assert calls["capture, ok"] == len(taken) > 0
    assert calls["refund, ok"] == sum(len(shop.payments.refunds_of(each)) for each in taken) > 0
    latencies = measured.of("PaymentCallLatency")
    assert len(latencies) == measured.total("PaymentCalls")
    assert Counter(each.dimensions for each in latencies) == Counter(
        each.dimensions for each in measured.of("PaymentCalls")
    )


@pytest.mark.last
def test_what_goes_wrong_is_counted_as_it_is_logged(
    logged: list[LogEvent],
) -> None:
    lines = [event.fields() for event in logged]
    by_service = Measured(list(embedded(logged))).by("service")

    def told(message: str) -> dict[str, float]:
        return dict(Counter(each["service"] for each in lines if each.get("message") == message))

    assert by_service("Retries") == told("retrying")
    assert by_service("DeadLettered") == told("dead-lettered")
    assert by_service("OverflowUsed") == told("deferred")
    notifications = Measured(list(embedded(logged))).by("outcome")("Notifications")
    assert notifications.get("undeliverable", 0) == told("undeliverable").get("notification", 0)
