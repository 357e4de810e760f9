"""What the commands say: results to the output; questions, and what is wrong, beside it.

With ``--json`` the output is one JSON document and nothing else: what is said to a person then is
an aside, on the error output.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

# Without markup and emoji: brackets and colons in an id or a reason are what they are.
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def say(text: object, *, aside: bool = False) -> None:
    """Print a line as it is, however narrow the terminal."""
    display(str(text), aside=aside, soft_wrap=True)


def display(shown: RenderableType, *, aside: bool = False, soft_wrap: bool = False) -> None:
    """Print something to look at; an aside goes to the error output."""
    (errors if aside else console).print(shown, soft_wrap=soft_wrap)


def complain(text: object) -> None:
    """Print a line to the error output, as it is."""
    errors.print(str(text), soft_wrap=True)


def note(text: object) -> None:
    """Print what a person should know, and a program that reads the output should not meet."""
    errors.print(str(text), soft_wrap=True)


def emit(document: Mapping[str, Any] | Sequence[Any], *, indent: int | None = 2) -> None:
    """Print a JSON document; without an indent it is one line."""
    console.print(
        json.dumps(document, indent=indent, ensure_ascii=False), soft_wrap=True, style=None
    )


def is_interactive() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is done that cannot be undone, or that a customer notices.

    Raises
    ------
    typer.Abort
        If the answer is no.
    typer.Exit
        With 2, if nobody can be asked and `yes` does not say that nobody needs to be.
    """
    if yes:
        return
    if not is_interactive():
        complain(f"{question} There is no terminal to ask on: use --yes to confirm.")
        raise typer.Exit(2)
    with _beside_the_output():
        typer.confirm(question, abort=True, err=True)


def ask[T](question: str, *, read: Callable[[str], T], default: str | None = None) -> T:
    """Ask until the answer can be read; an empty one is the default, if there is one.

    Parameters
    ----------
    question
        What is asked.
    read
        Returns what was typed as what it means; `typer.BadParameter` says what is wrong with it.
    default
        What an empty answer stands for.
    """
    with _beside_the_output():
        answer: T = typer.prompt(
            question, default=default, show_default=False, value_proc=read, err=True
        )
    return answer


def _beside_the_output() -> AbstractContextManager[object]:
    """Keep a question off the output: with `err` alone, its last blank would still go there."""
    return redirect_stdout(sys.stderr)


def age(since: datetime, now: datetime | None = None) -> str:
    """Return how long ago something was, in its largest unit.

    Examples
    --------
    >>> age(datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 1, 31, 12, 10, tzinfo=UTC))
    '3 h'
    """
    passed = (now or datetime.now(UTC)) - since
    for unit, length in _UNITS:
        if passed >= length:
            return f"{passed // length} {unit}"
    return f"{max(0, int(passed.total_seconds()))} s"


def table(
    *columns: str, ids: tuple[str, ...] = (), title: str | None = None, framed: bool = True
) -> Table:
    """Return a table that shows everything, however narrow the terminal; ids on one line."""
    made = Table(title=title) if framed else Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in ids)
    return made


def moment(text: str) -> datetime:
    """Read a time that was given as an option.

    Raises
    ------
    typer.BadParameter
        If it is no time as RFC 3339 writes it.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time such as 2026-01-31T09:30:00Z (RFC 3339)."
        ) from None
    if parsed.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} does not say which time zone: write 2026-01-31T09:30:00Z for UTC."
        )
    return parsed.astimezone(UTC)


def check_span(since: datetime, until: datetime) -> None:
    """Refuse a span that ends before it begins."""
    if until <= since:
        raise typer.BadParameter("--until must be later than --since.")
