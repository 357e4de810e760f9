"""Go through the payment provider's records, and compare each with the order it is for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import ValidationError

from order_pipeline.adapters.observability import logger
from order_pipeline.books import payment_difference
from order_pipeline.limits import SETTLING_TIME
from order_pipeline.ports import Money, OrderNotFoundError, Orders, PaymentRecords
from order_pipeline.stored import now
from reconciler.stock import StockBook

SLICE = timedelta(minutes=1)
"""How much is compared before the place is marked: small enough to end within a run."""


class Bookmark(Protocol):
    """The moment up to which the records were compared."""

    def read(self) -> datetime | None:
        """Return the moment; None before the first time."""

    def move(self, until: datetime) -> None:
        """Remember a later moment."""


def compare_payments(
    *,
    records: PaymentRecords,
    orders: Orders,
    bookmark: Bookmark,
    stock: StockBook,
    has_time: Callable[[], bool],
) -> int:
    """Compare the records from where the last run ended, up to what had time to settle.

    Each order that there is money for is compared with its reservation, too, in the book of the
    `stock`.

    Returns
    -------
    int
        How many records differ from their orders; each is logged.

    Raises
    ------
    PaymentOutcomeUnknownError
        If the provider does not answer; the next run goes on from the same place.
    """
    end = now() - SETTLING_TIME
    at = bookmark.read() or end - SLICE
    differences = 0
    while at < end and has_time():
        until = min(at + SLICE, end)
        for money in records.money(at, until):
            if problem := _problem(money, orders, stock):
                differences += 1
                logger.error(
                    "the books differ",
                    order_id=money.order_id,
                    intent_id=money.intent_id,
                    problem=problem,
                )
        bookmark.move(until)
        at = until
    return differences


def _problem(money: Money, orders: Orders, stock: StockBook) -> str | None:
    if money.order_id is None:
        return payment_difference(money, None)
    try:
        order = orders.get(money.order_id)
    except OrderNotFoundError:
        return payment_difference(money, None)
    except ValidationError:
        return f"{money.state} for an order that cannot be read"
    stock.compare(order)
    return payment_difference(money, order)
