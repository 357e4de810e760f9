"""Alarms, and the topic that tells people about them.

Which alarms there are is in `watched.py` (what AWS recommends for each kind of resource),
`order_alarms.py` (orders and money) and `objectives.py` (service levels).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stacks.base import BaseStack
from stacks.building_blocks.policy import Statement, policy_document, refuse_plain_http
from stacks.cdk import (
    CloudwatchCompositeAlarm,
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
    SnsTopic,
    SnsTopicSubscription,
)
from stacks.settings import Alarms

MINUTE = 60


class Missing(StrEnum):
    """What it means that a metric has no value; CloudWatch's own answer, "unknown", is none."""

    GOOD = "notBreaching"
    """It counts or measures what happens: nothing has happened, so nothing has gone wrong."""
    BAD = "breaching"
    """That nothing happens is what the alarm is about."""


@dataclass(frozen=True)
class Metric:
    """A metric, told apart by exactly these dimensions, and what is made of a period's values."""

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    """``Sum``, ``Average``, ``Minimum``, ``Maximum``, or a percentile such as ``p99``."""


@dataclass(frozen=True)
class Formula:
    """A number made of several metrics by CloudWatch's metric math, which names them by id.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """

    expression: str
    metrics: Mapping[str, Metric]


@dataclass(frozen=True)
class Alarm:
    """When people are told, and what they are told."""

    name: str
    """Of what and which, such as ``payment-queue-age``."""
    meaning: str
    """What it means for customers."""
    section: str
    """Of the runbook: what to do."""
    of: Metric | Formula
    above: float | None = None
    below: float | None = None
    """One of the two."""
    minutes: int = 1
    """The period, in production."""
    periods: int = 1
    """How many in a row."""
    missing: Missing = Missing.GOOD
    asked_for: Alarms = Alarms.ALL
    """The settings that it takes."""
    is_part: bool = False
    """Whether it tells nobody by itself: it is a part of a combination."""


@dataclass(frozen=True)
class Combination:
    """An alarm about other alarms, as a condition of CloudWatch: those of any, or of all."""

    name: str
    meaning: str
    section: str
    any_of: Sequence[str] = ()
    all_of: Sequence[str] = ()
    """One of the two: names of alarms."""


class AlarmTopic:
    """An encrypted topic for alarms, with the settings' addresses subscribed by e-mail."""

    def __init__(self, stack: BaseStack, key_arn: str, *, metrics_namespace: str) -> None:
        names = stack.names
        name = names.of("alarm", "topic")
        self.arn = names.topic_arn(name)
        self.namespace = metrics_namespace
        """Of the metrics that functions embed in their logs."""
        self._stack = stack
        self._made: dict[str, CloudwatchMetricAlarm | CloudwatchCompositeAlarm] = {}
        self._topic = SnsTopic(
            stack,
            "alarm-topic",
            name=name,
            kms_master_key_id=key_arn,
            policy=policy_document(
                [
                    Statement(
                        sid="AlarmsOfThisCopy",
                        principal={"Service": "cloudwatch.amazonaws.com"},
                        actions=("sns:Publish",),
                        resources=(self.arn,),
                        conditions={
                            "ArnLike": {
                                "aws:SourceArn": names.arn("cloudwatch", f"alarm:*-{names.suffix}")
                            }
                        },
                    ),
                    refuse_plain_http("sns:Publish", self.arn),
                ]
            ),
        )
        for number, address in enumerate(stack.settings.alarm_addresses, start=1):
            SnsTopicSubscription(
                stack,
                f"alarm-subscription-{number}",
                topic_arn=self._topic.arn,
                protocol="email",
                endpoint=address,
            )

    @property
    def arns(self) -> tuple[str, ...]:
        """The ARNs of the alarms that there are by now, combinations among them, by name."""
        return tuple(self._arn_of(name) for name in sorted(self._made))

    def embedded(self, metric: str, service: str, statistic: str = "Sum") -> Metric:
        """Return a metric that the function `service` embeds, with no dimension but that one."""
        return Metric(self.namespace, metric, {"service": service}, statistic)

    def watch(self, *alarms: Alarm) -> None:
        """Raise these alarms, as far as the settings ask for them."""
        for alarm in alarms:
            if self._are_asked_for(alarm.asked_for) and self._leaves_time(alarm):
                self._made[alarm.name] = self._metric_alarm(alarm)

    def watch_log(self, alarm: Alarm, *, pattern: str, log_group_name: str) -> None:
        """Raise an alarm about a metric that counts what a function logs by a pattern."""
        if not self._are_asked_for(alarm.asked_for):
            return
        assert isinstance(alarm.of, Metric), "a filter counts one metric"
        CloudwatchLogMetricFilter(
            self._stack,
            f"{alarm.name}-filter",
            name=self._stack.names.of(alarm.name, "filter"),
            log_group_name=log_group_name,
            pattern=pattern,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                name=alarm.of.name, namespace=alarm.of.namespace, value="1", unit="Count"
            ),
        )
        self.watch(alarm)

    def combine(self, combination: Combination) -> None:
        """Raise an alarm about alarms, as far as the settings ask for more than faults."""
        if not self._are_asked_for(Alarms.ALL):
            return
        parts = combination.any_of or combination.all_of
        self._made[combination.name] = CloudwatchCompositeAlarm(
            self._stack,
            f"{combination.name}-alarm",
            alarm_name=self._name_of(combination.name),
            alarm_description=self._description(combination),
            alarm_rule=(" OR " if combination.any_of else " AND ").join(
                f'ALARM("{self._arn_of(part)}")' for part in parts
            ),
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
            # CloudWatch refuses a rule about alarms that do not exist.
            depends_on=[self._made[part] for part in parts],
        )

    def has(self, name: str) -> bool:
        """Whether there is such an alarm by now."""
        return name in self._made

    def _are_asked_for(self, alarms: Alarms) -> bool:
        return alarms is Alarms.FAULTS or self._stack.settings.alarms is Alarms.ALL

    def _leaves_time(self, alarm: Alarm) -> bool:
        """Say whether a period is long enough for what must happen in it."""
        return alarm.missing is Missing.GOOD or not self._stack.settings.alarm_period_seconds

    def _name_of(self, alarm: str) -> str:
        return self._stack.names.of(alarm, "alarm")

    def _arn_of(self, alarm: str) -> str:
        return self._stack.names.arn("cloudwatch", f"alarm:{self._name_of(alarm)}")

    def _description(self, alarm: Alarm | Combination) -> str:
        return f"{alarm.meaning} {self._stack.settings.runbook_url}#{alarm.section}"

    def _metric_alarm(self, alarm: Alarm) -> CloudwatchMetricAlarm:
        assert (alarm.above is None) is not (alarm.below is None), alarm.name
        actions = None if alarm.is_part else [self._topic.arn]
        period = self._stack.settings.alarm_period_seconds or alarm.minutes * MINUTE
        return CloudwatchMetricAlarm(
            self._stack,
            f"{alarm.name}-alarm",
            alarm_name=self._name_of(alarm.name),
            alarm_description=self._description(alarm),
            **_looked_at(alarm.of, period),
            evaluation_periods=alarm.periods,
            comparison_operator="GreaterThanThreshold"
            if alarm.below is None
            else "LessThanThreshold",
            threshold=alarm.above if alarm.below is None else alarm.below,
            treat_missing_data=alarm.missing.value,
            alarm_actions=actions,
            ok_actions=actions,
        )


def _looked_at(of: Metric | Formula, period: int) -> dict[str, Any]:
    """Return the arguments of an alarm that say what it looks at."""
    if isinstance(of, Metric):
        kind = "extended_statistic" if _is_percentile(of.statistic) else "statistic"
        return {
            "namespace": of.namespace,
            "metric_name": of.name,
            "dimensions": of.dimensions or None,
            kind: of.statistic,
            "period": period,
        }
    parts = [
        CloudwatchMetricAlarmMetricQuery(
            id=name,
            metric=CloudwatchMetricAlarmMetricQueryMetric(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=metric.dimensions or None,
                stat=metric.statistic,
                period=period,
            ),
        )
        for name, metric in of.metrics.items()
    ]
    result = CloudwatchMetricAlarmMetricQuery(
        id="result", expression=of.expression, label="result", return_data=True
    )
    return {"metric_query": [*parts, result]}


def _is_percentile(statistic: str) -> bool:
    return re.fullmatch(r"p\d+(\.\d+)?", statistic) is not None
