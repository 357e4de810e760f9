"""Compare orders with their reservations: is for each what it needs, and nothing for nobody."""

from dataclasses import dataclass, field
from typing import Protocol

from pydantic import ValidationError

from order_pipeline.adapters.observability import logger
from order_pipeline.domain.books import stock_difference
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import (
    OrderNotFoundError,
    Reservations,
    ReservationsUnavailableError,
)

MOST_PER_RUN = 5000
"""Orders compared: some half a minute of a run's four. At a busy hour it is a sample."""


class ReadableOrders(Protocol):
    """The orders, to be read."""

    def get(self, order_id: str) -> Order:
        """Return the order as it is now; see `ports.Orders`."""


@dataclass
class StockBook:
    """The book of a run, which compares the orders that the run looks at anyway.

    Those are the overdue ones, and each order a quarter of an hour after money was held for it: a
    read for each, up to `MOST_PER_RUN`. The whole book, every item and reservation, is
    `orderctl books`.
    """

    orders: ReadableOrders
    reservations: Reservations
    _compared: int = field(default=0, init=False)
    _differing: set[str] = field(default_factory=set, init=False)

    @property
    def differences(self) -> int:
        """How many orders differ from their reservations; each is logged."""
        return len(self._differing)

    def compare(self, order: Order) -> None:
        """Compare an order with its reservation, which is read after it.

        A reservation that cannot be read at present is left out: the book never keeps the run from
        its other work.
        """
        if self._compared == MOST_PER_RUN:
            return
        self._compared += 1
        problem = self._problem(order)
        if problem and not self._has_moved_on(order):
            self._differing.add(order.order_id)
            logger.error("the stock differs", order_id=order.order_id, problem=problem)

    def _problem(self, order: Order) -> str | None:
        try:
            return stock_difference(order, self.reservations.of(order.order_id))
        except ValidationError:
            return "its reservation cannot be read"
        except ReservationsUnavailableError:
            logger.warning("the stock is not compared", order_id=order.order_id, exc_info=True)
            return None

    def _has_moved_on(self, order: Order) -> bool:
        """Whether the two were read on either side of a change."""
        try:
            return self.orders.get(order.order_id).version != order.version
        except OrderNotFoundError:
            return True
