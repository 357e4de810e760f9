"""The runs of functions that a load test leads to, by the platform's reports in their logs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.log_insights import LogEvent


@dataclass(frozen=True)
class Run:
    """One invocation of a function."""

    function: str
    """Such as ``place-order``."""
    milliseconds: float
    """From handing it over to its answer."""
    init_milliseconds: float | None
    """What starting the process took before, if it was a cold start."""


def runs_of(events: Iterable[LogEvent], suffix: str) -> Iterator[Run]:
    """Yield what the platform reports in functions' logs, of the deployment with that suffix."""
    for event in events:
        if '"platform.report"' not in event.message:
            continue
        line = json.loads(event.message)
        if line.get("type") != "platform.report":
            continue
        metrics = line["record"]["metrics"]
        yield Run(
            event.log_group.removeprefix("/aws/lambda/").removesuffix(f"-function-{suffix}"),
            metrics["durationMs"],
            metrics.get("initDurationMs"),
        )
