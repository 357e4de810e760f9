"""Entry point of payment-breaker, which runs every minute."""

from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.circuit import CircuitTable
from order_pipeline.adapters.clients import dynamodb, lambda_, secrets_manager
from order_pipeline.adapters.event_source import EventSourceMapping
from order_pipeline.adapters.observability import CallMetrics, measure
from order_pipeline.adapters.settings import ProviderSettings
from order_pipeline.adapters.stripe_payments import stripe_payments
from order_pipeline.domain.measurements import Measurement
from payment_breaker.breaker import tend_circuit

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Settings(ProviderSettings):
    """The function's settings."""

    idempotency_table_name: str
    payment_mapping_id: str


settings = Settings.from_environment()
payments = stripe_payments(
    secrets_manager(),
    settings.payment_secret_arn,
    deployment=settings.deployment_name,
    api_url=settings.payment_api_url,
    monitors=(CallMetrics("Payment"),),
)
circuit = CircuitTable(dynamodb(), settings.idempotency_table_name)
stage = EventSourceMapping(lambda_(), settings.payment_mapping_id)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    """Pause the payment stage while its circuit is open; resume it when the provider answers."""
    if tend_circuit(circuit=circuit, stage=stage, provider_answers=payments.answers):
        measure([Measurement("PaymentCircuitOpen", 1)])
