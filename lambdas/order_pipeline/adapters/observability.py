"""Logs and metrics: structured JSON with the order's id, never contact data, tokens or bodies."""

import logging
import os
from collections.abc import Iterable
from itertools import groupby

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from order_pipeline.adapters.redaction import RedactingFormatter
from order_pipeline.domain.measurements import (
    Measurement,
    Unit,
    measurements_of,
    milliseconds_between,
)
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import ServiceCall

logger = Logger(logger_formatter=RedactingFormatter())
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

# At INFO they tell of every call, which is measured, and of where credentials come from.
for _library in ("botocore", "stripe"):
    logging.getLogger(_library).setLevel(logging.WARNING)

NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "OrderPipeline")


def note_recorded(before: Order | None, after: Order) -> None:
    """Log and measure every event by which an order came from `before` to `after`, once stored."""
    placed = after.history[0]
    for entry in after.history[len(before.history) if before else 0 :]:
        logger.info(
            "recorded",
            recorded=entry.event.value,
            order_id=after.order_id,
            version=entry.version,
            since_placed_ms=round(milliseconds_between(placed.at, entry.at)),
            reason=entry.detail.get("reason"),
        )
    measure(measurements_of(before, after))


def measure(measurements: Iterable[Measurement]) -> None:
    """Embed measurements in the log: one document for those that are told apart by the same.

    Beside its own dimensions, each has the function's name (``service``).
    """

    def told_apart_by(measurement: Measurement) -> list[tuple[str, str]]:
        return sorted(measurement.dimensions.items())

    for dimensions, group in groupby(sorted(measurements, key=told_apart_by), key=told_apart_by):
        document = EphemeralMetrics(namespace=NAMESPACE)
        for name, value in dimensions:
            document.add_dimension(name, value)
        for measurement in group:
            document.add_metric(measurement.name, measurement.unit.value, measurement.value)
        document.flush_metrics()


class CallMetrics:
    """Measures the calls to a service that a stage depends on; see `ports.CallMonitor`."""

    def __init__(self, service: str) -> None:
        """Measure the calls to `service`: ``{service}Calls`` and ``{service}CallLatency``."""
        self._service = service

    def note(self, call: ServiceCall) -> None:
        """Count a call, by its name and outcome, and measure how long it took."""
        dimensions = {"call": call.name, "outcome": call.outcome.value}
        milliseconds = call.seconds * 1000
        measure(
            [
                Measurement(f"{self._service}Calls", 1, dimensions=dimensions),
                Measurement(
                    f"{self._service}CallLatency", milliseconds, Unit.MILLISECONDS, dimensions
                ),
            ]
        )
