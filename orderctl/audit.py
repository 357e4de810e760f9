"""An order's history as the audit bucket has it, compared with the table's.

The bucket is complete but neither ordered nor free of repetitions: events are delivered at least
once. Reading orders them by version and keeps one of each.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.order import Order
from stacks.names import AUDIT_EVENTS_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELIVERY = timedelta(hours=1)
"""An event is in the bucket long before this, if nothing was in its way: Firehose holds it back for
minutes at most."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Comparison:
    """What the bucket and the table say about one order."""

    events: tuple[OrderEvent, ...]
    """As the bucket has them: ordered by version, each once."""
    missing: tuple[OrderEvent, ...]
    """In the table's history, and not in the bucket."""
    different: tuple[OrderEvent, ...]
    """In the bucket, and not in the table's history as they are."""

    @property
    def agrees(self) -> bool:
        """Tell whether the two say the same."""
        return not self.missing and not self.different


def by_order(events: Iterable[OrderEvent]) -> dict[str, list[OrderEvent]]:
    """Return the events of each order, by its id."""
    recorded: dict[str, list[OrderEvent]] = {}
    for event in events:
        recorded.setdefault(event.order_id, []).append(event)
    return recorded


def compare(order: Order, events: Iterable[OrderEvent]) -> Comparison:
    """Compare an order's history with the events that were found of it."""
    found = {event.event_id: event for event in events if event.order_id == order.order_id}
    expected = {event.event_id: event for event in events_since(0, order)}
    return Comparison(
        events=tuple(sorted(found.values(), key=lambda event: event.version)),
        missing=tuple(event for key, event in expected.items() if key not in found),
        different=tuple(
            event
            for key, event in sorted(found.items())
            if key not in expected or _facts(event, order) != _facts(expected[key], order)
        ),
    )


def compare_with_bucket(
    order: Order, client: "S3Client", bucket: str, *, now: datetime
) -> Comparison:
    """Compare an order's history with the audit bucket.

    The hours of the order's life are read, and what follows them only while an event is missing,
    up to now: an event may have been held up (the publisher tries for half a day), or published
    again at any later time.
    """
    in_time = order.history[-1].at + _DELIVERY
    found: list[OrderEvent] = []
    comparison = compare(order, found)
    for hour in hours(order.placed_at, now):
        if hour > in_time and not comparison.missing:
            break
        found += (
            event
            for event in events_of_hour(client, bucket, hour)
            if event.order_id == order.order_id
        )
        comparison = compare(order, found)
    return comparison


def events_in_bucket(
    client: "S3Client", bucket: str, *, since: datetime, until: datetime
) -> Iterator[OrderEvent]:
    """Yield every event that was written to the audit bucket in a span of time."""
    for hour in hours(since, until + _DELIVERY):
        yield from events_of_hour(client, bucket, hour)


def late_events(
    client: "S3Client", bucket: str, event_ids: Set[str], *, until: datetime, now: datetime
) -> Iterator[OrderEvent]:
    """Yield those of some events that came too late for `events_in_bucket` until a time.

    Hours are read while any of the events is missing, up to now (see `compare_with_bucket`).
    """
    missing = set(event_ids)
    for hour in hours(until + _DELIVERY + timedelta(hours=1), now):
        if not missing:
            return
        for event in events_of_hour(client, bucket, hour):
            if event.event_id in missing:
                missing.remove(event.event_id)
                yield event


def hours(since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the beginning of every hour (UTC) that the span touches."""
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield hour
        hour += timedelta(hours=1)


def events_of_hour(client: "S3Client", bucket: str, hour: datetime) -> Iterator[OrderEvent]:
    """Yield every event that was written to the audit bucket in an hour (UTC)."""
    prefix = f"{AUDIT_EVENTS_PREFIX}{hour:%Y/%m/%d/%H}/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            yield from parse_events(body)


def parse_events(body: bytes) -> Iterator[OrderEvent]:
    """Yield the events of one object: JSON documents one after the other, each on its line."""
    text = (gzip.decompress(body) if body.startswith(_GZIP) else body).decode().lstrip()
    decoder = json.JSONDecoder()
    while text:
        document, end = decoder.raw_decode(text)
        yield OrderEvent.model_validate(document)
        text = text[end:].lstrip()


def _facts(event: OrderEvent, order: Order) -> tuple[object, ...]:
    """Return what an event says for good; the rest describes the order as it was then.

    Whose order it is cannot be compared any more once its customer is erased.
    """
    return (
        event.event_type,
        event.order_id,
        None if order.erased_at else event.customer_id,
        event.version,
        event.occurred_at,
        event.detail,
    )
