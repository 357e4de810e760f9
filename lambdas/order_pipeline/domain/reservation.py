"""What is held for an order, and the books that hold for every item.

A reservation counts, per item:

* ``units``: what was taken from the item's ``available`` when the stock was reserved,
* ``shipped``: what has left the warehouse since,
* ``withheld``: what was refunded before it left, and is back in ``available``.

What it still holds of an item follows from the reservation alone:

    held = units - shipped - withheld, and nothing once its state is RELEASED.

Whatever is reserved, shipped, withheld and returned, these books hold for every item, with all its
reservations summed (``returned`` is what had left and was restocked with a refund):

    initial + adjustments = available + held + shipped - returned.

The state follows the order's: HELD, then RELEASED together with the order, or SHIPPED soon after
nothing of the order can leave any more.
"""

from collections.abc import Mapping

from order_pipeline.domain.order import StockState
from order_pipeline.domain.stored import Record


class Reservation(Record):
    """What the inventory table keeps of an order's stock, in units per item."""

    state: StockState
    units: Mapping[str, int]
    shipped: Mapping[str, int] = {}
    withheld: Mapping[str, int] = {}
    counters: Mapping[str, Mapping[int, int]] = {}
    """By item and counter, which units were taken where; items without counters are not in it."""

    def held(self, item_id: str) -> int:
        """Return what is held of an item, while the reservation is."""
        return (
            self.units.get(item_id, 0)
            - self.shipped.get(item_id, 0)
            - self.withheld.get(item_id, 0)
        )
