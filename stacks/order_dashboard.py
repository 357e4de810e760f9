"""The dashboard of orders: the shop's business on top, then the stages, then what they run on."""

from collections.abc import Iterator, Mapping, Sequence

from order_pipeline.domain.limits import CONFIRMED_WITHIN
from order_pipeline.domain.metric_catalogue import METRICS, SERVICE
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Channel
from order_pipeline.domain.ports import CallOutcome
from stacks.building_blocks.dashboard import (
    Dashboard,
    Graph,
    Heading,
    Limit,
    Metric,
    Numbers,
    Row,
    Search,
    rows_of_alarms,
)
from stacks.building_blocks.workload import WorkloadStack
from stacks.settings import STAGES, WORKERS

_PROMISED_SECONDS = round(CONFIRMED_WITHIN.total_seconds())

GREEN, RED, BLUE, GREY, ORANGE, PURPLE = (
    "#2ca02c",
    "#d62728",
    "#1f77b4",
    "#7f7f7f",
    "#ff7f0e",
    "#9467bd",
)

_PERCENTILES = {"p50": BLUE, "p95": ORANGE, "p99": PURPLE}


class OrderDashboard:
    """Everything that an operator looks at first, on one page."""

    def __init__(
        self,
        stack: WorkloadStack,
        *,
        api_name: str,
        table_names: Mapping[str, str],
        topic_name: str,
        audit_stream_name: str,
        alarm_arns: Sequence[str],
    ) -> None:
        """Make ``orders-dashboard``, of the functions and queues that the stack has by now.

        `table_names` has each table's name by what it is called here.
        """
        self._stack = stack
        self._namespace = stack.metrics_namespace
        self._api = {"ApiName": api_name, "Stage": stack.names.suffix}
        self._tables = table_names
        self._topic = {"TopicName": topic_name}
        self._audit_stream = {"DeliveryStreamName": audit_stream_name}
        Dashboard(
            stack,
            "orders",
            [
                Row(1, [Heading(f"# Orders of {stack.names.suffix}")]),
                *self._business(),
                *rows_of_alarms("Alarms", alarm_arns, height=4),
                Row(1, [Heading("# Stages")]),
                *self._stages(),
                Row(1, [Heading("# Resources")]),
                *self._resources(),
            ],
        )

    # ------------------------------------------------------------------ business

    def _business(self) -> Iterator[Row]:
        counts = {
            "OrdersPlaced": ("placed", BLUE),
            "OrdersConfirmed": ("confirmed", GREEN),
            "OrdersFailed": ("failed", RED),
            "OrdersCancelled": ("cancelled", GREY),
        }
        orders = [self._sum(name, label, colour) for name, (label, colour) in counts.items()]
        also = [
            self._sum("OrdersRefunded", "refunded", PURPLE),
            self._sum("OverflowUsed", "deferred", ORANGE),
        ]
        yield Row(3, [Numbers("Orders in the time shown", [*orders, *also])])
        yield Row(
            6,
            [
                Graph("Orders", orders, "orders a minute"),
                Graph(
                    "Time to confirm",
                    [
                        self._of("payment", "TimeToConfirm", stat, stat, colour)
                        for stat, colour in _PERCENTILES.items()
                    ],
                    "milliseconds",
                    limit=Limit(_PROMISED_SECONDS * 1000, f"promised: {_PROMISED_SECONDS} s"),
                ),
                Graph(
                    "Orders that fail, by reason",
                    [self._each("OrdersFailed", "reason")],
                    "orders a minute",
                    stacked=True,
                ),
            ],
        )
        yield Row(
            6,
            [
                Graph("Revenue confirmed", self._money("RevenueConfirmed"), "of each currency"),
                Graph("Revenue lost", self._money("RevenueLost"), "of each currency"),
                Graph(
                    "Messages to customers",
                    [
                        self._sum("Notifications", f"{channel}, {outcome}", **where)
                        for channel in Channel
                        for outcome in ("sent", "undeliverable", "failed")
                        for where in [{"channel": channel.value, "outcome": outcome}]
                    ],
                    "messages a minute",
                ),
            ],
        )

    def _money(self, metric: str) -> list[Search]:
        return [self._sum(metric, each.value, currency=each.value) for each in Currency]

    # ------------------------------------------------------------------ stages

    def _stages(self) -> Iterator[Row]:
        yield Row(
            6,
            [
                Graph(
                    "Messages waiting",
                    self._queues("ApproximateNumberOfMessagesVisible"),
                    "messages",
                ),
                Graph(
                    "Age of the oldest message",
                    self._queues("ApproximateAgeOfOldestMessage"),
                    "seconds",
                ),
                Graph(
                    "Messages in work or waiting for another attempt",
                    self._queues("ApproximateNumberOfMessagesNotVisible"),
                    "messages",
                ),
            ],
        )
        yield Row(
            6,
            [
                Graph(
                    "From an event to what the stage did about it, p95",
                    [self._of(stage, "StageLatency", "p95", stage) for stage in STAGES],
                    "milliseconds",
                ),
                Graph(
                    "Attempts that failed",
                    [self._of(stage, "Retries", "Sum", stage) for stage in WORKERS],
                    "messages a minute",
                ),
                Graph(
                    "Dead letters",
                    _metrics(
                        "AWS/SQS",
                        "ApproximateNumberOfMessagesVisible",
                        "Maximum",
                        {
                            label: {"QueueName": name}
                            for label, name in self._stack.dead_letter_queue_names.items()
                        },
                    ),
                    "messages",
                    stacked=True,
                ),
            ],
        )

    def _queues(self, metric: str) -> list[Metric]:
        names = self._stack.queue_names.items()
        queues = {label: {"QueueName": name} for label, name in names}
        return _metrics("AWS/SQS", metric, "Maximum", queues)

    # ------------------------------------------------------------------ resources

    def _resources(self) -> Iterator[Row]:
        yield Row(
            6,
            [
                Graph(
                    "Functions: failed runs",
                    self._functions("Errors", "Sum"),
                    "runs a minute",
                    stacked=True,
                ),
                Graph(
                    "Functions: duration, p95", self._functions("Duration", "p95"), "milliseconds"
                ),
                Graph(
                    "Functions: at once",
                    self._functions("ConcurrentExecutions", "Maximum"),
                    "runs",
                    stacked=True,
                ),
                Graph(
                    "Functions: throttled",
                    self._functions("Throttles", "Sum"),
                    "runs a minute",
                    stacked=True,
                ),
            ],
        )
        yield Row(
            6,
            [
                Graph(
                    "API: calls",
                    [
                        Metric("AWS/ApiGateway", "Count", self._api, "all", colour=BLUE),
                        Metric("AWS/ApiGateway", "4XXError", self._api, "4xx", colour=ORANGE),
                        Metric("AWS/ApiGateway", "5XXError", self._api, "5xx", colour=RED),
                    ],
                    "calls a minute",
                ),
                Graph(
                    "API: latency",
                    [
                        Metric("AWS/ApiGateway", "Latency", self._api, stat, stat, colour)
                        for stat, colour in _PERCENTILES.items()
                    ],
                    "milliseconds",
                ),
                Graph(
                    "Payment provider: calls",
                    [
                        self._sum("PaymentCalls", outcome.value, colour, outcome=outcome.value)
                        for outcome, colour in {
                            CallOutcome.OK: GREEN,
                            CallOutcome.DECLINED: ORANGE,
                            CallOutcome.REFUSED: PURPLE,
                            CallOutcome.UNKNOWN: RED,
                        }.items()
                    ],
                    "calls a minute",
                ),
                Graph(
                    "Payment provider: latency, p95",
                    [
                        self._each(
                            "PaymentCallLatency", "call", "p95", service="payment", outcome="ok"
                        )
                    ],
                    "milliseconds",
                ),
            ],
        )
        yield Row(
            6,
            [
                Graph(
                    "Tables: units written",
                    self._of_tables("ConsumedWriteCapacityUnits"),
                    "units a minute",
                ),
                Graph(
                    "Tables: units read",
                    self._of_tables("ConsumedReadCapacityUnits"),
                    "units a minute",
                ),
                Graph(
                    "Tables: refused",
                    [
                        Metric("AWS/DynamoDB", name, {"TableName": table}, f"{label}: {what}")
                        for label, table in self._tables.items()
                        for name, what in {
                            "WriteThrottleEvents": "writes throttled",
                            "ReadThrottleEvents": "reads throttled",
                            "TransactionConflict": "conflicts",
                        }.items()
                    ],
                    "requests a minute",
                    stacked=True,
                ),
                Graph(
                    "Events: on their way",
                    [
                        Metric(
                            "AWS/Lambda",
                            "IteratorAge",
                            {"FunctionName": self._stack.names.of("event-publisher", "function")},
                            "age of what is next to publish",
                            "Maximum",
                            BLUE,
                        ),
                    ],
                    "milliseconds",
                ),
            ],
        )
        yield Row(
            6,
            [
                Graph(
                    "Topic",
                    [
                        Metric(
                            "AWS/SNS",
                            "NumberOfMessagesPublished",
                            self._topic,
                            "published",
                            colour=BLUE,
                        ),
                        Metric(
                            "AWS/SNS",
                            "NumberOfNotificationsDelivered",
                            self._topic,
                            "delivered",
                            colour=GREEN,
                        ),
                        Metric(
                            "AWS/SNS",
                            "NumberOfNotificationsFailed",
                            self._topic,
                            "failed",
                            colour=RED,
                        ),
                    ],
                    "messages a minute",
                ),
                Graph(
                    "Audit: age of the oldest event not in the bucket",
                    [
                        Metric(
                            "AWS/Firehose",
                            "DeliveryToS3.DataFreshness",
                            self._audit_stream,
                            "age",
                            "Maximum",
                            BLUE,
                        )
                    ],
                    "seconds",
                ),
                Graph(
                    "Guards: reconciler and circuit breaker",
                    [
                        self._of(function, name, "Maximum", label, colour)
                        for function, name, label, colour in (
                            ("reconciler", "OverdueOrders", "overdue orders", BLUE),
                            ("reconciler", "StuckOrders", "stuck orders", ORANGE),
                            ("reconciler", "PaymentDifferences", "differences of payments", RED),
                            ("reconciler", "StockDifferences", "differences of stock", PURPLE),
                            ("payment_breaker", "PaymentCircuitOpen", "circuit open", GREY),
                        )
                    ],
                    "at a run",
                ),
            ],
        )

    def _functions(self, metric: str, stat: str) -> list[Metric]:
        functions = {
            each.folder.replace("_", "-"): {"FunctionName": each.name}
            for each in self._stack.functions
        }
        return _metrics("AWS/Lambda", metric, stat, functions)

    def _of_tables(self, metric: str) -> list[Metric]:
        tables = {label: {"TableName": name} for label, name in self._tables.items()}
        return _metrics("AWS/DynamoDB", metric, "Sum", tables)

    # ------------------------------------------------------------------ what functions measure

    def _of(self, service: str, metric: str, stat: str, label: str, colour: str = "") -> Metric:
        """Return a metric that one function embeds."""
        return Metric(self._namespace, metric, {SERVICE: service}, label, stat, colour)

    def _sum(self, metric: str, label: str, colour: str = "", **where: str) -> Search:
        """Return the sum of a metric, whichever functions embed it."""
        dimensions = (SERVICE, *METRICS[metric].by)
        return Search(self._namespace, metric, dimensions, label, where=where, colour=colour)

    def _each(self, metric: str, by: str, stat: str = "Sum", **where: str) -> Search:
        """Return a line for each value of a dimension."""
        dimensions = (SERVICE, *METRICS[metric].by)
        return Search(self._namespace, metric, dimensions, each=by, where=where, stat=stat)


def _metrics(
    namespace: str, name: str, stat: str, dimensions: Mapping[str, Mapping[str, str]]
) -> list[Metric]:
    """Return one metric of several things; `dimensions` has each one's by its label."""
    return [Metric(namespace, name, each, label, stat) for label, each in dimensions.items()]
