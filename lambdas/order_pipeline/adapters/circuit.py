"""The circuit in front of the payment provider: open while the payment stage is to be paused.

While it is open there is an item of the idempotency table that says since when and why. The
payment function opens it, payment-breaker closes it, and an operator who pauses the stage holds it.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.observability import logger
from order_pipeline.domain.ports import CallOutcome, ServiceCall

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAYMENT_CIRCUIT = "circuit#payment"

FAILURES_TO_OPEN = 5
"""In a row without an answer, seen by one process: in an outage, two to five batches.

Of all calls, or of those of one kind: an attempt to pay begins with a call of another kind than it
ends with, which may well be answered while only confirmations are out.
"""

_OF_ANY_KIND = ""


@dataclass(frozen=True)
class OpenCircuit:
    """Why the stage is paused."""

    reason: str
    held_by: str | None
    """Who paused it by hand: it then stays so until it is resumed by hand."""


class CircuitTable:
    """The circuit's item in the idempotency table."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def look(self) -> OpenCircuit | None:
        """Return why the circuit is open; None when it is closed."""
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"id": PAYMENT_CIRCUIT}), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = from_item(answer["Item"])
        return OpenCircuit(item["reason"], item.get("heldBy"))

    def open(self, reason: str, *, held_by: str | None = None) -> None:
        """Open the circuit; one that is open already keeps the time and reason it was opened."""
        values = {":now": int(time.time()), ":reason": reason}
        expression = (
            "SET openedAt = if_not_exists(openedAt, :now), "
            "#reason = if_not_exists(#reason, :reason)"
        )
        if held_by:
            values[":holder"] = held_by
            expression += ", heldBy = :holder"
        self._client.update_item(
            TableName=self._table_name,
            Key=to_item({"id": PAYMENT_CIRCUIT}),
            UpdateExpression=expression,
            ExpressionAttributeNames={"#reason": "reason"},
            ExpressionAttributeValues=to_item(values),
        )

    def close(self) -> None:
        """Close the circuit, unless somebody has taken hold of it."""
        try:
            self._client.delete_item(
                TableName=self._table_name,
                Key=to_item({"id": PAYMENT_CIRCUIT}),
                ConditionExpression="attribute_not_exists(heldBy)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            logger.info("the circuit is held by hand")

    def let_go(self) -> None:
        """Close the circuit, whoever holds it."""
        self._client.delete_item(TableName=self._table_name, Key=to_item({"id": PAYMENT_CIRCUIT}))


class Breaker:
    """Opens the circuit after some calls in a row without an answer; see `ports.CallMonitor`."""

    def __init__(self, circuit: CircuitTable) -> None:
        self._circuit = circuit
        self._failures = Counter[str]()

    def note(self, call: ServiceCall) -> None:
        """Count calls without an answer, and open the circuit when it was the last straw."""
        rows = (_OF_ANY_KIND, call.name)
        if call.outcome is not CallOutcome.UNKNOWN:
            for row in rows:
                del self._failures[row]
            return
        self._failures.update(rows)
        if max(self._failures[row] for row in rows) < FAILURES_TO_OPEN:
            return
        self._failures.clear()
        logger.error("circuit opened", circuit="payment", call=call.name, reason=call.reason)
        self._circuit.open(call.reason)
