"""The items of the inventory table: what the shop sells, and how many units can be reserved."""

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.catalogue import Item
from order_pipeline.ports import ItemChangedError, ItemExistsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_PER_READ = 100
"""BatchGetItem takes no more."""


class InventoryTable:
    """The items, in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

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
        """Store a new item; one that is stored just so already stays as it is.

        The client repeats a write whose answer was late: it then finds what it wrote itself.

        Raises
        ------
        ItemExistsError
            If there is another one with its id.
        """
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(item.model_dump(mode="json", by_alias=True)),
                ConditionExpression="attribute_not_exists(itemId)",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            if self.get(item.item_id) != item:
                raise ItemExistsError(item.item_id) from None

    def replace(self, item: Item, *, expected_version: int) -> None:
        """Store an item in place of the version that the caller has read.

        A reservation raises the version, so units reserved since then are never overwritten. An
        item that is stored just so already may be a reservation's work as well as one's own late
        write, so it is refused like any other: to take it for done would sell its units twice.

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
