"""The runs of functions that a load test leads to, by the platform's reports in their logs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.log_insights import LogEvent

DEFERRED = "deferred"
HANDLED = frozenset({"recorded", "published", "sent", DEFERRED})
"""The messages of lines of which a function logs one for each order that it moves on."""


@dataclass(frozen=True)
class Run:
    """One invocation of a function."""

    function: str
    """Its folder, such as ``place_order``."""
    began: float
    """Seconds since 1970."""
    ended: float
    billed_ms: int
    """With the initialisation, if it was a cold start."""
    init_ms: float | None
    """What starting the process took, if it was a cold start."""
    handled: int
    """How many orders it moved on."""
    deferred: int
    """How many of them to the intake-overflow queue, because the table did not take them."""


def runs_of(events: Iterable[LogEvent], suffix: str) -> Iterator[Run]:
    """Yield the runs that functions' logs tell of, in the deployment with that suffix.

    The events come log stream by log stream, each in its order, as LocalStack gives them: what
    stands between a start and a report belongs to that run.
    """
    handled = deferred = 0
    for event in events:
        line = event.fields()
        if line.get("type") == "platform.start":
            handled = deferred = 0
        elif line.get("message") in HANDLED:
            handled += 1
            deferred += line["message"] == DEFERRED
        elif line.get("type") == "platform.report":
            # The fields of the document, with those of documents in it by their path.
            ended = datetime.fromisoformat(line["time"]).timestamp()
            yield Run(
                function=_folder(event.log_group, suffix),
                began=ended - line["record.metrics.durationMs"] / 1000,
                ended=ended,
                billed_ms=line["record.metrics.billedDurationMs"],
                init_ms=line.get("record.metrics.initDurationMs"),
                handled=handled,
                deferred=deferred,
            )


def most_at_once(runs: Iterable[Run]) -> int:
    """Return the most runs that were under way at one time."""
    steps = sorted(step for run in runs for step in ((run.began, 1), (run.ended, -1)))
    most = under_way = 0
    for _, change in steps:
        under_way += change
        most = max(most, under_way)
    return most


def _folder(log_group: str, suffix: str) -> str:
    name = log_group.removeprefix("/aws/lambda/").removesuffix(f"-function-{suffix}")
    return name.replace("-", "_")
