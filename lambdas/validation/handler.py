"""Entry point of the validation stage."""

from functools import partial

from order_pipeline.adapters.clients import dynamodb, sqs
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import queue_processor
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.domain.transitions import EventType
from validation.stage import validate_order


class Settings(WorkerSettings):
    """The function's settings."""

    orders_table_name: str
    inventory_table_name: str


settings = Settings.from_environment()

stages = {
    EventType.ORDER_PLACED: partial(
        validate_order,
        orders=OrdersTable(dynamodb(), settings.orders_table_name),
        catalogue=InventoryTable(dynamodb(), settings.inventory_table_name),
    )
}

handler = queue_processor(stages, settings=settings, sqs=sqs)
