"""An order: one value that holds everything about it, and the only ways in which it may change.

Each function that changes an order returns the order as it is after one event, with the event
appended to its history. Nothing here stores, sends or asks anybody: see `order_pipeline.adapters`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from order_pipeline.domain.limits import PAYMENT_HOLD
from order_pipeline.domain.money import Currency
from order_pipeline.domain.stored import Record, Timestamp, now
from order_pipeline.domain.transitions import TRANSITIONS, EventType, Status, status_after

SCHEMA_VERSION = 1


class Priority(StrEnum):
    """How urgent the customer's order is."""

    NORMAL = "normal"
    HIGH = "high"


class Channel(StrEnum):
    """A way to tell the customer something."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class PaymentState(StrEnum):
    """Where the order's money is."""

    NONE = "NONE"
    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    CAPTURE_FAILED = "CAPTURE_FAILED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


class StockState(StrEnum):
    """Where the order's stock is."""

    NONE = "NONE"
    HELD = "HELD"
    RELEASED = "RELEASED"
    SHIPPED = "SHIPPED"


class Line(Record):
    """Some units of one item. Prices are in minor units of the order's currency."""

    item_id: str
    quantity: int
    expected_price: int | None = None
    """What the customer was shown; compared with the catalogue, never charged."""
    unit_price: int | None = None
    """The catalogue's price when the order was validated: what is charged."""


class Contact(Record):
    """How the customer wants to be told. Personal data: never in an event or a log."""

    email: str | None = None
    phone: str | None = None
    push_endpoint: str | None = None
    channels: tuple[Channel, ...] | None = None
    """The channels wanted; None means every one that has an address."""


class Address(Record):
    """Where the parcels go. Personal data: never in an event or a log."""

    name: str
    line1: str
    line2: str | None = None
    city: str
    postcode: str
    country: str


class Payment(Record):
    """The order's payment. `method` and `intent_id` are the provider's: never in an event."""

    state: PaymentState = PaymentState.NONE
    method: str
    intent_id: str | None = None
    """The provider's payment intent. Stored before it is confirmed, so that a retry finds it."""
    replacement_intent_id: str | None = None
    """The intent that is about to take over, while the hold of the first one is being renewed."""
    authorised_at: Timestamp | None = None

    @property
    def hold_ends(self) -> datetime | None:
        """When the provider lets go of the money, unless it is taken; None if none is held."""
        return self.authorised_at + PAYMENT_HOLD if self.authorised_at else None

    @property
    def holds_nothing(self) -> bool:
        """Tell whether the customer's money is free of this order."""
        return self.intent_id is None or self.state in (PaymentState.VOIDED, PaymentState.EXPIRED)

    @property
    def is_collected(self) -> bool:
        """Tell whether the money was taken (whatever was given back since)."""
        return self.state in (
            PaymentState.CAPTURED,
            PaymentState.PARTIALLY_REFUNDED,
            PaymentState.REFUNDED,
        )


class Stock(Record):
    """The order's stock."""

    state: StockState = StockState.NONE


class LineQuantity(Record):
    """Some units of one item, as they stand in a parcel or a refund."""

    item_id: str
    quantity: int


class Parcel(Record):
    """A parcel that has left the warehouse."""

    parcel_id: str
    lines: tuple[LineQuantity, ...]
    carrier: str
    tracking_number: str
    request_hash: str
    """SHA-256 of the request, to tell a repeated one from a different one."""
    shipped_at: Timestamp
    delivered_at: Timestamp | None = None


class RefundLine(LineQuantity):
    """Some units of one item that a refund is for."""

    withheld: int = 0
    """Those of the units that had not left when it was asked for: they do not leave any more."""


class RefundState(StrEnum):
    """Where a refund is."""

    REQUESTED = "REQUESTED"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


class Refund(Record):
    """Money to give back, in minor units, and the stock that comes back with it."""

    refund_id: str
    state: RefundState = RefundState.REQUESTED
    amount: int
    lines: tuple[RefundLine, ...] = ()
    """What the money is for, where the refund was asked for by line: one line per item."""
    restock: bool = False
    """Whether the units that had left come back into stock once the money is given back."""
    restocked: bool = False
    """Whether all that comes back has done so."""
    request_hash: str
    """SHA-256 of the request, to tell a repeated one from a different one."""
    requested_at: Timestamp

    @property
    def comes_back(self) -> tuple[LineQuantity, ...]:
        """What goes into stock once the money is given back.

        What was withheld always does; what had left, where that was asked for.
        """
        return tuple(
            LineQuantity(
                item_id=line.item_id, quantity=line.quantity if self.restock else line.withheld
            )
            for line in self.lines
            if self.restock or line.withheld
        )

    @property
    def is_settled(self) -> bool:
        """Tell whether it has come to an end.

        Either the money is given back, and all that comes back is in stock; or the provider has
        refused. People are told of that by an alarm, and ask again with a refund of another id.
        """
        match self.state:
            case RefundState.REQUESTED:
                return False
            case RefundState.REFUNDED:
                return self.restocked or not self.comes_back
            case RefundState.FAILED:
                return True


class HistoryEntry(Record):
    """One event in an order's life, as stored with the order."""

    version: int
    event: EventType
    at: Timestamp
    by: str
    """The function that recorded it."""
    detail: Mapping[str, Any] = Field(default_factory=dict)


class Order(Record):
    """An order with its whole history."""

    schema_version: int = SCHEMA_VERSION
    order_id: str
    customer_id: str
    status: Status
    version: int
    """The number of events in the history."""
    placed_at: Timestamp
    currency: Currency
    priority: Priority = Priority.NORMAL
    lines: tuple[Line, ...]
    total: int | None = None
    """Minor units; known once the order is validated."""
    contact: Contact | None = None
    shipping_address: Address | None = None
    payment: Payment
    stock: Stock = Stock()
    parcels: tuple[Parcel, ...] = ()
    refunds: tuple[Refund, ...] = ()
    history: tuple[HistoryEntry, ...]
    payload_hash: str
    """SHA-256 of the placement, to tell a repeated request from a different one."""
    trace_header: str | None = None
    """The trace header of the request that placed the order, continued by every later step."""
    erased_at: Timestamp | None = None
    """When the customer was erased from the order; see `erasure`. Nothing happens to it after."""

    def after(
        self,
        event: EventType,
        *,
        by: str,
        detail: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        **changes: object,
    ) -> Self:
        """Return the order as it is after `event`.

        Parameters
        ----------
        event
            What happened.
        by
            The function that records it.
        detail
            What a reader of the history wants to know beside the event's name. No personal data.
        at
            When it happened; now, if not given.
        changes
            Attributes of the order that change with the event, by name.

        Raises
        ------
        TransitionRefusedError
            If the event cannot happen in the order's status.
        """
        status = status_after(event, self.status)
        version = self.version + 1
        entry = HistoryEntry(
            version=version, event=event, at=at or now(), by=by, detail=detail or {}
        )
        return self.model_copy(
            update=changes
            | {"status": status, "version": version, "history": (*self.history, entry)}
        )

    def latest(self, event: EventType) -> HistoryEntry:
        """Return the latest entry of an event that has happened to the order."""
        return next(entry for entry in reversed(self.history) if entry.event is event)

    def parcel(self, parcel_id: str) -> Parcel | None:
        """Return a parcel by its id."""
        return next((parcel for parcel in self.parcels if parcel.parcel_id == parcel_id), None)

    def refund(self, refund_id: str) -> Refund | None:
        """Return a refund by its id."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def may(self, event: EventType) -> bool:
        """Tell whether `event` can happen to the order in its status."""
        return self.status in TRANSITIONS.get(event, {})

    @property
    def quantities(self) -> dict[str, int]:
        """Units per item, lines of the same item summed."""
        return dict(units_of(self.lines))

    @property
    def shipped_quantities(self) -> dict[str, int]:
        """Units per item that have left the warehouse."""
        return dict(units_of(line for parcel in self.parcels for line in parcel.lines))

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing is left to do: an end is reached, and no stock or money is held."""
        match self.status:
            case Status.REJECTED | Status.OUT_OF_STOCK:
                return True
            case Status.PAYMENT_DECLINED:
                return self.stock.state is StockState.RELEASED
            case Status.CANCELLED:
                return self.stock.state is not StockState.HELD and self.payment.holds_nothing
            case Status.DELIVERED:
                return self.payment.is_collected and all(
                    refund.is_settled for refund in self.refunds
                )
            case _:
                return False


def units_of(lines: Iterable[Line | LineQuantity]) -> Counter[str]:
    """Return units per item, lines of the same item summed."""
    units: Counter[str] = Counter()
    for line in lines:
        units[line.item_id] += line.quantity
    return units


def withheld_units(refunds: Iterable[Refund]) -> Counter[str]:
    """Return units per item that do not leave because of these refunds; others are absent."""
    units: Counter[str] = Counter()
    for refund in refunds:
        for line in refund.lines:
            units[line.item_id] += line.withheld
    return +units


def place(
    *,
    order_id: str,
    customer_id: str,
    currency: Currency,
    lines: tuple[Line, ...],
    payment_method: str,
    payload_hash: str,
    by: str,
    priority: Priority = Priority.NORMAL,
    contact: Contact | None = None,
    shipping_address: Address | None = None,
    trace_header: str | None = None,
    at: datetime | None = None,
) -> Order:
    """Return a new order: PLACED, with the one event in its history."""
    placed_at = at or now()
    return Order(
        order_id=order_id,
        customer_id=customer_id,
        status=Status.PLACED,
        version=1,
        placed_at=placed_at,
        currency=currency,
        priority=priority,
        lines=lines,
        contact=contact,
        shipping_address=shipping_address,
        payment=Payment(method=payment_method),
        history=(HistoryEntry(version=1, event=EventType.ORDER_PLACED, at=placed_at, by=by),),
        payload_hash=payload_hash,
        trace_header=trace_header,
    )
