"""`draw.py DATA PICTURE`: draws a dashboard, as CloudWatch would, from what `collect.py` wrote.

Needs nothing but matplotlib, and runs in an environment of its own (`make dashboard-picture`).
"""

import json
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import dates, patches, ticker
from matplotlib import pyplot as plt
from PIL import Image

COLUMNS = 24
CELL_WIDTH, CELL_HEIGHT = 0.70, 0.47
"""Inches that one cell of the dashboard's grid takes."""
DPI = 100
PALETTE = 96
"""Colours."""
MARGIN = 0.06
"""Inches between widgets."""

INK, PALE, PAPER, DESK = "#16191f", "#687078", "#ffffff", "#f2f3f3"
GOOD, BAD, UNKNOWN = "#1d8102", "#d13212", "#879196"
# Those that CloudWatch takes for lines without a colour.
COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b",
    "#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#aec7e8", "#ffbb78",
)  # fmt: skip
LEGEND_LINES = 6
"""Of many lines the legend names only so many: those that have most to show."""

type Json = dict[str, Any]


class Board:
    """A figure with the dashboard's grid on it."""

    def __init__(self, data: Json) -> None:
        self._data = data
        self._rows = max(y + height for _, y, _, height in (w["place"] for w in data["widgets"]))
        self._size = (COLUMNS * CELL_WIDTH, self._rows * CELL_HEIGHT)
        self._figure = plt.figure(figsize=self._size, dpi=DPI, facecolor=DESK)

    def draw(self) -> None:
        """Draw every widget at its place."""
        for widget in self._data["widgets"]:
            match widget["kind"], widget.get("view"):
                case "text", _:
                    self._heading(widget)
                case "alarm", _:
                    self._alarms(widget)
                case _, "singleValue":
                    self._numbers(widget)
                case _:
                    self._graph(widget)

    def save(self, path: Path) -> None:
        """Write the picture."""
        drawn = BytesIO()
        self._figure.savefig(drawn, format="png", facecolor=DESK)
        # A palette makes a quarter of the size of it, and no difference to the eye.
        Image.open(drawn).convert("RGB").quantize(PALETTE).save(path, optimize=True)

    # ------------------------------------------------------------------ widgets

    def _heading(self, widget: Json) -> None:
        left, bottom, _, height = self._box(widget)
        text = widget["title"].lstrip("# ")
        self._text(left + 0.04, bottom + height / 2, text, size=15, weight="bold", va="center")

    def _numbers(self, widget: Json) -> None:
        left, bottom, width, height = self._card(widget)
        cell = width / len(widget["series"])
        for number, series in enumerate(widget["series"]):
            x = left + cell * (number + 0.5)
            value = f"{series['number']:,.0f}"
            self._text(
                x, bottom + height * 0.36, value,
                size=24, weight="bold", ha="center", va="center", color=series["colour"] or INK,
            )  # fmt: skip
            self._text(
                x, bottom + height * 0.12, series["label"], size=10, ha="center", va="center"
            )

    def _alarms(self, widget: Json) -> None:
        left, bottom, width, height = self._card(widget)
        columns, top, step = 4, 0.36, 0.17
        room = int((height - top - 0.05) / step)
        rows = max(1, min(room, -(-len(widget["alarms"]) // columns)))
        # Those in alarm first, as CloudWatch sorts them; to the others one would scroll.
        ordered = sorted(widget["alarms"], key=lambda alarm: (alarm[1] != "ALARM", alarm[0]))
        shown, hidden = ordered[: rows * columns], ordered[rows * columns :]
        if hidden:
            states = sorted({state.lower().replace("_", " ") for _, state in hidden})
            more = f"{len(hidden)} more below ({', '.join(states)})"
            self._text(
                left + width - 0.12, bottom + height - 0.2, more,
                size=8, ha="right", va="center", color=PALE,
            )  # fmt: skip
        for number, (name, state) in enumerate(shown):
            column, row = divmod(number, rows)
            x = left + 0.12 + column * (width - 0.2) / columns
            y = bottom + height - top - (row + 0.5) * step
            colour = {"OK": GOOD, "ALARM": BAD}.get(state, UNKNOWN)
            self._rectangle(x, y - 0.05, 0.1, 0.1, colour=colour)
            told = name if state == "OK" else f"{name}: {state.lower().replace('_', ' ')}"
            self._text(x + 0.17, y, told, size=8, va="center")

    def _graph(self, widget: Json) -> None:
        left, bottom, width, height = self._card(widget)
        filled = [each for each in widget["series"] if each["points"]]
        # Flat lines are drawn, and not named among many.
        busiest = sorted(filled, key=lambda each: -max(value for _, value in each["points"]))
        named = [each for each in filled if each in busiest[:LEGEND_LINES]]
        legend = 0.34 + 0.15 * -(-len(named) // 3)
        axes = self._figure.add_axes(
            self._part(left + 0.62, bottom + legend, width - 0.78, height - legend - 0.36)
        )
        axes.set_facecolor(PAPER)
        self._axes(axes, widget)
        if not filled:
            axes.text(
                0.5, 0.5, "no data on LocalStack",
                transform=axes.transAxes, ha="center", va="center", color=PALE, fontsize=9,
            )  # fmt: skip
            return
        self._lines(axes, filled, widget["stacked"])
        for value, label in widget["limits"]:
            axes.axhline(value, color=BAD, linewidth=1.2, linestyle="--")
            axes.text(
                0.995, value, label, transform=axes.get_yaxis_transform(),
                ha="right", va="bottom", color=BAD, fontsize=8,
            )  # fmt: skip
        axes.set_ylim(bottom=0)
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, 1, *(value * 1.15 for value, _ in widget["limits"])))
        self._legend(named, left, bottom, width)

    def _axes(self, axes: Any, widget: Json) -> None:
        began, ended = (datetime.fromtimestamp(self._data[end], tz=UTC) for end in ("from", "to"))
        axes.set_xlim(began, ended)
        axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=6))
        axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=UTC))
        axes.yaxis.set_major_locator(
            ticker.MaxNLocator(4, integer=widget["axis"] != "of each currency")
        )
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.tick_params(labelsize=7.5, colors=PALE, length=0)
        axes.set_ylabel(widget["axis"], fontsize=8, color=PALE)
        axes.grid(axis="y", color="#eaeded", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color("#aab7b8")

    def _lines(self, axes: Any, filled: list[Json], stacked: bool) -> None:
        for number, series in enumerate(filled):
            series["colour"] = series["colour"] or COLOURS[number % len(COLOURS)]
        if not stacked:
            for series in filled:
                times = [datetime.fromtimestamp(at, tz=UTC) for at, _ in series["points"]]
                axes.plot(
                    times, [value for _, value in series["points"]],
                    color=series["colour"], linewidth=1.5, marker="o", markersize=2.5,
                )  # fmt: skip
            return
        moments = sorted({at for series in filled for at, _ in series["points"]})
        axes.stackplot(
            [datetime.fromtimestamp(at, tz=UTC) for at in moments],
            *[[dict(series["points"]).get(at, 0) for at in moments] for series in filled],
            colors=[series["colour"] for series in filled],
            alpha=0.75,
        )

    def _legend(self, named: list[Json], left: float, bottom: float, width: float) -> None:
        column = (width - 0.2) / 3
        for number, series in enumerate(named):
            x = left + 0.12 + number % 3 * column
            y = bottom + 0.13 + 0.15 * (-(-len(named) // 3) - 1 - number // 3)
            self._rectangle(x, y - 0.04, 0.1, 0.08, colour=series["colour"])
            self._text(x + 0.15, y, _short(series["label"], column), size=7.5, va="center")

    # ------------------------------------------------------------------ places, in inches

    def _box(self, widget: Json) -> tuple[float, float, float, float]:
        x, y, width, height = widget["place"]
        return (
            x * CELL_WIDTH + MARGIN,
            (self._rows - y - height) * CELL_HEIGHT + MARGIN,
            width * CELL_WIDTH - 2 * MARGIN,
            height * CELL_HEIGHT - 2 * MARGIN,
        )

    def _card(self, widget: Json) -> tuple[float, float, float, float]:
        left, bottom, width, height = self._box(widget)
        self._rectangle(left, bottom, width, height, colour=PAPER, edge="#d5dbdb")
        self._text(
            left + 0.1, bottom + height - 0.09, widget["title"], size=10, weight="bold", va="top"
        )
        return left, bottom, width, height

    def _part(self, left: float, bottom: float, width: float, height: float) -> list[float]:
        across, down = self._size
        return [left / across, bottom / down, width / across, height / down]

    def _text(self, x: float, y: float, text: str, *, size: float, **how: Any) -> None:
        across, down = self._size
        self._figure.text(x / across, y / down, text, fontsize=size, **{"color": INK} | how)

    def _rectangle(
        self, x: float, y: float, width: float, height: float, *, colour: str, edge: str = "none"
    ) -> None:
        left, bottom, across, up = self._part(x, y, width, height)
        self._figure.add_artist(
            patches.Rectangle(
                (left, bottom),
                across,
                up,
                facecolor=colour,
                edgecolor=edge,
                linewidth=0.8,
                zorder=-1,
            )
        )


def _short(label: str, inches: float) -> str:
    """Return as much of a label as there is room for."""
    room = int(inches / 0.062) - 2
    return label if len(label) <= room else label[: room - 1] + "…"


if __name__ == "__main__":
    board = Board(json.loads(Path(sys.argv[1]).read_text()))
    board.draw()
    board.save(Path(sys.argv[2]))
