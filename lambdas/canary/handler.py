"""Entry point of the canary, which runs by the clock."""

from typing import TYPE_CHECKING, Any

from canary.probe import Canary
from order_pipeline.adapters.clients import session
from order_pipeline.adapters.observability import logger, measure
from order_pipeline.adapters.settings import FunctionSettings
from order_pipeline.adapters.signed_api import SignedApi
from order_pipeline.domain.canary import ORDER_ID_PREFIX

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Settings(FunctionSettings):
    """The function's settings."""

    api_endpoint: str
    canary_item: str
    canary_payment_method: str = ""


settings = Settings.from_environment()
canary = Canary(
    SignedApi(settings.api_endpoint, session=session()),
    settings.canary_item,
    settings.canary_payment_method,
)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Run once; a run that fails is measured and logged, and no failed invocation."""
    outcome = canary.run(_order_id(event, context))
    measure(outcome.measurements())
    tell = logger.info if outcome.succeeded else logger.error
    tell(
        f"the canary {outcome.story}",
        order_id=outcome.order_id,
        failed_at=outcome.failed_at,
        reason=outcome.reason,
        seconds_to_confirm=outcome.seconds_to_confirm,
    )


def _order_id(event: dict[str, Any], context: "LambdaContext") -> str:
    """Return the order's id: the same one when the schedule's event comes twice.

    Of a scheduled run it is the time that the schedule says; a person's run has its request's id.
    """
    run = event.get("time") or context.aws_request_id
    return ORDER_ID_PREFIX + str(run).replace(":", "-")
