"""Where the event-publisher puts records aside that it can never publish."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from order_pipeline.adapters.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class ParkingQueue:
    """The publisher's dead-letter queue, which has an alarm."""

    def __init__(self, client: Callable[[], "SQSClient"], queue_url: str) -> None:
        """Be ready for messages; the client is made for the first one, if there is any."""
        self._client = client
        self._queue_url = queue_url

    def park(self, order_id: str, version: object, reason: str) -> None:
        """Put a record aside: which order, which version, and why. No image, no personal data."""
        logger.error("parked", order_id=order_id, version=version, reason=reason)
        parked = {"orderId": order_id, "version": version, "reason": reason}
        self._client().send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(parked))
