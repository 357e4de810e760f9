"""DynamoDB's rules: how large an item is, and what a write or a read of it takes.

Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
Writes and reads: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
Indexes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

WRITE_UNIT = 1024
READ_UNIT = 4096
"""Bytes of an item that a unit writes or reads."""

BYTES_OF_STORED_ITEM = 100
"""What each stored item has beside its own bytes, in a table and in each index."""

IN_TRANSACTION = 2
"""A transaction prepares each item and then commits it: two units for each."""

type Attributes = Mapping[str, Mapping[str, Any]]
"""An item as DynamoDB's API has it: name → type → value."""


@dataclass(frozen=True)
class Index:
    """A global secondary index: its keys, and what else it holds, the table's own key with it."""

    name: str
    keys: Sequence[str]
    projected: Sequence[str]


def item_size(item: Attributes) -> int:
    """Return the bytes of an item as DynamoDB counts them."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 3  # one byte for two digits, one more, and one for the sign
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + value_size(element) for element in content)
        case "M":
            return 3 + sum(
                1 + len(name.encode()) + value_size(element) for name, element in content.items()
            )
        case _:
            raise ValueError(f"the pipeline stores nothing of the type {kind}")


def write_units(before: int, after: int, *, in_transaction: bool = False) -> int:
    """Return the units of a write: by the larger of the item's sizes before and after, in bytes."""
    units = ceil(max(before, after, 1) / WRITE_UNIT)
    return units * (IN_TRANSACTION if in_transaction else 1)


def read_units(size: int) -> int:
    """Return the units of a strongly consistent read of an item of so many bytes."""
    return ceil(max(size, 1) / READ_UNIT)


def index_write_units(index: Index, before: Attributes | None, after: Attributes | None) -> int:
    """Return the units that a write of a table's item takes in an index of the table.

    An entry that appears, goes, or changes what is projected is one write; one whose keys change is
    deleted and put again. What does not change is not written.
    """
    old, new = (_entry(index, item) for item in (before, after))
    if old == new:
        return 0
    if old is None or new is None or _keys(index, old) == _keys(index, new):
        return write_units(*(item_size(entry) if entry else 0 for entry in (old, new)))
    return write_units(item_size(old), 0) + write_units(0, item_size(new))


def entry_size(index: Index, item: Attributes) -> int:
    """Return the bytes of an item's entry in an index; 0 if it has none."""
    entry = _entry(index, item)
    return item_size(entry) if entry else 0


def _entry(index: Index, item: Attributes | None) -> Attributes | None:
    """Return what an index holds of an item: nothing, unless it has the index's keys."""
    if item is None or not all(key in item for key in index.keys):
        return None
    return {name: item[name] for name in (*index.keys, *index.projected) if name in item}


def _keys(index: Index, entry: Attributes) -> Attributes:
    return {name: entry[name] for name in index.keys}
