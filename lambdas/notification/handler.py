"""Entry point of the notification stage."""

from functools import partial

from notification.stage import notify_customer
from order_pipeline.adapters.channels import EmailChannel, PushChannel, SmsChannel
from order_pipeline.adapters.clients import (
    LONGEST_CALL_SECONDS,
    LONGEST_SEND_SECONDS,
    dynamodb,
    ses,
    sns_to_customers,
    sqs,
)
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import queue_processor
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.domain.messages import TEMPLATES
from order_pipeline.domain.ports import Messenger


class Settings(WorkerSettings):
    """The function's settings."""

    orders_table_name: str
    idempotency_table_name: str
    email_sender: str
    push_endpoints: str
    """What the ARNs of this account's push endpoints begin with."""


settings = Settings.from_environment()
channels: list[Messenger] = [
    EmailChannel(ses(), sender=settings.email_sender),
    SmsChannel(sns_to_customers()),
    PushChannel(sns_to_customers(), endpoints=settings.push_endpoints),
]
notify = partial(
    notify_customer,
    orders=OrdersTable(dynamodb(), settings.orders_table_name),
    claims=IdempotencyTable(dynamodb(), settings.idempotency_table_name),
    messengers=channels,
)

stages = dict.fromkeys(TEMPLATES, notify)

# Every channel may hang, and after that the backoff is still to be set.
SECONDS_PER_MESSAGE = len(channels) * LONGEST_SEND_SECONDS + LONGEST_CALL_SECONDS

handler = queue_processor(stages, settings=settings, sqs=sqs, seconds_needed=SECONDS_PER_MESSAGE)
