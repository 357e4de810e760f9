"""DynamoDB items: from plain values and back."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type DynamoItem = dict[str, AttributeValueTypeDef]
type Item = Mapping[str, AttributeValueTypeDef]


def to_item(values: Mapping[str, Any]) -> "DynamoItem":
    """Return the item for text, whole numbers, booleans, None, lists and maps.

    boto3 has a serializer of its own, and takes all of itself along: `clients` says why it stays
    out of the functions.

    Raises
    ------
    TypeError
        If a value is of any other type; a binary float is never exact.
    """
    return {name: _written(value) for name, value in values.items()}


def from_item(item: Item) -> dict[str, Any]:
    """Return an item's values; numbers come as `int`: all that the pipeline stores are whole."""
    return {name: _read(value) for name, value in item.items()}


def order_id_of(item: Item) -> str:
    """Return the key of an item of the orders table, whatever else is wrong with the item.

    Raises
    ------
    KeyError
        If the item is not of the orders table.
    """
    return str(from_item({"orderId": item["orderId"]})["orderId"])


def _written(value: object) -> "AttributeValueTypeDef":
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": {name: _written(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [_written(each) for each in value]}
        case _:
            raise TypeError(f"DynamoDB is not given a {type(value).__name__}")


def _read(value: "AttributeValueTypeDef") -> Any:
    """Read whatever DynamoDB holds: another version of the code may store what this one does not.

    The types: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
    """
    ((kind, content),) = cast("Mapping[str, Any]", value).items()
    if kind not in _READERS:
        raise TypeError(f"DynamoDB has no type {kind}")
    return _READERS[kind](content)


def _as_it_is(content: Any) -> Any:
    return content


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "S": _as_it_is,
    "N": int,
    "BOOL": _as_it_is,
    "M": from_item,
    "L": lambda content: [_read(each) for each in content],
    "NULL": lambda _: None,
    "B": _as_it_is,
    "SS": set,
    "NS": lambda content: set(map(int, content)),
    "BS": set,
}
