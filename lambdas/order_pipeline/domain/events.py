"""Events: what the pipeline tells its stages, the warehouse and the audit about an order.

An event is a rendering of one entry of an order's history. It carries no contact data, no address
and no payment token, so that queues, dead-letter queues and the audit bucket hold no personal data
beyond the customer's id.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Line, Order, PaymentState, Priority, StockState
from order_pipeline.domain.stored import Record, Timestamp
from order_pipeline.domain.transitions import EventType, Status

SCHEMA_VERSION = 1


class OrderSummary(Record):
    """The order as consumers need it: lines, money in minor units, and the axes."""

    currency: Currency
    total: int | None = None
    lines: tuple[Line, ...]
    payment_state: PaymentState
    stock_state: StockState


class OrderEvent(Record):
    """One event of one order. Delivered at least once and in any order."""

    schema_version: int = SCHEMA_VERSION
    event_id: str
    """``orderId#version``: the same for every delivery of the same event."""
    event_type: EventType
    order_id: str
    customer_id: str
    version: int
    status: Status
    occurred_at: Timestamp
    priority: Priority
    detail: Mapping[str, Any] = Field(default_factory=dict)
    order: OrderSummary
    trace_header: str | None = Field(default=None, exclude=True)
    """The order's trace: it travels as the header of the message, not in it."""


def events_since(version: int, order: Order) -> list[OrderEvent]:
    """Return the events of every history entry above `version`, oldest first."""
    summary = OrderSummary(
        currency=order.currency,
        total=order.total,
        lines=order.lines,
        payment_state=order.payment.state,
        stock_state=order.stock.state,
    )
    return [
        OrderEvent(
            event_id=f"{order.order_id}#{entry.version}",
            event_type=entry.event,
            order_id=order.order_id,
            customer_id=order.customer_id,
            version=entry.version,
            status=order.status,
            occurred_at=entry.at,
            priority=order.priority,
            detail=entry.detail,
            order=summary,
            trace_header=order.trace_header,
        )
        for entry in order.history
        if entry.version > version
    ]
