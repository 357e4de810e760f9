"""`orderctl health`: whether a deployment is well, at a glance."""

from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from order_pipeline.domain.stored import rfc3339
from orderctl import colours
from orderctl.commands.options import AsJson
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, UNREAD
from orderctl.health import RUNNING, Health, QueueHealth, look_at_health
from orderctl.terminal import age, complain, console, emit, table

_MOST_OVERDUE = 5


def health(*, as_json: AsJson = False) -> None:
    """Show whether the deployment is well: queues, dead letters, stages, alarms, overdue orders.

    Exits with 1 if something is wrong, and with 3 if everything that could be checked is well but
    something could not be. Waiting messages are not wrong: the alarms know how long is too long.
    """
    deployment = Deployment.from_environment()
    seen = look_at_health(deployment)
    if as_json:
        emit(_document(seen))
    else:
        _print(seen, deployment.names.suffix)
    if seen.problems:
        raise typer.Exit(FAILED)
    if seen.unread:
        raise typer.Exit(UNREAD)


def _print(seen: Health, where: str) -> None:
    if seen.queues:
        console.print(_queues(seen))
    if seen.stages:
        console.print(_stages(seen))
    _print_alarms(seen)
    if seen.overdue:
        shown = table("overdue order", "status", "due since", ids=("overdue order",), framed=False)
        for order in seen.overdue[:_MOST_OVERDUE]:
            shown.add_row(order.order_id, order.status, age(order.due_at, seen.at))
        console.print(shown)
    for part, reason in seen.unread.items():
        complain(f"not checked: {part}: {reason}")
    verdict = Text(f"{where}: ", style="bold")
    if seen.problems:
        verdict.append("; ".join(seen.problems) + ".", style=colours.BAD)
    elif seen.unread:
        verdict.append("everything that could be checked is well.", style=colours.WAITS)
    else:
        verdict.append(f"all is well; {seen.alarm_count} alarms, none of them in ALARM.")
        verdict.stylize(colours.GOOD, len(where) + 2)
    console.print(verdict, soft_wrap=True)


def _queues(seen: Health) -> Table:
    shown = table(
        *("queue", "waiting", "in flight", "oldest", "dead letters", "oldest dead"),
        ids=("queue",),
        framed=False,
    )
    dead = {each.name: each for each in seen.dead_letters}
    for queue in seen.queues:
        shown.add_row(queue.name, *_depth(queue), *_dead(dead.pop(queue.name, None)))
    for name, letters in dead.items():
        shown.add_row(name, "", "", "", *_dead(letters))
    return shown


def _depth(queue: QueueHealth) -> tuple[Text, Text, Text]:
    if queue.waiting is None:
        return Text("not deployed", style=colours.BAD), Text(), Text()
    waiting = Text(str(queue.waiting), style=colours.WAITS if queue.waiting else colours.DIM)
    in_flight = Text(str(queue.in_flight), style="" if queue.in_flight else colours.DIM)
    return waiting, in_flight, _oldest(queue)


def _dead(letters: QueueHealth | None) -> tuple[Text, Text]:
    if letters is None:
        return Text("-"), Text()
    if letters.waiting is None:
        return Text("not deployed", style=colours.BAD), Text()
    style = f"bold {colours.BAD}" if letters.waiting else colours.DIM
    return Text(str(letters.waiting), style=style), _oldest(letters)


def _oldest(queue: QueueHealth) -> Text:
    return Text("" if queue.oldest_seconds is None else f"{queue.oldest_seconds} s")


def _stages(seen: Health) -> Table:
    shown = table("stage", "state", "why", framed=False)
    for stage in seen.stages:
        style = colours.GOOD if stage.state == RUNNING else f"bold {colours.BAD}"
        shown.add_row(stage.name, Text(stage.state, style=style), stage.reason or "")
    return shown


def _print_alarms(seen: Health) -> None:
    if not seen.alarms:
        return
    shown = table("alarm", "for", "what it means", ids=("alarm",), framed=False)
    for alarm in seen.alarms:
        since = age(alarm.since, seen.at)
        shown.add_row(Text(alarm.name, style=colours.BAD), since, alarm.meaning)
    console.print(shown)


def _document(seen: Health) -> dict[str, object]:
    return {
        "at": rfc3339(seen.at),
        "well": not seen.problems and not seen.unread,
        "problems": seen.problems,
        "queues": _queue_documents(seen.queues),
        "deadLetterQueues": _queue_documents(seen.dead_letters),
        "stages": [
            {"stage": stage.name, "state": stage.state, "reason": stage.reason}
            for stage in seen.stages
        ],
        "alarms": {
            "total": seen.alarm_count,
            "inAlarm": [
                {"name": alarm.name, "since": rfc3339(alarm.since), "meaning": alarm.meaning}
                for alarm in seen.alarms
            ],
        },
        "overdue": [
            {"orderId": order.order_id, "status": order.status, "dueAt": rfc3339(order.due_at)}
            for order in seen.overdue
        ],
        "unread": seen.unread,
    }


def _queue_documents(queues: Sequence[QueueHealth]) -> list[dict[str, object]]:
    return [
        {
            "queue": queue.name,
            "waiting": queue.waiting,
            "inFlight": queue.in_flight,
            "oldestSeconds": queue.oldest_seconds,
        }
        for queue in queues
    ]
