"""What came of a sale: how many orders are where, how long they took, and what held them up."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from math import floor
from typing import Final

from simulation.deployment import Deployment
from simulation.latency import GRID, Spread, together
from simulation.limits import MESSAGES_IN_FLIGHT
from simulation.refusing import Refusals
from simulation.sale import Sale
from simulation.work_queue import QueueFigures

_FINE: Final = 0.05
"""Seconds of a class of times to confirm that is short; of a long one, `_COARSE`."""
_COARSE: Final = 1.0
_FINE_UPTO: Final = 30.0
_NONE: Final = 1e-9
"""Orders: what sums of fractions leave behind."""


@dataclass(frozen=True)
class Confirmation:
    """Orders that were confirmed one after another; see `Cohort` for the times."""

    orders: float
    placed_first: float
    placed_last: float
    first: float
    last: float
    is_hot: bool

    @property
    def shortest(self) -> float:
        """The shorter of the first's and the last's time to confirm, in seconds."""
        return min(self.first - self.placed_first, self.last - self.placed_last)

    @property
    def longest(self) -> float:
        """The longer of the two; the orders between have times between, evenly spread."""
        return max(self.first - self.placed_first, self.last - self.placed_last)


@dataclass(frozen=True)
class Bound:
    """A limit that was met."""

    limit: str
    at: float
    """When for the first time, in seconds since the sale began."""
    refused: float
    """What was asked of it and refused, repetitions included; 0 of a queue, which only waits."""
    longest_wait: float
    """Seconds, of a queue."""


@dataclass
class Outcome:
    """One sale, watched for a while."""

    deployment: Deployment
    sale: Sale
    horizon: float
    offered: float = 0.0
    """Orders that customers wanted to place."""
    accepted: float = 0.0
    """Of them, those that were answered with 202."""
    deferred: float = 0.0
    """Of those, the ones that the table did not take at first."""
    gave_up: float = 0.0
    """Those that were refused as often as clients try."""
    retrying: float = 0.0
    """Those that were refused and are being tried again."""
    confirmations: list[Confirmation] = field(default_factory=list)
    given_up: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Messages that went to a dead-letter queue, by stage."""
    waiting: Mapping[str, float] = field(default_factory=dict)
    """Accepted orders that are neither confirmed nor given up, by the stage that is next."""
    samples: list[dict[str, float]] = field(default_factory=list)
    """How many messages are where (queues with what is in flight), every second."""
    queues: Mapping[str, QueueFigures] = field(default_factory=dict)
    refusing: Mapping[str, Refusals] = field(default_factory=dict)
    circuit_opened: list[float] = field(default_factory=list)
    """When the payment circuit opened."""
    pauses: list[float] = field(default_factory=list)
    """When the payment stage was paused."""
    in_flight: dict[str, float] = field(default_factory=dict)
    """The most messages in flight, by stage."""
    _full_at: dict[str, float] = field(default_factory=dict)

    def note_in_flight(self, stage: str, messages: float, at: float) -> None:
        """Write down how many messages of a stage are in flight."""
        self.in_flight[stage] = max(messages, self.in_flight.get(stage, 0.0))
        if messages > MESSAGES_IN_FLIGHT:
            self._full_at.setdefault(stage, at)

    # ------------------------------------------------------------------ counts

    @cached_property
    def confirmed(self) -> float:
        """Orders that were confirmed."""
        return sum(each.orders for each in self.confirmations)

    @property
    def failed(self) -> float:
        """Accepted orders that stand still, as their message is on a dead-letter queue."""
        return sum(orders for stage, orders in self.given_up.items() if stage != "notification")

    @property
    def still_waiting(self) -> float:
        """Accepted orders that are on their way at the end."""
        return sum(self.waiting.values())

    # ------------------------------------------------------------------ times

    def percentile(self, share: float, *, hot: bool | None = None) -> float | None:
        """Return the time within which a share of the accepted orders was confirmed.

        Parameters
        ----------
        share
            0 to 1, of all accepted orders: those that were not confirmed took longer than any.
        hot
            Only orders with the hot item, or only those without.

        Returns
        -------
        float | None
            Seconds; None when fewer were confirmed.
        """
        classes = self._classes(hot)
        accepted = self.accepted
        if hot is not None:
            accepted *= self.sale.hot_share if hot else 1 - self.sale.hot_share
        wanted = share * accepted
        if sum(classes.values()) < wanted * (1 - 1e-9):
            return None
        cumulated = self._spread.cumulated()
        low, high = 0.0, self.horizon + self._spread.latest
        while high - low > GRID / 2:
            middle = (low + high) / 2
            within = sum(
                orders * self._within(cumulated, middle - seconds)
                for seconds, orders in classes.items()
            )
            if within >= wanted * (1 - 1e-9):
                high = middle
            else:
                low = middle
        return high

    def times_by_placement(self, seconds_together: int) -> Iterator[tuple[int, float]]:
        """Yield times of placement and the mean time to confirm of those that were confirmed.

        Both in seconds; a mean is of so many seconds together.
        """
        orders: dict[int, float] = defaultdict(float)
        seconds: dict[int, float] = defaultdict(float)
        for each in self.confirmations:
            second = floor((each.placed_first + each.placed_last) / 2)
            second -= second % seconds_together
            orders[second] += each.orders
            seconds[second] += each.orders * (each.shortest + each.longest) / 2
        for second in sorted(orders):
            yield second, seconds[second] / orders[second]

    def _classes(self, hot: bool | None) -> dict[float, float]:
        """Return the confirmed orders by classes of their time to confirm, in seconds."""
        fine = round(_FINE_UPTO / _FINE)
        differences: dict[int, float] = defaultdict(float)
        for each in self.confirmations:
            if hot is not None and each.is_hot is not hot:
                continue
            first, last = _class(each.shortest, fine), _class(each.longest, fine)
            density = each.orders / (last - first + 1)
            differences[first] += density
            differences[last + 1] -= density
        if not differences:
            return {}
        sums = accumulate(differences.get(number, 0.0) for number in range(max(differences) + 1))
        return {
            _middle(number, fine): orders for number, orders in enumerate(sums) if orders > _NONE
        }

    @cached_property
    def _spread(self) -> Spread:
        """How much an order's way varies besides its waiting."""
        times = self.deployment.times
        hop = [Spread.of_polling(times.stream_poll), Spread.of(times.delivery)]
        if times.publish is not None:
            hop.append(Spread.of(times.publish))
        stages = ("validation", "inventory", "payment")
        calls = [Spread.of(call) for stage in stages for call in times.functions[stage].message]
        return together([*hop * len(stages), *calls])

    def _within(self, cumulated: list[float], seconds: float) -> float:
        """Return the share of the spread that is at most so many seconds above its mean."""
        at = floor(seconds / GRID) - self._spread.start
        if at < 0:
            return 0.0
        return cumulated[min(at, len(cumulated) - 1)]

    # ------------------------------------------------------------------ what was met

    def bounds(self) -> list[Bound]:
        """Return the limits that were met, in the order in which they were.

        A limit is met when it refuses something, a queue when a message in it waits for more than
        a second.
        """
        met = [
            Bound(name, each.first_at, each.refused, 0.0)
            for name, each in self.refusing.items()
            if each.first_at is not None
        ]
        met += [
            Bound(name, queue.late_at, 0.0, queue.longest_wait)
            for name, queue in self.queues.items()
            if queue.late_at is not None
        ]
        met += [Bound(f"{name} in flight", at, 0.0, 0.0) for name, at in self._full_at.items()]
        return sorted(met, key=lambda each: each.at)

    def deepest(self, place: str) -> float:
        """Return the most messages that were at a place (see `samples`)."""
        return max((sample[place] for sample in self.samples), default=0.0)


def _class(seconds: float, fine: int) -> int:
    if seconds < _FINE_UPTO:
        return max(0, floor(seconds / _FINE))
    return fine + floor((seconds - _FINE_UPTO) / _COARSE)


def _middle(number: int, fine: int) -> float:
    if number < fine:
        return (number + 0.5) * _FINE
    return _FINE_UPTO + (number - fine + 0.5) * _COARSE
