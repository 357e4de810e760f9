"""The topic that events are published on, and the subscriptions that pass them on."""

from collections.abc import Sequence
from typing import Any

from order_pipeline.domain.canary import CUSTOMER_ID as CANARY
from order_pipeline.domain.transitions import EventType
from stacks.building_blocks.document import as_json
from stacks.building_blocks.policy import (
    Grant,
    KeyUse,
    Statement,
    policy_document,
    refuse_plain_http,
)
from stacks.building_blocks.queue import DeadLetterQueue, Queue
from stacks.building_blocks.watched import of_topic
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import SnsTopic, SnsTopicSubscription, XrayResourcePolicy


class EventTopic:
    """A topic of events; a subscriber takes all of them or those of some types."""

    def __init__(self, stack: WorkloadStack, resource: str) -> None:
        """Make ``{resource}-topic``."""
        self._stack = stack
        self.name = stack.names.of(resource, "topic")
        self.arn = stack.names.topic_arn(self.name)
        self._topic = SnsTopic(
            stack,
            f"{resource}-topic",
            name=self.name,
            kms_master_key_id=stack.key_arn,
            tracing_config="Active",
            policy=policy_document([refuse_plain_http("sns:Publish", self.arn)]),
        )
        stack.alarms.watch(*of_topic(f"{resource}-topic", self.name))
        if not stack.settings.is_local:  # LocalStack has no X-Ray resource policies
            self._let_topic_trace()

    @property
    def publish(self) -> Grant:
        """Publish events."""
        return Grant(
            Statement("PublishEvents", ("sns:Publish",), (self.arn,)),
            KeyUse.to_send("sns"),
        )

    def fill(
        self,
        queue: Queue,
        resource: str,
        event_types: Sequence[EventType],
        *,
        of_canary: bool = True,
    ) -> None:
        """Pass events of the given types on to a queue, as they were published.

        Without those `of_canary`, it has what happened to customers' orders only.
        """
        self._subscribe(
            resource,
            protocol="sqs",
            endpoint=queue.resource.arn,
            filter_policy=_filter_policy(event_types, of_canary=of_canary),
            filter_policy_scope="MessageAttributes",
        )

    def record(self, stream_arn: str, resource: str, role_arn: str) -> None:
        """Pass every event on to a Firehose stream, as it was published."""
        self._subscribe(
            resource,
            protocol="firehose",
            endpoint=stream_arn,
            subscription_role_arn=role_arn,
        )

    def tell_shop(self, addresses: Sequence[str], event_types: Sequence[EventType]) -> None:
        """Pass customers' events of the given types on to the shop's own addresses and phones."""
        for number, address in enumerate(addresses, start=1):
            SnsTopicSubscription(
                self._stack,
                f"shop-subscription-{number}",
                topic_arn=self._topic.arn,
                protocol="email" if "@" in address else "sms",
                endpoint=address,
                filter_policy=_filter_policy(event_types, of_canary=False),
                filter_policy_scope="MessageAttributes",
            )

    def _subscribe(self, resource: str, **arguments: str) -> None:
        dead_letters = DeadLetterQueue(
            self._stack, f"{resource}-subscription", filled_by_topic_arn=self.arn
        )
        SnsTopicSubscription(
            self._stack,
            f"{resource}-subscription",
            topic_arn=self._topic.arn,
            raw_message_delivery=True,
            redrive_policy=as_json({"deadLetterTargetArn": dead_letters.arn}),
            depends_on=[dead_letters.resource],
            **arguments,
        )

    def _let_topic_trace(self) -> None:
        """Let SNS send its segments to X-Ray: only the console adds this policy by itself."""
        names = self._stack.names
        XrayResourcePolicy(
            self._stack,
            "topic-tracing",
            policy_name=names.of("topic-tracing", "policy"),
            policy_document=policy_document(
                [
                    Statement(
                        sid="TraceTopic",
                        principal={"Service": "sns.amazonaws.com"},
                        actions=(
                            "xray:GetSamplingRules",
                            "xray:GetSamplingTargets",
                            "xray:PutTraceSegments",
                        ),
                        resources=("*",),
                        conditions={
                            "StringEquals": {"aws:SourceAccount": names.account_id},
                            "ArnEquals": {"aws:SourceArn": self.arn},
                        },
                    )
                ]
            ),
        )


def _filter_policy(event_types: Sequence[EventType], *, of_canary: bool) -> str:
    """Return the policy by which a subscription takes events of the given types.

    Every attribute that it names has to fit:
    https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html#string-anything-but-matching
    """
    policy: dict[str, Any] = {"eventType": [each.value for each in event_types]}
    if not of_canary:
        policy["customerId"] = [{"anything-but": [CANARY]}]
    return as_json(policy)
