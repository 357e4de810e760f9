"""Orders as they are looked at: one with its history, a customer's, and where one is sent to."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from order_pipeline.api.changing import LineQuantityView, RefundLineView
from order_pipeline.api.fields import ApiModel, Id, Links, Money, RequestModel
from order_pipeline.domain.limits import MAX_CURSOR, MAX_PAGE
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import PaymentState, Priority, RefundState, StockState
from order_pipeline.domain.stored import Timestamp
from order_pipeline.domain.transitions import EventType, Status


def _whole_number(value: object) -> object:
    """Let only plain digits through; pydantic itself takes `1_0`, `1.0` and ` 1` for numbers."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError("must be a whole number")
    return value


class ListOrdersQuery(RequestModel):
    """Which of a customer's orders to list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_whole_number)] = Field(
        default=20, description="The maximum number of orders to return."
    )
    cursor: (
        Annotated[str, StringConstraints(max_length=MAX_CURSOR, pattern=r"^[A-Za-z0-9_-]+$")] | None
    ) = Field(default=None, description="Where to continue: the `cursor` of an earlier response.")
    status: Status | None = Field(default=None, description="Only orders in this status.")


class OrderListEntry(ApiModel):
    """An order, as a list shows it."""

    order_id: Id
    status: Status
    placed_at: Timestamp
    currency: Currency
    total: Money | None = Field(default=None, description="Known once the order is VALIDATED.")
    links: Links


class OrderListResponse(ApiModel):
    """A customer's orders, newest first."""

    orders: tuple[OrderListEntry, ...]
    cursor: str | None = Field(
        default=None,
        description="Present when there may be more, even if `status` has left this page short or "
        "empty.",
    )


class OrderLineView(ApiModel):
    """Some units of one item."""

    item_id: Id
    quantity: int
    unit_price: Money | None = Field(
        default=None, description="The price charged for one unit; known once VALIDATED."
    )


class PaymentView(ApiModel):
    """Where the money is."""

    state: PaymentState


class StockView(ApiModel):
    """Where the stock is."""

    state: StockState


class ParcelView(ApiModel):
    """A parcel that has left the warehouse."""

    parcel_id: Id
    lines: tuple[LineQuantityView, ...]
    carrier: str
    tracking_number: str
    shipped_at: Timestamp
    delivered_at: Timestamp | None = None


class RefundView(ApiModel):
    """Money given back."""

    refund_id: Id
    state: RefundState
    amount: Money
    lines: tuple[RefundLineView, ...] = Field(description="Empty for a refund by amount.")
    requested_at: Timestamp


class HistoryEntryView(ApiModel):
    """One event in the order's life."""

    version: int
    event: EventType
    at: Timestamp
    by: str
    detail: Mapping[str, Any] = Field(description="Details of the event, such as a reason.")


class OrderView(ApiModel):
    """An order with its history."""

    order_id: Id
    customer_id: Id | None = Field(
        default=None,
        description="Absent once the customer's personal data has been erased, and only then.",
    )
    status: Status
    version: int
    placed_at: Timestamp
    currency: Currency
    priority: Priority
    items: tuple[OrderLineView, ...]
    total: Money | None = Field(default=None, description="Known once the order is VALIDATED.")
    payment: PaymentView
    stock: StockView
    parcels: tuple[ParcelView, ...]
    refunds: tuple[RefundView, ...]
    erased_at: Timestamp | None = Field(
        default=None,
        description="When the customer's personal data was erased. The order cannot be changed "
        "after that.",
    )
    history: tuple[HistoryEntryView, ...]


class ShippingAddressView(ApiModel):
    """Where an order's parcels go, as it was given with the order."""

    name: str
    line1: str
    line2: str | None = None
    city: str
    postcode: str
    country: str = Field(description="ISO 3166-1 alpha-2, such as GB.")
