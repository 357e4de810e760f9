"""Entry point of event-publisher."""

from typing import TYPE_CHECKING, Any

from event_publisher.outbox import publish_changes
from order_pipeline.adapters.clients import sns, sqs
from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.adapters.parking_queue import ParkingQueue
from order_pipeline.adapters.settings import FunctionSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Settings(FunctionSettings):
    """The function's settings."""

    event_topic_arn: str
    dead_letter_queue_url: str


settings = Settings.from_environment()
topic = EventTopic(sns(), settings.event_topic_arn)
parking = ParkingQueue(sqs, settings.dead_letter_queue_url)


def handler(
    event: dict[str, Any],
    context: "LambdaContext",  # noqa: ARG001
) -> "PartialItemFailureResponse":
    """Publish what has happened; the stream delivers again from the first record that failed."""
    again = publish_changes(event["Records"], topic=topic, parking=parking)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}
