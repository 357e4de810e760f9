"""Publishing events again from the orders' histories: of one order, or of a span of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import Item, order_id_of
from order_pipeline.adapters.orders_table import to_order
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.ports import Topic
from order_pipeline.domain.transitions import EventType

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EVENTS_AT_ONCE = 100
"""Published before the scan goes on, so that memory does not grow with the table."""


@dataclass
class Republished:
    """What was published again."""

    orders: set[str] = field(default_factory=set)
    published: int = 0
    refused: list[str] = field(default_factory=list)
    """The ids of events that the topic did not take."""
    unreadable: list[str] = field(default_factory=list)
    """The ids of orders that cannot be read."""

    @property
    def is_complete(self) -> bool:
        """Tell whether everything there was is published."""
        return not self.refused and not self.unreadable


def republish_span(
    items: Iterable[Item],
    topic: Topic,
    *,
    since: datetime,
    until: datetime,
    only: EventType | None = None,
) -> Republished:
    """Publish every history entry of every order from `since` until before `until`.

    With `only`, those of one type.
    """
    done = Republished()
    events_of_span = (
        event
        for event in _events(items, done)
        if since <= event.occurred_at < until and only in (None, event.event_type)
    )
    for events in batched(events_of_span, _EVENTS_AT_ONCE, strict=False):
        refused = topic.publish(events)
        done.refused += sorted(refused)
        done.published += len(events) - len(refused)
        done.orders |= {event.order_id for event in events}
    return done


def all_items(client: "DynamoDBClient", table_name: str) -> Iterator[Item]:
    """Yield every item of a table, page by page."""
    pages = client.get_paginator("scan").paginate(TableName=table_name, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _events(items: Iterable[Item], done: Republished) -> Iterator[OrderEvent]:
    for item in items:
        try:
            yield from events_since(0, to_order(item))
        except ValueError:
            done.unreadable.append(order_id_of(item))
