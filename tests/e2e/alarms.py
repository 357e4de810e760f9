"""What people are alarmed about: events that a function logs, counted and watched."""

import json

from tests.e2e.deployment import AWS_CONFIG
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for


def assert_alarmed(shop: Shop, event: str, order_id: str) -> None:
    """Assert that what was logged about the event is what an alarm counts.

    LocalStack's filters count every line of the log, whatever their pattern, so the alarm's own
    state says nothing there; the pattern is compared with the log instead.
    """
    deployment = shop.deployment
    (counted,) = shop.logs.describe_metric_filters(
        metricName=event, metricNamespace=f"OrderPipeline/{deployment.suffix}"
    )["metricFilters"]
    assert counted["filterPattern"] == f'{{ $.recorded = "{event}" }}'

    def logged() -> list[str]:
        pages = shop.logs.get_paginator("filter_log_events").paginate(
            logGroupName=counted["logGroupName"]
        )
        lines = (entry["message"] for page in pages for entry in page["events"])
        return [line for line in lines if f'"{event}"' in line and order_id in line]

    lines = wait_for(
        logged, bool, f"{event} of {order_id} in {counted['logGroupName']}", within=120
    )
    assert json.loads(lines[0])["recorded"] == event

    cloudwatch = deployment.session().client(
        "cloudwatch", endpoint_url=deployment.endpoint, config=AWS_CONFIG
    )
    (alarm,) = cloudwatch.describe_alarms_for_metric(
        MetricName=event, Namespace=f"OrderPipeline/{deployment.suffix}"
    )["MetricAlarms"]
    assert alarm["AlarmActions"], "nobody is told"
