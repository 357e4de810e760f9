"""From changes of orders to the events they stand for, and on to the topic."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from order_pipeline.adapters.items import from_item
from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.orders_table import to_order
from order_pipeline.events import OrderEvent, events_since


class Topic(Protocol):
    """Where events are published."""

    def publish(self, events: Sequence[OrderEvent]) -> set[str]:
        """Publish the events; return the ids of those that the topic did not take."""


def publish_changes(records: Sequence[Mapping[str, Any]], *, topic: Topic) -> list[str]:
    """Publish the events of stream records (NEW_AND_OLD_IMAGES), oldest first.

    Returns
    -------
    list[str]
        The sequence numbers of the records that must be delivered again. Events may then be
        published twice: consumers are idempotent.
    """
    unread: list[str] = []
    events: dict[str, list[OrderEvent]] = {}
    for record in records:
        sequence_number = record["dynamodb"]["SequenceNumber"]
        try:
            events[sequence_number] = events_of(record)
        except ValueError:
            logger.exception("a record cannot be read", sequence_number=sequence_number)
            unread.append(sequence_number)
    refused = topic.publish([event for batch in events.values() for event in batch])
    return unread + [
        sequence_number
        for sequence_number, batch in events.items()
        if any(event.event_id in refused for event in batch)
    ]


def events_of(record: Mapping[str, Any]) -> list[OrderEvent]:
    """Return the events that one change of an order stands for, oldest first.

    They are the history entries that the old image has not. A write that appends nothing and a
    removal (TTL, erasure) stand for no event.

    Raises
    ------
    ValueError
        If the new image is no order.
    """
    images = record["dynamodb"]
    if "NewImage" not in images:
        return []
    published = from_item(images["OldImage"])["version"] if "OldImage" in images else 0
    return events_since(published, to_order(images["NewImage"]))
