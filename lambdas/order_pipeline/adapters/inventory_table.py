"""The items of the inventory table: what the shop sells, and how many units can be reserved."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.stock_counters import (
    CountedStock,
    StockCounters,
    counter_key,
    read_inventory,
    stored_attributes,
    stored_counters,
    stored_version,
    to_catalogue_item,
)
from order_pipeline.adapters.transactions import (
    CONDITION_FAILED,
    cancellation_reasons,
    write_together,
)
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.ports import ConcurrentChangeError, ItemChangedError, ItemExistsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef


class InventoryTable:
    """The items, in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._counters = StockCounters(client, table_name)

    def find(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Return the items that exist, by id; the units of those with counters are not counted."""
        found = read_inventory(self._client, self._table_name, item_ids)
        return {item_id: to_catalogue_item(values) for item_id, values in found.items()}

    def get(self, item_id: str) -> Item | None:
        """Return the item as it is now, if there is one.

        Raises
        ------
        ConcurrentChangeError
            If others keep changing how many counters it has.
        """
        answer = self._client.get_item(
            TableName=self._table_name, Key=to_item({"itemId": item_id}), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = to_catalogue_item(from_item(answer["Item"]))
        if not item.has_counters:
            return item
        self._counters.remember(item)
        stock = self._counters.look(item_id)
        return stock.as_item() if stock else None

    def create(self, item: Item) -> None:
        """Store a new item; one that is stored just so already stays as it is.

        The client repeats a write whose answer was late: it then finds what it wrote itself.

        Raises
        ------
        ItemExistsError
            If there is another one with its id.
        ConcurrentChangeError
            If somebody else is making it.
        """
        if item.has_counters:
            self._create_with_counters(item)
            return
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(stored_attributes(item)),
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
        ConcurrentChangeError
            If it was being changed by somebody else.
        """
        if not item.has_counters and self._replace_alone(item, expected_version):
            return
        stock = self._counters.look(item.item_id)
        if stock is None or stock.version != expected_version:
            raise ItemChangedError(item.item_id)
        try:
            write_together(self._client, self._replacement(stock, item))
        except self._client.exceptions.TransactionCanceledException as cancelled:
            if CONDITION_FAILED in cancellation_reasons(cancelled):
                raise ItemChangedError(item.item_id) from None
            raise ConcurrentChangeError(item.item_id) from cancelled

    def _replace_alone(self, item: Item, expected_version: int) -> bool:
        """Store an item without counters in place of one; tell whether it was that version."""
        try:
            self._client.put_item(
                TableName=self._table_name,
                Item=to_item(stored_attributes(item)),
                ConditionExpression="version = :expected",
                ExpressionAttributeValues=to_item({":expected": expected_version}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _create_with_counters(self, item: Item) -> None:
        actions = [
            self._put(stored_attributes(item), "attribute_not_exists(itemId)"),
            *(self._put(counter) for counter in stored_counters(item)),
        ]
        try:
            write_together(self._client, actions)
        except self._client.exceptions.TransactionCanceledException as cancelled:
            if CONDITION_FAILED not in cancellation_reasons(cancelled):
                raise ConcurrentChangeError(item.item_id) from cancelled
            if self.get(item.item_id) != item:
                raise ItemExistsError(item.item_id) from None

    def _replacement(self, stock: CountedStock, item: Item) -> "list[TransactWriteItemTypeDef]":
        """Return the writes that put an item and its counters in place of what was looked at."""
        still = "version = :version"
        actions = [self._put(stored_attributes(item), still, stored_version(stock.item))]
        counters = zip_longest(stored_counters(item), stock.counters)
        for number, (wanted, there) in enumerate(counters):
            if there is None:
                actions.append(self._put(wanted))
            elif wanted is None:
                actions.append(
                    self._delete(counter_key(item.item_id, number), still, there.version)
                )
            else:
                actions.append(self._put(wanted, still, there.version))
        return actions

    def _put(
        self, values: Mapping[str, Any], condition: str = "", version: int | str | None = None
    ) -> "TransactWriteItemTypeDef":
        put: PutTypeDef = {"TableName": self._table_name, "Item": to_item(values)}
        if condition:
            put["ConditionExpression"] = condition
        if version is not None:
            put["ExpressionAttributeValues"] = to_item({":version": version})
        return {"Put": put}

    def _delete(self, key: str, condition: str, version: int) -> "TransactWriteItemTypeDef":
        return {
            "Delete": {
                "TableName": self._table_name,
                "Key": to_item({"itemId": key}),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": to_item({":version": version}),
            }
        }
