"""What is held for an order; what its numbers mean is in `adapters/stock_transactions.py`."""

from collections.abc import Mapping

from order_pipeline.order import StockState
from order_pipeline.stored import Record


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
