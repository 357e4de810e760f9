"""What the commands say: results to the output, what is wrong to the error output."""

from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.table import Table

# Without markup and emoji: brackets and colons in an id or a reason are what they are.
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def say(text: object) -> None:
    """Print a line as it is, however narrow the terminal."""
    console.print(str(text), soft_wrap=True)


def complain(text: object) -> None:
    """Print a line to the error output, as it is."""
    errors.print(str(text), soft_wrap=True)


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


def table(*columns: str, ids: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return a table that shows everything, however narrow the terminal; ids on one line."""
    made = Table(title=title)
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
