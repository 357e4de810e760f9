"""How long things take, and how much that varies.

A duration is log-normal, given by its median and its 95th percentile: service times are skewed to
the right, and these two numbers are what is measured. Capacity needs the mean; the percentiles of
an order's whole way need the spread, which is added up here by convolution.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import erf, exp, log, sqrt
from typing import Final, Self

GRID: Final = 0.01
"""Seconds between the values that a distribution is computed for."""

_Z95: Final = 1.6448536269514722
"""Standard deviations from the median to the 95th percentile of a normal distribution."""

_NEGLIGIBLE: Final = 1e-7


@dataclass(frozen=True)
class Duration:
    """A duration in seconds: its median and its 95th percentile."""

    p50: float
    p95: float

    @cached_property
    def mean(self) -> float:
        """The mean of the log-normal distribution with these percentiles."""
        return self.p50 * exp(self._sigma**2 / 2) if self.p50 else 0.0

    @property
    def _sigma(self) -> float:
        return log(self.p95 / self.p50) / _Z95 if self.p95 > self.p50 > 0 else 0.0

    def below(self, seconds: float) -> float:
        """Return the share of durations that are shorter."""
        if seconds <= 0:
            return 0.0
        if not self._sigma:
            return float(seconds >= self.p50)
        return 0.5 * (1 + erf(log(seconds / self.p50) / self._sigma / sqrt(2)))


@dataclass(frozen=True)
class Spread:
    """A distribution of seconds around its mean, as shares of the values of a grid."""

    start: int
    """The first value, in steps of `GRID`; below zero, as the mean is zero."""
    shares: Sequence[float]

    @classmethod
    def none(cls) -> Self:
        """Return the spread of what always takes the same."""
        return cls(0, (1.0,))

    @classmethod
    def of(cls, duration: Duration) -> Self:
        """Return a duration's spread around its mean."""
        shares: list[float] = []
        below = 0.0
        while below < 1 - _NEGLIGIBLE:
            upto = duration.below((len(shares) + 0.5) * GRID)
            shares.append(upto - below)
            below = upto
        return cls(-round(duration.mean / GRID), shares)

    @classmethod
    def of_polling(cls, seconds: float) -> Self:
        """Return the spread of waiting for the next of polls that are so many seconds apart."""
        steps = max(1, round(seconds / GRID))
        return cls(-(steps // 2), [1 / steps] * steps)

    def __add__(self, other: "Spread") -> "Spread":
        shares = [0.0] * (len(self.shares) + len(other.shares) - 1)
        for at, share in enumerate(self.shares):
            if share > _NEGLIGIBLE:
                for offset, another in enumerate(other.shares):
                    shares[at + offset] += share * another
        return Spread(self.start + other.start, shares)

    @property
    def latest(self) -> float:
        """The last value, in seconds."""
        return (self.start + len(self.shares) - 1) * GRID

    def cumulated(self) -> list[float]:
        """Return the share of values up to each one of the grid."""
        sums = list(accumulate(self.shares))
        return [each / sums[-1] for each in sums]


def together(spreads: Iterable[Spread]) -> Spread:
    """Return the spread of the sum of independent durations."""
    total = Spread.none()
    for spread in spreads:
        total += spread
    return total
