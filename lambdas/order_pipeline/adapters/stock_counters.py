"""Items whose units are on several counters, as the inventory table has them (docs/adr/0019).

Such an item names how many counters it has, and each counter is an item of the table: its units,
how many times they have changed since the item was set, and with which version that was. Whatever
sets the item writes all of them in one transaction; orders write counters alone.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.reading import read_items
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.limits import MAX_AVAILABLE
from order_pipeline.domain.ports import ConcurrentChangeError
from order_pipeline.domain.stock_counters import Units, first_counter, spread, take
from order_pipeline.domain.stored import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HAS_UNITS_ITSELF = "attribute_not_exists(stockCounters)"
"""A condition, of counters and of items without any."""

_ATTEMPTS = 3

_REMEMBERED_SECONDS = 60
"""How long an item's number of counters is believed: more of them are used as soon."""

_FOR_OLDER_CODE = MAX_AVAILABLE // 2
"""What an item with counters has as `available`; this code never looks at it.

Code that knows of no counters finds enough of it whatever it is asked for, and then fails to add to
the version, which is text: a fault, which is tried again, and never a sale or a refusal.
"""


class Counter(Record):
    """Some of an item's units."""

    available: int
    version: int
    """How many times the units have changed since the item was set."""
    item_version: int
    """The item's version since it was set."""


@dataclass(frozen=True)
class CountedStock:
    """An item and its counters, set together, and read one after the other."""

    item: Item
    """With the version that it was set with, and no units if it has counters."""
    counters: tuple[Counter, ...]
    """Empty if the item has its units itself."""

    @property
    def available(self) -> int:
        """The units that can still be reserved."""
        return self.item.available + sum(counter.available for counter in self.counters)

    @property
    def version(self) -> int:
        """What callers know as the item's version.

        It rises with every change. What was read while counters changed has a lower one than the
        item has by then, and is taken for no later state.
        """
        return self.item.version + sum(counter.version for counter in self.counters)

    def as_item(self) -> Item:
        """Return the item as callers see it."""
        return self.item.model_copy(update={"available": self.available, "version": self.version})


class StockCounters:
    """Which items have counters, and what is on them."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._known: dict[str, tuple[int, float]] = {}

    def known_for(self, item_id: str) -> int:
        """Return how many counters an item has, as far as is known: 1 if nothing is.

        It may be wrong: whoever relies on it makes writes that fail then, and looks.
        """
        counters, until = self._known.get(item_id, (1, float("inf")))
        if until > time.monotonic():
            return counters
        stock = self.look(item_id)
        return stock.item.stock_counters if stock else 1

    def remember(self, item: Item) -> None:
        """Remember how many counters an item has that was seen just now."""
        if item.has_counters:
            until = time.monotonic() + _REMEMBERED_SECONDS
            self._known[item.item_id] = (item.stock_counters, until)
        else:
            self._known.pop(item.item_id, None)

    def look(self, item_id: str) -> CountedStock | None:
        """Return an item with its counters, strongly consistent; None if there is no such item.

        Raises
        ------
        ConcurrentChangeError
            If others keep setting it.
        """
        counters, _ = self._known.get(item_id, (1, 0))
        for _ in range(_ATTEMPTS):
            keys = [counter_key(item_id, number) for number in _numbers(counters)]
            found = read_inventory(self._client, self._table_name, [item_id, *keys])
            if item_id not in found:
                self._known.pop(item_id, None)
                return None
            item = to_catalogue_item(found[item_id])
            self.remember(item)
            stock = [Counter.model_validate(found[key]) for key in keys if key in found]
            if (
                counters == item.stock_counters
                and len(stock) == len(keys)
                and all(counter.item_version == item.version for counter in stock)
            ):
                return CountedStock(item, tuple(stock))
            counters = item.stock_counters
        raise ConcurrentChangeError(item_id)

    def first_place(self, item_id: str, units: int, order_id: str) -> Units:
        """Return where an order's units should be, without a look; empty: the item has them."""
        counters = self.known_for(item_id)
        return {first_counter(order_id, counters): units} if counters > 1 else {}

    def where_to_take(self, item_id: str, units: int, order_id: str) -> Units | None:
        """Return which counters have an order's units; empty if the item has them itself.

        None if there are too few. Since counters are read one after the other, too few are only
        what two looks agree on: at the moment between them, nothing else can have been there.

        Raises
        ------
        ConcurrentChangeError
            If they disagree.
        """
        stock = self.look(item_id)
        if stock is None or stock.available < units:
            if self.look(item_id) != stock:
                raise ConcurrentChangeError(item_id)
            return None
        if not stock.counters:
            return {}
        available = [counter.available for counter in stock.counters]
        return take(units, available, first_counter(order_id, len(available)))


def counter_key(item_id: str, number: int) -> str:
    """Return the key of an item's counter; no item has it, since ids hold no `#`."""
    return f"stock#{item_id}#{number}"


def counter_of(key: str) -> tuple[str, int] | None:
    """Return the item and the number of the counter that has a key; None if none has."""
    match key.split("#"):
        case ["stock", item_id, number]:
            return item_id, int(number)
        case _:
            return None


def _numbers(counters: int) -> range:
    return range(counters if counters > 1 else 0)


def stored_attributes(item: Item) -> dict[str, Any]:
    """Return what is stored of an item, without its counters."""
    values = item.model_dump(mode="json", by_alias=True)
    if item.has_counters:
        return values | {"available": _FOR_OLDER_CODE, "version": stored_version(item)}
    del values["stockCounters"]
    return values


def stored_version(item: Item) -> int | str:
    """Return an item's version as it is stored: as text where older code must not add to it."""
    return str(item.version) if item.has_counters else item.version


def stored_counters(item: Item) -> list[dict[str, Any]]:
    """Return the counters of an item that is set now, its units spread over them."""
    if not item.has_counters:
        return []
    return [
        {
            "itemId": counter_key(item.item_id, number),
            "available": units,
            "version": 0,
            "itemVersion": item.version,
        }
        for number, units in enumerate(spread(item.available, item.stock_counters))
    ]


def to_catalogue_item(values: Mapping[str, Any]) -> Item:
    """Return an item of the table; of one with counters the units are not looked up, but 0."""
    item = Item.model_validate(values)
    return item.model_copy(update={"available": 0}) if item.has_counters else item


def read_inventory(
    client: "DynamoDBClient", table_name: str, keys: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return the items of the inventory table that exist, by key, strongly consistent."""
    wanted = [to_item({"itemId": key}) for key in sorted(set(keys))]
    found = read_items(client, table_name, wanted, {"ConsistentRead": True})
    return {item["itemId"]: item for item in found}
