"""The dead-letter queues as an operator sees them: what is in them, and back with it."""

import re
import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from tests.e2e.orderctl import orderctl
from tests.e2e.shop import Shop

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_FOR = 3
"""Seconds that a message is hidden once it was looked at."""
_ORDER_ID = re.compile(r'"orderId":\s*"([^"]+)"')
STAGES = ("validation", "inventory", "payment", "notification")


class DeadLetters:
    """Those of the stages; the others hold nothing that can be redriven."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def url(self, name: str) -> str:
        """Return the address of a queue such as `payment-dlq`."""
        deployment = self._shop.deployment
        return f"{deployment.endpoint}/000000000000/{name}-{deployment.suffix}"

    def count(self, name: str) -> int:
        """Count the messages of a queue."""
        return self._shop.messages(self.url(name))

    def messages(self, name: str) -> "Iterator[MessageTypeDef]":
        """Receive the messages of a queue, which are hidden for the time being."""
        while received := self._shop.sqs.receive_message(
            QueueUrl=self.url(name),
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0,
            VisibilityTimeout=HIDDEN_FOR,
            MessageAttributeNames=["All"],
        ).get("Messages"):
            yield from received

    def take(self, name: str) -> "list[MessageTypeDef]":
        """Receive the messages of a queue and delete them."""
        taken = []
        for message in self.messages(name):
            taken.append(message)
            self._shop.sqs.delete_message(
                QueueUrl=self.url(name), ReceiptHandle=message["ReceiptHandle"]
            )
        return taken

    def redrive(self, order_ids: Collection[str]) -> set[str]:
        """Redrive the queues that hold messages about orders, as an operator does.

        Returns
        -------
        set[str]
            The ids of those orders.
        """
        about: set[str] = set()
        for stage in STAGES:
            found = {
                match[1]
                for message in self.messages(f"{stage}-dlq")
                if (match := _ORDER_ID.search(message["Body"])) and match[1] in order_ids
            }
            if found:
                # What was looked at is hidden for a moment.
                time.sleep(HIDDEN_FOR)
                done = orderctl(self._shop.deployment, "dlq", "redrive", stage)
                assert done.returncode == 0, done.stdout + done.stderr
                about |= found
        return about
