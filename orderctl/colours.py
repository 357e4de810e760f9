"""The colours of statuses and events, the same wherever they are shown."""

from order_pipeline.domain.transitions import TRANSITIONS, EventType, Status

GOOD, BAD, WAITS, DIM = "green", "red", "yellow", "dim"

_STATUSES = {
    Status.PLACED: "cyan",
    Status.VALIDATED: "cyan",
    Status.RESERVED: "blue",
    Status.CONFIRMED: "green",
    Status.SHIPPED: "green",
    Status.DELIVERED: "bold green",
    Status.REJECTED: "red",
    Status.OUT_OF_STOCK: "red",
    Status.PAYMENT_DECLINED: "red",
    Status.CANCELLED: "yellow",
}

_EVENTS = {
    EventType.ORDER_PLACED: "cyan",
    EventType.PAYMENT_CAPTURE_FAILED: "red",
    EventType.REFUND_FAILED: "red",
    EventType.PAYMENT_EXPIRED: "red",
}


def of_status(status: str) -> str:
    """Return the colour of a status; of one that is not known, none."""
    return _STATUSES.get(Status(status), "") if status in set(Status) else ""


def of_event(event: str) -> str:
    """Return the colour of an event: that of the status it leads to, if it leads to another."""
    if event not in set(EventType):
        return ""
    known = EventType(event)
    if known in _EVENTS:
        return _EVENTS[known]
    moves = TRANSITIONS.get(known, {})
    return next((_STATUSES[after] for before, after in moves.items() if after != before), "")
