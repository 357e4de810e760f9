"""DynamoDB tables, and what functions may be allowed to do with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stacks.base import BaseStack
from stacks.building_blocks.alarms import Alarm
from stacks.building_blocks.policy import Grant, KeyUse, Statement
from stacks.building_blocks.watched import of_table
from stacks.cdk import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)


@dataclass(frozen=True)
class Index:
    """A global secondary index: keys only, as each change of what else it held would be a write."""

    name: str
    partition_key: str
    sort_key: str


class Table:
    """An on-demand table with point-in-time recovery, encrypted with the stack's key."""

    def __init__(
        self,
        stack: BaseStack,
        resource: str,
        *,
        key: str,
        key_arn: str,
        indexes: Sequence[Index] = (),
        expires: bool = False,
        streams: bool = False,
    ) -> None:
        """Make ``{resource}-table`` with the partition key `key`.

        All keys are strings. A table that `expires` deletes items whose ``expiresAt`` (seconds
        since 1970) has passed; one that `streams` has a stream of new and old images.
        """
        self._resource = resource
        self._indexes = indexes
        self.name = stack.names.of(resource, "table")
        self.arn = stack.names.table_arn(self.name)
        keys = {key, *(each for index in indexes for each in (index.partition_key, index.sort_key))}
        self._table = DynamodbTable(
            stack,
            f"{resource}-table",
            name=self.name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=key,
            attribute=[DynamodbTableAttribute(name=each, type="S") for each in sorted(keys)],
            global_secondary_index=[_rendered(index) for index in indexes] or None,
            ttl=DynamodbTableTtl(attribute_name="expiresAt", enabled=True) if expires else None,
            stream_enabled=streams or None,
            stream_view_type="NEW_AND_OLD_IMAGES" if streams else None,
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(
                enabled=stack.settings.point_in_time_recovery
            ),
            server_side_encryption=DynamodbTableServerSideEncryption(
                enabled=True, kms_key_arn=key_arn
            ),
            deletion_protection_enabled=False,
        )

    @property
    def stream_arn(self) -> str:
        """The ARN of the table's stream, which only AWS knows: it ends with a time."""
        return str(self._table.stream_arn)

    @property
    def get(self) -> Grant:
        """Read one item."""
        return self._grant("GetItem")

    @property
    def batch_get(self) -> Grant:
        """Read several items at once."""
        return self._grant("BatchGetItem")

    @property
    def put(self) -> Grant:
        """Write a whole item."""
        return self._grant("PutItem")

    @property
    def delete(self) -> Grant:
        """Remove an item."""
        return self._grant("DeleteItem")

    @property
    def update(self) -> Grant:
        """Change an item, also as part of a transaction."""
        return self._grant("UpdateItem")

    def query(self, index: Index) -> Grant:
        """Read a range of one of the table's indexes."""
        return self._grant("Query", f"{self.arn}/index/{index.name}")

    def alarms(self, *operations: str, has_transactions: bool = False) -> Iterator[Alarm]:
        """Yield what is to be watched of the table, for whoever has an alarm topic.

        `operations` are those of DynamoDB that are made on it.
        """
        return of_table(
            f"{self._resource}-table",
            self.name,
            operations=operations,
            indexes=[index.name for index in self._indexes],
            has_transactions=has_transactions,
        )

    def _grant(self, action: str, arn: str = "") -> Grant:
        sid = f"{action}Of{self._resource.capitalize()}"
        statement = Statement(sid, (f"dynamodb:{action}",), (arn or self.arn,))
        return Grant(statement, KeyUse("dynamodb"))


def _rendered(index: Index) -> DynamodbTableGlobalSecondaryIndex:
    return DynamodbTableGlobalSecondaryIndex(
        name=index.name,
        hash_key=index.partition_key,
        range_key=index.sort_key,
        projection_type="KEYS_ONLY",
    )
