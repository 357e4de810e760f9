"""Go through the payment provider's records, and compare each with the order it is for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import ValidationError

from order_pipeline.adapters.observability import logger
from order_pipeline.domain.books import payment_difference
from order_pipeline.domain.limits import SETTLING_TIME
from order_pipeline.domain.ports import Money, OrderNotFoundError, Orders, PaymentRecords
from order_pipeline.domain.stored import now
from reconciler.stock import StockBook

SLICE = timedelta(seconds=10)
"""How much is compared before the place is marked, with one request to the provider or more: thirty
a run. At some 20 ms a record, one of a thousand payments a second still ends within a run."""


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
    found: Callable[[int], None],
) -> None:
    """Compare the records from where the last run ended, up to what had time to settle.

    Each order that there is money for is compared with its reservation, too, in the book of the
    `stock`.

    Parameters
    ----------
    found
        Is told how many records of a slice differ from their orders, before the place is marked:
        no later run looks at them again. Each is logged.

    Raises
    ------
    ProviderOutError
        If the provider does not answer; the next run goes on from the same place.
    """
    end = now() - SETTLING_TIME
    at = bookmark.read() or end - SLICE
    while at < end and has_time():
        until = min(at + SLICE, end)
        differences = 0
        for money in records.money(at, until):
            if not has_time():
                logger.warning("out of time: the next run goes on", compared_until=at.isoformat())
                return
            differences += _differs(money, orders, stock)
        found(differences)
        bookmark.move(until)
        at = until


def _differs(money: Money, orders: Orders, stock: StockBook) -> bool:
    problem = _problem(money, orders, stock)
    if problem:
        logger.error(
            "the books differ", order_id=money.order_id, intent_id=money.intent_id, problem=problem
        )
    return problem is not None


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
