"""What a deployment costs in a month in which nobody orders anything."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cost.assumptions import BYTES_OF_LOG_EVENT, PLATFORM_LINES
from cost.prices import Prices
from cost.sizes import Sizes
from main import order_pipeline
from stacks.settings import Settings

DAYS = 30
MINUTES = DAYS * 24 * 60

LONG_POLLS_AT_ONCE, LONG_POLL_SECONDS = 5, 20
"""How Lambda waits for messages of an empty queue, at least.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

KEY_MINUTES = 5
"""How long DynamoDB keeps a table's key in use: one request to the key in so long, if it is read.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
"""

METRICS_AT_REST = 6
"""Those that functions embed when there are no orders: the reconciler's, of each run."""

BYTES_OF_RUN = 1000
"""What a run logs itself, at most."""

_RATE = re.compile(r"rate\((?P<number>\d+) (?P<unit>minute|day)s?\)")

type Stacks = Mapping[str, Any]
"""The resources of all stacks: type → id → attributes."""


@dataclass(frozen=True)
class MonthLine:
    """Something that is charged for by the month."""

    what: str
    price: str
    quantity: float

    def usd(self, prices: Prices) -> float:
        """Return what it costs a month."""
        return prices[self.price].of(self.quantity)


def month_of(resources: Stacks, sizes: Sizes, runs_ms: Mapping[str, float]) -> list[MonthLine]:
    """Return the lines of a month at rest, without a canary.

    `runs_ms` says how long a run takes of each function that runs by the clock.
    """

    def number(kind: str) -> int:
        return len(resources.get(kind, {}))

    alarms = resources.get("aws_cloudwatch_metric_alarm", {}).values()
    mappings = resources["aws_lambda_event_source_mapping"].values()
    queues = sum("starting_position" not in each for each in mappings)
    polls = LONG_POLLS_AT_ONCE * MINUTES * 60 / LONG_POLL_SECONDS
    lines = [
        MonthLine("customer-managed key", "keys", number("aws_kms_key")),
        MonthLine(
            "requests to it, for tables that are looked at",
            "key_requests",
            number("aws_dynamodb_table") * MINUTES / KEY_MINUTES,
        ),
        MonthLine("secret", "secrets", number("aws_secretsmanager_secret")),
        MonthLine("metrics that alarms look at", "alarm_metrics", sum(map(_looked_at, alarms))),
        MonthLine("composite alarms", "composite_alarms", number("aws_cloudwatch_composite_alarm")),
        MonthLine("metrics that functions embed", "metrics", METRICS_AT_REST),
        MonthLine("dashboard", "dashboards", number("aws_cloudwatch_dashboard")),
        MonthLine("receives from empty queues", "queue_requests", queues * polls),
        MonthLine("web firewall", "firewalls", number("aws_wafv2_web_acl")),
        MonthLine(
            "its rules",
            "firewall_rules",
            sum(len(acl["rule"]) for acl in resources.get("aws_wafv2_web_acl", {}).values()),
        ),
        *_of_runs(resources, sizes, runs_ms),
    ]
    return [line for line in lines if line.quantity]


def _looked_at(alarm: Mapping[str, Any]) -> int:
    """Return how many metrics an alarm is charged for."""
    queries = alarm.get("metric_query") or []
    return sum("metric" in query for query in queries) if queries else 1


def _of_runs(resources: Stacks, sizes: Sizes, runs_ms: Mapping[str, float]) -> Iterator[MonthLine]:
    runs = {
        rule_id.removesuffix("-schedule"): MINUTES / _minutes(rule["schedule_expression"])
        for rule_id, rule in resources.get("aws_cloudwatch_event_rule", {}).items()
    }
    runs.pop("canary", None)
    yield MonthLine("runs by the clock", "invocations", sum(runs.values()))
    seconds = sum(
        times * runs_ms[name] / 1000 * sizes.memory_mb[name] / 1024 for name, times in runs.items()
    )
    yield MonthLine("their time", "gigabyte_seconds", seconds)
    each = BYTES_OF_RUN
    if sizes.platform_lines:
        each += sum(len(line) + BYTES_OF_LOG_EVENT for line in PLATFORM_LINES)
    yield MonthLine("their logs", "log_gigabytes", sum(runs.values()) * each / 1e9)


def _minutes(expression: str) -> int:
    match = _RATE.fullmatch(expression)
    if match is None:
        raise ValueError(f"not a rate: {expression}")
    return int(match["number"]) * (1 if match["unit"] == "minute" else 24 * 60)


def resources_of(environment: str) -> Stacks:
    """Return what the stacks of an environment such as ``dev`` are made of, synthesised."""
    told = {
        "ENVIRONMENT": environment,
        "AWS_ACCOUNT_ID": "123456789012",
        "EMAIL_SENDER": "orders@example.com",
        "ALARM_ADDRESSES": "ops@example.com",
    }
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        order_pipeline(Settings.from_environment(told), outdir=folder).synth()
        for stack in ("storage", "pipeline"):
            file = Path(folder, "stacks", stack, "cdk.tf.json")
            content = json.loads(file.read_text(encoding="utf-8"))
            for kind, resources in content["resource"].items():
                found.setdefault(kind, {}).update(resources)
    return found
