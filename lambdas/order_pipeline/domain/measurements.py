"""What is measured of an order's life: counts, times and money, as each event is recorded.

A dimension has a handful of values, all of them known here: every combination of values is a metric
of its own, and is paid for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from order_pipeline.domain.canary import CUSTOMER_ID as CANARY
from order_pipeline.domain.cancellation import PAYMENT_OVERDUE, CancelReason
from order_pipeline.domain.catalogue import RejectionReason
from order_pipeline.domain.limits import CONFIRMED_WITHIN
from order_pipeline.domain.order import HistoryEntry, Order
from order_pipeline.domain.transitions import EventType

OUT_OF_STOCK = "out_of_stock"
OTHER = "other"
"""A reason that is not one of the known ones."""

DECLINES = frozenset(
    {
        "authentication_required",
        "card_declined",
        "do_not_honor",
        "expired_card",
        "fraudulent",
        "generic_decline",
        "incorrect_cvc",
        "insufficient_funds",
        "invalid_payment_method",
        "lost_card",
        "processing_error",
        "stolen_card",
    }
)
"""Why payments are mostly declined. Stripe has some fifty codes, and banks add to them:
https://docs.stripe.com/declines/codes"""

_REASONS = frozenset({*RejectionReason, *CancelReason, PAYMENT_OVERDUE, OUT_OF_STOCK, *DECLINES})

_STAGES: Mapping[EventType, tuple[EventType, ...]] = {
    EventType.ORDER_VALIDATED: (EventType.ORDER_PLACED,),
    EventType.ORDER_REJECTED: (EventType.ORDER_PLACED,),
    EventType.STOCK_RESERVED: (EventType.ORDER_VALIDATED,),
    EventType.STOCK_UNAVAILABLE: (EventType.ORDER_VALIDATED,),
    EventType.ORDER_CONFIRMED: (EventType.STOCK_RESERVED,),
    EventType.PAYMENT_DECLINED: (EventType.STOCK_RESERVED,),
    EventType.STOCK_RELEASED: (EventType.PAYMENT_DECLINED, EventType.ORDER_CANCELLED),
    EventType.PAYMENT_VOIDED: (EventType.ORDER_CANCELLED,),
    EventType.PAYMENT_CAPTURED: (EventType.PARCEL_SHIPPED,),
    EventType.PAYMENT_CAPTURE_FAILED: (EventType.PARCEL_SHIPPED,),
    EventType.PAYMENT_REFUNDED: (EventType.REFUND_REQUESTED,),
    EventType.REFUND_FAILED: (EventType.REFUND_REQUESTED,),
    EventType.STOCK_RESTOCKED: (EventType.PAYMENT_REFUNDED,),
}
"""What a stage records → what it does that upon."""


class Unit(StrEnum):
    """What a number counts, as CloudWatch calls it."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    NONE = "None"
    """Money has no unit of its own: major units of the currency that the dimension names."""


@dataclass(frozen=True)
class Measurement:
    """One number, with what it is told apart by."""

    name: str
    value: float
    unit: Unit = Unit.COUNT
    dimensions: Mapping[str, str] = field(default_factory=dict)


def measurements_of(before: Order | None, after: Order) -> Iterator[Measurement]:
    """Yield what is measured when an order came from `before` to `after`.

    The canary's orders tell how long the stages take, as any other, and are no business.
    """
    for entry in after.history[len(before.history) if before else 0 :]:
        if after.customer_id != CANARY:
            yield from _business(after, entry)
        if trigger := _latest_before(after, entry, _STAGES.get(entry.event, ())):
            yield Measurement("StageLatency", _milliseconds(trigger, entry), Unit.MILLISECONDS)


def milliseconds_between(earlier: datetime, later: datetime) -> float:
    """Return the time between two moments; never less than none, whatever the functions' clocks."""
    return max((later - earlier).total_seconds(), 0) * 1000


def _business(order: Order, entry: HistoryEntry) -> Iterator[Measurement]:
    match entry.event:
        case EventType.ORDER_PLACED:
            yield Measurement("OrdersPlaced", 1)
        case EventType.ORDER_CONFIRMED:
            yield Measurement("OrdersConfirmed", 1)
            taken = _milliseconds(order.history[0], entry)
            yield Measurement("TimeToConfirm", taken, Unit.MILLISECONDS)
            # Counted order by order: of the percentiles of minutes no share of an hour can be made.
            # 0 as well, so that "none was late" is told from "none was confirmed".
            yield Measurement("ConfirmedLate", taken > CONFIRMED_WITHIN / timedelta(milliseconds=1))
            yield from _money("RevenueConfirmed", order, order.total)
        case EventType.ORDER_REJECTED | EventType.PAYMENT_DECLINED:
            yield Measurement("OrdersFailed", 1, dimensions={"reason": _reason(entry)})
            yield from _money("RevenueLost", order, order.total)
            if entry.event is EventType.PAYMENT_DECLINED:
                # Beside its reason: an alarm names every dimension of a metric, and cannot sum
                # over reasons that it does not know.
                yield Measurement("PaymentsDeclined", 1)
        case EventType.STOCK_UNAVAILABLE:
            yield Measurement("OrdersFailed", 1, dimensions={"reason": OUT_OF_STOCK})
            yield from _money("RevenueLost", order, order.total)
        case EventType.ORDER_CANCELLED:
            yield Measurement("OrdersCancelled", 1, dimensions={"reason": _reason(entry)})
            yield from _money("RevenueLost", order, order.total)
        case EventType.PAYMENT_REFUNDED:
            if _is_first(order, entry):
                yield Measurement("OrdersRefunded", 1)
            yield from _money("RevenueRefunded", order, entry.detail.get("amount"))
        case _:
            return


def _money(name: str, order: Order, amount: int | None) -> Iterator[Measurement]:
    """Yield an amount in major units; nothing for an order that was never priced."""
    if amount is not None:
        value = amount / 10**order.currency.decimals  # a figure on a dashboard, never charged
        yield Measurement(name, value, Unit.NONE, {"currency": order.currency.value})


def _reason(entry: HistoryEntry) -> str:
    reason = str(entry.detail.get("reason"))
    return reason if reason in _REASONS else OTHER


def _is_first(order: Order, entry: HistoryEntry) -> bool:
    """Tell whether nothing of the kind had happened to the order before."""
    return all(each.event is not entry.event for each in order.history[: entry.version - 1])


def _latest_before(
    order: Order, entry: HistoryEntry, events: tuple[EventType, ...]
) -> HistoryEntry | None:
    earlier = reversed(order.history[: entry.version - 1])
    return next((each for each in earlier if each.event in events), None)


def _milliseconds(earlier: HistoryEntry, later: HistoryEntry) -> float:
    return milliseconds_between(earlier.at, later.at)
