"""The order-events topic: publishes events in batches, those of a sampled order one by one.

A request carries one trace header for all that is in it.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.trace_headers import is_sampled
from order_pipeline.adapters.tracing import mark_failed, order_segment
from order_pipeline.domain.events import OrderEvent

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

_EVENTS_PER_BATCH = 10
_BYTES_PER_BATCH = 256 * 1024
"""A request takes no more: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""

_BYTES_OF_ATTRIBUTES = 512
"""Room for an event's message attributes, which count as well."""


class EventTopic:
    """The topic that every stage's queue subscribes to."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def takes(self, event: OrderEvent) -> bool:
        """Tell whether an event is small enough to be published at all."""
        return _size(event) <= _BYTES_PER_BATCH

    def publish(self, events: Sequence[OrderEvent]) -> set[str]:
        """Publish the events; return the ids of those that the topic did not take."""
        refused: set[str] = set()
        for event in events:
            if is_sampled(event.trace_header):
                refused |= self._publish_traced(event)
        for batch in _batches([each for each in events if not is_sampled(each.trace_header)]):
            refused |= self._publish_batch(batch)
        return refused

    def _publish_traced(self, event: OrderEvent) -> set[str]:
        """Publish an event that carries its order's trace on."""
        with order_segment(
            event.trace_header, orderId=event.order_id, eventType=event.event_type.value
        ):
            refused = self._publish_batch([event])
            if refused:
                mark_failed()
            return refused

    def _publish_batch(self, batch: Sequence[OrderEvent]) -> set[str]:
        entries = [_entry(number, event) for number, event in enumerate(batch)]
        try:
            answer = self._client.publish_batch(
                TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
            )
        except (BotoCoreError, ClientError):
            logger.exception("the topic took none of a batch")
            return {event.event_id for event in batch}
        refused = set()
        for entry in answer.get("Failed", []):
            event = batch[int(entry["Id"])]
            logger.error(
                "the topic refused an event",
                order_id=event.order_id,
                event_id=event.event_id,
                code=entry["Code"],
            )
            refused.add(event.event_id)
        return refused


def _entry(number: int, event: OrderEvent) -> "PublishBatchRequestEntryTypeDef":
    attributes = {
        "eventType": event.event_type.value,
        "customerId": event.customer_id,
        "priority": event.priority.value,
    }
    return {
        "Id": str(number),
        "Message": _body(event),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def _body(event: OrderEvent) -> str:
    return event.model_dump_json(by_alias=True, exclude_none=True)


def _size(event: OrderEvent) -> int:
    return len(_body(event).encode()) + _BYTES_OF_ATTRIBUTES


def _batches(events: Sequence[OrderEvent]) -> Iterator[list[OrderEvent]]:
    """Split the events into batches that fit into one request."""
    batch: list[OrderEvent] = []
    size = 0
    for event in events:
        bytes_of_event = _size(event)
        if batch and (len(batch) == _EVENTS_PER_BATCH or size + bytes_of_event > _BYTES_PER_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += bytes_of_event
    if batch:
        yield batch
