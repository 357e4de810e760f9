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
    "batch",
    "run p50",
    "run p95",
    "a second",
    "at once",
    "peak queue depth",
)


def page(result: Json, picture: str) -> str:
    """Return the page, in Markdown."""
    unloaded = result["unloaded"]
    ended = ", ".join(f"{count:,} {status}" for status, count in result["statuses"].items())
    seconds = result["placing_seconds"]
    rate = figure(result["orders"] / seconds if seconds else None, 1)
    problems = "".join(f"\n* **Went wrong**: {problem}." for problem in result["problems"])
    wait_rows = table(("", *PERCENTILES), waits(result))
    return f"""\
# Load on LocalStack

Written by `make bench`. LocalStack's times are its own: what is worth comparing is one run with
another on the same machine, and stages with each other.

* Machine: {result["machine"]["description"]}; everything runs on it, the customers too.
* When: {result["date"]}.
* Before: {result["warm_up_orders"]} orders, so that functions are warm.
* Unloaded: {unloaded["orders"]} orders of two lines, each placed when the one before was
  confirmed.
* Loaded: {result["orders"]:,} orders of two lines by {result["clients"]} customers at once, each
  as fast as it is answered: {result["errors"]} errors, {rate} accepted a second. In the
  end: {ended}. Deferred: {result["deferred"]:,}, accepted although the table did not answer
  in time.{problems}

![Orders and queues over time]({picture})

## What customers wait for

In milliseconds; to the confirmation is from sending the request, of orders that were confirmed.

{wait_rows}

## Stages under load

Runs are invocations; how long the warm ones took, in milliseconds as Lambda bills them. A batch is
what a run moved on: orders, or for the publisher their events. Queue depth is the most that was
seen, waiting and in flight.

{table(STAGE_COLUMNS, stages(result["stages"]))}
"""


def waits(result: Json) -> Iterator[tuple[object, ...]]:
    """Yield the rows of what customers wait for."""
    for what, measured in (("unloaded", result["unloaded"]), ("loaded", result)):
        for name, key in (("answer", "ack_ms"), ("confirmation", "sent_to_confirmed_ms")):
            yield f"{what}: {name}", *(figure(measured[key][each]) for each in PERCENTILES)


def stages(measured: Mapping[str, Json]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the stages."""
    for stage, did in measured.items():
        yield (
            stage,
            did["runs"],
            did["cold_starts"],
            f"{did['batch_size']['mean']:g}",
            figure(did["billed_ms"]["p50"]),
            figure(did["billed_ms"]["p95"]),
            f"{did['throughput_per_second']:.1f}",
            did["concurrency"],
            did.get("peak_queue_depth", ""),
        )


def figure(value: float | None, decimals: int = 0) -> str:
    """Return a figure as the page shows it, a dash where there is none."""
    return "\N{EN DASH}" if value is None else f"{value:,.{decimals}f}"


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
