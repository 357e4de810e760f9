"""The dashboard: where its widgets are, and that everything they show exists."""

from collections.abc import Callable
from itertools import combinations

import pytest

from order_pipeline.domain.cancellation import CancelReason
from order_pipeline.domain.metric_catalogue import METRICS, SERVICE
from stacks.building_blocks.dashboard import COLUMNS, MOST_ALARMS, rows_of_alarms
from tests.stacks.conftest import Deployments
from tests.stacks.dashboards import Shown, Widget, widgets
from tests.stacks.synthesised import ENVIRONMENTS, Deployment, settings_of

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
MOST_METRICS = 500
"""On a graph; this dashboard keeps to it as a whole."""

BOARD = "aws_cloudwatch_dashboard.orders-dashboard"

WITH_A_DASHBOARD = [name for name in ENVIRONMENTS if settings_of(name).dashboard]

LAYOUT = """\
# Orders of prod
Orders in the time shown
Orders | Time to confirm | Orders that fail, by reason
Revenue confirmed | Revenue lost | Messages to customers
Alarms
Alarms
# Stages
Messages waiting | Age of the oldest message | Messages in work or waiting for another attempt
From an event to what the stage did about it, p95 | Attempts that failed | Dead letters
# Resources
Functions: failed runs | Functions: duration, p95 | Functions: at once | Functions: throttled
API: calls | API: latency | Payment provider: calls | Payment provider: latency, p95
Tables: units written | Tables: units read | Tables: refused | Events: on their way
Topic | Audit: age of the oldest event not in the bucket | Guards: reconciler and circuit breaker
"""


@pytest.fixture(params=WITH_A_DASHBOARD)
def shown(request: pytest.FixtureRequest, deployments: Deployments) -> Deployment:
    """The deployment of each environment that has a dashboard, in turn."""
    return deployments(request.param)


def board(deployment: Deployment) -> list[Widget]:
    return widgets(deployment.one(BOARD)["dashboard_body"])


def metrics(deployment: Deployment) -> list[Shown]:
    return [shown for widget in board(deployment) for shown in widget.shows]


def one(deployment: Deployment, title: str) -> Widget:
    (widget,) = (each for each in board(deployment) if each.title == title)
    return widget


def test_there_is_one_where_the_settings_ask_for_it(deployments: Deployments) -> None:
    assert WITH_A_DASHBOARD == ["local", "staging", "prod"]
    assert deployments("dev").all("aws_cloudwatch_dashboard") == []


def test_it_reads_from_the_business_to_the_resources(prod: Deployment) -> None:
    rows: dict[int, list[Widget]] = {}
    for widget in board(prod):
        rows.setdefault(widget.y, []).append(widget)
    layout = "".join(" | ".join(each.title for each in row) + "\n" for row in rows.values())
    assert layout == LAYOUT
    assert list(rows) == sorted(rows)


def test_no_widget_is_over_another_or_over_the_edge(shown: Deployment) -> None:
    for widget in board(shown):
        assert 0 <= widget.x < widget.x + widget.width <= COLUMNS, widget.title
    for one, other in combinations(board(shown), 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        below = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert beside or below, f"{one.title} is over {other.title}"


def test_rows_are_filled(shown: Deployment) -> None:
    for y in {widget.y for widget in board(shown)}:
        assert sum(widget.width for widget in board(shown) if widget.y == y) == COLUMNS


def test_there_are_no_more_metrics_than_can_be_shown(shown: Deployment) -> None:
    assert len(metrics(shown)) <= MOST_METRICS


def test_everything_has_a_title_a_label_and_an_axis(shown: Deployment) -> None:
    for widget in board(shown):
        assert widget.title
        labels = [each.label for each in widget.shows]
        assert all(labels), widget.title
        assert len(set(labels)) == len(labels), widget.title
        if widget.properties.get("view") == "timeSeries":
            assert widget.properties["yAxis"]["left"]["label"], widget.title
        if widget.kind == "metric":
            assert widget.properties["region"] == "eu-west-2"


# ------------------------------------------------------------------ what is shown exists


def test_every_metric_that_functions_embed_is_one_of_the_catalogue(shown: Deployment) -> None:
    namespace = f"OrderPipeline/{shown.settings.suffix}"
    folders = {name.removesuffix(".handler.handler") for name in of_all(shown, "handler")}
    embedded = [each for each in metrics(shown) if each.namespace == namespace]
    for each in embedded:
        assert each.dimensions == METRICS[each.name].dimensions, each
        assert set(each.where) <= each.dimensions, each
        assert each.where.get(SERVICE, "payment") in folders, each
    assert {each.name for each in embedded} == set(METRICS) - NOT_SHOWN


NOT_SHOWN = {
    "CanaryFailed",  # its alarm is
    "CanaryFailedAt",
    "CanarySucceeded",
    "CanaryTimeToConfirm",
    "ConfirmedLate",  # the objective's alarm is, and the time itself
    "DeadLettered",  # the dead-letter queues themselves are
    "PaymentsDeclined",  # orders that failed are, by their reasons
    "RevenueRefunded",  # what was confirmed and lost is
}


def of_all(deployment: Deployment, attribute: str) -> set[str]:
    return {each[attribute] for each in deployment.all("aws_lambda_function")}


def names(kind: str, attribute: str = "name") -> Callable[[Deployment], set[str]]:
    return lambda deployment: {each[attribute] for each in deployment.all(kind)}


OF_AWS: dict[str, tuple[set[str], dict[str, Callable[[Deployment], set[str]]]]] = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": (
        {"Errors", "Duration", "ConcurrentExecutions", "Throttles", "IteratorAge"},
        {"FunctionName": names("aws_lambda_function", "function_name")},
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": (
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
        },
        {"QueueName": names("aws_sqs_queue")},
    ),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    "AWS/ApiGateway": (
        {"Count", "4XXError", "5XXError", "Latency"},
        {
            "ApiName": names("aws_api_gateway_rest_api"),
            "Stage": names("aws_api_gateway_stage", "stage_name"),
        },
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": (
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "TransactionConflict",
            "WriteThrottleEvents",
        },
        {"TableName": names("aws_dynamodb_table")},
    ),
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    "AWS/SNS": (
        {
            "NumberOfMessagesPublished",
            "NumberOfNotificationsDelivered",
            "NumberOfNotificationsFailed",
        },
        {"TopicName": names("aws_sns_topic")},
    ),
    # https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
    "AWS/Firehose": (
        {"DeliveryToS3.DataFreshness"},
        {"DeliveryStreamName": names("aws_kinesis_firehose_delivery_stream")},
    ),
}
"""Of each service: metrics that it has with just these dimensions, and whose names those are."""


def test_every_metric_of_aws_is_one_of_a_resource_that_there_is(shown: Deployment) -> None:
    of_aws = [each for each in metrics(shown) if each.namespace.startswith("AWS/")]
    for each in of_aws:
        known, resources = OF_AWS[each.namespace]
        assert each.name in known, each
        assert each.dimensions == set(resources), each
        for dimension, value in each.where.items():
            assert value in resources[dimension](shown), each
    assert {each.namespace for each in of_aws} == set(OF_AWS)


@pytest.mark.parametrize("title", ["Messages waiting", "Age of the oldest message"])
def test_every_queue_is_shown(shown: Deployment, title: str) -> None:
    queues = {each["name"] for each in shown.all("aws_sqs_queue") if "redrive_policy" in each.body}
    queues |= {shown.one("aws_sqs_queue.intake-overflow-queue")["name"]}
    assert {each.where["QueueName"] for each in one(shown, title).shows} == queues


def test_every_dead_letter_queue_is_shown(shown: Deployment) -> None:
    queues = {each["name"] for each in shown.all("aws_sqs_queue") if each.id.endswith("-dlq")}
    assert {each.where["QueueName"] for each in one(shown, "Dead letters").shows} == queues


@pytest.mark.parametrize(
    "title", ["Functions: failed runs", "Functions: duration, p95", "Functions: at once"]
)
def test_every_function_is_shown(shown: Deployment, title: str) -> None:
    functions = of_all(shown, "function_name")
    assert {each.where["FunctionName"] for each in one(shown, title).shows} == functions


def test_every_alarm_is_shown(shown: Deployment) -> None:
    kinds = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
    alarms = {each["alarm_name"] for each in shown.all(*kinds)}
    arns = [
        arn
        for widget in board(shown)
        if widget.kind == "alarm"
        for arn in widget.properties["alarms"]
    ]
    assert {arn.rpartition(":alarm:")[2] for arn in arns} == alarms
    assert len(arns) == len(alarms)


def test_more_alarms_than_a_widget_takes_are_shown_in_several() -> None:
    arns = [f"arn-{number}" for number in range(MOST_ALARMS + 1)]
    first, second = rows_of_alarms("Alarms", arns, height=4)
    assert [
        len(row.widgets[0].rendered("")["properties"]["alarms"]) for row in (first, second)
    ] == [
        MOST_ALARMS,
        1,
    ]


# ------------------------------------------------------------------ what it says


def test_the_time_to_confirm_has_its_percentiles_and_its_promise(prod: Deployment) -> None:
    widget = one(prod, "Time to confirm")
    assert [each.stat for each in widget.shows] == ["p50", "p95", "p99"]
    (line,) = widget.properties["annotations"]["horizontal"]
    assert (line["value"], line["label"]) == (5_000, "promised: 5 s")


def test_revenue_is_told_by_currency(prod: Deployment) -> None:
    for title in ("Revenue confirmed", "Revenue lost"):
        shows = one(prod, title).shows
        assert [(each.label, each.where) for each in shows] == [
            (currency, {"currency": currency}) for currency in ("GBP", "EUR", "USD", "JPY")
        ]
        assert all(each.is_sum for each in shows)


def test_reasons_are_told_apart_whatever_they_are(prod: Deployment) -> None:
    (reasons,) = one(prod, "Orders that fail, by reason").shows
    assert reasons.label == "${PROP('Dim.reason')}"
    assert not reasons.is_sum
    for reason in (*CancelReason, "out_of_stock"):
        dimensions = {SERVICE: "payment", "reason": str(reason)}
        assert reasons.takes("OrderPipeline/prod", "OrdersFailed", dimensions)


def test_terraform_puts_nothing_into_the_labels(prod: Deployment) -> None:
    body = prod.one(BOARD)["dashboard_body"]
    assert body.count("$${") == body.count("${") > 0
