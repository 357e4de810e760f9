"""`draw.py RESULT PICTURE`: draws how orders and queues fared in a load test.

Needs nothing but matplotlib, and runs in an environment of its own (`make bench`).
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

COLOURS = {
    "validation": "#1f77b4",
    "inventory": "#ff7f0e",
    "payment": "#2ca02c",
    "notification": "#9467bd",
}


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw what is placed and confirmed above, what waits in the queues below."""
    series = result["series"]
    seconds = series["seconds"]
    figure, (orders, queues) = plt.subplots(2, 1, figsize=(9, 6), dpi=110, sharex=True)
    orders.plot(seconds, series["placed"], color="#687078", label="placed")
    orders.plot(seconds, series["confirmed"], color="#1d8102", label="confirmed")
    orders.set_ylabel("orders")
    for stage, depth in series["queueDepth"].items():
        queues.plot(seconds, depth, color=COLOURS[stage], label=stage, linewidth=1.2)
    queues.set_ylabel("messages, waiting and in flight")
    queues.set_xlabel("seconds")
    for axes in (orders, queues):
        axes.grid(axis="y", color="#eaeded")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{result['orders']:,} orders of {result['clients']} customers at once, on LocalStack",
        fontsize=11,
    )
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
