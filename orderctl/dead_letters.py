"""The dead-letter queues of a deployment: what they are called, and what is on them.

A body is never shown: an order that was deferred holds personal data. Ids are taken from it, and
only what is an id.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from order_pipeline.domain.limits import ID_PATTERN
from order_pipeline.domain.transitions import EventType
from orderctl.queues import Message
from stacks.settings import STAGES

AUDIT_SUBSCRIPTION = "audit-subscription"
EVENT_PUBLISHER = "event-publisher"

_LONGEST_REASON = 300


class Way(Enum):
    """How what is on a dead-letter queue is redriven."""

    MOVED = "moved back by SQS"
    """Only from the dead-letter queue of a queue: SQS moves nothing that a topic has put aside."""
    SENT = "sent to its queue again"
    RECORDED = "put into the audit stream again"
    PUBLISHED = "its events are published again"


@dataclass(frozen=True)
class DeadLetterQueue:
    """A dead-letter queue as the operator knows it."""

    name: str
    """``payment`` for ``payment-dlq-{suffix}``."""
    way: Way
    without_reason: str
    """What a message was put aside for that does not say so itself."""
    source: str = ""
    """The resource that its messages go back to, ``payment`` for ``payment-queue-{suffix}``."""


def _of_queue(name: str) -> DeadLetterQueue:
    return DeadLetterQueue(name, Way.MOVED, "failed {failures} times; see the logs", source=name)


def _of_subscription(name: str) -> DeadLetterQueue:
    return DeadLetterQueue(
        f"{name}-subscription", Way.SENT, f"the topic could not deliver it to {name}", source=name
    )


_FILLED_BY_THE_TOPIC = (*(stage.replace("_", "-") for stage in STAGES), "fulfilment")

DEAD_LETTER_QUEUES = {
    queue.name: queue
    for queue in (
        *map(_of_queue, _FILLED_BY_THE_TOPIC),
        DeadLetterQueue(
            "intake-overflow", Way.SENT, "put aside without a reason", source="intake-overflow"
        ),
        DeadLetterQueue(EVENT_PUBLISHER, Way.PUBLISHED, "not published; see the logs"),
        *map(_of_subscription, _FILLED_BY_THE_TOPIC),
        DeadLetterQueue(
            AUDIT_SUBSCRIPTION, Way.RECORDED, "the topic could not deliver it to the audit stream"
        ),
    )
}
"""By name, in the order in which they are listed."""


@dataclass(frozen=True)
class DeadLetter:
    """What an operator sees of a message."""

    message_id: str
    order_id: str
    event: str
    reason: str
    sent_at: datetime
    receive_count: int


def describe(message: Message, queue: DeadLetterQueue, *, failures: int) -> DeadLetter:
    """Return what can be told of a message.

    Parameters
    ----------
    message
        The message.
    queue
        The dead-letter queue that it is on.
    failures
        How often a message of this queue's source fails before it is given up.
    """
    content = _content(message.body)
    # Only the publisher's own words are shown: in any other body, a reason is anybody's.
    parked = content if queue.way is Way.PUBLISHED else {}
    batch = _part(parked, "DDBStreamBatchInfo")
    reason = (
        message.reason
        or parked.get("reason")
        or _part(parked, "requestContext").get("condition")
        or queue.without_reason.format(failures=failures)
    )
    return DeadLetter(
        message_id=message.message_id,
        order_id=_id(content.get("orderId")),
        event=f"{batch.get('batchSize')} order changes" if batch else _event(content),
        reason=" ".join(str(reason).split())[:_LONGEST_REASON],
        sent_at=message.sent_at,
        receive_count=message.receive_count,
    )


def _content(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    part = content.get(name)
    return part if isinstance(part, dict) else {}


def _id(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(ID_PATTERN, value) else "-"


def _event(content: dict[str, Any]) -> str:
    """Return the event's type and version, as far as the message has them."""
    event_type, version = content.get("eventType"), content.get("version")
    known = event_type if event_type in set(EventType) else None
    number = f"#{version}" if isinstance(version, int) else None
    return " ".join(part for part in (number, known) if part) or "-"
