"""`orderctl dlq`: what is on the dead-letter queues, and back with it, or off for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from order_pipeline.domain.stored import rfc3339
from orderctl.commands.options import AsJson, Yes
from orderctl.dead_letters import DEAD_LETTER_QUEUES, DeadLetter, DeadLetterQueue, Way, describe
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, NOT_THERE, Commands, NotDeployedError
from orderctl.queues import Depth, Queue
from orderctl.redrive import Outcome, find, redrive
from orderctl.redrive import discard as discard_one
from orderctl.terminal import age, complain, confirm, display, emit, say, table

app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Look at dead-letter queues, and redrive them."
)

_MOST_SHOWN = 100


def _queue(name: str) -> DeadLetterQueue:
    """Read a queue's name."""
    try:
        return DEAD_LETTER_QUEUES[name]
    except KeyError:
        known = ", ".join(DEAD_LETTER_QUEUES)
        raise typer.BadParameter(f"{name!r} is not one of {known}.") from None


def _known_queues(incomplete: str) -> list[str]:
    """Return what a queue's name may become."""
    return [name for name in DEAD_LETTER_QUEUES if name.startswith(incomplete)]


Named = Annotated[
    DeadLetterQueue,
    typer.Argument(
        metavar="QUEUE",
        parser=_queue,
        autocompletion=_known_queues,
        help="The queue's name in `orderctl dlq list`, such as payment.",
    ),
]


@app.command(name="list")
def list_queues(*, as_json: AsJson = False) -> None:
    """List every dead-letter queue: messages on it, and the age of the oldest one seen."""
    deployment = Deployment.from_environment()
    states = {queue.name: _state(deployment, queue) for queue in DEAD_LETTER_QUEUES.values()}
    if as_json:
        emit([_listed(queue, states[queue.name]) for queue in DEAD_LETTER_QUEUES.values()])
        return
    shown = table("queue", "messages", "in flight", "oldest", "redriven how", ids=("queue",))
    for queue in DEAD_LETTER_QUEUES.values():
        state = states[queue.name]
        if state is None:
            shown.add_row(queue.name, "not deployed", "", "", queue.way.value)
            continue
        oldest = age(state.oldest) if state.oldest else ""
        shown.add_row(
            queue.name,
            str(state.depth.visible),
            str(state.depth.in_flight),
            oldest,
            queue.way.value,
        )
    display(shown)


@app.command()
def show(queue: Named, *, as_json: AsJson = False) -> None:
    """Show what is on a dead-letter queue: ids, reasons and ages, never a body.

    Messages are hidden from other readers while they are being read.
    """
    deployment = Deployment.from_environment()
    seen = _seen(deployment, queue, _deployed(deployment, queue))
    if as_json:
        emit([_letter(letter) for letter in seen])
    else:
        _print(queue, seen, aside=False)


@app.command(name="redrive")
def redrive_queue(
    queue: Named,
    message: Annotated[
        str | None, typer.Option(help="Only the message with this id; all, if not given.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Redrive a dead-letter queue, or one message on it. Safe to run twice.

    Exits with 1 if a message could not be redriven: it stays on the queue.
    """
    deployment = Deployment.from_environment()
    dead_letters = _deployed(deployment, queue)
    seen = _seen(deployment, queue, dead_letters)
    _print(queue, seen, aside=as_json)
    outcome = redrive(deployment, queue, message_id=message)
    if not outcome.found:
        raise _not_there(queue, message)
    if outcome.note:
        say(outcome.note, aside=as_json)
    for message_id, reason in outcome.failed.items():
        complain(f"not redriven: {message_id}: {reason}")
    left = dead_letters.depth().total
    say(
        f"{outcome.moved} redriven, {len(outcome.failed)} failed, {left} left on {queue.name}.",
        aside=as_json,
    )
    if message is None and left > len(outcome.failed):
        why = "Some are hidden because somebody else is reading them, or have come back"
        say(f"{why}: run it again.", aside=as_json)
    if as_json:
        emit(_redriven(queue, seen, outcome, left))
    if outcome.failed:
        raise typer.Exit(FAILED)


@app.command()
def discard(
    queue: Named,
    message: Annotated[str, typer.Option(metavar="ID", help="The message's id.")],
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete one message from a dead-letter queue for good: what it asks for is never done.

    Exits with 2 if there is no such message.
    """
    deployment = Deployment.from_environment()
    dead_letters = _deployed(deployment, queue)
    found = find(dead_letters, message)
    if found is None:
        raise _not_there(queue, message)
    letter = describe(found, queue, failures=_failures(deployment, queue))
    _print(queue, [letter], aside=as_json)
    confirm(f"Delete it in {deployment.names.suffix} for good?", yes=yes)
    # Taken anew: it is not kept from others while a person thinks.
    if not discard_one(dead_letters, message):
        raise _not_there(queue, message)
    say(f"{message} is deleted.", aside=as_json)
    if as_json:
        emit({"queue": queue.name, "discarded": _letter(letter)})


def _not_there(queue: DeadLetterQueue, message_id: str | None) -> typer.Exit:
    complain(f"There is no message {message_id} on {queue.name}, or somebody else is reading it.")
    return typer.Exit(NOT_THERE)


def _deployed(deployment: Deployment, queue: DeadLetterQueue) -> Queue:
    dead_letters = deployment.dead_letter_queue(queue)
    if dead_letters is None:
        raise NotDeployedError(f"{deployment.dead_letter_queue_name(queue)} is not deployed.")
    return dead_letters


@dataclass(frozen=True)
class _State:
    """How full a dead-letter queue is."""

    depth: Depth
    oldest: datetime | None


def _state(deployment: Deployment, queue: DeadLetterQueue) -> _State | None:
    """Return how full a dead-letter queue is; None if it is not deployed."""
    dead_letters = deployment.dead_letter_queue(queue)
    if dead_letters is None:
        return None
    depth = dead_letters.depth()
    seen = dead_letters.peek(_MOST_SHOWN) if depth.visible else []
    return _State(depth, min((message.sent_at for message in seen), default=None))


def _listed(queue: DeadLetterQueue, state: _State | None) -> dict[str, object]:
    return {
        "queue": queue.name,
        "deployed": state is not None,
        "messages": state.depth.visible if state else None,
        "inFlight": state.depth.in_flight if state else None,
        "oldestSentAt": rfc3339(state.oldest) if state and state.oldest else None,
        "redrivenHow": queue.way.value,
    }


def _letter(letter: DeadLetter) -> dict[str, object]:
    return {
        "messageId": letter.message_id,
        "orderId": None if letter.order_id == "-" else letter.order_id,
        "event": None if letter.event == "-" else letter.event,
        "reason": letter.reason,
        "sentAt": rfc3339(letter.sent_at),
        "received": letter.receive_count,
    }


def _redriven(
    queue: DeadLetterQueue, seen: list[DeadLetter], outcome: Outcome, left: int
) -> dict[str, object]:
    return {
        "queue": queue.name,
        "messages": [_letter(letter) for letter in seen],
        "redriven": outcome.moved,
        "failed": outcome.failed,
        "left": left,
    }


def _seen(deployment: Deployment, queue: DeadLetterQueue, dead_letters: Queue) -> list[DeadLetter]:
    """Return what is on the queue, oldest first."""
    failures = _failures(deployment, queue)
    letters = [
        describe(message, queue, failures=failures) for message in dead_letters.peek(_MOST_SHOWN)
    ]
    return sorted(letters, key=lambda letter: letter.sent_at)


def _failures(deployment: Deployment, queue: DeadLetterQueue) -> int:
    """Return how often a message of the queue's source fails before it is given up."""
    if queue.way is not Way.MOVED:
        return 0
    source = Queue.named(deployment.sqs, deployment.source_queue_name(queue))
    return source.failures_before_given_up() if source else 0


def _print(queue: DeadLetterQueue, letters: list[DeadLetter], *, aside: bool) -> None:
    if not letters:
        say(f"No messages are visible on {queue.name}.", aside=aside)
        return
    shown = table(
        "message", "order", "event", "reason", "age", "received", ids=("message", "order")
    )
    for letter in letters:
        shown.add_row(
            letter.message_id,
            letter.order_id,
            letter.event,
            letter.reason,
            age(letter.sent_at),
            str(letter.receive_count),
        )
    display(shown, aside=aside)
    if len(letters) == _MOST_SHOWN:
        say(f"There may be more: only the first {_MOST_SHOWN} are shown.", aside=aside)
