"""Values of metrics over time, as a widget of a dashboard draws them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.stacks.dashboards import Shown

type Points = dict[int, float]
"""Start of a period (seconds since 1970) → the statistic of what fell into it."""


@dataclass(frozen=True)
class Value:
    """One value of one metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    at: float
    """Seconds since 1970."""
    value: float


def lines(shown: Shown, values: Sequence[Value], period: int) -> Iterator[tuple[str, Points]]:
    """Yield the lines that an entry of a widget makes of values: its label, and its points."""
    taken = [each for each in values if shown.takes(each.namespace, each.name, each.dimensions)]
    if shown.is_search and not shown.is_sum:
        dimension = shown.label.removeprefix("${PROP('Dim.").removesuffix("')}")
        for label in sorted({each.dimensions[dimension] for each in taken}):
            of_label = [each for each in taken if each.dimensions[dimension] == label]
            yield label, points(of_label, shown.stat, period)
    else:
        yield shown.label, points(taken, shown.stat, period)


def points(values: Iterable[Value], stat: str, period: int) -> Points:
    """Return the statistic of the values in each period that has any."""
    periods: dict[int, list[float]] = {}
    for each in values:
        periods.setdefault(int(each.at // period * period), []).append(each.value)
    return {start: statistic(stat, periods[start]) for start in sorted(periods)}


def statistic(stat: str, values: Sequence[float]) -> float:
    """Return `Sum`, `Maximum`, or a percentile such as `p95` (the nearest rank)."""
    if stat == "Sum":
        return sum(values)
    if stat == "Maximum":
        return max(values)
    if stat.startswith("p"):
        rank = math.ceil(float(stat[1:]) / 100 * len(values))
        return sorted(values)[max(rank, 1) - 1]
    raise ValueError(f"the statistic {stat} is not known here")
