"""Erasing a customer: what is removed, what is kept, and why (see `order_pipeline.erasure`)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from order_pipeline.adapters.orders_table import OrdersTable, Position
from order_pipeline.erasure import erased
from order_pipeline.order import Order
from order_pipeline.ports import OrderNotFoundError
from order_pipeline.stored import now
from orderctl.erased import ErasedOrders

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

KEPT_ELSEWHERE = (
    "Erased orders stay 90 days, without their customer: so that none is placed and charged again.",
    "The audit bucket keeps events for the accounts: ids, items and amounts.",
    "The table's backups hold what was erased until those end, 35 days from now.",
    "Logs keep order ids until their retention ends; they never held personal data.",
    "No queue but intake-overflow and its dead-letter queue holds personal data.",
    "The payment provider keeps records of its own: ask it to erase the customer as well.",
)


@dataclass
class Erasure:
    """What was erased of a customer, and which orders were kept."""

    erased: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Order id → why it was kept."""


def erase_customer(customer_id: str, *, orders: OrdersTable, notes: ErasedOrders) -> Erasure:
    """Erase the customer from their settled orders; an open order is kept until it is settled.

    What is erased is noted before, so that a restore does not bring the customer back. Erasing
    publishes nothing. Repeatable: run it again when the open orders are settled.
    """
    erasure = Erasure()
    for order_id in _order_ids(customer_id, orders):
        try:
            if orders.get(order_id).is_settled:
                notes.note(order_id, now())
            order = orders.change(order_id, erased_if_settled)
        except OrderNotFoundError:  # expired since it was listed
            continue
        if order.erased_at:
            erasure.erased.append(order_id)
        else:
            erasure.kept[order_id] = f"it is {order.status} and not settled yet"
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
    queue = queue_url.rpartition("/")[2]
    counted = client.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    sentences = []
    if (hidden := int(counted["ApproximateNumberOfMessagesNotVisible"])) > 0:
        sentences.append(
            f"messages on {queue} are being worked on and could not be looked at ({hidden}): "
            "erase again when the queue is empty"
        )
    for message in _messages(client, queue_url):
        try:
            order = json.loads(message["Body"])
            owner, order_id = order["customerId"], order["orderId"]
        except (ValueError, TypeError, KeyError):
            sentences.append(f"message {message['MessageId']} on {queue} holds no order: see whose")
            continue
        if owner == customer_id:
            sentences.append(f"order {order_id} is on {queue}: erase again when it is settled")
    return sentences


def _messages(client: "SQSClient", queue_url: str) -> Iterator["MessageTypeDef"]:
    """Receive every message once, and make all of them visible again."""
    receipts: dict[str, str] = {}
    try:
        while True:
            received = client.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=1,
            ).get("Messages", [])
            new = [message for message in received if message["MessageId"] not in receipts]
            receipts |= {message["MessageId"]: message["ReceiptHandle"] for message in received}
            yield from new
            if not new:
                return
    finally:
        for receipt in receipts.values():
            client.change_message_visibility(
                QueueUrl=queue_url, ReceiptHandle=receipt, VisibilityTimeout=0
            )


def _order_ids(customer_id: str, orders: OrdersTable) -> list[str]:
    ids: list[str] = []
    after: Position | None = None
    while True:
        listed, after = orders.of_customer(customer_id, limit=100, status=None, after=after)
        ids += [order.order_id for order in listed]
        if after is None:
            return ids
