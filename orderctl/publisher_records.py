"""Publishing what the event-publisher could not: parked orders, and batches it gave up.

Two kinds of message are on its dead-letter queue. The publisher parks a change that it cannot read
(``orderId``, ``version``, ``reason``). The stream's mapping records a batch that could not be
published for twelve hours: where it is in the stream, but not what it holds.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from event_publisher.outbox import Parking, SizedTopic, publish_changes
from order_pipeline.domain.events import events_since
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import OrderNotFoundError
from order_pipeline.domain.stored import rfc3339
from orderctl.queues import Message

_MARGIN = timedelta(minutes=1)
"""An event is older than the write that stores it, and a batch's times are those of its writes."""

_FORGOTTEN = ("TrimmedDataAccessException", "ResourceNotFoundException")
"""The stream keeps 24 hours, and forgets a whole shard some time after that."""

_MOST_PAGES = 1000
"""A batch has at most 100 changes, and a page may be empty."""


class NotRedrivenError(Exception):
    """A message cannot be redriven now, and stays where it is."""


class Orders(Protocol):
    """The orders, as they are now."""

    def get(self, order_id: str) -> Order:
        """Return an order."""


class Streams(Protocol):
    """DynamoDB's streams, as boto3's client has them."""

    def get_shard_iterator(self, **request: object) -> Mapping[str, Any]:
        """Return where to read a shard."""

    def get_records(self, **request: object) -> Mapping[str, Any]:
        """Return a page of a shard's records."""


class _Content(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, hide_input_in_errors=True)


class Parked(_Content):
    """A change that the publisher could not read."""

    order_id: str


class Batch(_Content):
    """Where a batch is in the stream."""

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    approximate_arrival_of_first_record: datetime
    approximate_arrival_of_last_record: datetime
    stream_arn: str


class GivenUp(BaseModel):
    """The mapping's record of a batch that it gave up.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """

    batch: Batch = Field(alias="DDBStreamBatchInfo")


class PublishAgain:
    """Publishes what a message of the publisher's dead-letter queue stands for."""

    def __init__(
        self, orders: Orders, topic: SizedTopic, parking: Parking, streams: Streams
    ) -> None:
        self._orders = orders
        self._topic = topic
        self._parking = parking
        self._streams = streams

    def __call__(self, message: Message) -> None:
        """Publish the events; stages are idempotent, so that some may be published twice.

        Raises
        ------
        NotRedrivenError
            With the reason, if not all of them are published.
        """
        content = _content(message.body)
        if isinstance(content, Parked):
            self._publish_order(content.order_id)
        else:
            self._publish_batch(content.batch)

    def _publish_order(self, order_id: str) -> None:
        try:
            order = self._orders.get(order_id)
        except OrderNotFoundError:
            raise NotRedrivenError(f"there is no order {order_id} any more") from None
        except ValueError:
            raise NotRedrivenError(f"order {order_id} still cannot be read") from None
        if self._topic.publish(events_since(0, order)):
            raise NotRedrivenError("the topic refused events")

    def _publish_batch(self, batch: Batch) -> None:
        """Do what the publisher would have done: a change that cannot be read is parked again."""
        records = list(_records(self._streams, batch))
        if publish_changes(records, topic=self._topic, parking=self._parking):
            raise NotRedrivenError("the topic refused events")


def _content(body: str) -> Parked | GivenUp:
    try:
        content = json.loads(body)
        kind = GivenUp if "DDBStreamBatchInfo" in content else Parked
        return kind.model_validate(content)
    except (ValidationError, ValueError, TypeError):
        raise NotRedrivenError("it is neither a parked order nor a batch of the stream") from None


def _records(streams: Streams, batch: Batch) -> Iterator[Mapping[str, Any]]:
    """Yield the changes of a batch, oldest first."""
    last = int(batch.end_sequence_number)
    iterator: str | None = _iterator(streams, batch)
    for _ in range(_MOST_PAGES):
        if iterator is None:
            break
        try:
            page = streams.get_records(ShardIterator=iterator)
        except ClientError as error:
            raise _not_readable(error, batch) from error
        for record in page["Records"]:
            # Numbers of one length or another, written as text.
            number = int(record["dynamodb"]["SequenceNumber"])
            if number <= last:
                yield record
            if number >= last:
                return
        iterator = page.get("NextShardIterator")
    raise NotRedrivenError(f"the stream ended before the batch did; {_instead(batch)}")


def _iterator(streams: Streams, batch: Batch) -> str:
    try:
        return str(
            streams.get_shard_iterator(
                StreamArn=batch.stream_arn,
                ShardId=batch.shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=batch.start_sequence_number,
            )["ShardIterator"]
        )
    except ClientError as error:
        raise _not_readable(error, batch) from error


def _not_readable(error: ClientError, batch: Batch) -> Exception:
    """Return what to raise: what the stream has forgotten can be published in another way."""
    if error.response["Error"]["Code"] in _FORGOTTEN:
        return NotRedrivenError(f"the stream no longer has the batch; {_instead(batch)}")
    return error


def _instead(batch: Batch) -> str:
    """Tell what has the same effect.

    Only the first event of an order that was deferred is much older than the write that stores it.
    """
    since = rfc3339(batch.approximate_arrival_of_first_record - _MARGIN)
    until = rfc3339(batch.approximate_arrival_of_last_record + _MARGIN)
    return (
        f"publish from the orders: orderctl republish --since {since} --until {until}; "
        "if orders were deferred before that, also: orderctl republish --event OrderPlaced "
        f"--since (when the first of them was placed) --until {since}"
    )
