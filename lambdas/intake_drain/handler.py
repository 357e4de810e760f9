"""Entry point of intake-drain."""

from functools import partial

from intake_drain.drain import drain
from order_pipeline.adapters.clients import LONGEST_CALL_SECONDS, dynamodb, sqs
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import message_processor
from order_pipeline.adapters.settings import WorkerSettings


class Settings(WorkerSettings):
    """The function's settings."""

    orders_table_name: str


settings = Settings.from_environment()

handler = message_processor(
    partial(drain, orders=OrdersTable(dynamodb(), settings.orders_table_name)),
    settings=settings,
    sqs=sqs,
    # One write. An earlier order is read only after the table has answered.
    seconds_needed=LONGEST_CALL_SECONDS,
)
