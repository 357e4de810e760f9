"""Erasing a customer: what is removed, what is kept, and why (`order_pipeline.domain.erasure`)."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.erasure import erased
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import OrderNotFoundError
from order_pipeline.domain.stored import now
from orderctl.erased import ErasedOrders
from orderctl.queues import Queue

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

KEPT_ELSEWHERE = (
    "Erased orders stay for 90 days, without their customer, so none is placed and charged again.",
    "The audit bucket keeps events for the accounts: ids, items and amounts.",
    "The table's backups hold the erased data until they expire, 35 days from now.",
    "Logs keep order ids until their retention ends; they never held personal data.",
    "No queue except intake-overflow and its dead-letter queue holds personal data.",
    "The payment provider keeps its own records: ask it to erase the customer as well.",
)


@dataclass
class Erasure:
    """What was erased of a customer, and which orders were kept."""

    erased: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Order id → why it was kept."""
    unreadable: list[str] = field(default_factory=list)
    """The ids of orders that were kept because they cannot be read."""


def erase_customer(
    customer_id: str, *, client: "DynamoDBClient", table_name: str, notes: ErasedOrders
) -> Erasure:
    """Erase the customer from their settled orders; an open order is kept until it is settled.

    What is erased is noted before, so that a restore does not bring the customer back. Erasing
    publishes nothing. Repeatable: run it again when the open orders are settled.
    """
    erasure = Erasure()
    orders = OrdersTable(client, table_name)
    for order_id in _order_ids(customer_id, client, table_name):
        try:
            if orders.get(order_id).is_settled:
                notes.note(order_id, now())
            order = orders.change(order_id, erased_if_settled)
        except OrderNotFoundError:  # expired since it was listed
            continue
        except ValidationError:
            erasure.unreadable.append(order_id)
            continue
        if order.erased_at:
            erasure.erased.append(order_id)
        else:
            erasure.kept[order_id] = f"it is {order.status} and not yet settled"
    return erasure


def erased_if_settled(order: Order) -> Order:
    """Return the order without its customer, or as it was given while it is not settled."""
    return erased(order) if order.is_settled else order


_HIDDEN_SECONDS = 30
"""While messages are looked at: no longer than a deferred order waits for its next attempt."""


def not_in_the_table(customer_id: str, *, client: "SQSClient", queue_url: str) -> list[str]:
    """Say what there is of a customer, or may be, on a queue that holds whole orders.

    Ask before erasing: a message is on the queue now, or its order will be found in the table.
    Messages are put back as they are; those that a function works on cannot be looked at.
    """
    name = queue_url.rpartition("/")[2]
    queue = Queue(client, queue_url)
    sentences = []
    if (hidden := queue.depth().in_flight) > 0:
        sentences.append(
            f"messages on {name} are being processed and could not be checked ({hidden}): "
            "erase again when the queue is empty"
        )
    with queue.taken(hold_seconds=_HIDDEN_SECONDS) as messages:
        for message in messages:
            try:
                order = json.loads(message.body)
                owner, order_id = order["customerId"], order["orderId"]
            except (ValueError, TypeError, KeyError):
                sentences.append(
                    f"message {message.message_id} on {name} holds no order: check whose it is"
                )
                continue
            if owner == customer_id:
                sentences.append(f"order {order_id} is on {name}: erase again when it is settled")
    return sentences


def _order_ids(customer_id: str, client: "DynamoDBClient", table_name: str) -> list[str]:
    """Return the ids of a customer's orders, newest first, whatever else the items hold."""
    pages = client.get_paginator("query").paginate(
        TableName=table_name,
        IndexName="customer-index",
        KeyConditionExpression="customerId = :customer",
        ExpressionAttributeValues=to_item({":customer": customer_id}),
        ProjectionExpression="orderId",
        ScanIndexForward=False,
    )
    return [from_item(item)["orderId"] for page in pages for item in page["Items"]]
