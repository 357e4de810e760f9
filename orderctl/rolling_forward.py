"""An order of a restored table, brought as far as the audit bucket knows it.

What was decided once must not be decided again: a customer who has cancelled is not to be sent the
order, nor charged by a second payment intent. So the recorded events are put back with their own
times. Events carry no request and no address, hence what people have asked for (a parcel, a refund)
cannot be made again from them: it is left to be sent again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order, PaymentState, Stock, StockState
from order_pipeline.domain.refunds import refund_failed, refunded, restocked
from order_pipeline.domain.transitions import EventType, Status, TransitionRefusedError

BY = "restore"
"""Events do not say which function recorded them."""

ENDS = frozenset(
    {
        EventType.ORDER_REJECTED,
        EventType.STOCK_UNAVAILABLE,
        EventType.PAYMENT_DECLINED,
        EventType.ORDER_CANCELLED,
    }
)
"""After these the customer was told that nothing comes."""

_PAYMENT_STATES = {
    EventType.PAYMENT_VOIDED: PaymentState.VOIDED,
    EventType.PAYMENT_CAPTURED: PaymentState.CAPTURED,
    EventType.PAYMENT_CAPTURE_FAILED: PaymentState.CAPTURE_FAILED,
}
_STOCK_STATES = {
    EventType.STOCK_RESERVED: StockState.HELD,
    EventType.STOCK_RELEASED: StockState.RELEASED,
    EventType.ORDER_SHIPPED: StockState.SHIPPED,
}
_NOT_IN_EVENTS = (EventType.ORDER_PLACED, EventType.PARCEL_SHIPPED, EventType.REFUND_REQUESTED)
"""Their requests had more in them than their events have."""

_BEFORE_PAYMENT = (Status.PLACED, Status.VALIDATED, Status.RESERVED)


class _NotInEventsError(Exception):
    """The event does not tell enough to make it happen again."""


@dataclass(frozen=True)
class RolledForward:
    """An order, and what the audit bucket knows beyond the restored table."""

    order: Order
    recorded: tuple[OrderEvent, ...]
    """Put back into the order."""
    left: tuple[OrderEvent, ...]
    """Not put back: these have to happen again."""

    @property
    def must_not_go_on(self) -> bool:
        """Tell whether the order came to an end that could not be put back."""
        return any(event.event_type in ENDS for event in self.left)


def later_events(order: Order, events: Iterable[OrderEvent]) -> list[OrderEvent]:
    """Return what is recorded of an order beyond its version, each once, oldest first."""
    later = {
        event.version: event
        for event in events
        if event.order_id == order.order_id and event.version > order.version
    }
    return [later[version] for version in sorted(later)]


def may_lack_intent(order: Order, later: Iterable[OrderEvent]) -> bool:
    """Tell whether the order may have got a payment intent that it does not know of."""
    if any(event.event_type is EventType.PAYMENT_REAUTHORISED for event in later):
        return True
    return order.payment.intent_id is None and order.status in _BEFORE_PAYMENT


def roll_forward(
    order: Order, later: Iterable[OrderEvent], *, intent_id: str | None = None
) -> RolledForward:
    """Return the order with the recorded events, as far as they tell what has happened.

    Parameters
    ----------
    order
        As the restored table has it.
    later
        What `later_events` returns of it.
    intent_id
        The payment intent that the provider has for the order, if the order may not know of it.
    """
    left = list(later)
    recorded: list[OrderEvent] = []
    over = any(event.event_type in ENDS for event in left)
    while left and left[0].version == order.version + 1:
        event = left[0]
        try:
            order = order.after(
                event.event_type,
                by=BY,
                at=event.occurred_at,
                detail=event.detail,
                **_changes(order, event, intent_id, over=over),
            )
        except (_NotInEventsError, TransitionRefusedError):
            break
        recorded.append(left.pop(0))
    if order.payment.intent_id is None and intent_id is not None:
        payment = order.payment.model_copy(update={"intent_id": intent_id})
        order = order.model_copy(update={"payment": payment})
    return RolledForward(order, tuple(recorded), tuple(left))


def _changes(
    order: Order, event: OrderEvent, intent_id: str | None, *, over: bool
) -> Mapping[str, Any]:
    """Return what changes with the event beside status and history."""
    if state := _STOCK_STATES.get(event.event_type):
        return {"stock": Stock(state=state)}
    if event.event_type in _NOT_IN_EVENTS:
        raise _NotInEventsError
    match event.event_type:
        case EventType.ORDER_VALIDATED:
            return {"lines": event.order.lines, "total": event.order.total}
        case EventType.PARCEL_DELIVERED:
            return _delivered(order, event)
        case EventType.PAYMENT_REFUNDED | EventType.REFUND_FAILED | EventType.STOCK_RESTOCKED:
            return _of_refund(order, event)
        case _:
            payment = _payment(order, event, intent_id, over=over)
            return {"payment": order.payment.model_copy(update=dict(payment))}


def _payment(
    order: Order, event: OrderEvent, intent_id: str | None, *, over: bool
) -> Mapping[str, Any]:
    """Return what changes of the payment; nothing, with an event that is not about it."""
    match event.event_type:
        case EventType.ORDER_CONFIRMED:
            known = order.payment.intent_id or intent_id
            if known is None and not over:
                raise _NotInEventsError
            return {
                "state": PaymentState.AUTHORISED,
                "intent_id": known,
                "authorised_at": event.occurred_at,
            }
        case EventType.PAYMENT_REAUTHORISED:
            renewed = order.payment.replacement_intent_id or intent_id
            if renewed is None:
                raise _NotInEventsError
            return {
                "intent_id": renewed,
                "replacement_intent_id": None,
                "authorised_at": event.occurred_at,
            }
        case EventType.PAYMENT_EXPIRED:
            return {"state": PaymentState.EXPIRED, "replacement_intent_id": None}
        case event_type if state := _PAYMENT_STATES.get(event_type):
            return {"state": state}
        case _:
            return {}


def _delivered(order: Order, event: OrderEvent) -> Mapping[str, Any]:
    parcel = order.parcel(str(event.detail["parcelId"]))
    if parcel is None:
        raise _NotInEventsError
    arrived = parcel.model_copy(update={"delivered_at": event.occurred_at})
    return {"parcels": tuple(arrived if each is parcel else each for each in order.parcels)}


def _of_refund(order: Order, event: OrderEvent) -> Mapping[str, Any]:
    """Return what the domain makes of the event; its own entry and time are not used."""
    refund_id = str(event.detail["refundId"])
    match event.event_type:
        case EventType.PAYMENT_REFUNDED:
            after = refunded(order, refund_id, by=BY)
        case EventType.REFUND_FAILED:
            after = refund_failed(order, refund_id, str(event.detail["reason"]), by=BY)
        case _:
            after = restocked(order, refund_id, by=BY)
    if after is order:
        raise _NotInEventsError
    return {"refunds": after.refunds, "payment": after.payment}
