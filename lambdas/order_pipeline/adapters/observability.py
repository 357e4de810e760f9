"""Logs and metrics: structured JSON with the order's id, never contact data, tokens or bodies."""

from aws_lambda_powertools import Logger, Metrics

from order_pipeline.adapters.redaction import RedactingFormatter
from order_pipeline.order import Order

logger = Logger(logger_formatter=RedactingFormatter())
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

metrics = Metrics()
"""Embedded in the log; the namespace comes from POWERTOOLS_METRICS_NAMESPACE."""


def log_recorded(before: Order | None, after: Order) -> None:
    """Log every event by which an order came from `before` to `after`, once it is stored."""
    for entry in after.history[len(before.history) if before else 0 :]:
        logger.info(
            "recorded", recorded=entry.event.value, order_id=after.order_id, version=entry.version
        )
