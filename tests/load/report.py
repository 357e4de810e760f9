"""`python -m tests.load.report RESULT PAGE`: writes the page that shows a load test's result."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.e2e.shop import Json

PERCENTILES = ("p50", "p95", "p99", "max")
STAGE_COLUMNS = (
    "stage",
    "runs",
    "cold",
    "orders a run",
    "run p50",
    "run p95",
    "orders a second",
    "peak queue depth",
)


def page(result: Json, picture: str) -> str:
    """Return the page, in Markdown."""
    loaded, unloaded = result["loaded"], result["unloaded"]
    ended = ", ".join(f"{count:,} {status}" for status, count in loaded["statuses"].items())
    wait_rows = table(("", *PERCENTILES), waits(unloaded, loaded))
    return f"""\
# Load on LocalStack

Written by `make bench`. LocalStack's times are its own: what is worth comparing is one run with
another on the same machine, and stages with each other.

* Machine: {result["machine"]}; everything runs on it, the customers too.
* When: {result["measuredAt"]}.
* Before: {result["warmUpOrders"]} orders, so that functions are warm.
* Unloaded: {unloaded["orders"]} orders of two lines, each placed when the one before was
  confirmed.
* Loaded: {loaded["orders"]:,} orders of two lines by {loaded["clients"]} customers at once, each
  as fast as it is answered: {loaded["errors"]} errors, {loaded["acceptedPerSecond"]:g} accepted a
  second. In the end: {ended}.

![Orders and queues over time]({picture})

## What customers wait for

In milliseconds; to the confirmation is from sending the request.

{wait_rows}

## Stages under load

Runs are invocations, in milliseconds from handing one over to its answer. Queue depth is the most
that was seen, waiting and in flight.

{table(STAGE_COLUMNS, stages(result["stages"]))}
"""


def waits(unloaded: Json, loaded: Json) -> Iterator[tuple[object, ...]]:
    """Yield the rows of what customers wait for."""
    for what, measured in (("unloaded", unloaded), ("loaded", loaded)):
        for name, key in (("answer", "ackMs"), ("confirmation", "timeToConfirmMs")):
            yield f"{what}: {name}", *(f"{measured[key][each]:,.0f}" for each in PERCENTILES)


def stages(measured: Mapping[str, Json]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the stages."""
    for stage, did in measured.items():
        yield (
            stage,
            did["runs"],
            did["coldStarts"],
            f"{did['ordersPerRun']:g}",
            f"{did['runMs']['p50']:,.0f}",
            f"{did['runMs']['p95']:,.0f}",
            f"{did['ordersPerSecond']:g}" if "ordersPerSecond" in did else "",
            did.get("peakQueueDepth", ""),
        )


def table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    """Return a table; all columns but the first are figures."""
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            f"|---{'|--:' * (len(head) - 1)}|",
            *(f"| {' | '.join(map(str, row))} |" for row in rows),
        ]
    )


if __name__ == "__main__":
    result_file, page_file = map(Path, sys.argv[1:])
    page_file.write_text(page(json.loads(result_file.read_text()), f"{result_file.stem}.png"))
