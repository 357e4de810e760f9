"""Builders that the tests of the operator's tool share: messages, and queues to take them from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from orderctl.queues import Message, Taken
from tests.unit.builders import NOON


def a_message(
    body: object,
    *,
    reason: str | None = None,
    message_id: str = "message-1",
    sent_at: datetime = NOON,
) -> Message:
    attributes: dict[str, Any] = {"priority": {"DataType": "String", "StringValue": "high"}}
    if reason:
        attributes["reason"] = {"DataType": "String", "StringValue": reason}
    return Message(
        message_id=message_id,
        receipt_handle=f"receipt of {message_id}",
        body=body if isinstance(body, str) else json.dumps(body),
        attributes=attributes,
        sent_at=sent_at,
        receive_count=3,
    )


def a_batch(first: int = 10, last: int = 12) -> dict[str, Any]:
    """Return what the stream's mapping records of a batch that it gave up."""
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": {
            "shardId": "shard-1",
            "startSequenceNumber": str(first),
            "endSequenceNumber": str(last),
            "approximateArrivalOfFirstRecord": "2026-01-31T12:00:00Z",
            "approximateArrivalOfLastRecord": "2026-01-31T12:00:30Z",
            "batchSize": last - first + 1,
            "streamArn": "arn:aws:dynamodb:eu-west-2:000000000000:table/orders/stream/1",
        },
    }


@dataclass
class QueueInMemory:
    """A queue that keeps its messages until they are deleted."""

    messages: list[Message] = field(default_factory=list)

    @contextmanager
    def taken(self) -> Iterator[Taken]:
        yield cast("Taken", self)

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self.messages))

    def delete(self, message: Message) -> None:
        self.messages.remove(message)


class Shard:
    """A shard of a stream, read one record a page with an empty page before each."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = {int(each["dynamodb"]["SequenceNumber"]): each for each in records}
        self.read: list[int] = []

    def get_shard_iterator(self, **request: object) -> Mapping[str, Any]:
        assert request["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        return {"ShardIterator": f"{request['SequenceNumber']} empty"}

    def get_records(self, **request: object) -> Mapping[str, Any]:
        number, _, kind = str(request["ShardIterator"]).partition(" ")
        if kind:
            return {"Records": [], "NextShardIterator": number}
        position = int(number)
        self.read.append(position)
        page: dict[str, Any] = {"Records": [self._records[position]]}
        if position + 1 in self._records:
            page["NextShardIterator"] = f"{position + 1} empty"
        return page
