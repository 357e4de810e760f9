"""The orders that are watched: those that are open, and those that were seen to end a moment ago.

The cheapest source that tells of every open order is the open-orders index: sixteen queries, of
keys alone. An order itself is read at every look until it has ended, but for most of them: those
that wait for their first parcel. Whatever happens to one of those changes its due time in the
index, so it is read again only then. What ended before it was ever seen is in no index, and is not
shown.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Protocol

from order_pipeline.adapters.items import Item, from_item, to_item
from order_pipeline.adapters.orders_table import OPEN_BUCKETS, OrdersTable, open_bucket_key
from order_pipeline.domain.money import Currency, major_units
from order_pipeline.domain.order import HistoryEntry
from order_pipeline.domain.transitions import TRANSITIONS, EventType, Status
from orderctl.following import ON_ITS_WAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        KeysAndAttributesOutputTypeDef,
        KeysAndAttributesTypeDef,
    )

ENDED = frozenset(
    {
        Status.DELIVERED,
        Status.REJECTED,
        Status.OUT_OF_STOCK,
        Status.PAYMENT_DECLINED,
        Status.CANCELLED,
    }
)

_AWAITS_FIRST_PARCEL = frozenset({EventType.ORDER_CONFIRMED, EventType.PAYMENT_REAUTHORISED})

_KEEP = timedelta(minutes=1)
"""How long an order is still shown when it has ended."""

_AT_ONCE = 100
"""DynamoDB reads no more items in one request."""

_PAUSE_SECONDS = 0.2
_READ = (
    "orderId",
    "customerId",
    "status",
    "total",
    "currency",
    "payment.state",
    "stock.state",
    "history",
    "dueAt",
)
"""What is read of an order: no contact data, no address."""

_PROJECTION = ", ".join(f"#{path.replace('.', '.#')}" for path in _READ)
_NAMES = {f"#{name}": name for path in _READ for name in path.split(".")}


@dataclass(frozen=True)
class WatchedOrder:
    """An order as the board shows it."""

    order_id: str
    customer_id: str
    status: Status
    since: datetime
    """When it came into its status."""
    placed_at: datetime
    payment: str
    stock: str
    last_event: str
    total: str | None = None
    currency: str = ""
    due_at: datetime | None = None
    """When the reconciler looks at it; None when the pipeline owes it nothing."""
    came_through: int = 0
    """How many statuses it had before this one."""

    @property
    def is_moving(self) -> bool:
        """Tell whether the pipeline leads it out of its status by itself."""
        return self.status in ON_ITS_WAY

    @property
    def awaits_first_parcel(self) -> bool:
        """Tell whether it rests until something happens that gives it another due time."""
        return self.status is Status.CONFIRMED and self.last_event in _AWAITS_FIRST_PARCEL

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more happens to it."""
        return self.status in ENDED and self.due_at is None


@dataclass(frozen=True)
class Frame:
    """What there is to be seen at one moment."""

    at: datetime
    orders: tuple[WatchedOrder, ...]
    """Those that move first, the latest change of each kind before the others."""
    unreadable: tuple[str, ...] = ()
    """The ids of items of the table that are no orders."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many orders there are in each status."""
        found = Counter(order.status for order in self.orders)
        return {status: found[status] for status in Status}


class Source(Protocol):
    """Where orders to watch come from."""

    def ids(self) -> Mapping[str, str | None]:
        """Return order id → what changes when the order has; None: it has to be read to know."""

    def read(self, order_ids: Iterable[str]) -> Mapping[str, Item]:
        """Return the orders that there are, by id."""


class OpenOrders:
    """All open orders, by the open-orders index."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table_name: str,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._wait = wait

    def ids(self) -> Mapping[str, str | None]:
        """Return the ids of the open orders, with the times they are due."""
        query = self._client.get_paginator("query")
        return {
            key["orderId"]: key["dueAt"]
            for number in range(OPEN_BUCKETS)
            for page in query.paginate(
                TableName=self._table_name,
                IndexName="open-orders-index",
                KeyConditionExpression="openBucket = :bucket",
                ExpressionAttributeValues=to_item({":bucket": open_bucket_key(number)}),
            )
            for key in map(from_item, page["Items"])
        }

    def read(self, order_ids: Iterable[str]) -> Mapping[str, Item]:
        """Read orders, a hundred at once; what is not there is left out."""
        found: dict[str, Item] = {}
        for some in batched(order_ids, _AT_ONCE, strict=False):
            asked: Mapping[str, KeysAndAttributesTypeDef | KeysAndAttributesOutputTypeDef] = {
                self._table_name: {
                    "Keys": [to_item({"orderId": order_id}) for order_id in some],
                    "ProjectionExpression": _PROJECTION,
                    "ExpressionAttributeNames": _NAMES,
                }
            }
            while asked:
                answer = self._client.batch_get_item(RequestItems=asked)
                for item in answer["Responses"].get(self._table_name, []):
                    found[from_item({"orderId": item["orderId"]})["orderId"]] = item
                # What DynamoDB did not get to (16 MB, or too much at once) is asked for again.
                asked = answer["UnprocessedKeys"]
                if asked:
                    self._wait(_PAUSE_SECONDS)
        return found


class CustomersOrders(OpenOrders):
    """A customer's newest orders, open or not: few, so that each is read every time."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, *, customer_id: str, limit: int
    ) -> None:
        super().__init__(client, table_name)
        self._orders = OrdersTable(client, table_name)
        self._customer_id = customer_id
        self._limit = limit

    def ids(self) -> Mapping[str, str | None]:
        """Return the ids of the customer's newest orders."""
        listed, _ = self._orders.of_customer(
            self._customer_id, limit=self._limit, status=None, after=None
        )
        return {order.order_id: None for order in listed}


@dataclass
class Board:
    """What is known of the orders that are watched."""

    source: Source
    keep: timedelta = _KEEP
    _orders: dict[str, WatchedOrder] = field(default_factory=dict)
    _marks: dict[str, str | None] = field(default_factory=dict)
    _ended: dict[str, datetime] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)

    def look(self, now: datetime | None = None) -> Frame:
        """Return what there is to be seen now, having read what may have changed."""
        now = now or datetime.now(UTC)
        ids = self.source.ids()
        known = [*self._orders, *(order_id for order_id in ids if order_id not in self._orders)]
        self._read([order_id for order_id in known if self._may_differ(order_id, ids)])
        self._marks = dict(ids)
        self._unreadable &= ids.keys()
        self._forget(ids, now)
        orders = sorted(self._orders.values(), key=lambda order: order.since, reverse=True)
        orders.sort(key=lambda order: (not order.is_moving, order.has_ended))
        return Frame(now, tuple(orders), tuple(sorted(self._unreadable)))

    def _may_differ(self, order_id: str, ids: Mapping[str, str | None]) -> bool:
        known = self._orders.get(order_id)
        if known is None:
            return True
        if order_id not in ids:
            return not known.has_ended
        mark = ids[order_id]
        return mark != self._marks.get(order_id) or mark is None or not known.awaits_first_parcel

    def _read(self, order_ids: list[str]) -> None:
        items = self.source.read(order_ids) if order_ids else {}
        for order_id in order_ids:
            self._orders.pop(order_id, None)
            if order_id not in items:
                continue
            try:
                self._orders[order_id] = watched(items[order_id])
            except (KeyError, ValueError):
                self._unreadable.add(order_id)

    def _forget(self, ids: Mapping[str, str | None], now: datetime) -> None:
        """Take off what ended a while ago, unless the source still names it."""
        for order_id, order in list(self._orders.items()):
            if order_id in ids or not order.has_ended:
                self._ended.pop(order_id, None)
            elif now - self._ended.setdefault(order_id, now) >= self.keep:
                del self._orders[order_id], self._ended[order_id]


def watched(item: Item) -> WatchedOrder:
    """Return what the board shows of an item of the orders table.

    Raises
    ------
    KeyError, ValueError
        If it is no order.
    """
    values = from_item(item)
    history = [HistoryEntry.model_validate(entry) for entry in values["history"]]
    moves = [entry for entry in history if _moves(entry)]
    currency = Currency(values["currency"])
    total = values.get("total")
    return WatchedOrder(
        order_id=values["orderId"],
        customer_id=values["customerId"],
        status=Status(values["status"]),
        since=moves[-1].at,
        placed_at=history[0].at,
        payment=values["payment"]["state"],
        stock=values["stock"]["state"],
        last_event=history[-1].event,
        total=None if total is None else major_units(total, currency),
        currency=currency,
        due_at=datetime.fromisoformat(values["dueAt"]) if "dueAt" in values else None,
        came_through=len(moves) - 1,
    )


def _moves(entry: HistoryEntry) -> bool:
    """Tell whether the order came into another status by this; placing it has no transition."""
    moves = TRANSITIONS.get(entry.event)
    return moves is None or any(before != after for before, after in moves.items())
