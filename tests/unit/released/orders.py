"""Orders that between them have had everything happen to them, made by the code of today.

What they are stored as, and the events that they publish, are compared with what was released.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from order_pipeline.adapters.event_topic import _entry
from order_pipeline.adapters.orders_table import stored_attributes
from order_pipeline.domain.authorisation import (
    confirmed,
    payment_declined,
    payment_expired,
    reauthorised,
)
from order_pipeline.domain.cancellation import CancelReason, cancel
from order_pipeline.domain.catalogue import check
from order_pipeline.domain.events import events_since
from order_pipeline.domain.order import (
    Address,
    Channel,
    Contact,
    LineQuantity,
    Order,
    PaymentState,
    Priority,
    Stock,
    StockState,
)
from order_pipeline.domain.refunds import refund_failed, refunded, request_refund, restocked
from order_pipeline.domain.shipping import deliver
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import (
    BY,
    NOON,
    a_line,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    captured,
    shipped,
)

RELEASED = Path(__file__).with_name("released.json")

type Json = dict[str, Any]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NOTHING: tuple[Any, ...] = ([], {})
SECONDS = "expiresAt"
"""The attribute whose times are seconds, as DynamoDB wants them."""

ONE = [LineQuantity(item_id="ITEM-001", quantity=1)]


def of_every_kind() -> dict[str, Order]:
    """Return orders by what became of them."""
    told = {
        "priority": Priority.HIGH,
        "contact": Contact(
            email="ada@example.com",
            phone="+447700900123",
            push_endpoint="arn:aws:sns:eu-west-2:123456789012:endpoint/GCM/app/1",
            channels=(Channel.EMAIL, Channel.SMS, Channel.PUSH),
        ),
        "shipping_address": Address(
            name="Ada",
            line1="1 Engine Road",
            line2="Flat 2",
            city="London",
            postcode="N1 1AA",
            country="GB",
        ),
        "trace_header": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
    }
    paid = confirmed(a_reserved_order(a_line(quantity=2), intent_id="pi_1"), by=BY)
    on_its_way = captured(shipped(shipped(paid, lines=ONE), "P-2"))
    arrived = deliver(deliver(on_its_way, "P-1", by=BY), "P-2", by=BY)
    given_back = refunded(_refund(arrived, "R-1", restock=True), "R-1", by=BY)
    void = cancel(a_reserved_order(intent_id="pi_1"), CancelReason.OTHER, by=BY)
    uncaptured = paid.payment.model_copy(update={"state": PaymentState.CAPTURE_FAILED})
    voided = void.payment.model_copy(update={"state": PaymentState.VOIDED})
    return {
        "placed": a_placed_order(a_line(price=2999), **told),
        "rejected": check(a_placed_order(), {}, by=BY),
        "out of stock": a_validated_order().after(
            EventType.STOCK_UNAVAILABLE, by=BY, at=NOON, detail={"itemIds": ["ITEM-001"]}
        ),
        "declined": payment_declined(a_reserved_order(intent_id="pi_1"), "card_declined", by=BY),
        "cancelled": void.after(EventType.PAYMENT_VOIDED, by=BY, at=NOON, payment=voided).after(
            EventType.STOCK_RELEASED, by=BY, at=NOON, stock=Stock(state=StockState.RELEASED)
        ),
        "renewed": reauthorised(paid, "pi_2", by=BY),
        "expired": payment_expired(paid, "card_declined", by=BY),
        "not captured": shipped(paid).after(
            EventType.PAYMENT_CAPTURE_FAILED,
            by=BY,
            at=NOON,
            payment=uncaptured,
            detail={"reason": "charge_expired_for_capture"},
        ),
        "arrived": arrived,
        "refunded": restocked(given_back, "R-1", by=BY),
        "refund refused": refund_failed(_refund(arrived, "R-1"), "R-1", "charge_disputed", by=BY),
    }


def formats() -> Json:
    """Return what the orders are stored as, and the bodies and attributes of their events."""
    orders = of_every_kind()
    return {
        "orders": {kind: stored_attributes(order) for kind, order in orders.items()},
        "events": {
            f"{kind}: {event.event_type} {event.version}": _message(_entry(0, event))
            for kind, order in orders.items()
            for event in events_since(0, order)
        },
    }


def _refund(order: Order, refund_id: str, *, restock: bool = False) -> Order:
    return request_refund(
        order, refund_id, amount=None, lines=ONE, restock=restock, request_hash="1", by=BY
    )


def _message(message: Any) -> Json:
    return {
        "body": json.loads(message["Message"]),
        "attributes": {
            name: value["StringValue"] for name, value in message["MessageAttributes"].items()
        },
    }


def without_empty(order: Json) -> Json:
    """Return a stored order without what is empty in it."""
    full = {name: value for name, value in order.items() if value not in NOTHING}
    full["history"] = [
        {name: value for name, value in entry.items() if value not in NOTHING}
        for entry in order["history"]
    ]
    return full


def lost_or_changed(released: Any, now: Any, place: str = "") -> Iterator[str]:
    """Say what of a released value is missing now, or is another; more than it had is fine.

    What was empty of a stored order may be missing: all code reads its absence as its emptiness.
    Times are compared by how they are written: some are those of the test's run.
    """
    match released:
        case dict():
            for name, value in released.items():
                where = f"{place}.{name}" if place else name
                if not isinstance(now, dict) or name not in now:
                    if not (where.startswith("orders.") and value in NOTHING):
                        yield f"{where} is gone"
                elif name != SECONDS or not isinstance(now[name], int):
                    yield from lost_or_changed(value, now[name], where)
        case list():
            if not isinstance(now, list) or len(now) != len(released):
                yield f"{place} was {released}, and is {now}"
                return
            for number, (before, after) in enumerate(zip(released, now, strict=True)):
                yield from lost_or_changed(before, after, f"{place}[{number}]")
        case _ if type(released) is not type(now) or _but_time(released) != _but_time(now):
            yield f"{place} was {released!r}, and is {now!r}"


def _but_time(value: Any) -> Any:
    return "a time" if isinstance(value, str) and TIME.fullmatch(value) else value


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(formats(), indent=1, sort_keys=True) + "\n")
