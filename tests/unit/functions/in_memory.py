"""The ports, in memory: what the stages' tests use in place of tables and of the provider."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.messages import Message
from order_pipeline.domain.order import Channel, Contact, LineQuantity, Order, Refund
from order_pipeline.domain.ports import (
    Authorised,
    ClaimTakenError,
    ConcurrentChangeError,
    Declined,
    Done,
    OrderNotFoundError,
    OrdersUnavailableError,
    PaymentOutcome,
    ProviderOutError,
    Unconfirmed,
    UndeliverableError,
)
from order_pipeline.domain.transitions import Status
from tests.unit.builders import with_payment


class Orders:
    """Orders by id; `meanwhile` is what somebody else does before the next write."""

    def __init__(self, *orders: Order) -> None:
        self._orders = {order.order_id: order for order in orders}
        self.meanwhile: Callable[[Order], Order] | None = None

    def get(self, order_id: str) -> Order:
        try:
            return self._orders[order_id]
        except KeyError:
            raise OrderNotFoundError(order_id) from None

    def add(self, order: Order) -> Order:
        return self._orders.setdefault(order.order_id, order)

    def change(
        self, order_id: str, decide: Callable[[Order], Order], *, seen: Order | None = None
    ) -> Order:
        if seen:
            assert seen == self.get(order_id), "whoever passes an order on has seen all of it"
        self._let_others_go_first(order_id)
        self._orders[order_id] = decide(self.get(order_id))
        return self.get(order_id)

    def remember_intent(self, order: Order, intent_id: str) -> None:
        self._let_others_go_first(order.order_id)
        now = self.get(order.order_id)
        if now.status is not Status.RESERVED or now.payment.intent_id not in (None, intent_id):
            raise ConcurrentChangeError(order.order_id)
        self._orders[order.order_id] = with_payment(now, intent_id=intent_id)

    def remember_replacement(self, order: Order, intent_id: str) -> None:
        self._let_others_go_first(order.order_id)
        now = self.get(order.order_id)
        if now.version != order.version:
            raise ConcurrentChangeError(order.order_id)
        self._orders[order.order_id] = with_payment(now, replacement_intent_id=intent_id)

    def _let_others_go_first(self, order_id: str) -> None:
        if self.meanwhile:
            others, self.meanwhile = self.meanwhile, None
            self._orders[order_id] = others(self.get(order_id))


class OrdersDown(Orders):
    """Orders that cannot be stored, or that are (`takes`) although the answer says otherwise."""

    def __init__(self, *orders: Order, takes: bool = False) -> None:
        super().__init__(*orders)
        self._takes = takes

    def add(self, order: Order) -> Order:
        if self._takes:
            super().add(order)
        raise OrdersUnavailableError("ProvisionedThroughputExceededException")


class Overflow:
    """Deferred orders, in the form in which they wait, and why each was deferred."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.reasons: list[str] = []
        self.refuses = False

    def defer(self, order: Order, reason: str) -> None:
        if self.refuses:
            raise ConnectionError
        self.messages.append(order.model_dump_json(by_alias=True, exclude_none=True))
        self.reasons.append(reason)


class Inventory:
    """Items by id."""

    def __init__(self, *items: Item) -> None:
        self.items = {item.item_id: item for item in items}

    def find(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        return {item_id: self.items[item_id] for item_id in item_ids if item_id in self.items}


class Ledger:
    """A stock ledger that writes down what it is asked."""

    def __init__(self, orders: Orders, *, short: Sequence[str] = ()) -> None:
        self._orders = orders
        self._short = short
        self.reserved: list[Order] = []
        self.released: list[Order] = []
        self.shipped: list[Order] = []
        self.back: list[LineQuantity] = []

    def reserve(self, order: Order, reserved: Order) -> Sequence[str]:
        if not self._short:
            self._orders.change(order.order_id, lambda _: reserved)
            self.reserved.append(order)
        return self._short

    def release(self, order: Order, released: Order) -> None:
        self._orders.change(order.order_id, lambda _: released)
        self.released.append(order)

    def ship(self, order: Order) -> None:
        self.shipped.append(order)

    def restock(self, order: Order, restocked: Order, lines: Sequence[LineQuantity]) -> None:
        self._orders.change(order.order_id, lambda _: restocked)
        self.back += lines


class Provider:
    """A payment provider: intents by id, each with what became of it.

    `on_confirm` is its answer to a confirmation; `silent` are calls whose answer is lost after
    they did their work.
    """

    def __init__(
        self, *, on_confirm: Authorised | Declined | None = None, silent: Iterable[str] = ()
    ) -> None:
        self.intents: dict[str, PaymentOutcome] = {}
        self.cancelled: set[str] = set()
        self.calls: list[str] = []
        self.captured: list[str] = []
        self.refunded: dict[str, int] = {}
        self.on_capture: Declined | None = None
        self.on_refund: Declined | None = None
        self.on_confirm = on_confirm or Authorised()
        self._silent = set(silent)

    @property
    def holding(self) -> list[str]:
        """The intents that hold money."""
        return [
            intent_id
            for intent_id, outcome in self.intents.items()
            if outcome == Authorised() and intent_id not in self.cancelled
        ]

    def create(self, order: Order) -> str | Declined:
        if order.payment.method == "pm_unknown":
            return Declined("invalid_payment_method")
        intent_id = f"pi_{len(self.intents) + 1}"
        self.intents[intent_id] = Unconfirmed()
        self._answer("create")
        return intent_id

    def confirm(self, intent_id: str) -> Authorised | Declined:
        self.intents[intent_id] = self.on_confirm
        self._answer("confirm")
        return self.on_confirm

    def outcome(self, intent_id: str) -> PaymentOutcome:
        self._answer("outcome")
        return self.intents[intent_id]

    def cancel(self, intent_id: str) -> None:
        self.cancelled.add(intent_id)
        self._answer("cancel")

    def capture(self, intent_id: str) -> Done | Declined:
        # What the provider has on record is not undone by a bank that refuses later.
        refused = None if intent_id in self.captured else self.on_capture
        if refused is None:
            self.captured.append(intent_id)
        self._answer("capture")
        return refused or Done()

    def refund(self, order: Order, intent_id: str, refund: Refund) -> Done | Declined:
        assert order.payment.intent_id == intent_id
        refused = None if refund.refund_id in self.refunded else self.on_refund
        if refused is None:
            self.refunded[refund.refund_id] = refund.amount
        self._answer("refund")
        return refused or Done()

    def lose_answer_of(self, call: str) -> None:
        """Lose the next answer to `call`; the work is done all the same."""
        self._silent.add(call)

    def heal(self) -> None:
        """Answer every call from now on, and refuse nothing that follows an authorisation."""
        self._silent.clear()
        self.on_capture = self.on_refund = None

    def _answer(self, call: str) -> None:
        self.calls.append(call)
        if call in self._silent:
            self._silent.remove(call)
            raise ProviderOutError(call)


class Claims:
    """Claims by key: False while claimed, True when done."""

    def __init__(self) -> None:
        self.keys: dict[str, bool] = {}

    def claim(self, key: str) -> bool:
        if key not in self.keys:
            self.keys[key] = False
            return True
        if not self.keys[key]:
            raise ClaimTakenError(key)
        return False

    def done(self, key: str) -> None:
        self.keys[key] = True

    def release(self, key: str) -> None:
        del self.keys[key]


class Mailbox:
    """A channel that keeps what it is given: e-mail, if nothing else is said."""

    def __init__(self, channel: Channel = Channel.EMAIL) -> None:
        self.channel = channel
        self.sent: list[tuple[str, Message]] = []
        self.out_of_order = False
        self.refuses = False

    def address(self, contact: Contact) -> str | None:
        match self.channel:
            case Channel.EMAIL:
                return contact.email
            case Channel.SMS:
                return contact.phone
            case Channel.PUSH:
                return contact.push_endpoint

    def send(self, address: str, message: Message) -> None:
        if self.out_of_order:
            raise ConnectionError(self.channel)
        if self.refuses:
            raise UndeliverableError(address)
        self.sent.append((address, message))
