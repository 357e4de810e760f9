"""The way a function takes its queue's messages: each for itself, with backoff, poison put aside.

One bad message never holds the others back: the function answers with the messages that failed
(partial batch response), and SQS delivers only those again.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError

from order_pipeline.adapters.backoff import Backoff
from order_pipeline.adapters.observability import logger, measure
from order_pipeline.adapters.settings import WorkerSettings
from order_pipeline.adapters.trace_headers import passing_on
from order_pipeline.adapters.tracing import annotate, order_segment
from order_pipeline.domain.events import SCHEMA_VERSION, OrderEvent
from order_pipeline.domain.measurements import Measurement
from order_pipeline.domain.transitions import EventType

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

type Handler = Callable[[dict[str, Any], LambdaContext], PartialItemFailureResponse]
type Message = Mapping[str, Any]
"""A message as Lambda hands it over:
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event"""

_KEYS_OF_A_MESSAGE = ["order_id", "event_id"]
"""What every log line about a message carries, the one about its retry as well."""


class PoisonError(Exception):
    """A message that can never succeed, however often it is tried."""


class OutOfTimeError(Exception):
    """The invocation has too little time left to begin with another message."""


def queue_processor(
    stages: Mapping[EventType, Callable[[OrderEvent], None]],
    *,
    settings: WorkerSettings,
    sqs: Callable[[], "SQSClient"],
    seconds_needed: float = 3,
) -> Handler:
    """Return the handler of a function whose queue brings events.

    Parameters
    ----------
    stages
        What to do, by event type.
    settings, sqs, seconds_needed
        See `message_processor`.
    """

    def handle(body: str) -> None:
        order_event = read_message(OrderEvent, body, what="an order event")
        logger.append_keys(order_id=order_event.order_id, event_id=order_event.event_id)
        annotate(orderId=order_event.order_id, eventType=order_event.event_type.value)
        _check_event(order_event, stages)
        stages[order_event.event_type](order_event)

    return message_processor(handle, settings=settings, sqs=sqs, seconds_needed=seconds_needed)


def message_processor(
    handle: Callable[[str], None],
    *,
    settings: WorkerSettings,
    sqs: Callable[[], "SQSClient"],
    seconds_needed: float = 3,
) -> Handler:
    """Return the handler of a function that works off a queue, whatever its messages are.

    Parameters
    ----------
    handle
        What to do with a message's body. It raises `PoisonError` for a message that can never
        succeed; any other exception is a fault, after which the message is tried again.
    settings
        The queue, its dead-letter queue and the backoff.
    sqs
        The SQS client, which is made when it is needed: Lambda itself takes and deletes messages.
    seconds_needed
        The most that one message may take: with less time left, a message is put back instead of
        being cut off in the middle.
    """
    backoff = Backoff(settings.retry_first_delay_seconds, settings.retry_longest_delay_seconds)

    def process(message: Message, context: "LambdaContext") -> None:
        trace = message["attributes"].get("AWSTraceHeader")
        with passing_on(trace):  # also to the dead-letter queue
            try:
                _check_time_left(context, seconds_needed)
                with order_segment(trace):
                    handle(message["body"])
            except PoisonError as poison:
                _put_aside(message, poison, settings, sqs)
            except Exception:
                _delay(message, backoff, settings, sqs)
                raise
            finally:
                logger.remove_keys(_KEYS_OF_A_MESSAGE)

    # Powertools has this loop, too. It imports classes for the events of forty other services, and
    # models of theirs, with every cold start.
    def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
        failed = []
        for message in event["Records"]:
            try:
                process(message, context)
            except Exception:  # noqa: BLE001 - whatever it is, the others are handled
                failed.append(message["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    return handler


def read_message[T: BaseModel](model: type[T], body: str, *, what: str) -> T:
    """Return a message's body as a model; `what` the message should be goes into the reason.

    Raises
    ------
    PoisonError
        Naming the fields that are wrong, and never what is in them.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise PoisonError(f"not {what}: {fields or 'the body'}") from None


def _check_time_left(context: "LambdaContext", seconds_needed: float) -> None:
    left = context.get_remaining_time_in_millis() / 1000
    if left < seconds_needed:
        raise OutOfTimeError(f"{left} s left, {seconds_needed} s needed")


def _check_event(event: OrderEvent, stages: Mapping[EventType, object]) -> None:
    if event.schema_version > SCHEMA_VERSION:
        raise PoisonError(f"unknown schemaVersion {event.schema_version}")
    if event.event_type not in stages:
        raise PoisonError(f"no stage here handles {event.event_type}")


def _put_aside(
    message: Message, poison: PoisonError, settings: WorkerSettings, sqs: Callable[[], "SQSClient"]
) -> None:
    """Send the message to the dead-letter queue at once, with the reason; it is then done with."""
    measure([Measurement("DeadLettered", 1)])
    logger.error("dead-lettered", reason=str(poison), message_id=message["messageId"])
    sqs().send_message(
        QueueUrl=settings.dead_letter_queue_url,
        MessageBody=message["body"],
        MessageAttributes={"reason": {"DataType": "String", "StringValue": str(poison)}},
    )


def _delay(
    message: Message, backoff: Backoff, settings: WorkerSettings, sqs: Callable[[], "SQSClient"]
) -> None:
    """Let the failed message wait, by hiding it for as long as its receive count asks."""
    receive_count = int(message["attributes"]["ApproximateReceiveCount"])
    delay = backoff.delay(receive_count)
    measure([Measurement("Retries", 1)])
    logger.warning("retrying", exc_info=True, receive_count=receive_count, delay_seconds=delay)
    try:
        sqs().change_message_visibility(
            QueueUrl=settings.queue_url,
            ReceiptHandle=message["receiptHandle"],
            VisibilityTimeout=delay,
        )
    except (BotoCoreError, ClientError):
        logger.warning("the queue's own visibility timeout applies", exc_info=True)
