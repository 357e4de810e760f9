"""Races: parties that come to the same order or item at once, many times, and how each time ended.

There are two kinds of racers. Callers of the deployed API start together, and the deployed
functions do the rest. Where a stage has to be met at one moment of its work, which nobody can time
from outside, its code runs here instead: the same stage and adapters, on the deployed tables and
the same payment server. The deployed pipeline then hears of what was written and takes the order
on, so it also repeats each stage that ran here.
"""

import copy
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.table import Table

ROUNDS = 50
PATIENCE = 30
"""Seconds after which a racer that waits for the others gives up, and the test with it."""


class Meeting:
    """A point where racers wait for each other, so that all go on from it at the same moment."""

    def __init__(self, racers: int = 2) -> None:
        self._barrier = threading.Barrier(racers, timeout=PATIENCE)
        self._of_racer = threading.local()

    def wait(self) -> None:
        """Wait for the others; a racer that has met them before goes on at once."""
        if not getattr(self._of_racer, "has_met", False):
            self._of_racer.has_met = True
            self._barrier.wait()

    @contextmanager
    def attended(self) -> Iterator[None]:
        """Let nobody wait for a racer that ended without coming to the meeting."""
        try:
            yield
        finally:
            self.wait()


def at_once[T](*racers: Callable[[], T], meeting: Meeting | None = None) -> list[T]:
    """Run racers, each in a thread of its own, and return what they return.

    They meet at `meeting`, wherever in their work that is; at the start, if there is none.
    """
    start = Meeting(len(racers))

    def run(racer: Callable[[], T]) -> T:
        if meeting is None:
            start.wait()
            return racer()
        with meeting.attended():
            return racer()

    with ThreadPoolExecutor(len(racers)) as threads:
        return list(threads.map(run, racers))


def meets_before[A](adapter: A, method: str, meeting: Meeting) -> A:
    """Return an adapter like `adapter` whose caller comes to the meeting before `method` works."""

    def met(*arguments: Any, **options: Any) -> Any:
        meeting.wait()
        return getattr(adapter, method)(*arguments, **options)

    return _with_method(adapter, method, met)


def meets_after[A](adapter: A, method: str, meeting: Meeting) -> A:
    """Return an adapter like `adapter` whose caller comes to the meeting after `method` has worked.

    After `get`, each racer decides on what it has read and the other is about to change.
    """

    def met(*arguments: Any, **options: Any) -> Any:
        result = getattr(adapter, method)(*arguments, **options)
        meeting.wait()
        return result

    return _with_method(adapter, method, met)


def _with_method[A](adapter: A, name: str, method: Callable[..., Any]) -> A:
    changed = copy.copy(adapter)
    setattr(changed, name, method)
    return changed


def table_of_outcomes(races: Mapping[str, Counter[str]]) -> Table:
    """Return the table that a person reads at the end: each race, and how often it ended how."""
    table = Table(title="How the races ended", title_style="bold", box=box.SIMPLE)
    table.add_column("race")
    table.add_column("outcome")
    table.add_column("times", justify="right")
    for race, outcomes in races.items():
        name = race
        for outcome, times in sorted(outcomes.items()):
            table.add_row(name, outcome, str(times))
            name = ""
    return table
