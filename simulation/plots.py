"""Pictures of the sales: what waits where, how long a confirmation takes, and the hot item."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from order_pipeline.domain.limits import CONFIRMED_WITHIN
from simulation.outcome import Outcome

PLACES = {
    "stream": "stream, not yet published",
    "intake_drain": "deferred at the intake",
    "validation": "validation",
    "inventory": "inventory",
    "payment": "payment",
    "notification": "notification",
}
"""Where orders wait, by the name of their samples."""

OBJECTIVE_SECONDS = CONFIRMED_WITHIN.total_seconds()
MEAN_OF_SECONDS = 10
"""Of which a point of the curves is the mean."""

_SPANS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
SHOWN_FROM = 100
"""Messages. A place that never holds so many has nothing to show."""

DPI = 110
# No names, dates or versions: the same sales give the same picture.
_METADATA = {"Software": None}


def draw_backlogs(sales: Mapping[tuple[str, float], Outcome], picture: Path) -> None:
    """Draw what waits where over time: a row for each load, a column for each situation."""
    situations = list(dict.fromkeys(name for name, _ in sales))
    loads = list(dict.fromkeys(load for _, load in sales))
    figure, axes = plt.subplots(
        len(loads), len(situations), figsize=(6 * len(situations), 3 * len(loads)), squeeze=False
    )
    for row, load in enumerate(loads):
        for column, situation in enumerate(situations):
            outcome = sales[situation, load]
            axis = axes[row][column]
            minutes = [number / 60 for number in range(len(outcome.samples))]
            for number, (place, label) in enumerate(PLACES.items()):
                waiting = [max(sample[place], 0.0) for sample in outcome.samples]
                if max(waiting) >= SHOWN_FROM:
                    axis.plot(minutes, waiting, label=label, color=f"C{number}", linewidth=1.4)
            _frame(axis, f"{load:,.0f} orders/s, {situation}", "messages, waiting and in flight")
            axis.set_yscale("symlog", linthresh=100)
            axis.set_ylim(bottom=0)
            axis.axvspan(0, outcome.sale.ends / 60, color="#eef2f7", zorder=0)
            axis.legend(fontsize=7, loc="lower right")
    _save(figure, picture)


def draw_times(sales: Mapping[str, Outcome], picture: Path) -> None:
    """Draw the mean time to confirm of the orders placed in each second that were confirmed."""
    figure, axis = plt.subplots(figsize=(9, 4.5))
    for label, outcome in sales.items():
        points = list(outcome.times_by_placement(MEAN_OF_SECONDS))
        axis.plot(
            [second / 60 for second, _ in points],
            [seconds for _, seconds in points],
            label=label,
            linewidth=1.4,
        )
    axis.axhline(OBJECTIVE_SECONDS, color="#b00020", linewidth=1, linestyle="--")
    _seconds_axis(axis)
    _frame(axis, "time to confirm (mean of those confirmed within the hour)", "")
    axis.set_xlabel("placed, minutes since the sale began")
    axis.legend(fontsize=8)
    _save(figure, picture)


def draw_hot_item(sales: Mapping[int, Outcome], picture: Path, *, title: str) -> None:
    """Draw what splitting a hot item's stock, by counters, does for its orders and the others."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    labels = [str(counters) for counters in sales]
    places = range(len(labels))
    for hot, label in ((True, "with the hot item"), (False, "without it")):
        seconds = [outcome.percentile(0.95, hot=hot) for outcome in sales.values()]
        left.plot(places, [each or float("nan") for each in seconds], marker="o", label=label)
    left.axhline(OBJECTIVE_SECONDS, color="#b00020", linewidth=1, linestyle="--")
    _seconds_axis(left)
    _frame(left, f"{title}: 95% confirmed within", "")
    left.set_xticks(places, labels)
    left.set_xlabel("counters (none drawn: not within the hour)")
    left.legend(fontsize=8)
    tries = [outcome.refusing["hot item"] for outcome in sales.values()]
    right.bar(labels, [each.refused / each.asked for each in tries], color="#5b7fa6")
    right.set_ylim(0, 1)
    _frame(right, "attempts to reserve that fail", "share")
    right.set_xlabel("counters")
    _save(figure, picture)


def _seconds_axis(axis: Any) -> None:
    """Show seconds and minutes, as people say them, on a logarithmic axis."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(FixedLocator(_SPANS))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _span(value)))
    axis.yaxis.set_minor_locator(NullLocator())


def _frame(axis: Any, title: str, unit: str) -> None:
    axis.set_title(title, fontsize=10)
    axis.set_ylabel(unit)
    axis.grid(visible=True, color="#dddddd", linewidth=0.6)
    axis.set_xlabel("minutes since the sale began")


def _span(seconds: float) -> str:
    if seconds >= 60:  # noqa: PLR2004 (a minute)
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s"


def _save(figure: Any, picture: Path) -> None:
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=DPI, metadata=_METADATA)
    plt.close(figure)
