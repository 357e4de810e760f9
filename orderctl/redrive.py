"""Redriving a dead-letter queue: all of it or one message, safe to run twice.

What SQS does not move itself is passed on first and deleted then. A process that dies in between
leaves a message in both places: it is handled twice, which stages are made for, and never lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from orderctl.dead_letters import DeadLetterQueue, Way
from orderctl.errors import NotDeployedError
from orderctl.move_task import move_messages
from orderctl.publisher_records import NotRedrivenError, PublishAgain
from orderctl.queues import Message, Queue

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mypy_boto3_firehose import FirehoseClient

    from orderctl.deployment import Deployment
    from orderctl.queues import Taken

type PassOn = Callable[[Message], None]


@dataclass
class Outcome:
    """What became of the messages."""

    moved: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Message id, or what else failed → the reason."""
    found: bool = True
    """False when the one message that was asked for is not there."""
    note: str | None = None


class Source(Protocol):
    """A queue whose messages can be taken."""

    def taken(self) -> "AbstractContextManager[Taken]":
        """Take messages for a while."""


def redrive(
    deployment: "Deployment", queue: DeadLetterQueue, *, message_id: str | None = None
) -> Outcome:
    """Redrive a dead-letter queue, or one message of it.

    Raises
    ------
    orderctl.errors.NotDeployedError
        If the queue, or the one its messages go back to, is not deployed.
    """
    dead_letters = deployment.dead_letter_queue(queue)
    if dead_letters is None:
        raise NotDeployedError(f"{deployment.dead_letter_queue_name(queue)} is not deployed.")
    if queue.way is Way.MOVED and message_id is None:
        move = move_messages(
            deployment.sqs,
            deployment.names.queue_arn(deployment.dead_letter_queue_name(queue)),
            deployment.names.queue_arn(deployment.source_queue_name(queue)),
        )
        return Outcome(
            moved=move.moved,
            failed={"the move": move.failure} if move.failure else {},
            note="Followed a move that was already running." if move.followed else None,
        )
    return redrive_each(dead_letters, _way_of(deployment, queue), message_id=message_id)


def redrive_each(
    dead_letters: Source,
    pass_on: PassOn,
    *,
    message_id: str | None = None,
    began_at: datetime | None = None,
) -> Outcome:
    """Pass on what was on the queue when it began, one message after the other.

    What comes back while this runs is left for the next time, so that it has an end.
    """
    outcome = Outcome(found=message_id is None)
    began_at = began_at or datetime.now(UTC)
    with dead_letters.taken() as messages:
        for message in messages:
            asked_for = (
                message.sent_at <= began_at
                if message_id is None
                else (message.message_id == message_id)
            )
            if not asked_for:
                continue
            outcome.found = True
            try:
                pass_on(message)
            except (NotRedrivenError, BotoCoreError, ClientError) as error:
                outcome.failed[message.message_id] = str(error)
            else:
                messages.delete(message)
                outcome.moved += 1
            if message_id:
                break
    return outcome


def find(dead_letters: Source, message_id: str) -> Message | None:
    """Return one message, and leave it there; None if it is not there or somebody else reads it."""
    with dead_letters.taken() as messages:
        return next((each for each in messages if each.message_id == message_id), None)


def discard(dead_letters: Source, message_id: str) -> bool:
    """Delete one message for good; False if it is not there or somebody else reads it."""
    with dead_letters.taken() as messages:
        for message in messages:
            if message.message_id == message_id:
                messages.delete(message)
                return True
    return False


class RecordAgain:
    """Puts events into the audit stream, which ends each record with a line end itself."""

    def __init__(self, firehose: "FirehoseClient", stream_name: str) -> None:
        self._firehose = firehose
        self._stream_name = stream_name

    def __call__(self, message: Message) -> None:
        """Put one event into the stream."""
        self._firehose.put_record(
            DeliveryStreamName=self._stream_name, Record={"Data": message.body.encode()}
        )


def _way_of(deployment: "Deployment", queue: DeadLetterQueue) -> PassOn:
    match queue.way:
        case Way.RECORDED:
            return RecordAgain(deployment.firehose, deployment.audit_stream_name)
        case Way.PUBLISHED:
            return PublishAgain(
                deployment.orders, deployment.topic, deployment.parking(queue), deployment.streams
            )
        case Way.MOVED | Way.SENT:
            name = deployment.source_queue_name(queue)
            source = Queue.named(deployment.sqs, name)
            if source is None:
                raise NotDeployedError(f"{name} is not deployed.")
            return source.send
