"""Alarms, and the topic that tells people about them."""

import re
from collections.abc import Mapping

from order_pipeline.transitions import EventType
from stacks.base import BaseStack
from stacks.building_blocks.policy import Statement, policy_document, refuse_plain_http
from stacks.cdk import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
    CloudwatchMetricAlarm,
    SnsTopic,
    SnsTopicSubscription,
)
from stacks.settings import Alarms


class AlarmTopic:
    """An encrypted topic for alarms, with the settings' addresses subscribed by e-mail.

    Dead letters and failed runs are watched everywhere, the rest where the settings ask for all.
    """

    def __init__(self, stack: BaseStack, key_arn: str, *, metrics_namespace: str) -> None:
        names = stack.names
        self._watches_all = stack.settings.alarms is Alarms.ALL
        name = names.of("alarm", "topic")
        arn = names.topic_arn(name)
        self._stack = stack
        self._namespace = metrics_namespace
        self.arns: list[str] = []
        """The alarms that there are, as they were made."""
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
                        resources=(arn,),
                        conditions={
                            "ArnLike": {
                                "aws:SourceArn": names.arn("cloudwatch", f"alarm:*-{names.suffix}")
                            }
                        },
                    ),
                    refuse_plain_http("sns:Publish", arn),
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

    def watch_event(self, event_type: EventType, log_group_name: str, meaning: str) -> None:
        """Raise an alarm as soon as a function logs that it recorded an event of this type."""
        pattern = f'{{ $.recorded = "{event_type.value}" }}'
        self.watch_log(event_type.value, pattern, log_group_name, meaning)

    def watch_log(self, metric: str, pattern: str, log_group_name: str, meaning: str) -> None:
        """Raise an alarm as soon as a function logs what fits a pattern, counted as `metric`."""
        if not self._watches_all:
            return
        resource = _kebab(metric)
        CloudwatchLogMetricFilter(
            self._stack,
            f"{resource}-filter",
            name=self._stack.names.of(resource, "filter"),
            log_group_name=log_group_name,
            pattern=pattern,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                name=metric,
                namespace=self._namespace,
                value="1",
                unit="Count",
            ),
        )
        self._alarm(
            resource, meaning, namespace=self._namespace, metric_name=metric, statistic="Sum"
        )

    def watch_metric(self, metric: str, service: str, meaning: str) -> None:
        """Raise an alarm as soon as a metric that the function `service` embeds is above zero."""
        if not self._watches_all:
            return
        self._alarm(
            _kebab(metric),
            meaning,
            namespace=self._namespace,
            metric_name=metric,
            statistic="Maximum",
            dimensions={"service": service},
        )

    def watch_errors(self, function_id: str, function_name: str, meaning: str) -> None:
        """Raise an alarm as soon as an invocation of a function fails."""
        self._alarm(
            f"{function_id}-errors",
            meaning,
            namespace="AWS/Lambda",
            metric_name="Errors",
            statistic="Sum",
            dimensions={"FunctionName": function_name},
        )

    def watch_dead_letters(self, queue: str, queue_name: str) -> None:
        """Raise an alarm as soon as there is a message on the dead-letter queue `queue_name`."""
        self._alarm(
            queue,
            f"There are messages on {queue_name}: see why, repair, redrive.",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue_name},
            statistic="Maximum",
        )

    def watch_waiting(self, resource: str, queue_name: str, minutes: int, meaning: str) -> None:
        """Raise an alarm when messages of the queue `queue_name` wait for more than `minutes`.

        It takes two: the age leaves out messages that were received three times, and a message
        that is tried again and again is in flight (the SQS guide, "Available CloudWatch metrics").
        """
        if not self._watches_all:
            return
        self._alarm(
            f"{resource}-age",
            f"Messages on {queue_name} are not handled. {meaning}",
            above=minutes * 60,
            namespace="AWS/SQS",
            metric_name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": queue_name},
            statistic="Maximum",
        )
        self._alarm(
            f"{resource}-retries",
            f"Messages on {queue_name} are tried again and again. {meaning}",
            minutes=minutes,
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesNotVisible",
            dimensions={"QueueName": queue_name},
            statistic="Maximum",
        )

    def _alarm(
        self,
        resource: str,
        meaning: str,
        *,
        namespace: str,
        metric_name: str,
        statistic: str,
        dimensions: Mapping[str, str] | None = None,
        above: int = 0,
        minutes: int = 1,
    ) -> None:
        """Raise an alarm when a metric is above a threshold for so many minutes in a row."""
        name = self._stack.names.of(resource, "alarm")
        self.arns.append(self._stack.names.arn("cloudwatch", f"alarm:{name}"))
        CloudwatchMetricAlarm(
            self._stack,
            f"{resource}-alarm",
            alarm_name=name,
            alarm_description=meaning,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dimensions,
            statistic=statistic,
            period=60,
            evaluation_periods=minutes,
            comparison_operator="GreaterThanThreshold",
            threshold=above,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
        )


def _kebab(name: str) -> str:
    """Return ``payment-capture-failed`` for ``PaymentCaptureFailed``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
