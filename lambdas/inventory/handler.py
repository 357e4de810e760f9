"""Entry point of the inventory stage."""

from functools import partial

from inventory.stage import release_stock, reserve_stock, restock, ship_stock
from order_pipeline.adapters.clients import dynamodb, sqs
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import queue_processor
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.adapters.stock_transactions import StockTransactions
from order_pipeline.domain.transitions import EventType


class Settings(WorkerSettings):
    """The function's settings."""

    orders_table_name: str
    inventory_table_name: str


settings = Settings.from_environment()
orders = OrdersTable(dynamodb(), settings.orders_table_name)
ledger = StockTransactions(dynamodb(), settings.inventory_table_name, orders)

release = partial(release_stock, orders=orders, ledger=ledger)
ship = partial(ship_stock, orders=orders, ledger=ledger)

stages = {
    EventType.ORDER_VALIDATED: partial(reserve_stock, orders=orders, ledger=ledger),
    EventType.PAYMENT_DECLINED: release,
    EventType.ORDER_CANCELLED: release,
    EventType.PARCEL_SHIPPED: ship,
    EventType.ORDER_SHIPPED: ship,
    EventType.PAYMENT_REFUNDED: partial(restock, orders=orders, ledger=ledger),
}

handler = queue_processor(stages, settings=settings, sqs=sqs)
