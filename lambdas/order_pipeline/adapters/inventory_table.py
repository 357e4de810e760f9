"""The items of the inventory table: what the shop sells, and how many units can be reserved."""

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.transactions import CONDITION_FAILED, cancellation_reasons
from order_pipeline.catalogue import Item
from order_pipeline.ports import (
    ConcurrentChangeError,
    ItemChangedError,
    ItemExistsError,
    NotEnoughStockError,
    RecordExistsError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

_KEYS_PER_READ = 100
"""BatchGetItem takes no more."""


class InventoryTable:
    """The items, in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def adjust(self, item_id: str, delta: int, *, record: "TransactWriteItemTypeDef") -> None:
        """Add units to an item's stock, together with the record that it was done.

        Raises
        ------
        NotEnoughStockError
            If fewer units are there than are to be taken away, or there is no such item.
        RecordExistsError
            If the record is there already; then nothing has changed.
        ConcurrentChangeError
            If the item was being changed by somebody else.
        """
        update: UpdateTypeDef = {
            "TableName": self._table_name,
            "Key": to_item({"itemId": item_id}),
            "UpdateExpression": "SET available = available + :delta, version = version + :one",
            "ConditionExpression": "attribute_exists(itemId) AND available >= :least",
            "ExpressionAttributeValues": to_item(
                {":delta": delta, ":one": 1, ":least": max(0, -delta)}
            ),
        }
        try:
            self._client.transact_write_items(TransactItems=[record, {"Update": update}])
        except self._client.exceptions.TransactionCanceledException as cancelled:
            recorded, adjusted = cancellation_reasons(cancelled)
            if recorded == CONDITION_FAILED:
                raise RecordExistsError from None
            if adjusted == CONDITION_FAILED:
                raise NotEnoughStockError from None
            raise ConcurrentChangeError(item_id) from cancelled

    def find(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Return the items that exist, by id."""
        found: dict[str, Item] = {}
        for ids in batched(sorted(set(item_ids)), _KEYS_PER_READ, strict=False):
            keys = [to_item({"itemId": item_id}) for item_id in ids]
            while keys:
                answer = self._client.batch_get_item(
                    RequestItems={self._table_name: {"Keys": keys, "ConsistentRead": True}}
                )
                for stored in answer["Responses"].get(self._table_name, []):
                    item = Item.model_validate(from_item(stored))
                    found[item.item_id] = item
                unread = answer.get("UnprocessedKeys", {}).get(self._table_name)
                keys = [dict(key) for key in unread["Keys"]] if unread else []
        return found

    def get(self, item_id: str) -> Item | None:
        """Return the item as it is now, if there is one."""
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"itemId": item_id}), ConsistentRead=True
        )
        return Item.model_validate(from_item(answer["Item"])) if "Item" in answer else None

    def create(self, item: Item) -> None:
        """Store a new item.

        Raises
        ------
        ItemExistsError
            If there is one with its id.
        """
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(item.model_dump(mode="json", by_alias=True)),
                ConditionExpression="attribute_not_exists(itemId)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise ItemExistsError(item.item_id) from None

    def replace(self, item: Item, *, expected_version: int) -> None:
        """Store an item in place of the version that the caller has read.

        A reservation raises the version, so units reserved since then are never overwritten.

        Raises
        ------
        ItemChangedError
            If the item is not that version any more, or does not exist.
        """
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(item.model_dump(mode="json", by_alias=True)),
                ConditionExpression="version = :expected",
                ExpressionAttributeValues=to_item({":expected": expected_version}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise ItemChangedError(item.item_id) from None
