"""Metric filters on LocalStack count what AWS's would."""

import json
from datetime import UTC, datetime, timedelta

from local.aws import client
from local.processes import wait_for
from local.settings import LocalSettings

GROUP = "/tests/filtered"


def test_a_filter_counts_the_lines_whose_field_is_its_text(localstack: LocalSettings) -> None:
    # given
    logs, cloudwatch = client("logs", localstack), client("cloudwatch", localstack)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="stream")
    logs.put_metric_filter(
        logGroupName=GROUP,
        filterName="failed",
        filterPattern='{ $.recorded = "RefundFailed" }',
        metricTransformations=[
            {"metricName": "RefundFailed", "metricNamespace": "Tests", "metricValue": "1"}
        ],
    )
    now = datetime.now(UTC)
    lines = [
        json.dumps({"recorded": "RefundFailed"}),
        json.dumps({"recorded": "OrderPlaced"}),
        json.dumps({"message": "RefundFailed"}),
        json.dumps({"recorded": "RefundFailed", "order_id": "ORD-1"}),
        json.dumps(["RefundFailed"]),
        'no document, but "RefundFailed"',
    ]

    # when
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="stream",
        logEvents=[{"timestamp": int(now.timestamp() * 1000), "message": line} for line in lines],
    )

    # then
    def all_are_counted() -> bool:
        answer = cloudwatch.get_metric_statistics(
            Namespace="Tests",
            MetricName="RefundFailed",
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=600,
            Statistics=["Sum"],
        )
        return [point["Sum"] for point in answer["Datapoints"]] == [2]

    assert wait_for(all_are_counted, 30)
