"""A queue of cohorts and the environments that work it off."""

from collections import defaultdict, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import floor
from typing import Any, Final, Protocol

import simpy

from simulation.cohort import Cohort

PIECE_SECONDS: Final = 0.5
"""No part of a cohort is worked off for longer at once, so that what changes meanwhile counts."""

LATE_SECONDS: Final = 1.0
"""Messages that wait longer for a free environment are behind."""


@dataclass(frozen=True)
class Pace:
    """How fast a queue is worked off just now."""

    messages_a_second: float
    """Received and done with, or put back."""
    seconds_of_message: float
    """From being received to being done, on average."""
    put_back: float = 0.0
    """The share of received messages for which the time did not suffice."""


@dataclass
class QueueFigures:
    """What a queue has seen."""

    served: float = 0.0
    """Messages that were received, each time that they were."""
    waited: float = 0.0
    """Seconds that those have waited, of all together."""
    depth_seconds: float = 0.0
    """The messages that waited, summed over time."""
    longest_wait: float = 0.0
    """Seconds."""
    late_at: float | None = None
    """When messages were behind for the first time, in seconds since the sale began."""


class Workforce(Protocol):
    """What works a queue off."""

    def pace(self, waiting: float, behind_seconds: float, arriving: float) -> Pace:
        """Return the pace.

        Parameters
        ----------
        waiting
            Messages in the queue behind those that are received next.
        behind_seconds
            For how long in all the queue has been growing or standing: what AWS scales by.
        arriving
            Messages that came in the last full second.
        """


class WorkQueue:
    """Cohorts, first in, first out."""

    def __init__(
        self,
        env: simpy.Environment,
        workforce: Workforce,
        done: Callable[[Cohort, float], None],
    ) -> None:
        """Make an empty queue; `done` is told of each cohort, and of the share that is put back."""
        self._env = env
        self._workforce = workforce
        self._done = done
        self._waiting: deque[Cohort] = deque()
        self._woken: simpy.Event = env.event()
        self._free_at = 0.0
        self._scaled_at = 0.0
        self._behind = 0.0
        self._arrived: defaultdict[int, float] = defaultdict(float)
        self._paused = False
        self._changed_at = 0.0
        self.depth = 0.0
        """Messages that wait to be received."""
        self.in_service = 0.0
        """Messages of the piece that is being received."""
        self.figures = QueueFigures()
        env.process(self._work())

    def put(self, cohort: Cohort) -> None:
        """Add messages, at the time at which the first of them comes."""
        self._waiting.append(cohort)
        self._change(cohort.orders)
        self._arrived[floor(self._env.now)] += cohort.orders
        if not self._woken.triggered:
            self._woken.succeed()

    @property
    def is_paused(self) -> bool:
        """Whether nothing is received."""
        return self._paused

    def pause(self) -> None:
        """Receive nothing any more."""
        self._paused = True

    def resume(self) -> None:
        """Receive again from now on."""
        self._paused = False
        self._free_at = max(self._free_at, self._env.now)
        if not self._woken.triggered:
            self._woken.succeed()

    def _work(self) -> Generator[simpy.Event, Any]:
        env = self._env
        while True:
            if self._paused or not self._waiting:
                self._woken = env.event()
                yield self._woken
                continue
            cohort = self._waiting.popleft()
            begin = max(self._free_at, cohort.first)
            pace = self._pace(cohort, begin)
            most = pace.messages_a_second * PIECE_SECONDS
            if cohort.orders > most * (1 + 1e-6):
                cohort, rest = cohort.cut(most / cohort.orders)
                self._waiting.appendleft(rest)
            finish = begin + cohort.orders / pace.messages_a_second
            served = cohort.at(begin, max(cohort.last, finish))
            self._note(cohort, served)
            self._free_at = finish
            if finish > env.now:
                yield env.timeout(finish - env.now)
            self.in_service = 0.0
            served.receives += 1
            self._done(served.later(pace.seconds_of_message), pace.put_back)

    def _pace(self, cohort: Cohort, begin: float) -> Pace:
        is_behind = begin > cohort.last + 1e-6 or self.depth > cohort.orders * (1 + 1e-6)
        if is_behind:
            self._behind += max(0.0, begin - self._scaled_at)
        self._scaled_at = max(begin, self._scaled_at)
        others = self.depth - cohort.orders if is_behind else 0.0
        return self._workforce.pace(others, self._behind, self._arrived[floor(begin) - 1])

    def _change(self, messages: float) -> None:
        self.figures.depth_seconds += self.depth * (self._env.now - self._changed_at)
        self._changed_at = self._env.now
        self.depth += messages

    def _note(self, cohort: Cohort, served: Cohort) -> None:
        wait = ((served.first - cohort.first) + (served.last - cohort.last)) / 2
        self._change(-cohort.orders)
        self.in_service = cohort.orders
        figures = self.figures
        figures.served += cohort.orders
        figures.waited += wait * cohort.orders
        longest = served.last - cohort.last
        figures.longest_wait = max(figures.longest_wait, longest)
        if longest > LATE_SECONDS and figures.late_at is None:
            figures.late_at = served.last
