"""What a deployment costs in a month in which nobody orders anything."""

from typing import Any

import pytest

from cost.month import MINUTES, month_of
from cost.prices import read_prices
from cost.sizes import Sizes

SIZES = Sizes(
    memory_mb={"payment-breaker": 512, "reconciler": 512},
    traced_share=0.05,
    platform_lines=True,
    has_firewall=True,
)
RUNS_MS = {"payment-breaker": 100.0, "reconciler": 1000.0}

PROD: dict[str, Any] = {
    "aws_kms_key": {"key": {}},
    "aws_dynamodb_table": {"orders": {}, "inventory": {}},
    "aws_secretsmanager_secret": {"payment": {}},
    "aws_cloudwatch_metric_alarm": {
        "age": {"metric_name": "Age"},
        "share": {
            "metric_query": [
                {"expression": "a / b"},
                {"metric": {"metric_name": "a"}},
                {"metric": {"metric_name": "b"}},
            ]
        },
    },
    "aws_cloudwatch_composite_alarm": {"flow": {}},
    "aws_cloudwatch_dashboard": {"orders": {}},
    "aws_wafv2_web_acl": {"orders": {"rule": [{}, {}, {}]}},
    "aws_lambda_event_source_mapping": {
        "validation": {},
        "payment": {},
        "publisher": {"starting_position": "TRIM_HORIZON"},
    },
    "aws_cloudwatch_event_rule": {
        "payment-breaker-schedule": {"schedule_expression": "rate(1 minute)"},
        "reconciler-schedule": {"schedule_expression": "rate(5 minutes)"},
        "canary-schedule": {"schedule_expression": "rate(1 day)"},
    },
}


def quantities(resources: dict[str, Any]) -> dict[str, float]:
    return {line.what: line.quantity for line in month_of(resources, SIZES, RUNS_MS)}


def test_what_is_made_is_counted() -> None:
    found = quantities(PROD)
    assert found["customer-managed key"] == 1
    assert found["metrics that alarms look at"] == 3
    assert found["composite alarms"] == 1
    assert found["its rules"] == 3
    assert found["requests to it, for tables that are looked at"] == 2 * MINUTES / 5


def test_what_is_not_made_costs_nothing() -> None:
    found = quantities({name: PROD[name] for name in PROD if "wafv2" not in name})
    assert not {"web firewall", "its rules"} & found.keys()


def test_every_queue_is_polled_by_five_who_wait_twenty_seconds() -> None:
    """The stream is read for nothing."""
    assert quantities(PROD)["receives from empty queues"] == 2 * 5 * MINUTES * 3


def test_runs_by_the_clock_are_counted_without_the_canarys() -> None:
    found = quantities(PROD)
    assert found["runs by the clock"] == MINUTES + MINUTES / 5
    assert found["their time"] == pytest.approx((MINUTES * 0.1 + MINUTES / 5 * 1.0) * 0.5)


def test_a_schedule_that_is_no_rate_is_named() -> None:
    rule = {"payment-breaker-schedule": {"schedule_expression": "cron(0 0 * * ? *)"}}
    with pytest.raises(ValueError, match="cron"):
        quantities(PROD | {"aws_cloudwatch_event_rule": rule})


def test_a_month_is_the_sum_of_its_lines() -> None:
    prices = read_prices()
    found = {line.what: line.usd(prices) for line in month_of(PROD, SIZES, RUNS_MS)}
    assert found["secret"] == 0.40
    assert found["receives from empty queues"] == pytest.approx(2 * 648_000 * 0.40 / 1e6)
