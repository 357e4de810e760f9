"""From changes of orders to the events they stand for, and on to the topic."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from order_pipeline.adapters.items import Item, from_item, order_id_of
from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.orders_table import to_order
from order_pipeline.adapters.trace_headers import passing_on
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.ports import Topic


class UnreadableRecordError(Exception):
    """A stream record whose image holds no order, as this version of the code knows it."""

    def __init__(self, order_id: str, version: object, reason: str) -> None:
        super().__init__(order_id)
        self.order_id = order_id
        self.version = version
        self.reason = reason


class SizedTopic(Topic, Protocol):
    """A topic that does not take every event."""

    def takes(self, event: OrderEvent) -> bool:
        """Tell whether an event is small enough to be published at all."""


class Parking(Protocol):
    """Where records that can never be published are put aside."""

    def park(self, order_id: str, version: object, reason: str) -> None:
        """Put a record aside, by what it takes to find it again."""


def publish_changes(
    records: Sequence[Mapping[str, Any]], *, topic: SizedTopic, parking: Parking
) -> list[str]:
    """Publish the events of stream records (NEW_AND_OLD_IMAGES), oldest first.

    A record that holds no order, and an event that the topic can never take, is parked: a stream
    does not go past a record that fails, so trying it again would hold every later order back.

    Returns
    -------
    list[str]
        The sequence numbers of the records that must be delivered again. Events may then be
        published twice: consumers are idempotent.
    """
    events: dict[str, list[OrderEvent]] = {}
    for record in records:
        try:
            found = events_of(record)
        except UnreadableRecordError as unreadable:
            parking.park(unreadable.order_id, unreadable.version, unreadable.reason)
            continue
        taken: list[OrderEvent] = []
        events[record["dynamodb"]["SequenceNumber"]] = taken
        for event in found:
            if topic.takes(event):
                taken.append(event)
            else:
                parking.park(event.order_id, event.version, "larger than a message may be")
    all_events = [event for batch in events.values() for event in batch]
    refused = topic.publish(all_events)
    for event in all_events:
        _log(event, is_published=event.event_id not in refused)
    return [
        sequence_number
        for sequence_number, batch in events.items()
        if any(event.event_id in refused for event in batch)
    ]


def _log(event: OrderEvent, *, is_published: bool) -> None:
    with (
        passing_on(event.trace_header),  # so that the line of a sampled order names the trace
        logger.append_context_keys(
            order_id=event.order_id,
            event_id=event.event_id,
            event_type=event.event_type.value,
            version=event.version,
        ),
    ):
        if is_published:
            logger.info("published")
        else:
            logger.error("not published")


def events_of(record: Mapping[str, Any]) -> list[OrderEvent]:
    """Return the events that one change of an order stands for, oldest first.

    They are the history entries that the old image has not. A write that appends nothing and a
    removal (TTL, erasure) stand for no event.

    Raises
    ------
    UnreadableRecordError
        If an image holds no order.
    """
    images = record["dynamodb"]
    if "NewImage" not in images:
        return []
    image = images["NewImage"]
    try:
        published = _version(images["OldImage"]) if "OldImage" in images else 0
        return events_since(published, to_order(image))
    except (KeyError, ValueError) as error:
        raise UnreadableRecordError(
            order_id_of(image),
            _version_if_any(image),
            f"{type(error).__name__}: {error}",
        ) from error


def _version(image: Item) -> int:
    """Return the version that an image tells, whatever else is wrong with it."""
    version = from_item({"version": image["version"]})["version"]
    if not isinstance(version, int):
        raise ValueError("the version is no number")  # noqa: TRY004 (of the stored value)
    return version


def _version_if_any(image: Item) -> int | None:
    try:
        return _version(image)
    except (KeyError, ValueError):
        return None
