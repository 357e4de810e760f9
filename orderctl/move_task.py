"""SQS's own move of a dead-letter queue's messages back to a queue, followed to its end."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from orderctl.errors import OrderctlError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

_PAUSE_SECONDS = 0.5
_LOOKS_FOR_A_NEW_TASK = 60
_UNFINISHED = ("RUNNING", "CANCELLING")


class MoveFailedError(OrderctlError):
    """SQS did not move the messages."""


@dataclass(frozen=True)
class Move:
    """What became of a move."""

    moved: int
    followed: bool
    """Whether it ran already: somebody else has started it."""
    failure: str | None = None
    """Why it ended early, if it did."""


def move_messages(
    sqs: "SQSClient",
    source_arn: str,
    destination_arn: str,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Move:
    """Move every message of a dead-letter queue to a queue, and wait until that is done.

    The destination is named although SQS knows where it moved a message from: it does not know it
    of a message that a function has sent to the dead-letter queue itself. A task that runs already
    is followed instead of started again, since SQS runs one at a time:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html

    Raises
    ------
    MoveFailedError
        If SQS does not show the task that it has started.
    """
    before = _latest(sqs, source_arn)
    try:
        sqs.start_message_move_task(SourceArn=source_arn, DestinationArn=destination_arn)
    except ClientError:
        running = _latest(sqs, source_arn)
        if running is None or running["Status"] not in _UNFINISHED:
            raise
        return _follow(sqs, source_arn, running, followed=True, pause=pause)
    for _ in range(_LOOKS_FOR_A_NEW_TASK):
        started = _latest(sqs, source_arn)
        if started and not _same(started, before):
            return _follow(sqs, source_arn, started, followed=False, pause=pause)
        pause(_PAUSE_SECONDS)
    raise MoveFailedError("SQS does not show the move that it has started: check again later.")


def _follow(
    sqs: "SQSClient",
    source_arn: str,
    task: "ListMessageMoveTasksResultEntryTypeDef",
    *,
    followed: bool,
    pause: Callable[[float], None],
) -> Move:
    """Wait until a task has ended; SQS ends one after 36 hours at the latest."""
    while task["Status"] in _UNFINISHED:
        pause(_PAUSE_SECONDS)
        task = _latest(sqs, source_arn) or task
    return Move(
        moved=task.get("ApproximateNumberOfMessagesMoved", 0),
        followed=followed,
        failure=None
        if task["Status"] == "COMPLETED"
        else f"{task['Status'].lower()}: {task.get('FailureReason', 'SQS gives no reason')}",
    )


def _latest(sqs: "SQSClient", source_arn: str) -> "ListMessageMoveTasksResultEntryTypeDef | None":
    tasks = sqs.list_message_move_tasks(SourceArn=source_arn, MaxResults=1)["Results"]
    return tasks[0] if tasks else None


def _same(
    task: "ListMessageMoveTasksResultEntryTypeDef",
    other: "ListMessageMoveTasksResultEntryTypeDef | None",
) -> bool:
    """Tell whether two looks saw one task; a handle is only shown while a task runs."""
    return other is not None and task["StartedTimestamp"] == other["StartedTimestamp"]
