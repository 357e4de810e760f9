"""What the stages need from outside, as they see it. The adapters provide it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from order_pipeline.domain.order import Channel, Contact, LineQuantity, Order, Refund

if TYPE_CHECKING:
    # So that a function begins with the models of what it does, and not of what others do.
    from order_pipeline.domain.catalogue import Item
    from order_pipeline.domain.events import OrderEvent
    from order_pipeline.domain.messages import Message
    from order_pipeline.domain.reservation import Reservation


class OrderNotFoundError(Exception):
    """There is no order of this id in the table."""


class OrdersUnavailableError(Exception):
    """A new order cannot be stored at present; the message says what failed."""


class ClaimTakenError(Exception):
    """Somebody else is at this work right now; look again when the lease is over."""


class ItemExistsError(Exception):
    """An item is to be made that is there already."""


class ItemChangedError(Exception):
    """The item is not the version that the caller has read."""


class NotEnoughStockError(Exception):
    """Fewer units are in stock than are to be taken away."""


class TooMuchStockError(Exception):
    """More units would be in stock than an item may have."""


class ReservationsUnavailableError(Exception):
    """The reservations cannot be read at present; the message says what failed."""


class ConcurrentChangeError(Exception):
    """Others kept changing the same order or item; the work is to be tried again later."""


class UnreadItemsError(Exception):
    """A table did not give all that it was asked for; the work is to be tried again later."""


class Orders(Protocol):
    """The orders, each changed by one conditional write at a time."""

    def get(self, order_id: str) -> Order:
        """Return the order as it is now.

        Raises
        ------
        OrderNotFoundError
            If there is none.
        """

    def change(
        self, order_id: str, decide: Callable[[Order], Order], *, seen: Order | None = None
    ) -> Order:
        """Store what `decide` makes of the order, and return it.

        `decide` sees the order as it is now, and again whenever somebody else changed it in
        between. It returns the order as it was given when there is nothing to do.

        Who has just `seen` the order, with all that is stored of it, spares a read: it is looked
        at again only if it has changed since.

        Raises
        ------
        OrderNotFoundError
            If there is none.
        ConcurrentChangeError
            If others changed it every time.
        """


class NewOrders(Protocol):
    """Where a new order is stored."""

    def add(self, order: Order) -> Order:
        """Store a new order; return what is stored under its id, which may be an earlier one."""


class OrdersWithIntents(Orders, Protocol):
    """The orders, where a payment's id is remembered before any money moves."""

    def remember_intent(self, order: Order, intent_id: str) -> None:
        """Store the intent's id with the order.

        Raises
        ------
        ConcurrentChangeError
            If the order is not RESERVED any more, or has another intent.
        """

    def remember_replacement(self, order: Order, intent_id: str) -> None:
        """Store the id of the intent that is to take over from the order's present one.

        Raises
        ------
        ConcurrentChangeError
            If something has happened to the order, or it has another replacement.
        """


class OpenOrders(OrdersWithIntents, Protocol):
    """The orders, where those that are past their due can be found."""

    def overdue(self, before: datetime) -> Iterator[str]:
        """Yield the ids of the open orders whose due date is before a time."""

    def put_off(self, order: Order, until: datetime) -> None:
        """Let the order be due at another time, unless something happens to it before."""


class Topic(Protocol):
    """Where events are published."""

    def publish(self, events: "Sequence[OrderEvent]") -> set[str]:
        """Publish the events; return the ids of those that the topic did not take."""


class Catalogue(Protocol):
    """What the shop sells."""

    def find(self, item_ids: Iterable[str]) -> "Mapping[str, Item]":
        """Return the items that exist, by id."""


class Reservations(Protocol):
    """What is held for orders, to be looked at."""

    def of(self, order_id: str) -> "Reservation | None":
        """Return an order's reservation; None when it has none.

        Raises
        ------
        ReservationsUnavailableError
            If they cannot be read at present.
        """


class StockLedger(Protocol):
    """The stock, moved together with the order that moves it: all or nothing."""

    def reserve(self, order: Order, reserved: Order) -> Sequence[str]:
        """Hold the order's stock and store the order as `reserved`.

        Returns
        -------
        Sequence[str]
            The ids of the items that have not enough units; when there are any, nothing has
            changed.

        Raises
        ------
        ConcurrentChangeError
            If the order or an item was being changed by somebody else.
        """

    def release(self, order: Order, released: Order) -> None:
        """Give the order's held stock back and store the order as `released`.

        Raises
        ------
        ConcurrentChangeError
            If the order or an item was being changed by somebody else.
        """

    def ship(self, order: Order) -> None:
        """Write down in the order's reservation what has left. Repeatable, in any order."""

    def restock(self, order: Order, restocked: Order, lines: Sequence[LineQuantity]) -> None:
        """Put the units of `lines` back into stock and store the order as `restocked`.

        What has not left among them is held no more by the order's reservation.

        Raises
        ------
        ConcurrentChangeError
            If the order or an item was being changed by somebody else.
        """


@dataclass(frozen=True)
class Authorised:
    """The provider holds the money."""


@dataclass(frozen=True)
class Declined:
    """The provider refuses what it was asked: to hold the money, to take it, or to give it back.

    A result, not a fault: the same call again would be refused again, until people have changed
    something.
    """

    reason: str
    is_cancelled: bool = False
    """The intent is cancelled, so that there is nothing left to cancel."""


@dataclass(frozen=True)
class Unconfirmed:
    """The intent exists and holds no money: it is yet to be confirmed."""


type PaymentOutcome = Authorised | Declined | Unconfirmed
"""What became of an intent."""


@dataclass(frozen=True)
class Done:
    """The provider did what it was asked: the money was taken, or given back."""


class MoneyState(StrEnum):
    """What an intent means for the customer's money."""

    HELD = "held"
    TAKEN = "taken"


@dataclass(frozen=True)
class Money:
    """Some of a customer's money, as the provider has it on record."""

    intent_id: str
    order_id: str | None
    """None for an intent that is not the pipeline's."""
    state: MoneyState
    amount: int
    """Minor units."""


class PaymentOutcomeUnknownError(Exception):
    """The provider did not say what became of a call: ask again later, and assume nothing."""


class ProviderOutError(PaymentOutcomeUnknownError):
    """The provider did not answer, or answers nobody at present: others would fare the same."""


class Payments(Protocol):
    """The payment provider. Every method may raise `PaymentOutcomeUnknownError`."""

    def create(self, order: Order) -> str | Declined:
        """Create an intent for the order's total, unconfirmed, and return its id.

        Declined at once when the provider does not know the payment method, or may not use it
        again.
        """

    def confirm(self, intent_id: str) -> Authorised | Declined:
        """Ask the provider to hold the money."""

    def outcome(self, intent_id: str) -> PaymentOutcome:
        """Return what became of an intent."""

    def cancel(self, intent_id: str) -> None:
        """Cancel an intent: it holds no money any more, and never will. Repeatable."""

    def capture(self, intent_id: str) -> Done | Declined:
        """Take all the money that the intent holds. Repeatable."""

    def refund(self, order: Order, intent_id: str, refund: Refund) -> Done | Declined:
        """Give money back. Repeatable, for as long as the provider keeps its records."""


class PaymentRecords(Protocol):
    """What the payment provider has on record of this deployment, for the books."""

    def money(self, since: datetime, until: datetime) -> Iterator[Money]:
        """Yield the money held or taken by intents made in a span of time: [since, until).

        Raises
        ------
        ProviderOutError
            If the provider does not answer.
        """


class CallOutcome(StrEnum):
    """What became of a call to a service that a stage depends on."""

    OK = "ok"
    DECLINED = "declined"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody knows: there was no answer that tells."""


@dataclass(frozen=True)
class ServiceCall:
    """A call that was made to a service."""

    name: str
    seconds: float
    outcome: CallOutcome
    reason: str = ""
    """Why the outcome is unknown."""


class CallMonitor(Protocol):
    """Notices how a service does that a stage depends on."""

    def note(self, call: ServiceCall) -> None:
        """Take note of a call."""


class Claims(Protocol):
    """Work that must be done once, claimed with a lease."""

    def claim(self, key: str) -> bool:
        """Claim the work: True when it is the caller's to do, False when it was done before.

        Raises
        ------
        ClaimTakenError
            If somebody else is at it right now.
        """

    def done(self, key: str) -> None:
        """Mark the work done."""

    def release(self, key: str) -> None:
        """Give the claim back, so that the work can be tried again at once."""


class EventSource(Protocol):
    """What takes messages to a stage's function; paused, its queue keeps what is for it."""

    @property
    def state(self) -> str:
        """``Enabled``, ``Disabled``, or on the way from one to the other."""

    def pause(self) -> None:
        """Take no more messages."""

    def resume(self) -> None:
        """Take messages again."""


class UndeliverableError(Exception):
    """The channel will never deliver a message to this address, however often it is tried."""


class Messenger(Protocol):
    """A way to tell the customer something: one channel."""

    channel: Channel

    def address(self, contact: Contact) -> str | None:
        """Return where the customer is reached on this channel, if at all."""

    def send(self, address: str, message: "Message") -> None:
        """Hand the message to the channel.

        Raises
        ------
        UndeliverableError
            If the address is one that the channel will never deliver to.
        """


class ApiSilentError(Exception):
    """The API did not answer; what was asked for may have been done all the same."""


@dataclass(frozen=True)
class ApiAnswer:
    """What the API answered."""

    status: int
    body: Mapping[str, Any]
    """The JSON document; empty where there is none."""


class OrdersApi(Protocol):
    """The pipeline's own API, asked from outside."""

    def get(self, path: str) -> ApiAnswer:
        """Ask for what is at a path.

        Raises
        ------
        ApiSilentError
            If no answer came.
        """

    def post(self, path: str, body: Mapping[str, Any]) -> ApiAnswer:
        """Send a document to a path.

        Raises
        ------
        ApiSilentError
            If no answer came.
        """
