"""Limits that refuse what is above them: nothing waits at them, the caller tries again."""

from collections import defaultdict
from dataclasses import dataclass, field
from math import floor

from simulation.limits import DOUBLING_SECONDS, UNITS_OF_A_PARTITION
from stacks.order_cost import UNITS_OF_A_STOCK_ITEM

_FULL = 0.95
"""Of a limit: used so far, a table counts as at its limit."""


@dataclass
class Refusals:
    """What a limit has refused."""

    asked: float = 0.0
    refused: float = 0.0
    first_at: float | None = None
    """When the first one was refused, in seconds."""

    def note(self, asked: float, refused: float, at: float) -> None:
        """Count what was asked for and refused at a time."""
        self.asked += asked
        if refused > 1e-9 * max(asked, 1.0):
            self.refused += refused
            if self.first_at is None:
                self.first_at = at


@dataclass
class PerSecond:
    """So much in each second, and the rest of what is asked in it is refused.

    Unused seconds are not saved up. DynamoDB does save some for bursts, but promises nothing.
    """

    limit: float
    refusals: Refusals = field(default_factory=Refusals)
    _used: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    def grantable(self, first: float, last: float, amount: float) -> float:
        """Return the share of an amount, spread over a time, that would be let through."""
        if amount <= 0:
            return 1.0
        return min(1.0, sum(self._there(first, last, amount).values()) / amount)

    def take(self, first: float, last: float, amount: float, share: float | None = None) -> float:
        """Use the limit for a share of an amount, all that can be had by itself; return the share.

        What is not in the share was refused, here or by another limit.
        """
        if amount <= 0:
            return 1.0
        there = self._there(first, last, amount)
        total = sum(there.values())
        here = min(1.0, total / amount)
        share = here if share is None else min(share, here)
        self.refusals.note(amount, amount * (1 - here), first)
        for second, part in there.items():
            if part > 0:
                self._used[second] += part * share * amount / total
                self._noted(second)
        return share

    def _there(self, first: float, last: float, amount: float) -> dict[int, float]:
        """Return what can be had in each second of an amount that is spread over a time."""
        return {
            second: min(part, max(0.0, self.limit_at(second) - self._used[second]))
            for second, part in _by_second(first, last, amount)
        }

    def used(self, second: int) -> float:
        """Return what was used in a second."""
        return self._used[second]

    def limit_at(self, second: int) -> float:
        """Return the limit in a second."""
        del second
        return self.limit

    def _noted(self, second: int) -> None:
        """Hear that something was used in a second."""


@dataclass
class Throughput(PerSecond):
    """A table's or index's write units: doubled half an hour after it was used up."""

    greatest: float = float("inf")
    """What no doubling goes beyond."""
    _reached: int | None = None

    def limit_at(self, second: int) -> float:
        """Return the write units of a second."""
        doublings = 0
        if self._reached is not None and second > self._reached:
            doublings = floor((second - self._reached) / DOUBLING_SECONDS)
        return min(self.limit * 2.0**doublings, self.greatest)

    def _noted(self, second: int) -> None:
        if self._reached is None and self._used[second] >= _FULL * self.limit:
            self._reached = second


@dataclass
class HotItem:
    """One item that many transactions want at once, its stock split over some counters.

    Two things bound it. A partition takes 1,000 write units a second, also of attempts that fail,
    and a transaction's write is two. And while a transaction is at a counter, every other one that
    wants it is cancelled: of attempts at random, `rate` a second at one counter, those find it free
    that come in the share ``1 / (1 + rate * holds)`` of the time (a server without a queue, by
    Erlang's loss formula for one place). An order that tries again is another attempt.
    """

    counters: int
    holds: float
    """Seconds that a transaction that succeeds keeps others off its counter."""
    refusals: Refusals = field(default_factory=Refusals)
    _attempts: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def most(self) -> float:
        """Attempts a second for which there are write units, at all counters together."""
        return self.counters * UNITS_OF_A_PARTITION / UNITS_OF_A_STOCK_ITEM

    def free(self, attempts: float) -> float:
        """Return the share of so many attempts in one second that find their counter free."""
        each = min(attempts, self.most) / self.counters
        return 1 / (1 + each * self.holds)

    def take(self, first: float, last: float, attempts: float) -> tuple[float, float]:
        """Return the shares of attempts, spread over a time, that succeed and that conflict.

        For the rest there are no write units. How many others there are in the same second is known
        when it is over, so it is taken for as busy as the one before, unless it is busier already.
        """
        if attempts <= 0:
            return 1.0, 0.0
        succeeded = conflicted = 0.0
        for second, part in _by_second(first, last, attempts):
            written = min(part, max(0.0, self.most - self._attempts[second]))
            self._attempts[second] += part
            free = self.free(max(self._attempts[second], self._attempts[second - 1]))
            succeeded += written * free
            conflicted += written * (1 - free)
        self.refusals.note(attempts, attempts - succeeded, first)
        return succeeded / attempts, conflicted / attempts


@dataclass
class Bucket:
    """API Gateway's throttle: a rate that fills a bucket of tokens, one for each request.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """

    rate: float
    size: float
    refusals: Refusals = field(default_factory=Refusals)
    _tokens: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.size

    def take(self, first: float, last: float, requests: float) -> float:
        """Return the share of requests in a span of time that is let through; times must rise."""
        self._tokens = min(self.size, self._tokens + self.rate * max(0.0, first - self._at))
        there = self._tokens + self.rate * (last - first)
        passed = min(requests, there)
        self._tokens, self._at = min(self.size, there - passed), last
        self.refusals.note(requests, requests - passed, first)
        return passed / requests if requests > 0 else 1.0


def _by_second(first: float, last: float, amount: float) -> list[tuple[int, float]]:
    """Return what of an amount, evenly spread over a time, falls into each second."""
    begin, end = floor(first), floor(last)
    if begin == end:
        return [(begin, amount)]
    density = amount / (last - first)
    return [
        (second, density * (min(last, second + 1.0) - max(first, float(second))))
        for second in range(begin, end + 1)
    ]
