"""The catalogue's verdict on an order: may it go on, at which prices, or why not."""

from collections.abc import Mapping
from enum import StrEnum

from order_pipeline.domain.limits import MAX_TOTAL
from order_pipeline.domain.money import Currency, major_units
from order_pipeline.domain.order import Line, Order
from order_pipeline.domain.stored import Record
from order_pipeline.domain.transitions import EventType


class Item(Record):
    """An item of the inventory: what it costs and how many units can still be reserved."""

    item_id: str
    name: str
    price: int
    """Minor units of `currency`."""
    currency: Currency
    available: int
    active: bool = True
    """An inactive item is not for sale; what is reserved of it stays reserved."""
    stock_counters: int = 1
    """How many counters its units are spread over; see `stock_counters`."""
    version: int

    @property
    def has_counters(self) -> bool:
        """Whether its units are on counters instead of on the item itself."""
        return self.stock_counters > 1


class RejectionReason(StrEnum):
    """Why an order is rejected."""

    UNKNOWN_ITEM = "unknown_item"
    ITEM_NOT_FOR_SALE = "item_not_for_sale"
    CURRENCY_MISMATCH = "currency_mismatch"
    PRICE_CHANGED = "price_changed"
    TOTAL_TOO_SMALL = "total_too_small"
    TOTAL_TOO_LARGE = "total_too_large"


type Rejection = Mapping[str, str]
"""Why an order is rejected, for its history: ``reason`` and what explains it."""


def check(order: Order, items: Mapping[str, Item], *, by: str) -> Order:
    """Return the order VALIDATED at the catalogue's prices, or REJECTED with the reason.

    Parameters
    ----------
    order
        An order that is PLACED.
    items
        The order's items that the catalogue knows, by item id.
    by
        The function that records the verdict.
    """
    for line in order.lines:
        if rejection := _objection_to_line(line, items.get(line.item_id), order.currency):
            return order.after(EventType.ORDER_REJECTED, by=by, detail=rejection)
    lines = tuple(
        line.model_copy(update={"unit_price": items[line.item_id].price}) for line in order.lines
    )
    total = sum(line.quantity * items[line.item_id].price for line in order.lines)
    if rejection := _objection_to_total(total, order.currency):
        return order.after(EventType.ORDER_REJECTED, by=by, detail=rejection)
    return order.after(EventType.ORDER_VALIDATED, by=by, lines=lines, total=total)


def _objection_to_line(line: Line, item: Item | None, currency: Currency) -> Rejection | None:
    if item is None:
        return {"reason": RejectionReason.UNKNOWN_ITEM, "itemId": line.item_id}
    if not item.active:
        return {"reason": RejectionReason.ITEM_NOT_FOR_SALE, "itemId": line.item_id}
    if item.currency is not currency:
        return {
            "reason": RejectionReason.CURRENCY_MISMATCH,
            "itemId": line.item_id,
            "orderedIn": currency,
            "soldIn": item.currency,
        }
    if line.expected_price not in (None, item.price):
        return {
            "reason": RejectionReason.PRICE_CHANGED,
            "itemId": line.item_id,
            "currentPrice": major_units(item.price, currency),
        }
    return None


def _objection_to_total(total: int, currency: Currency) -> Rejection | None:
    if total < currency.smallest_charge:
        return {
            "reason": RejectionReason.TOTAL_TOO_SMALL,
            "smallest": major_units(currency.smallest_charge, currency),
        }
    if total > MAX_TOTAL:
        return {
            "reason": RejectionReason.TOTAL_TOO_LARGE,
            "largest": major_units(MAX_TOTAL, currency),
        }
    return None
