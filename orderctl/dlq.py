"""`orderctl dlq`: what is on the dead-letter queues, and back with it, or off for good."""

from typing import Annotated

import typer

from orderctl.dead_letters import (
    DEAD_LETTER_QUEUES,
    DeadLetter,
    DeadLetterQueue,
    Way,
    describe,
)
from orderctl.deployment import Deployment
from orderctl.queues import Queue
from orderctl.redrive import NoSuchQueueError, find, redrive
from orderctl.redrive import discard as discard_one
from orderctl.terminal import age, complain, console, say, table

app = typer.Typer(no_args_is_help=True, help="Look at dead-letter queues, and redrive them.")

_MOST_SHOWN = 100


def _queue(name: str) -> DeadLetterQueue:
    """Read a queue's name."""
    try:
        return DEAD_LETTER_QUEUES[name]
    except KeyError:
        known = ", ".join(DEAD_LETTER_QUEUES)
        raise typer.BadParameter(f"{name!r} is not one of {known}.") from None


Named = Annotated[
    DeadLetterQueue,
    typer.Argument(
        metavar="QUEUE",
        parser=_queue,
        help="As `orderctl dlq list` names it, such as payment.",
    ),
]


@app.command(name="list")
def list_queues() -> None:
    """List every dead-letter queue: messages on it, and the age of the oldest that is seen."""
    deployment = Deployment.from_environment()
    shown = table("queue", "messages", "in flight", "oldest", "redriven how", ids=("queue",))
    for queue in DEAD_LETTER_QUEUES.values():
        shown.add_row(queue.name, *_state(deployment, queue), queue.way.value)
    console.print(shown)


@app.command()
def show(queue: Named) -> None:
    """Show what is on a dead-letter queue: ids, reasons and ages, never a body.

    Messages are hidden from others for the moment in which they are read.
    """
    deployment = Deployment.from_environment()
    _print(queue, _seen(deployment, queue, _deployed(deployment, queue)))


@app.command(name="redrive")
def redrive_queue(
    queue: Named,
    message: Annotated[
        str | None, typer.Option(help="Only the message with this id; all, if not given.")
    ] = None,
) -> None:
    """Redrive a dead-letter queue, or one message of it. Safe to run twice.

    Exits with 1 if a message could not be redriven: it is then still there.
    """
    deployment = Deployment.from_environment()
    dead_letters = _deployed(deployment, queue)
    _print(queue, _seen(deployment, queue, dead_letters))
    try:
        outcome = redrive(deployment, queue, message_id=message)
    except NoSuchQueueError as error:
        complain(f"{error} is not deployed.")
        raise typer.Exit(1) from None
    if not outcome.found:
        raise _not_there(queue, message)
    if outcome.note:
        say(outcome.note)
    for message_id, reason in outcome.failed.items():
        complain(f"not redriven: {message_id}: {reason}")
    left = dead_letters.depth().total
    say(f"{outcome.moved} redriven, {len(outcome.failed)} failed, {left} left on {queue.name}.")
    if message is None and left > len(outcome.failed):
        say(
            "Some are hidden for the moment, since somebody reads them, or came back: run it again."
        )
    if outcome.failed:
        raise typer.Exit(1)


@app.command()
def discard(
    queue: Named,
    message: Annotated[str, typer.Option(metavar="ID", help="The message's id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete one message of a dead-letter queue for good: what it asks for is never done.

    Exits with 2 if there is no such message.
    """
    deployment = Deployment.from_environment()
    dead_letters = _deployed(deployment, queue)
    found = find(dead_letters, message)
    if found is None:
        raise _not_there(queue, message)
    _print(queue, [describe(found, queue, failures=_failures(deployment, queue))])
    if not yes:
        typer.confirm(f"Delete it in {deployment.names.suffix} for good?", abort=True)
    # Taken anew: it is not kept from others while a person thinks.
    if not discard_one(dead_letters, message):
        raise _not_there(queue, message)
    say(f"{message} is deleted.")


def _not_there(queue: DeadLetterQueue, message_id: str | None) -> typer.Exit:
    complain(f"There is no message {message_id} on {queue.name}, or somebody else is reading it.")
    return typer.Exit(2)


def _deployed(deployment: Deployment, queue: DeadLetterQueue) -> Queue:
    dead_letters = deployment.dead_letter_queue(queue)
    if dead_letters is None:
        complain(f"{deployment.dead_letter_queue_name(queue)} is not deployed.")
        raise typer.Exit(1)
    return dead_letters


def _state(deployment: Deployment, queue: DeadLetterQueue) -> tuple[str, str, str]:
    dead_letters = deployment.dead_letter_queue(queue)
    if dead_letters is None:
        return "not deployed", "", ""
    depth = dead_letters.depth()
    seen = dead_letters.peek(_MOST_SHOWN) if depth.visible else []
    oldest = age(min(message.sent_at for message in seen)) if seen else ""
    return str(depth.visible), str(depth.in_flight), oldest


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


def _print(queue: DeadLetterQueue, letters: list[DeadLetter]) -> None:
    if not letters:
        say(f"Nothing to be seen on {queue.name}.")
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
    console.print(shown)
    if len(letters) == _MOST_SHOWN:
        say(f"There may be more: the first {_MOST_SHOWN} that came are shown.")
