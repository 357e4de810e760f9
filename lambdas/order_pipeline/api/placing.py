"""What an order is placed with, and the answer."""

from typing import Annotated

from pydantic import Field, StringConstraints

from order_pipeline.api.fields import Amount, ApiModel, Id, Links, Quantity, RequestModel, Text
from order_pipeline.domain.limits import (
    MAX_EMAIL,
    MAX_LINES,
    MAX_POSTCODE,
    MAX_PUSH_ENDPOINT,
    PAYMENT_METHOD_PATTERN,
)
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Channel, Priority
from order_pipeline.domain.transitions import Status


class OrderLineRequest(RequestModel):
    """Some units of one item."""

    item_id: Id
    quantity: Quantity
    price: Amount | None = Field(
        default=None,
        description="The price per unit that the customer was shown. Checked against the "
        "inventory, never trusted: an order whose price is not the current one is rejected.",
    )


class ContactRequest(RequestModel):
    """Where and how the customer wants to be notified."""

    email: (
        Annotated[
            str,
            StringConstraints(
                max_length=MAX_EMAIL,
                pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",
            ),
        ]
        | None
    ) = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="E.164, such as +447700900123."
    )
    push_endpoint: (
        Annotated[
            str,
            StringConstraints(
                max_length=MAX_PUSH_ENDPOINT,
                pattern=r"^arn:aws:sns:eu-west-2:[0-9]{12}:endpoint/[A-Za-z0-9/_.-]+$",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="The ARN of an SNS platform endpoint of the account that the API runs in. "
        "Nothing is sent to one of another account.",
    )
    channels: Annotated[tuple[Channel, ...], Field(max_length=len(Channel))] | None = Field(
        default=None, description="The channels to use; all that have an address, if absent."
    )


class AddressRequest(RequestModel):
    """Where the parcels go."""

    name: Text
    line1: Text
    line2: Text | None = None
    city: Text
    postcode: Annotated[Text, Field(max_length=MAX_POSTCODE)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        description="ISO 3166-1 alpha-2, such as GB."
    )


class PaymentRequest(RequestModel):
    """How the order is paid for."""

    method: Annotated[str, StringConstraints(pattern=PAYMENT_METHOD_PATTERN)] = Field(
        description="The payment provider's token for a payment method; never card data.",
        examples=["pm_card_visa"],
    )


class PlaceOrderRequest(RequestModel):
    """An order as the storefront sends it."""

    order_id: Id | None = Field(
        default=None,
        description="The storefront's id for the order, by which a repeated request is recognised. "
        "Without it, the id is derived from the Idempotency-Key header; one of the two is "
        "required, and if both are given, this one is used.",
    )
    customer_id: Id
    items: Annotated[tuple[OrderLineRequest, ...], Field(min_length=1, max_length=MAX_LINES)]
    currency: Currency = Currency.GBP
    priority: Priority = Priority.NORMAL
    contact: ContactRequest | None = None
    shipping_address: AddressRequest | None = None
    payment: PaymentRequest | None = Field(
        default=None,
        description="If absent, the environment's default payment method is used, if it has one.",
    )


class PlaceOrderResponse(ApiModel):
    """The order is accepted: it will not be lost, and its state can be looked up."""

    order_id: Id
    status: Status
    deferred: bool | None = Field(
        default=None,
        description="True while the order waits to be stored: until it is, every other call about "
        "it returns 404. Absent otherwise.",
    )
    message: str
    links: Links
