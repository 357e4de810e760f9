"""Entry point of the payment stage."""

from functools import partial

from order_pipeline.adapters.circuit import Breaker, CircuitTable
from order_pipeline.adapters.clients import dynamodb, secrets_manager, sqs
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.observability import CallMetrics
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.queue_processor import queue_processor
from order_pipeline.adapters.settings import ProviderSettings, WorkerSettings
from order_pipeline.adapters.stripe_payments import SECONDS_PER_MESSAGE, stripe_payments
from order_pipeline.adapters.tracing import CallTraces
from order_pipeline.domain.transitions import EventType
from payment.authorisation import authorise_payment
from payment.collection import capture_payment, give_refund, void_payment


class Settings(WorkerSettings, ProviderSettings):
    """The function's settings."""

    orders_table_name: str
    idempotency_table_name: str


settings = Settings.from_environment()
orders = OrdersTable(dynamodb(), settings.orders_table_name)
circuit = CircuitTable(dynamodb(), settings.idempotency_table_name)
payments = stripe_payments(
    secrets_manager(),
    settings.payment_secret_arn,
    deployment=settings.deployment_name,
    api_url=settings.payment_api_url,
    monitors=(Breaker(circuit), CallMetrics("Payment"), CallTraces("stripe")),
)
claims = IdempotencyTable(dynamodb(), settings.idempotency_table_name)

capture = partial(capture_payment, orders=orders, payments=payments)

stages = {
    EventType.STOCK_RESERVED: partial(authorise_payment, orders=orders, payments=payments),
    EventType.ORDER_CANCELLED: partial(void_payment, orders=orders, payments=payments),
    EventType.PARCEL_SHIPPED: capture,
    EventType.ORDER_SHIPPED: capture,
    EventType.REFUND_REQUESTED: partial(
        give_refund, orders=orders, payments=payments, claims=claims
    ),
}

handler = queue_processor(
    stages, settings=settings, sqs=sqs, seconds_needed=SECONDS_PER_MESSAGE + 1
)
