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
from order_pipeline.domain.cancellation import CancelReason
from order_pipeline.domain.limits import MAX_LINES, MAX_PARCEL_LINES, MAX_PARCELS, MAX_REFUNDS
from order_pipeline.domain.stored import Timestamp
from order_pipeline.domain.transitions import Status


class CancelOrderRequest(RequestModel):
    """Why the order is cancelled."""

    reason: CancelReason


class CancelOrderResponse(ApiModel):
    """The order is cancelled; the stock and money held for it are being released."""

    order_id: Id
    status: Status
    message: str
    links: Links


class LineQuantityRequest(RequestModel):
    """Some units of one item."""

    item_id: Id
    quantity: Quantity


class ShipParcelRequest(RequestModel):
    """A parcel leaving the warehouse."""

    parcel_id: Id = Field(
        description="The warehouse's id; the same parcel is shipped only once. An order has at "
        f"most {MAX_PARCELS} parcels, and the last one must contain everything that is left."
    )
    lines: (
        Annotated[tuple[LineQuantityRequest, ...], Field(min_length=1, max_length=MAX_LINES)] | None
    ) = Field(
        default=None,
        description="What is in it; everything that is left, if absent. The parcels of an order "
        f"have at most {MAX_PARCEL_LINES} lines in total, less those needed for what is left "
        "behind: there is always room for a parcel with all that is left of its items.",
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
    """Money to refund: an amount, or what some lines cost."""

    refund_id: Id = Field(
        description="The caller's id; the same refund is made only once. An order has at most "
        f"{MAX_REFUNDS} refunds, including any that failed."
    )
    amount: Amount | None = Field(default=None, description="Either this, or `lines`.")
    lines: (
        Annotated[tuple[LineQuantityRequest, ...], Field(min_length=1, max_length=MAX_LINES)] | None
    ) = Field(
        default=None,
        description="What is being refunded, at what it cost. Units that have not been shipped "
        "yet will not be, and go back into stock once the refund is made.",
    )
    restock: StrictBool = Field(
        default=False,
        description="Whether units that have been shipped go back into stock; requires `lines`.",
    )


class RefundLineView(ApiModel):
    """Some units of one item that a refund is for."""

    item_id: Id
    quantity: int
    withheld: int = Field(
        description="How many of the units had not been shipped when the refund was requested: "
        "they will not be, unless it fails."
    )


class RefundOrderResponse(ApiModel):
    """The refund is recorded, and made as soon as the payment provider answers."""

    order_id: Id
    refund_id: Id
    amount: Money
    lines: tuple[RefundLineView, ...] = Field(description="Empty for a refund by amount.")
    links: Links
