"""What people are alarmed about, and what reaches them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for


def assert_alarmed(shop: Shop, event: str, order_id: str) -> None:
    """Assert that what was logged about the event is what an alarm counts.

    In Docker, LocalStack's filters count every line of the log, whatever their pattern, so the
    alarm's own state says nothing there; the pattern is compared with the log instead.
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

    (alarm,) = shop.cloudwatch.describe_alarms_for_metric(
        MetricName=event, Namespace=f"OrderPipeline/{deployment.suffix}"
    )["MetricAlarms"]
    assert alarm["AlarmActions"], "nobody is told"


@dataclass
class Subscriber:
    """Somebody who is subscribed to the alarm topic: here by a queue, in a shop by e-mail."""

    shop: Shop
    queue_url: str
    _heard: list[tuple[str, str]] = field(default_factory=list)

    def heard_about(self, alarm: str) -> list[str]:
        """Return the states of an alarm such as `payment-dlq` that the subscriber was told."""
        while messages := self.shop.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10
        ).get("Messages", []):
            for message in messages:
                told = json.loads(message["Body"])
                self._heard.append((told["AlarmName"], told["NewStateValue"]))
                self.shop.sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
        name = alarm_name(self.shop, alarm)
        return [state for about, state in self._heard if about == name]


@contextmanager
def subscribed(shop: Shop) -> Iterator[Subscriber]:
    """Subscribe to the alarm topic for a while."""
    name = shop.new_id("alarms-told")
    queue_url = shop.sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = shop.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    (topic,) = (
        each["TopicArn"]
        for each in shop.sns.list_topics()["Topics"]
        if each["TopicArn"].endswith(f":alarm-topic-{shop.deployment.suffix}")
    )
    subscription = shop.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=attributes["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    try:
        yield Subscriber(shop, queue_url)
    finally:
        shop.sns.unsubscribe(SubscriptionArn=subscription)
        shop.sqs.delete_queue(QueueUrl=queue_url)


def alarm_name(shop: Shop, alarm: str) -> str:
    """Return the deployed name of an alarm such as `payment-dlq`."""
    return f"{alarm}-alarm-{shop.deployment.suffix}"


def until_in_state(shop: Shop, alarm: str, state: str) -> None:
    """Wait until an alarm is in a state."""

    def look() -> str:
        found = shop.cloudwatch.describe_alarms(
            AlarmNames=[alarm_name(shop, alarm)], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        states = [each["StateValue"] for each in found["MetricAlarms"]]
        states += [each["StateValue"] for each in found["CompositeAlarms"]]
        assert len(states) == 1, f"there are {len(states)} alarms {alarm}"
        return states[0]

    # Two periods of what is looked at, and the time until it is counted; on a busy machine.
    wait_for(look, lambda seen: seen == state, f"{alarm} in {state}", within=240)
