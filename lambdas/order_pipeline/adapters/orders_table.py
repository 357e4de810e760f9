"""The orders table: one item is one order, and every change is one conditional write.

The table's stream is the outbox: a write that appends to the history is published, so no function
ever writes the table and sends a message.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from order_pipeline.adapters.items import Item, from_item, to_item
from order_pipeline.adapters.observability import logger, note_recorded
from order_pipeline.adapters.reading import read_items
from order_pipeline.domain.limits import RETENTION
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import ConcurrentChangeError, OrderNotFoundError
from order_pipeline.domain.progress import due_at
from order_pipeline.domain.stored import Record, Timestamp, rfc3339
from order_pipeline.domain.transitions import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, UpdateTypeDef

OPEN_BUCKETS = 16
"""Partitions of the open-orders index, so that no key of it is hot."""

_FOR_INDEXES = ("openBucket", "dueAt", "expiresAt")
"""Attributes that follow from the order: written with it, never read from it."""

_ATTEMPTS = 5
_PAGES_PER_LIST = 10
"""So that a list of a rare status ends within the function's time."""

_READ_FOR_A_STATUS = 500
"""Orders read at once when most of them may be in another status: some 600 KB."""

_LISTED = ("orderId", "status", "placedAt", "currency", "total")
"""The attributes that a list shows."""


class ListedOrder(Record):
    """What a list of a customer's orders shows of one."""

    order_id: str
    status: Status
    placed_at: Timestamp
    currency: Currency
    total: int | None = None


@dataclass(frozen=True)
class Position:
    """A place in a customer's orders, newest first: just after this one."""

    placed_at: str
    order_id: str


class OrdersTable:
    """The orders, in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def add(self, order: Order) -> Order:
        """Store a new order; return what is stored under its id, which may be an earlier one."""
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(stored_attributes(order)),
                ConditionExpression="attribute_not_exists(orderId)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return self.get(order.order_id)
        note_recorded(None, order)
        return order

    def get(self, order_id: str) -> Order:
        """Return the order as it is now.

        Raises
        ------
        OrderNotFoundError
            If there is none.
        """
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"orderId": order_id}), ConsistentRead=True
        )
        if "Item" not in answer:
            raise OrderNotFoundError(order_id)
        return to_order(answer["Item"])

    def change(
        self, order_id: str, decide: Callable[[Order], Order], *, seen: Order | None = None
    ) -> Order:
        """Store what `decide` makes of the order; see `ports.Orders`."""
        for _ in range(_ATTEMPTS):
            order, seen = seen or self.get(order_id), None
            changed = decide(order)
            if changed is order:
                return order
            try:
                self._client.update_item(**self.update(order, changed))
            except self._client.exceptions.ConditionalCheckFailedException:
                continue
            note_recorded(order, changed)
            return changed
        raise ConcurrentChangeError(order_id)

    def remember_intent(self, order: Order, intent_id: str) -> None:
        """Store a payment intent's id with the order; see `ports.OrdersWithIntents`.

        Nothing has happened to the order by this, so its version stays and nothing is published.
        """
        self._remember(order, "intentId", intent_id, "status", Status.RESERVED.value)

    def remember_replacement(self, order: Order, intent_id: str) -> None:
        """Store the intent that is to take over; see `ports.OrdersWithIntents`.

        A write without an event, as `remember_intent`: the version stays.
        """
        self._remember(order, "replacementIntentId", intent_id, "version", order.version)

    def _remember(
        self, order: Order, name: str, intent_id: str, still: str, value: str | int, /
    ) -> None:
        """Store an intent's id where there is none, while the attribute `still` has its value."""
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=to_item({"orderId": order.order_id}),
                UpdateExpression=f"SET payment.{name} = :intent",
                # Its own late write, whose answer was lost, is no conflict.
                ConditionExpression="#still = :value AND "
                f"(attribute_not_exists(payment.{name}) OR payment.{name} = :intent)",
                ExpressionAttributeNames={"#still": still},
                ExpressionAttributeValues=to_item({":intent": intent_id, ":value": value}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise ConcurrentChangeError(order.order_id) from None

    def of_customer(
        self,
        customer_id: str,
        *,
        limit: int,
        status: Status | None,
        after: Position | None,
    ) -> tuple[list[ListedOrder], Position | None]:
        """Return a customer's orders, newest first, and where to go on if there may be more.

        The position says where in the customer's own orders to go on; the customer is never read
        from it. With a status, a page may hold fewer than `limit` although there are more: that
        many of the customer's orders, thousands, were in another one.

        The index says which orders there are, and the table what has become of them: an index that
        told the status would be written with every step of every order, and lists are few.
        """
        listed: list[ListedOrder] = []
        for _ in range(_PAGES_PER_LIST):
            query: QueryInputTypeDef = {
                "TableName": self._table_name,
                "IndexName": "customer-index",
                "KeyConditionExpression": "customerId = :customer",
                "ExpressionAttributeValues": to_item({":customer": customer_id}),
                "ScanIndexForward": False,
                "Limit": _READ_FOR_A_STATUS if status else limit,
            }
            if after:
                query["ExclusiveStartKey"] = to_item(
                    {
                        "customerId": customer_id,
                        "placedAt": after.placed_at,
                        "orderId": after.order_id,
                    }
                )
            answer = self._client.query(**query)
            ids = [from_item(item)["orderId"] for item in answer["Items"]]
            found = self._listed(ids)
            page = [found[each] for each in ids if each in found]
            if status:
                page = [order for order in page if order.status is status]
            room = limit - len(listed)
            listed += page[:room]
            if len(page) > room:
                last = listed[-1]
                return listed, Position(rfc3339(last.placed_at), last.order_id)
            if "LastEvaluatedKey" not in answer:
                return listed, None
            key = from_item(answer["LastEvaluatedKey"])
            after = Position(key["placedAt"], key["orderId"])
            if len(listed) == limit:
                break
        return listed, after

    def _listed(self, order_ids: Sequence[str]) -> dict[str, ListedOrder]:
        """Return what a list shows of orders, by id; those that are gone meanwhile are left out."""
        found = read_items(
            self._client,
            self._table_name,
            [to_item({"orderId": order_id}) for order_id in order_ids],
            {
                "ProjectionExpression": ", ".join(f"#{name}" for name in _LISTED),
                "ExpressionAttributeNames": {f"#{name}": name for name in _LISTED},
            },
        )
        return {order.order_id: order for order in map(ListedOrder.model_validate, found)}

    def overdue(self, before: datetime) -> Iterator[str]:
        """Yield the ids of the open orders that were due before a time, oldest first per bucket.

        The buckets come in another order each time, so that the first ones, when they hold more
        than somebody can look at, never keep the others from being looked at.

        The index follows the table within moments: an order that has just been settled may still
        be among them.
        """
        query = self._client.get_paginator("query")
        for number in random.sample(range(OPEN_BUCKETS), OPEN_BUCKETS):
            pages = query.paginate(
                TableName=self._table_name,
                IndexName="open-orders-index",
                KeyConditionExpression="openBucket = :bucket AND dueAt < :before",
                ExpressionAttributeValues=to_item(
                    {":bucket": open_bucket_key(number), ":before": rfc3339(before)}
                ),
            )
            for page in pages:
                for item in page["Items"]:
                    yield from_item(item)["orderId"]

    def put_off(self, order: Order, until: datetime) -> None:
        """Let an open order be due at another time: a write without an event.

        Nothing has happened to the order by this, so its version stays and nothing is published.
        An order that somebody has moved on since it was read has a due time of its own, so it is
        left as it is.
        """
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=to_item({"orderId": order.order_id}),
                UpdateExpression="SET dueAt = :until",
                ConditionExpression="version = :version AND attribute_exists(openBucket)",
                ExpressionAttributeValues=to_item(
                    {":until": rfc3339(until), ":version": order.version}
                ),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            logger.info("not put off: the order has moved on", order_id=order.order_id)

    def update(self, before: Order, after: Order) -> "UpdateTypeDef":
        """Return the conditional write that turns `before` into `after`.

        Only attributes that differ are written; the history is appended to. Every event raises
        the version, so the version alone tells whether the order is still as it was read; what
        is written without one is a payment intent's id (see `remember_intent`) and, for the index
        alone, another due time (see `put_off`).
        """
        old, new = stored_attributes(before), stored_attributes(after)
        appended = new.pop("history")[len(before.history) :]
        old.pop("history")
        names = {"#version": "version", "#history": "history"}
        values: dict[str, Any] = {":expectedVersion": before.version, ":appended": appended}
        assignments = ["#history = list_append(#history, :appended)"]
        for name in (name for name in new if new[name] != old.get(name)):
            names[f"#{name}"] = name
            values[f":{name}"] = new[name]
            assignments.append(f"#{name} = :{name}")
        removed = old.keys() - new.keys()
        names |= {f"#{name}": name for name in removed}
        expression = "SET " + ", ".join(assignments)
        if removed:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in sorted(removed))
        return {
            "TableName": self._table_name,
            "Key": to_item({"orderId": before.order_id}),
            "UpdateExpression": expression,
            "ConditionExpression": "#version = :expectedVersion",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item(values),
        }


def to_order(item: Item) -> Order:
    """Return the order that an item of the table, or an image of its stream, holds.

    Raises
    ------
    pydantic.ValidationError
        If it holds none.
    """
    values = from_item(item)
    return Order.model_validate(
        {name: value for name, value in values.items() if name not in _FOR_INDEXES}
    )


def stored_attributes(order: Order) -> dict[str, Any]:
    """Return what is stored of an order: itself, and the attributes that the indexes need.

    What is empty is left out, as what there is not: a write is charged by the kilobyte, and an
    ordinary order has less than one.
    """
    attributes = _without_empty(order.model_dump(mode="json", by_alias=True, exclude_none=True))
    attributes["history"] = [_without_empty(entry) for entry in attributes["history"]]
    if due := due_at(order):
        attributes["openBucket"] = open_bucket(order.order_id)
        attributes["dueAt"] = rfc3339(due)
    if order.is_settled:
        attributes["expiresAt"] = int((order.history[-1].at + RETENTION).timestamp())
    return attributes


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ([], {})}


def open_bucket(order_id: str) -> str:
    """Return the open-orders index partition of an order."""
    return open_bucket_key(crc32(order_id.encode()) % OPEN_BUCKETS)


def open_bucket_key(number: int) -> str:
    """Return the key of an open-orders index partition, by its number (see `OPEN_BUCKETS`)."""
    return f"open#{number}"
