"""Looking at an item, setting its name, price and stock, and adjusting its stock."""

import re
from typing import Protocol

from order_pipeline.api.problems import ProblemError, ProblemType, invalid_field
from order_pipeline.api.stock import AdjustStockRequest, SetItemRequest
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.limits import MAX_AVAILABLE
from order_pipeline.domain.money import AmountError, minor_units
from order_pipeline.domain.ports import (
    ItemChangedError,
    ItemExistsError,
    NotEnoughStockError,
    TooMuchStockError,
)

_ETAG = re.compile(r'"[1-9][0-9]{0,18}"', re.ASCII)


class Inventory(Protocol):
    """The items."""

    def get(self, item_id: str) -> Item | None:
        """Return the item as it is now, if there is one."""

    def create(self, item: Item) -> None:
        """Store a new item; raises `ItemExistsError`."""

    def replace(self, item: Item, *, expected_version: int) -> None:
        """Store an item in place of the version that was read; raises `ItemChangedError`."""


class Adjustments(Protocol):
    """Units added to an item's stock or taken away, once for each adjustment id."""

    def make(self, item_id: str, adjustment_id: str, delta: int) -> int:
        """Return what was adjusted under this id, now or before.

        Raises `NotEnoughStockError` or `TooMuchStockError`.
        """


def item_now(item_id: str, *, inventory: Inventory) -> Item:
    """Return the item as it is now.

    Raises
    ------
    ProblemError
        If there is none.
    """
    if item := inventory.get(item_id):
        return item
    raise ProblemError(ProblemType.NOT_FOUND, f"There is no item {item_id}.")


def set_item(
    item_id: str, request: SetItemRequest, *, if_match: str | None, inventory: Inventory
) -> Item:
    """Make the item what is asked for: a new one, or in place of the version named by `if_match`.

    Raises
    ------
    ProblemError
        If the price is not one in its currency, `if_match` is no ETag or names another version than
        the item's, or there is an item already and no `if_match`.
    """
    version = 0 if if_match is None else _version(if_match)
    counters = request.stock_counters or _counters_of(item_id, version, inventory)
    item = Item(
        item_id=item_id,
        name=request.name,
        price=_price(request),
        currency=request.currency,
        available=request.available,
        active=request.active,
        stock_counters=counters,
        version=version + 1,
    )
    try:
        if if_match is None:
            inventory.create(item)
        else:
            inventory.replace(item, expected_version=version)
    except ItemExistsError:
        raise ProblemError(
            ProblemType.ITEM_EXISTS,
            f"Item {item_id} already exists: send the ETag you read as If-Match.",
        ) from None
    except ItemChangedError:
        raise ProblemError(
            ProblemType.ITEM_CHANGED, f"Item {item_id} is not at version {version}: read it again."
        ) from None
    return item


def adjust_stock(
    item_id: str, request: AdjustStockRequest, *, inventory: Inventory, adjustments: Adjustments
) -> None:
    """Add units to an item's stock, or take some away, once for each adjustment id.

    Raises
    ------
    ProblemError
        If there is no such item, it has fewer units than are taken away or would have more than
        an item may have, or the adjustment was made before with another number.
    """
    item_now(item_id, inventory=inventory)
    try:
        made = adjustments.make(item_id, request.adjustment_id, request.delta)
    except NotEnoughStockError:
        available = item_now(item_id, inventory=inventory).available
        raise ProblemError(
            ProblemType.NOT_ENOUGH_STOCK,
            f"Cannot take {-request.delta} from the stock of {item_id}, which is now {available}.",
        ) from None
    except TooMuchStockError:
        available = item_now(item_id, inventory=inventory).available
        raise ProblemError(
            ProblemType.TOO_MUCH_STOCK,
            f"Cannot add {request.delta} to the stock of {item_id}, which is now {available}; "
            f"the maximum is {MAX_AVAILABLE}.",
        ) from None
    if made != request.delta:
        raise ProblemError(
            ProblemType.ID_CONFLICT,
            f"Adjustment {request.adjustment_id} was already made, with a delta of {made}.",
        )


def etag(item: Item) -> str:
    """Return the item's version as an entity tag."""
    return f'"{item.version}"'


def _counters_of(item_id: str, version: int, inventory: Inventory) -> int:
    """Return how many counters an item has, which callers that know of none are not to change."""
    item = inventory.get(item_id) if version else None
    return item.stock_counters if item else 1


def _version(if_match: str) -> int:
    if not _ETAG.fullmatch(if_match):
        raise invalid_field("If-Match", 'must be the ETag that was read, such as "3"')
    return int(if_match.strip('"'))


def _price(request: SetItemRequest) -> int:
    try:
        return minor_units(request.price, request.currency)
    except AmountError as error:
        raise invalid_field("price", str(error)) from None
