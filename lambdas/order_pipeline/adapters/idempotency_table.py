"""The idempotency table: who has claimed a piece of work that must be done once."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.domain.ports import ClaimTakenError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_LEASE_SECONDS = 60
"""Longer than any function with claims runs: one that old belongs to a process that died."""

KEPT = timedelta(days=30)
"""How long what was done is remembered.

Longer than any queue and dead-letter queue keep a message together.
"""

_KEEP_SECONDS = int(KEPT.total_seconds())


class IdempotencyTable:
    """Claims of work, in DynamoDB: claimed with a lease, done, then marked done."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def claim(self, key: str) -> bool:
        """Claim the work.

        Returns
        -------
        bool
            True when the work is the caller's to do; False when it was done before.

        Raises
        ------
        ClaimTakenError
            If somebody else holds a claim whose lease is not over.
        """
        now = int(time.time())
        try:
            self._client.update_item(
                TableName=self._table_name,
                Key=to_item({"id": key}),
                UpdateExpression="SET leaseUntil = :lease, expiresAt = :expires",
                ConditionExpression="attribute_not_exists(id) OR "
                "(attribute_not_exists(doneAt) AND leaseUntil < :now)",
                ExpressionAttributeValues=to_item(
                    {
                        ":lease": now + _LEASE_SECONDS,
                        ":expires": now + _KEEP_SECONDS,
                        ":now": now,
                    }
                ),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            if self._is_done(key):
                return False
            raise ClaimTakenError(key) from None
        return True

    def done(self, key: str) -> None:
        """Mark the work done."""
        self._client.update_item(
            TableName=self._table_name,
            Key=to_item({"id": key}),
            UpdateExpression="SET doneAt = :now",
            ExpressionAttributeValues=to_item({":now": int(time.time())}),
        )

    def release(self, key: str) -> None:
        """Give the claim back: the work may be claimed again at once."""
        self._client.update_item(
            TableName=self._table_name,
            Key=to_item({"id": key}),
            UpdateExpression="SET leaseUntil = :over",
            ConditionExpression="attribute_not_exists(doneAt)",
            ExpressionAttributeValues=to_item({":over": 0}),
        )

    def record(self, key: str, result: int) -> "TransactWriteItemTypeDef":
        """Return the action that records a result, once; for use in a transaction."""
        return {
            "Put": {
                "TableName": self._table_name,
                "Item": to_item(
                    {"id": key, "result": result, "expiresAt": int(time.time()) + _KEEP_SECONDS}
                ),
                "ConditionExpression": "attribute_not_exists(id)",
            }
        }

    def recorded(self, key: str) -> int:
        """Return the result that was recorded."""
        return int(self._get(key)["result"])

    def find_recorded(self, key: str) -> int | None:
        """Return the result that was recorded, if one was."""
        result = self._get(key).get("result")
        return None if result is None else int(result)

    def _is_done(self, key: str) -> bool:
        return "doneAt" in self._get(key)

    def _get(self, key: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"id": key}), ConsistentRead=True
        )
        return from_item(answer.get("Item", {}))
