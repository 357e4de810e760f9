"""Queues, each with the dead-letter queue that catches what it cannot get rid of."""

from dataclasses import replace

from stacks.building_blocks.document import as_json
from stacks.building_blocks.policy import (
    Grant,
    KeyUse,
    Statement,
    policy_document,
    refuse_plain_http,
)
from stacks.building_blocks.watched import of_dead_letters, of_queue, retries
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import SqsQueue

DAY = 24 * 60 * 60
RETENTION = 7 * DAY
# A dead-letter queue keeps the time a message was first sent, so it must keep longer than any
# queue it serves. 14 days is the most that SQS keeps.
DEAD_LETTER_RETENTION = 14 * DAY
# The longest SQS allows: each reuse is a call to KMS saved.
DATA_KEY_REUSE = DAY
# How often a message is received before it is given up: some ten minutes with the backoff of the
# consumers (2 s doubling to 300 s).
MAX_RECEIVES = 10
# What a stage has not begun by then it does not get done: it takes seconds for a message.
LATE_AFTER_MINUTES = 5
# Long polling: an empty answer costs as much as a full one.
WAIT = 20


class DeadLetterQueue:
    """A queue for what could not be delivered or handled, with an alarm on its first message."""

    def __init__(
        self,
        stack: WorkloadStack,
        resource: str,
        *,
        source_queue_name: str = "",
        filled_by_topic_arn: str = "",
    ) -> None:
        """Make ``{resource}-dlq``, filled by a queue's redrive, by a topic, or by a function."""
        names = stack.names
        self.name = names.of(resource, "dlq")
        self.arn = names.queue_arn(self.name)
        self.url = names.queue_url(self.name)
        statements = [refuse_plain_http("sqs:*", self.arn)]
        if filled_by_topic_arn:
            statements.append(send_from_topic(self.arn, filled_by_topic_arn))
        # Policies are arguments, with ARNs built from names: as resources of their own
        # (aws_sqs_queue_policy and its siblings) each takes the provider another 25 s.
        self._queue = SqsQueue(
            stack,
            f"{resource}-dlq",
            name=self.name,
            kms_master_key_id=stack.key_arn,
            kms_data_key_reuse_period_seconds=DATA_KEY_REUSE,
            message_retention_seconds=DEAD_LETTER_RETENTION,
            policy=policy_document(statements),
            redrive_allow_policy=as_json(
                {
                    "redrivePermission": "byQueue",
                    "sourceQueueArns": [names.queue_arn(source_queue_name)],
                }
            )
            if source_queue_name
            else None,
        )
        stack.dead_letter_queue_names[resource] = self.name
        stack.alarms.watch(of_dead_letters(f"{resource}-dlq", self.name))

    @property
    def resource(self) -> SqsQueue:
        """The resource itself, for others to wait for."""
        return self._queue

    @property
    def send(self) -> Grant:
        """Put a message on the queue."""
        return Grant(
            Statement("SendToDeadLetterQueue", ("sqs:SendMessage",), (self.arn,)),
            KeyUse.to_send("sqs"),
        )


class Queue:
    """A queue with its dead-letter queue, filled by one topic or by a function."""

    def __init__(
        self,
        stack: WorkloadStack,
        resource: str,
        *,
        visibility_timeout: int,
        topic_arn: str = "",
        max_receives: int | None = MAX_RECEIVES,
        retention: int = RETENTION,
        waiting: str,
        late_after_minutes: int = LATE_AFTER_MINUTES,
        section: str = "waiting-messages",
    ) -> None:
        """Make ``{resource}-queue`` and ``{resource}-dlq``.

        `waiting` says what it means for customers when messages wait for longer than
        `late_after_minutes`, and `section` of the runbook what to do.

        Without `max_receives` nothing is given up while it is kept: only the function that works
        the queue off puts messages on the dead-letter queue, those that can never be handled.
        """
        names = stack.names
        self.name = names.of(resource, "queue")
        self.arn = names.queue_arn(self.name)
        self.url = names.queue_url(self.name)
        stack.queue_names[resource] = self.name
        self.dead_letters = DeadLetterQueue(
            stack, resource, source_queue_name=self.name if max_receives else ""
        )
        statements = [refuse_plain_http("sqs:*", self.arn)]
        if topic_arn:
            statements.append(send_from_topic(self.arn, topic_arn))
        self._queue = SqsQueue(
            stack,
            f"{resource}-queue",
            name=self.name,
            kms_master_key_id=stack.key_arn,
            kms_data_key_reuse_period_seconds=DATA_KEY_REUSE,
            message_retention_seconds=retention,
            visibility_timeout_seconds=visibility_timeout,
            receive_wait_time_seconds=WAIT,
            policy=policy_document(statements),
            redrive_policy=as_json(
                {
                    "deadLetterTargetArn": self.dead_letters.arn,
                    "maxReceiveCount": max_receives,
                }
            )
            if max_receives
            else None,
            # SQS refuses a redrive policy that names a queue which does not exist.
            depends_on=[self.dead_letters.resource],
        )
        stack.alarms.watch(
            *of_queue(
                resource,
                self.name,
                meaning=waiting,
                section=section,
                minutes=late_after_minutes,
                depth=stack.settings.queue_depth,
            )
        )
        if not max_receives:
            stack.alarms.watch(
                retries(
                    resource,
                    self.name,
                    meaning=waiting,
                    section=section,
                    minutes=late_after_minutes,
                )
            )

    @property
    def resource(self) -> SqsQueue:
        """The resource itself, for others to wait for."""
        return self._queue

    @property
    def send(self) -> Grant:
        """Put a message on the queue."""
        return Grant(
            Statement("SendToQueue", ("sqs:SendMessage",), (self.arn,)),
            KeyUse.to_send("sqs"),
        )

    @property
    def consume(self) -> Grant:
        """Receive messages, delete them, and put off the next attempt."""
        return Grant(
            Statement(
                "ConsumeQueue",
                (
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                ),
                (self.arn,),
            ),
            KeyUse("sqs"),
        )

    @property
    def consume_by_name(self) -> Grant:
        """The same for a system that is not ours: it knows the queue's name, and asks where."""
        consume = self.consume
        statement = consume.statement
        actions = tuple(sorted((*statement.actions, "sqs:GetQueueUrl")))
        return replace(consume, statement=replace(statement, actions=actions))


def send_from_topic(queue_arn: str, topic_arn: str) -> Statement:
    """Return the statement of a queue's policy that lets exactly one topic send to it."""
    return Statement(
        sid="SendFromTopic",
        principal={"Service": "sns.amazonaws.com"},
        actions=("sqs:SendMessage",),
        resources=(queue_arn,),
        conditions={"ArnEquals": {"aws:SourceArn": topic_arn}},
    )
