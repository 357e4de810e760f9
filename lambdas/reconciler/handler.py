"""Entry point of the reconciler, which runs every five minutes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.bookmark import Bookmark
from order_pipeline.adapters.circuit import CircuitTable
from order_pipeline.adapters.clients import dynamodb, secrets_manager, sns
from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.adapters.observability import CallMetrics, logger, measure
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.reservations import ReservationsTable
from order_pipeline.adapters.settings import ProviderSettings
from order_pipeline.adapters.stripe_payments import SECONDS_PER_MESSAGE, stripe_payments
from order_pipeline.domain.measurements import Measurement
from order_pipeline.domain.ports import ProviderOutError
from reconciler.books import compare_payments
from reconciler.overdue import Reconciliation
from reconciler.stock import StockBook

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Settings(ProviderSettings):
    """The function's settings."""

    orders_table_name: str
    inventory_table_name: str
    idempotency_table_name: str
    event_topic_arn: str


settings = Settings.from_environment()
orders = OrdersTable(dynamodb(), settings.orders_table_name)
payments = stripe_payments(
    secrets_manager(),
    settings.payment_secret_arn,
    deployment=settings.deployment_name,
    api_url=settings.payment_api_url,
    monitors=(CallMetrics("Payment"),),
)
reservations = ReservationsTable(dynamodb(), settings.inventory_table_name)
topic = EventTopic(sns(), settings.event_topic_arn)
circuit = CircuitTable(dynamodb(), settings.idempotency_table_name)
bookmark = Bookmark(dynamodb(), settings.idempotency_table_name, "payments")


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Move overdue orders on, then compare the payment provider's records with the orders."""

    def has_time() -> bool:
        # For all that the provider is asked about one more order, and as long again for the rest.
        return context.get_remaining_time_in_millis() / 1000 > 2 * SECONDS_PER_MESSAGE

    stock = StockBook(orders, reservations)
    reconciliation = Reconciliation(
        orders, payments, topic, stock, provider_is_out=circuit.look() is not None
    )
    try:
        _look_after_orders(reconciliation, has_time)
        if not reconciliation.provider_is_out:
            _compare(stock, has_time)
    finally:
        measure([Measurement("StockDifferences", stock.differences)])


def _look_after_orders(reconciliation: Reconciliation, has_time: Callable[[], bool]) -> None:
    try:
        reconciliation.run(has_time)
    finally:
        measure(
            [
                Measurement("OverdueOrders", reconciliation.overdue),
                Measurement("StuckOrders", reconciliation.stuck),
            ]
        )


def _compare(stock: StockBook, has_time: Callable[[], bool]) -> None:
    try:
        compare_payments(
            records=payments,
            orders=orders,
            bookmark=bookmark,
            stock=stock,
            has_time=has_time,
            found=lambda differences: measure([Measurement("PaymentDifferences", differences)]),
        )
    except ProviderOutError:
        logger.warning("the payment provider is out: the next run compares", exc_info=True)
