"""The metrics that a deployment can have values of: AWS's of its resources, its filters', its own.

AWS's are those of the services' pages on their metrics; our own are found by reading and running
the code that measures, so that none is written down twice.
"""

import ast
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from order_pipeline.adapters.observability import measure
from order_pipeline.domain.measurements import Measurement, measurements_of
from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import EventType
from stacks.packaging import first_party_modules
from tests.embedded_metrics import embedded_metrics
from tests.permissions.recording import read as recorded_calls
from tests.stacks.synthesised import Deployment, Resource
from tests.unit.builders import (
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
)

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"


class MetricKey(NamedTuple):
    """What CloudWatch knows a metric by: another dimension is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def key_of(namespace: str, name: str, dimensions: Mapping[str, str] | None) -> MetricKey:
    return MetricKey(namespace, name, frozenset((dimensions or {}).items()))


def looked_at(alarm: Resource) -> Iterator[MetricKey]:
    """Yield the metrics that an alarm is about."""
    if alarm.get("metric_name"):
        yield key_of(alarm["namespace"], alarm["metric_name"], alarm.get("dimensions"))
    for query in alarm.get("metric_query") or []:
        if metric := query.get("metric"):
            yield key_of(metric["namespace"], metric["metric_name"], metric.get("dimensions"))


def there_are(deployment: Deployment) -> set[MetricKey]:
    """Return every metric that the deployment can have."""
    return {key for emitter in EMITTERS for key in emitter(deployment)}


# ------------------------------------------------------------------ AWS's


def _keys(
    namespace: str, names: Iterable[str], *dimensions: Mapping[str, str]
) -> Iterator[MetricKey]:
    for name in names:
        for each in dimensions:
            yield key_of(namespace, name, each)


def of_functions(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    names = ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
    for function in deployment.all("aws_lambda_function"):
        yield from _keys("AWS/Lambda", names, {"FunctionName": function["function_name"]})
    yield from _keys("AWS/Lambda", ("ConcurrentExecutions",), {})
    for mapping in deployment.all("aws_lambda_event_source_mapping"):
        if mapping.get("starting_position"):  # of a stream
            alias = deployment.referred(mapping.stack, mapping["function_name"])
            assert alias
            of_alias = deployment.referred(mapping.stack, alias["function_name"])
            assert of_alias
            yield from _keys(
                "AWS/Lambda", ("IteratorAge",), {"FunctionName": of_alias["function_name"]}
            )


def of_queues(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    names = (
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
        "NumberOfMessagesSent",
    )
    for queue in deployment.all("aws_sqs_queue"):
        yield from _keys("AWS/SQS", names, {"QueueName": queue["name"]})


def of_topics(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html"""
    for topic in deployment.all("aws_sns_topic"):
        names = ["NumberOfNotificationsFailed"]
        if any(
            deployment.referred(each.stack, each["topic_arn"]) == topic
            and each.get("redrive_policy")
            for each in deployment.all("aws_sns_topic_subscription")
        ):
            names.append("NumberOfNotificationsFailedToRedriveToDlq")
        yield from _keys("AWS/SNS", names, {"TopicName": topic["name"]})


def of_tables(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
    for table in deployment.all("aws_dynamodb_table"):
        of_table = {"TableName": table["name"]}
        indexes = [each["name"] for each in table.get("global_secondary_index") or []]
        yield from _keys(
            "AWS/DynamoDB",
            ("ReadThrottleEvents", "WriteThrottleEvents"),
            of_table,
            *({**of_table, "GlobalSecondaryIndexName": index} for index in indexes),
        )
        operations = operations_on(table.id)
        yield from _keys(
            "AWS/DynamoDB", ("SystemErrors",), *({**of_table, "Operation": o} for o in operations)
        )
        if "TransactWriteItems" in operations:
            yield from _keys("AWS/DynamoDB", ("TransactionConflict",), of_table)


def operations_on(table: str) -> set[str]:
    """Return the operations that functions were seen to make on a table such as `orders-table`."""
    return {
        call.operation.partition("/")[0]
        for call in recorded_calls()
        if call.service == "dynamodb" and call.resource.partition("/")[0] == table
    }


def of_apis(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"""
    names = ("4XXError", "5XXError", "Count", "Latency")
    for stage in deployment.all("aws_api_gateway_stage"):
        api = deployment.referred(stage.stack, stage["rest_api_id"])
        assert api
        of_stage = {"ApiName": api["name"], "Stage": stage["stage_name"]}
        yield from _keys("AWS/ApiGateway", names, of_stage)
        (methods,) = deployment.all("aws_api_gateway_method_settings")
        if methods["settings"].get("metrics_enabled"):  # those of each method
            for path, operations in json.loads(api["body"])["paths"].items():
                for method in operations:
                    of_method = {**of_stage, "Method": method.upper(), "Resource": path}
                    yield from _keys("AWS/ApiGateway", names, of_method)


def of_delivery_streams(deployment: Deployment) -> Iterator[MetricKey]:
    """https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html"""
    for stream in deployment.all("aws_kinesis_firehose_delivery_stream"):
        yield from _keys(
            "AWS/Firehose", ("DeliveryToS3.DataFreshness",), {"DeliveryStreamName": stream["name"]}
        )


def of_filters(deployment: Deployment) -> Iterator[MetricKey]:
    """Yield what the filters of logs count: without a dimension, unless they name one."""
    for each in deployment.all("aws_cloudwatch_log_metric_filter"):
        counted = each["metric_transformation"]
        yield key_of(counted["namespace"], counted["name"], counted.get("dimensions"))


# ------------------------------------------------------------------ our own


def of_code(deployment: Deployment) -> Iterator[MetricKey]:
    """Yield what the functions embed in their logs."""
    for function in deployment.all("aws_lambda_function"):
        variables = function["environment"]["variables"]
        folder = function["handler"].partition(".")[0]
        for measurement in _measured_by(folder):
            yield from _embedded(measurement, variables)


def _embedded(measurement: Measurement, variables: Mapping[str, str]) -> Iterator[MetricKey]:
    """Yield a measurement as a function with these variables embeds it."""
    out = io.StringIO()
    with patch.dict("os.environ", variables), redirect_stdout(out):
        measure([measurement])
    for metric in embedded_metrics(out.getvalue().splitlines()):
        yield MetricKey(
            variables["POWERTOOLS_METRICS_NAMESPACE"], metric.name, frozenset(metric.dimensions)
        )


@cache
def _measured_by(folder: str) -> tuple[Measurement, ...]:
    """Return what the function of a folder can measure, of each metric one."""
    recorded = set()
    found = []
    for path in first_party_modules(f"{folder}.handler", LAMBDAS):
        if path.name == "measurements.py":
            continue  # those follow from the events
        for call in _calls(path):
            match call:
                case ast.Call(
                    func=ast.Attribute(attr="after"), args=[ast.Attribute(attr=name), *_]
                ):
                    recorded.add(EventType[name])
                case ast.Call(
                    func=ast.Name(id="Measurement"), args=[ast.Constant(value=str(name)), *_]
                ) if not call.keywords:
                    found.append(Measurement(name, 1))
    if any(
        (call.function, call.operation, call.resource)
        == (folder.replace("_", "-"), "PutItem", "orders-table")
        for call in recorded_calls()
    ):
        recorded.add(EventType.ORDER_PLACED)
    for event in recorded:
        found += _measured_of(event)
    return tuple(found)


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def _measured_of(event: EventType) -> Iterator[Measurement]:
    """Yield what is measured when an event is recorded, of orders that have it."""
    for order in (a_captured_order(), a_confirmed_order(), a_declined_order(), a_cancelled_order()):
        for number, entry in enumerate(order.history):
            if entry.event is event:
                yield from measurements_of(
                    _up_to(order, number) if number else None, _up_to(order, number + 1)
                )


def _up_to(order: Order, entries: int) -> Order:
    return order.model_copy(update={"history": order.history[:entries]})


EMITTERS: tuple[Callable[[Deployment], Iterator[MetricKey]], ...] = (
    of_functions,
    of_queues,
    of_topics,
    of_tables,
    of_apis,
    of_delivery_streams,
    of_filters,
    of_code,
)
