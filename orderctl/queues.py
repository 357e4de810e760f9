"""Reading a queue without losing a message: what is taken comes back unless it is deleted."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueOutputTypeDef,
        MessageSystemAttributeValueTypeDef,
        MessageTypeDef,
    )

_HOLD_SECONDS = 300
"""How long what was taken stays hidden if this process dies: then it is visible again."""

_WAIT_SECONDS = 1
"""Long polling asks every server of SQS, so that an empty answer means an empty queue."""

_PER_REQUEST = 10
"""SQS takes and gives no more at once."""

REASON = "reason"
"""The message attribute that says why a message was put aside."""


@dataclass(frozen=True)
class Depth:
    """How many messages a queue has, as far as SQS knows by now."""

    visible: int
    in_flight: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.in_flight


@dataclass(frozen=True)
class Message:
    """A message as it was received."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: "Mapping[str, MessageAttributeValueOutputTypeDef]"
    sent_at: datetime
    """When it was first sent: a dead-letter queue keeps the time of the queue that it serves."""
    receive_count: int
    trace_header: str | None = None

    @property
    def reason(self) -> str | None:
        """Why it was put aside, if it says so."""
        value = self.attributes.get(REASON)
        return value.get("StringValue") if value else None


class Queue:
    """A queue of the deployment."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    @classmethod
    def named(cls, sqs: "SQSClient", name: str) -> "Queue | None":
        """Return the queue of a name; None if there is none."""
        try:
            return cls(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"])
        except sqs.exceptions.QueueDoesNotExist:
            return None

    def depth(self) -> Depth:
        """Return how many messages there are."""
        counted = self._sqs.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return Depth(
            int(counted["ApproximateNumberOfMessages"]),
            int(counted["ApproximateNumberOfMessagesNotVisible"]),
        )

    def failures_before_given_up(self) -> int:
        """Return how often a message is received before SQS moves it to the dead-letter queue."""
        policy = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["RedrivePolicy"]
        )["Attributes"]["RedrivePolicy"]
        return int(json.loads(policy)["maxReceiveCount"])

    def send(self, message: Message) -> None:
        """Send a message that was received elsewhere, with its attributes but for the reason."""
        traced: dict[Literal["AWSTraceHeader"], MessageSystemAttributeValueTypeDef] = {}
        if message.trace_header:
            traced["AWSTraceHeader"] = {
                "DataType": "String",
                "StringValue": message.trace_header,
            }
        self._sqs.send_message(
            QueueUrl=self._url,
            MessageBody=message.body,
            MessageAttributes={
                name: value for name, value in message.attributes.items() if name != REASON
            },
            MessageSystemAttributes=traced,
        )

    @contextmanager
    def taken(self, *, hold_seconds: int = _HOLD_SECONDS) -> "Iterator[Taken]":
        """Take messages for a while; those that are not deleted are visible again afterwards.

        They stay hidden for no more than `hold_seconds` each.
        """
        messages = Taken(self._sqs, self._url, hold_seconds=hold_seconds)
        try:
            yield messages
        finally:
            messages.give_back()

    def peek(self, limit: int) -> list[Message]:
        """Return up to `limit` messages, and leave every one visible."""
        with self.taken() as messages:
            return [message for message, _ in zip(messages, range(limit), strict=False)]


class Taken:
    """Messages that are hidden from everybody else."""

    def __init__(self, sqs: "SQSClient", url: str, *, hold_seconds: int) -> None:
        self._sqs = sqs
        self._url = url
        self._hold_seconds = hold_seconds
        self._held: dict[str, str] = {}
        """Message id → the receipt handle of the last time it was received."""

    def __iter__(self) -> Iterator[Message]:
        """Take every message there is, each once.

        This ends at an answer without a new message, too: on a long queue, what was taken first is
        visible again before the last is taken, and could be taken for ever.
        """
        while received := self._receive():
            new = [message for message in received if message.message_id not in self._held]
            # All of them are held before the first is given out: the caller may stop at any.
            self._held |= {message.message_id: message.receipt_handle for message in received}
            if not new:
                return
            yield from new

    def delete(self, message: Message) -> None:
        """Remove a message from the queue for good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt_handle)
        del self._held[message.message_id]

    def give_back(self) -> None:
        """Make what is held visible again.

        What SQS does not give back at once becomes visible by itself when its time is over.
        """
        for handles in batched(self._held.values(), _PER_REQUEST, strict=False):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for number, handle in enumerate(handles)
                ],
            )
        self._held.clear()

    def _receive(self) -> list[Message]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_PER_REQUEST,
            VisibilityTimeout=self._hold_seconds,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [_message(received) for received in answer.get("Messages", [])]


def _message(received: "MessageTypeDef") -> Message:
    system = received["Attributes"]
    return Message(
        message_id=received["MessageId"],
        receipt_handle=received["ReceiptHandle"],
        body=received["Body"],
        attributes=received.get("MessageAttributes", {}),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        receive_count=int(system["ApproximateReceiveCount"]),
        trace_header=system.get("AWSTraceHeader"),
    )
