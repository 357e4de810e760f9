"""The inventory's items as operations see and set them."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from order_pipeline.api.fields import Amount, ApiModel, Id, Links, Money, RequestModel, Text
from order_pipeline.domain.limits import MAX_ADJUSTMENT, MAX_AVAILABLE, MAX_STOCK_COUNTERS
from order_pipeline.domain.money import Currency


class SetItemRequest(RequestModel):
    """The new state of an item."""

    name: Text
    price: Amount
    currency: Currency = Currency.GBP
    available: Annotated[StrictInt, Field(ge=0, le=MAX_AVAILABLE)] = Field(
        description="Units that can still be reserved."
    )
    active: StrictBool = Field(default=True, description="Whether the item is for sale.")
    stock_counters: Annotated[StrictInt, Field(ge=1, le=MAX_STOCK_COUNTERS)] | None = Field(
        default=None,
        description="The number of counters the units are spread over: more than 1 for an item "
        "that sells more than 35 times a second. If absent, an item keeps the number it has, and a "
        "new one has 1.",
    )


class AdjustStockRequest(RequestModel):
    """Units added to stock, or taken away."""

    adjustment_id: Id = Field(description="The caller's id; the same adjustment is made only once.")
    delta: Annotated[StrictInt, Field(ge=-MAX_ADJUSTMENT, le=MAX_ADJUSTMENT)] = Field(
        description="Units to add; negative to take away. Stock never goes below zero."
    )


class AdjustStockResponse(ApiModel):
    """The adjustment is made."""

    item_id: Id
    adjustment_id: Id
    delta: int
    links: Links


class ItemView(ApiModel):
    """An item of the inventory. The `ETag` header carries its version, for `If-Match`."""

    item_id: Id
    name: str
    price: Money
    currency: Currency
    available: int
    active: bool
    stock_counters: int = Field(
        default=1,  # as the code before this one answers, which knows of none
        description="The number of counters `available` is spread over.",
    )
    version: int
