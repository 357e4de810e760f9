"""What an order is cancelled, shipped, delivered and refunded with, and the answers."""

from typing import Annotated

from pydantic import Field, StrictBool

from order_pipeline.api.fields import (
    Amount,
    ApiModel,
    Id,
    Links,
    Money,
    Quantity,
    RequestModel,
    Text,
)
from order_pipeline.cancellation import CancelReason
from order_pipeline.limits import MAX_LINES, MAX_PARCEL_LINES, MAX_PARCELS, MAX_REFUNDS
from order_pipeline.stored import Timestamp
from order_pipeline.transitions import Status


class CancelOrderRequest(RequestModel):
    """Why the order is cancelled."""

    reason: CancelReason


class CancelOrderResponse(ApiModel):
    """The order is cancelled; what it holds (stock, money) is being given back."""

    order_id: Id
    status: Status
    message: str
    links: Links


class LineQuantityRequest(RequestModel):
    """Some units of one item."""

    item_id: Id
    quantity: Quantity


class ShipParcelRequest(RequestModel):
    """A parcel that leaves the warehouse."""

    parcel_id: Id = Field(
        description="The warehouse's id; the same parcel is shipped once. An order has "
        f"{MAX_PARCELS} parcels at most, and the last one must hold all that remains."
    )
    lines: (
        Annotated[tuple[LineQuantityRequest, ...], Field(min_length=1, max_length=MAX_LINES)] | None
    ) = Field(
        default=None,
        description="What is in it; all that remains, if absent. The parcels of an order have "
        f"{MAX_PARCEL_LINES} lines together at most, less those that what is left behind takes: "
        "a parcel with all that remains of its items always has room.",
    )
    carrier: Text
    tracking_number: Text


class LineQuantityView(ApiModel):
    """Some units of one item."""

    item_id: Id
    quantity: int


class ShipParcelResponse(ApiModel):
    """The parcel is recorded."""

    order_id: Id
    parcel_id: Id
    lines: tuple[LineQuantityView, ...]
    links: Links


class DeliverParcelResponse(ApiModel):
    """The parcel's arrival is recorded."""

    order_id: Id
    parcel_id: Id
    delivered_at: Timestamp
    links: Links


class RefundOrderRequest(RequestModel):
    """Money to give back: an amount, or what some lines cost."""

    refund_id: Id = Field(
        description="The caller's id; the same refund is made once. An order has "
        f"{MAX_REFUNDS} refunds at most, failed ones included."
    )
    amount: Amount | None = Field(default=None, description="Either this, or `lines`.")
    lines: (
        Annotated[tuple[LineQuantityRequest, ...], Field(min_length=1, max_length=MAX_LINES)] | None
    ) = Field(
        default=None,
        description="What is given back; refunds what it cost. Units that have not left yet do "
        "not leave any more, and are back in stock once the refund is made.",
    )
    restock: StrictBool = Field(
        default=False,
        description="Whether the units that have left come back into stock; needs `lines`.",
    )


class RefundLineView(ApiModel):
    """Some units of one item that a refund is for."""

    item_id: Id
    quantity: int
    withheld: int = Field(
        description="Those of the units that had not left when the refund was asked for: they do "
        "not leave any more, unless it fails."
    )


class RefundOrderResponse(ApiModel):
    """The refund is recorded, and made as soon as the payment provider answers."""

    order_id: Id
    refund_id: Id
    amount: Money
    lines: tuple[RefundLineView, ...] = Field(description="Empty for a refund by amount.")
    links: Links
