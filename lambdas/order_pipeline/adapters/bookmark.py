"""How far a job that goes through time has come, kept in the idempotency table."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Bookmark:
    """A moment up to which everything was looked at."""

    def __init__(self, client: "DynamoDBClient", table_name: str, job: str) -> None:
        self._client = client
        self._table_name = table_name
        self._key = {"id": f"bookmark#{job}"}

    def read(self) -> datetime | None:
        """Return the moment; None before the first time."""
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item(self._key), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        return datetime.fromtimestamp(int(from_item(answer["Item"])["until"]), UTC)

    def move(self, until: datetime) -> None:
        """Remember a later moment."""
        self._client.update_item(
            TableName=self._table_name,
            Key=to_item(self._key),
            UpdateExpression="SET #until = :until",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues=to_item({":until": int(until.timestamp())}),
        )
