"""Entry point of the notification stage."""

from functools import partial

from notification.stage import notify_customer
from order_pipeline.adapters.channels import EmailChannel, PushChannel, SmsChannel
from order_pipeline.adapters.clients import dynamodb, ses, sns, sqs
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import queue_processor
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.messages import TEMPLATES


class Settings(WorkerSettings):
    """The function's settings."""

    orders_table_name: str
    idempotency_table_name: str
    email_sender: str


settings = Settings.from_environment()
notify = partial(
    notify_customer,
    orders=OrdersTable(dynamodb(), settings.orders_table_name),
    claims=IdempotencyTable(dynamodb(), settings.idempotency_table_name),
    messengers=[
        EmailChannel(ses(), sender=settings.email_sender),
        SmsChannel(sns()),
        PushChannel(sns()),
    ],
)

stages = dict.fromkeys(TEMPLATES, notify)

handler = queue_processor(stages, settings=settings, sqs=sqs())
