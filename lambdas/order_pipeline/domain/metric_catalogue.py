"""The catalogue of metrics: every one that a function embeds in its log, and what it says.

No function imports it. What shows metrics and explains them is made from it, and tests compare it
with the code and with what functions embed.
"""

from dataclasses import dataclass

from order_pipeline.domain.measurements import Unit

SERVICE = "service"
"""The dimension that every metric has: the folder of the function that embeds it."""


@dataclass(frozen=True)
class Metric:
    """One metric: its name, its unit, what it is told apart by, and what it says."""

    name: str
    unit: Unit
    says: str
    by: tuple[str, ...] = ()
    """Its dimensions beside the function; each has a handful of values."""

    @property
    def dimensions(self) -> frozenset[str]:
        """The names of all its dimensions."""
        return frozenset({SERVICE, *self.by})


METRICS = {
    metric.name: metric
    for metric in (
        Metric("OrdersPlaced", Unit.COUNT, "Orders that were stored for the first time."),
        Metric("OrdersConfirmed", Unit.COUNT, "Orders whose payment is authorised."),
        Metric(
            "OrdersFailed",
            Unit.COUNT,
            "Orders that were rejected, found out of stock, or whose payment was declined.",
            by=("reason",),
        ),
        Metric("OrdersCancelled", Unit.COUNT, "Orders that were cancelled.", by=("reason",)),
        Metric(
            "OrdersRefunded",
            Unit.COUNT,
            "Orders of which money was given back, each once; the refunds themselves are the"
            " samples of `RevenueRefunded`.",
        ),
        Metric(
            "TimeToConfirm",
            Unit.MILLISECONDS,
            "From an order's placement, also of one that was deferred, to its confirmation.",
        ),
        Metric(
            "ConfirmedLate",
            Unit.COUNT,
            "Of the confirmed orders, those that were confirmed later than promised; 0 for the"
            " others, so that its samples are all confirmations.",
        ),
        Metric(
            "PaymentsDeclined",
            Unit.COUNT,
            "Orders whose payment was declined, for whatever reason.",
        ),
        Metric(
            "RevenueConfirmed",
            Unit.NONE,
            "The totals of confirmed orders, in major units of the currency.",
            by=("currency",),
        ),
        Metric(
            "RevenueLost",
            Unit.NONE,
            "The totals of failed and cancelled orders. An order that is cancelled after its"
            " confirmation is in both; one that was rejected before it was priced is in neither.",
            by=("currency",),
        ),
        Metric(
            "RevenueRefunded", Unit.NONE, "What was given back, refund by refund.", by=("currency",)
        ),
        Metric(
            "StageLatency",
            Unit.MILLISECONDS,
            "From the event that a stage acts upon to what it records about it (notification: to"
            " the last message sent), with the way there, the wait, and all attempts.",
        ),
        Metric(
            "Retries", Unit.COUNT, "Messages that failed and were put back, attempt by attempt."
        ),
        Metric(
            "DeadLettered",
            Unit.COUNT,
            "Messages that can never succeed, put on the dead-letter queue at once.",
        ),
        Metric("OverflowUsed", Unit.COUNT, "Orders that were deferred: the table refused them."),
        Metric(
            "Notifications",
            Unit.COUNT,
            "Messages to customers: `sent`, `undeliverable` (the channel will never deliver it) or"
            " `failed` (tried again).",
            by=("channel", "outcome"),
        ),
        Metric(
            "PaymentCalls",
            Unit.COUNT,
            "Calls to the payment provider: `ok`, `declined`, `refused` (the call made no sense to"
            " it) or `unknown` (no answer that tells).",
            by=("call", "outcome"),
        ),
        Metric(
            "PaymentCallLatency",
            Unit.MILLISECONDS,
            "How long they took.",
            by=("call", "outcome"),
        ),
        Metric(
            "PaymentCircuitOpen",
            Unit.COUNT,
            "1 in each minute in which the payment stage waits for the provider's return.",
        ),
        Metric("OverdueOrders", Unit.COUNT, "Open orders past their due that a run looked at."),
        Metric(
            "StuckOrders", Unit.COUNT, "Of these, those that are long past it, or past all help."
        ),
        Metric(
            "PaymentDifferences",
            Unit.COUNT,
            "Payments at the provider that the orders do not account for.",
        ),
        Metric(
            "StockDifferences",
            Unit.COUNT,
            "Orders whose stock is not what their reservation says.",
        ),
        Metric("CanarySucceeded", Unit.COUNT, "Test orders that went through; 0 for the others."),
        Metric("CanaryFailed", Unit.COUNT, "Test orders that did not; 0 for the others."),
        Metric(
            "CanaryFailedAt",
            Unit.COUNT,
            "The same, by the step at which they failed.",
            by=("step",),
        ),
        Metric(
            "CanaryTimeToConfirm",
            Unit.MILLISECONDS,
            "From a test order's placement to its confirmation, by its history.",
        ),
    )
}
