"""What the API takes and gives. These models are the one source of the API's documents."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from order_pipeline.cancellation import CancelReason
from order_pipeline.limits import (
    ID_PATTERN,
    MAX_ADJUSTMENT,
    MAX_AMOUNT,
    MAX_AVAILABLE,
    MAX_CURSOR,
    MAX_EMAIL,
    MAX_LINES,
    MAX_PAGE,
    MAX_PARCEL_LINES,
    MAX_PARCELS,
    MAX_POSTCODE,
    MAX_PUSH_ENDPOINT,
    MAX_QUANTITY,
    MAX_REFUNDS,
    MAX_STOCK_COUNTERS,
    MAX_TEXT,
    PAYMENT_METHOD_PATTERN,
)
from order_pipeline.money import Currency
from order_pipeline.order import Channel, PaymentState, Priority, RefundState, StockState
from order_pipeline.stored import Timestamp
from order_pipeline.transitions import EventType, Status

_AMOUNT_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,2})?$"


def _amount_text(value: object) -> object:
    """Let only plain decimal text through; numbers are checked by their type."""
    if isinstance(value, str) and not re.fullmatch(_AMOUNT_PATTERN, value, re.ASCII):
        raise ValueError("must be an amount of zero or more such as 29.99")
    return value


def _no_larger(amount: Decimal) -> Decimal:
    if amount > MAX_AMOUNT:
        raise ValueError(f"must be {MAX_AMOUNT} or less")
    return amount


def _whole_number(value: object) -> object:
    """Let only plain digits through; pydantic itself takes `1_0`, `1.0` and ` 1` for numbers."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError("must be a whole number")
    return value


# Control characters, line ends, and the marks that turn the direction of what follows: in a name
# they hide or fake something. The escapes mean the same to every dialect of patterns.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BLANKS = r" \u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_TEXT_PATTERN = f"^ *[^{_CONTROLS}{_BLANKS}][^{_CONTROLS}]*$"


def _one_line(text: str) -> str:
    """Refuse what is not one line of visible text, or cannot be stored as UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain unpaired surrogates")
    if re.search(f"[{_CONTROLS}]", text):
        raise ValueError("must not contain line ends, control characters or direction marks")
    if not re.match(_TEXT_PATTERN, text):
        raise ValueError("must begin with a visible character")
    return text


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT),
    AfterValidator(_one_line),
    Field(json_schema_extra={"pattern": _TEXT_PATTERN}),
]
"""One line of visible text: no control characters, no marks that turn its direction."""
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount_text),
    AfterValidator(_no_larger),
    Field(
        ge=0,
        description="Zero or more, in major units, with at most the currency's decimals.",
        examples=["29.99", 29.99],
    ),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": float(MAX_AMOUNT)},
                {"type": "string", "pattern": _AMOUNT_PATTERN},
            ]
        },
        mode="validation",
    ),
]
Money = Annotated[
    str,
    Field(description="Major units, with the currency's decimals.", examples=["29.99"]),
]
Quantity = Annotated[StrictInt, Field(ge=1, le=MAX_QUANTITY)]


class ApiModel(BaseModel):
    """camelCase outside; an unknown field is an error, so that a misspelt one is found."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,  # errors are logged; contact data is not
    )


class RequestModel(ApiModel):
    """What a caller sends: the names in the documents are the only ones it may use."""

    model_config = ConfigDict(validate_by_name=False)


# ------------------------------------------------------------------ placing an order


class OrderLineRequest(RequestModel):
    """Some units of one item."""

    item_id: Id
    quantity: Quantity
    price: Amount | None = Field(
        default=None,
        description="What the customer was shown for one unit. Checked against the inventory, "
        "never trusted: an order whose price is not the current one is rejected.",
    )


class ContactRequest(RequestModel):
    """Where and how the customer wants to be told."""

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
    ) = Field(default=None, description="The ARN of an SNS platform endpoint.")
    channels: Annotated[tuple[Channel, ...], Field(max_length=len(Channel))] | None = Field(
        default=None, description="The channels wanted; all that have an address, if absent."
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
    """How the order is paid."""

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
        "required, and where both are there, this one counts.",
    )
    customer_id: Id
    items: Annotated[tuple[OrderLineRequest, ...], Field(min_length=1, max_length=MAX_LINES)]
    currency: Currency = Currency.GBP
    priority: Priority = Priority.NORMAL
    contact: ContactRequest | None = None
    shipping_address: AddressRequest | None = None
    payment: PaymentRequest | None = Field(
        default=None,
        description="Absent: the environment's default payment method, where it has one.",
    )


class Links(ApiModel):
    """Where to look."""

    self: str = Field(
        description="A relative reference, to be resolved against the address of the request "
        "(RFC 3986, section 5).",
        examples=["../../orders/ORD-1"],
        json_schema_extra={"format": "uri-reference"},
    )


class PlaceOrderResponse(ApiModel):
    """The order is accepted: it will not be lost, and its state can be asked for."""

    order_id: Id
    status: Status
    deferred: bool | None = Field(
        default=None,
        description="True while the order waits to be stored: until it is, every other call about "
        "it answers 404. Absent otherwise.",
    )
    message: str
    links: Links


# ------------------------------------------------------------------ changing an order


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


class ListOrdersQuery(RequestModel):
    """Which of a customer's orders to list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_whole_number)] = Field(
        default=20, description="How many at most."
    )
    cursor: (
        Annotated[str, StringConstraints(max_length=MAX_CURSOR, pattern=r"^[A-Za-z0-9_-]+$")] | None
    ) = Field(default=None, description="Where to go on: from the answer before.")
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
        description="Present when there may be more, also behind a page that a `status` has left "
        "short or empty.",
    )


# ------------------------------------------------------------------ looking at an order


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
    detail: Mapping[str, Any] = Field(description="What explains the event, such as a reason.")


class OrderView(ApiModel):
    """An order with its history."""

    order_id: Id
    customer_id: Id | None = Field(
        default=None, description="Absent once the customer is erased, and only then."
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
        description="When the customer's personal data were erased. Such an order takes no more "
        "changes.",
    )
    history: tuple[HistoryEntryView, ...]


# ------------------------------------------------------------------ inventory


class SetItemRequest(RequestModel):
    """What an item is to be from now on."""

    name: Text
    price: Amount
    currency: Currency = Currency.GBP
    available: Annotated[StrictInt, Field(ge=0, le=MAX_AVAILABLE)] = Field(
        description="Units that can still be reserved."
    )
    active: StrictBool = Field(default=True, description="Whether the item is for sale.")
    stock_counters: Annotated[StrictInt, Field(ge=1, le=MAX_STOCK_COUNTERS)] = Field(
        default=1,
        description="Over how many counters the units are spread: more than 1 for an item that "
        "sells more than about 300 times a second.",
    )


class AdjustStockRequest(RequestModel):
    """Units that came into stock, or went."""

    adjustment_id: Id = Field(description="The caller's id; the same adjustment is made once.")
    delta: Annotated[StrictInt, Field(ge=-MAX_ADJUSTMENT, le=MAX_ADJUSTMENT)] = Field(
        description="Units to add; negative to take away, never below zero."
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
        description="Over how many counters `available` is spread.",
    )
    version: int


# ------------------------------------------------------------------ problems


class FieldErrorView(ApiModel):
    """What is wrong with one field."""

    field: str = Field(description="Such as `items[0].quantity`, or a header's name.")
    message: str


class ProblemView(ApiModel):
    """An error (RFC 9457)."""

    type: str = Field(description="Stable: the same for every error of this kind.")
    title: str
    status: int
    detail: str
    errors: tuple[FieldErrorView, ...] = ()
