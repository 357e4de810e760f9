"""DynamoDB items: from plain values and back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type DynamoItem = dict[str, AttributeValueTypeDef]
type Item = Mapping[str, AttributeValueTypeDef]


class _WholeNumbers(TypeDeserializer):
    """Every number that the pipeline stores is whole (money is in minor units)."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


_serializer = TypeSerializer()
_deserializer = _WholeNumbers()


def to_item(values: Mapping[str, Any]) -> "DynamoItem":
    """Return the item for text, whole numbers, booleans, lists and maps."""
    return {name: _serializer.serialize(value) for name, value in values.items()}


def from_item(item: Item) -> dict[str, Any]:
    """Return an item's values; numbers come as `int`."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def order_id_of(item: Item) -> str:
    """Return the key of an item of the orders table, whatever else is wrong with the item.

    Raises
    ------
    KeyError
        If the item is not of the orders table.
    """
    return str(from_item({"orderId": item["orderId"]})["orderId"])
