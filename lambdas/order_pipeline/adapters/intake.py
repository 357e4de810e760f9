"""Where place-order puts a new order: into the table, or on a queue while the table refuses it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from order_pipeline.adapters.observability import logger, measure
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.measurements import Measurement
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import OrdersUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class IntakeTable:
    """The orders table, for new orders: whatever fails there is one kind of error."""

    def __init__(self, table: OrdersTable) -> None:
        self._table = table

    def add(self, order: Order) -> Order:
        """Store a new order; return what is stored under its id, which may be an earlier one.

        Raises
        ------
        OrdersUnavailableError
            If DynamoDB fails; the order may or may not be stored.
        """
        try:
            return self._table.add(order)
        except ClientError as fault:
            raise OrdersUnavailableError(fault.response["Error"]["Code"]) from fault
        except BotoCoreError as fault:
            raise OrdersUnavailableError(type(fault).__name__) from fault


class OverflowQueue:
    """The intake-overflow queue: it takes whole orders, personal data and all."""

    def __init__(self, client: Callable[[], "SQSClient"], queue_url: str) -> None:
        """Be ready for messages; the client is made for the first one, if there is any."""
        self._client = client
        self._queue_url = queue_url

    def defer(self, order: Order, reason: str) -> None:
        """Keep a new order until the table takes it."""
        self._client().send_message(
            QueueUrl=self._queue_url,
            MessageBody=order.model_dump_json(by_alias=True, exclude_none=True),
        )
        measure([Measurement("OverflowUsed", 1)])
        logger.warning("deferred", order_id=order.order_id, reason=reason)
