"""The whole domain under random commands and redelivered, reordered events.

The stages run as they are deployed, against the in-memory provider and a ledger that counts units.
What the shop promises is checked after every step.
"""

from collections.abc import Callable, Sequence
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from inventory.stage import release_stock, reserve_stock, restock, ship_stock
from order_pipeline.domain.cancellation import CancelReason, can_cancel, cancel
from order_pipeline.domain.events import OrderEvent, events_since
from order_pipeline.domain.order import (
    LineQuantity,
    Order,
    PaymentState,
    RefundState,
    StockState,
    units_of,
    withheld_units,
)
from order_pipeline.domain.ports import (
    Authorised,
    ConcurrentChangeError,
    Declined,
    PaymentOutcomeUnknownError,
)
from order_pipeline.domain.refunds import request_refund
from order_pipeline.domain.refusals import CommandConflictError, CommandRefusedError
from order_pipeline.domain.shipping import deliver, ship
from order_pipeline.domain.transitions import TRANSITIONS, EventType, Status
from payment.authorisation import authorise_payment
from payment.collection import capture_payment, give_refund, void_payment
from tests.unit.builders import a_line, a_placed_order, an_item
from tests.unit.functions.in_memory import Claims, Inventory, Orders, Provider
from validation.stage import validate_order

INITIAL = 6
"""Units of the one item in stock at the start; the order wants four."""

WANTED = 4


class CountingLedger:
    """The stock: units available, and what the order's reservation says."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.available = INITIAL
        self.held = 0
        self.shipped = 0
        self.withheld = 0
        self.returned = 0

    def reserve(self, order: Order, reserved: Order) -> Sequence[str]:
        units = order.quantities["ITEM-001"]
        if units > self.available:
            return ["ITEM-001"]
        self._move(order, reserved)
        self.available -= units
        self.held += units
        return []

    def release(self, order: Order, released: Order) -> None:
        units = order.quantities["ITEM-001"]
        self._move(order, released)
        self.available += units
        self.held -= units

    def ship(self, order: Order) -> None:
        left = order.shipped_quantities["ITEM-001"]
        if left > self.shipped:
            self.held -= left - self.shipped
            self.shipped = left

    def restock(self, order: Order, restocked: Order, lines: Sequence[LineQuantity]) -> None:
        self._move(order, restocked)
        units = units_of(lines)["ITEM-001"]
        withheld = withheld_units(refund for refund in restocked.refunds if refund.restocked)
        never_left = withheld["ITEM-001"] - self.withheld
        self.available += units
        self.held -= never_left
        self.withheld += never_left
        self.returned += units - never_left

    def _move(self, before: Order, after: Order) -> None:
        def unless_it_changed(now: Order) -> Order:
            if now.version != before.version:
                raise ConcurrentChangeError(before.order_id)
            return after

        self._orders.change(before.order_id, unless_it_changed)


class OrderLife(RuleBasedStateMachine):
    """One order, its commands, and its events delivered at least once in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = Orders(a_placed_order(a_line("ITEM-001", WANTED)))
        self.ledger = CountingLedger(self.orders)
        self.catalogue = Inventory(an_item())
        self.provider = Provider()
        self.claims = Claims()
        self.sold_to_others = 0
        self.published = 0
        self.waiting: list[OrderEvent] = []
        self.seen: list[OrderEvent] = []
        release = partial(release_stock, orders=self.orders, ledger=self.ledger)
        leave = partial(ship_stock, orders=self.orders, ledger=self.ledger)
        collect = partial(capture_payment, orders=self.orders, payments=self.provider)
        self.stages: dict[EventType, list[Callable[[OrderEvent], None]]] = {
            EventType.ORDER_PLACED: [
                partial(validate_order, orders=self.orders, catalogue=self.catalogue)
            ],
            EventType.ORDER_VALIDATED: [
                partial(reserve_stock, orders=self.orders, ledger=self.ledger)
            ],
            EventType.STOCK_RESERVED: [
                partial(authorise_payment, orders=self.orders, payments=self.provider)
            ],
            EventType.PAYMENT_DECLINED: [release],
            EventType.ORDER_CANCELLED: [
                release,
                partial(void_payment, orders=self.orders, payments=self.provider),
            ],
            EventType.PARCEL_SHIPPED: [leave, collect],
            EventType.ORDER_SHIPPED: [leave, collect],
            EventType.REFUND_REQUESTED: [
                partial(
                    give_refund,
                    orders=self.orders,
                    payments=self.provider,
                    claims=self.claims,
                )
            ],
            EventType.PAYMENT_REFUNDED: [partial(restock, orders=self.orders, ledger=self.ledger)],
        }
        self.publish()

    @property
    def order(self) -> Order:
        return self.orders.get("ORD-1")

    def publish(self) -> None:
        """Do what the outbox does: publish what was appended."""
        events = events_since(self.published, self.order)
        self.published = self.order.version
        self.waiting += events
        self.seen += events

    def command(self, change: Callable[[Order], Order]) -> None:
        def carry_out(order: Order) -> Order:
            try:
                return change(order)
            except (CommandRefusedError, CommandConflictError):
                return order

        self.orders.change("ORD-1", carry_out)
        self.publish()

    def deliver_to_stages(self, event: OrderEvent) -> bool:
        """Hand an event to its stages; tell whether all of them took it."""
        taken = True
        for stage in self.stages.get(event.event_type, []):
            try:
                stage(event)
            except (ConcurrentChangeError, PaymentOutcomeUnknownError):
                taken = False
            self.publish()
        return taken

    # ------------------------------------------------------------ what can happen

    @initialize(
        rounds=st.integers(0, 4),
        units=st.none() | st.integers(1, WANTED),
        to_refund=st.none() | st.integers(1, WANTED),
    )
    def some_of_it_has_happened(
        self, rounds: int, units: int | None, to_refund: int | None
    ) -> None:
        """Begin anywhere: chance alone would rarely come as far as a refund before all has left."""
        for _ in range(rounds):
            self.every_event_arrives()
        if units is not None:
            self.a_parcel_leaves(1, units)
            self.every_event_arrives()
        if to_refund is not None:
            self.goods_come_back(4, to_refund, with_stock=False)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def an_event_arrives(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(event)
        if not self.deliver_to_stages(event):
            self.waiting.append(event)

    @rule()
    def every_event_arrives(self) -> None:
        """Go on without waiting for chance, so that later states are reached often."""
        for event in list(self.waiting):
            self.waiting.remove(event)
            if not self.deliver_to_stages(event):
                self.waiting.append(event)

    @rule(data=st.data())
    def an_event_arrives_again(self, data: st.DataObject) -> None:
        self.deliver_to_stages(data.draw(st.sampled_from(self.seen)))

    @rule(reason=st.sampled_from(CancelReason))
    def the_customer_cancels(self, reason: CancelReason) -> None:
        self.command(lambda order: cancel(order, reason, by="test"))

    @rule()
    def the_customer_cancels_while_a_stage_is_at_work(self) -> None:
        """Cancel between the next stage's reading of the order and its write."""

        def cancel_if_possible(order: Order) -> Order:
            return cancel(order, CancelReason.OTHER, by="test") if can_cancel(order) else order

        self.orders.meanwhile = cancel_if_possible

    @rule(number=st.integers(1, 3), units=st.none() | st.integers(1, WANTED))
    def a_parcel_leaves(self, number: int, units: int | None) -> None:
        lines = None if units is None else [LineQuantity(item_id="ITEM-001", quantity=units)]
        self.command(
            lambda order: ship(
                order,
                f"P-{number}",
                lines=lines,
                carrier="Royal Mail",
                tracking_number="AB1",
                request_hash=str(units),
                by="test",
            )
        )

    @rule(number=st.integers(1, 3))
    def a_parcel_arrives(self, number: int) -> None:
        self.command(lambda order: deliver(order, f"P-{number}", by="test"))

    @rule(number=st.integers(1, 3), amount=st.integers(1, 12_000))
    def money_is_asked_back(self, number: int, amount: int) -> None:
        self.command(
            lambda order: request_refund(
                order,
                f"R-{number}",
                amount=amount,
                lines=(),
                restock=False,
                request_hash=f"amount {amount}",
                by="test",
            )
        )

    @rule(number=st.integers(4, 6), units=st.integers(1, WANTED), with_stock=st.booleans())
    def goods_come_back(self, number: int, units: int, *, with_stock: bool) -> None:
        self.command(
            lambda order: request_refund(
                order,
                f"R-{number}",
                amount=None,
                lines=[LineQuantity(item_id="ITEM-001", quantity=units)],
                restock=with_stock,
                request_hash=f"lines {units} {with_stock}",
                by="test",
            )
        )

    @rule(call=st.sampled_from(["create", "confirm", "outcome", "cancel", "capture", "refund"]))
    def the_provider_will_not_answer(self, call: str) -> None:
        self.provider.lose_answer_of(call)

    @rule(declined=st.booleans())
    def the_bank_makes_up_its_mind(self, *, declined: bool) -> None:
        self.provider.on_confirm = Declined("card_declined") if declined else Authorised()

    @rule(refused=st.booleans())
    def the_bank_refuses_what_follows(self, *, refused: bool) -> None:
        self.provider.on_capture = Declined("expired") if refused else None
        self.provider.on_refund = Declined("disputed") if refused else None

    @rule(units=st.integers(0, INITIAL))
    def somebody_else_buys(self, units: int) -> None:
        bought = min(units, self.ledger.available)
        self.ledger.available -= bought
        self.sold_to_others += bought

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_history_is_a_path_through_the_table(self) -> None:
        status = Status.PLACED
        for entry in self.order.history[1:]:
            status = TRANSITIONS[entry.event][status]
        assert status is self.order.status
        assert [entry.version for entry in self.order.history] == list(
            range(1, self.order.version + 1)
        )

    @invariant()
    def the_books_of_the_stock_agree(self) -> None:
        order, ledger = self.order, self.ledger
        assert ledger.available >= 0
        assert ledger.held >= 0
        if order.stock.state in (StockState.HELD, StockState.SHIPPED):
            assert ledger.held + ledger.shipped + ledger.withheld == WANTED
        else:
            assert ledger.held == ledger.shipped == ledger.withheld == 0
        assert (
            ledger.available + ledger.held + ledger.shipped - ledger.returned
            == INITIAL - self.sold_to_others
        )
        left = order.shipped_quantities.get("ITEM-001", 0)
        assert ledger.shipped <= left
        assert 0 <= ledger.returned <= left
        assert left + ledger.withheld <= WANTED

    @invariant()
    def every_unit_leaves_or_is_given_back_instead(self) -> None:
        order = self.order
        left = order.shipped_quantities.get("ITEM-001", 0)
        made = withheld_units(
            refund for refund in order.refunds if refund.state is RefundState.REFUNDED
        )
        assert left + made["ITEM-001"] <= WANTED
        gone = left + made["ITEM-001"] == WANTED
        assert gone is (order.status in (Status.SHIPPED, Status.DELIVERED))
        assert gone is (order.stock.state is StockState.SHIPPED)
        arrived = all(parcel.delivered_at for parcel in order.parcels)
        assert (gone and arrived) is (order.status is Status.DELIVERED)

    @invariant()
    def no_more_than_one_intent_holds_money(self) -> None:
        assert len(self.provider.holding) <= 1
        assert len(set(self.provider.captured)) <= 1
        if self.order.payment.is_collected:
            assert self.provider.captured

    @invariant()
    def no_more_is_given_back_than_was_taken(self) -> None:
        given_back = sum(self.provider.refunded.values())
        assert given_back <= (self.order.total or 0)
        if given_back:
            assert self.provider.captured
        counted = sum(
            refund.amount for refund in self.order.refunds if refund.state is not RefundState.FAILED
        )
        assert counted <= (self.order.total or 0)

    @invariant()
    def a_settled_order_holds_nothing(self) -> None:
        if not self.order.is_settled:
            return
        if self.order.status is not Status.DELIVERED:
            assert self.ledger.held == 0
            assert self.provider.captured == []
        if self.order.status is Status.CANCELLED:
            assert self.provider.holding == []

    @invariant()
    def nothing_leaves_a_cancelled_order(self) -> None:
        if self.order.status is Status.CANCELLED:
            assert self.order.parcels == ()

    # ------------------------------------------------------------ and in the end

    def teardown(self) -> None:
        """Let every event arrive with nothing in the way: the order comes to rest."""
        self.provider.heal()
        self.orders.meanwhile = None
        for _ in range(50):
            if not self.waiting:
                break
            waiting, self.waiting = self.waiting, []
            self.waiting += [event for event in waiting if not self.deliver_to_stages(event)]
        order = self.order
        assert not self.waiting
        assert order.status not in (Status.PLACED, Status.VALIDATED, Status.RESERVED)
        if order.status in (Status.CANCELLED, Status.PAYMENT_DECLINED):
            assert order.is_settled
            assert self.provider.holding == []
        if order.parcels:
            assert order.payment.state in (
                PaymentState.CAPTURED,
                PaymentState.CAPTURE_FAILED,
                PaymentState.PARTIALLY_REFUNDED,
                PaymentState.REFUNDED,
            )
            assert self.ledger.shipped == order.shipped_quantities["ITEM-001"]
        for refund in order.refunds:
            assert refund.state is not RefundState.REQUESTED
            assert refund.restocked is (
                refund.state is RefundState.REFUNDED and bool(refund.comes_back)
            )
        made = [refund for refund in order.refunds if refund.state is RefundState.REFUNDED]
        assert self.ledger.withheld == withheld_units(made)["ITEM-001"]
        if order.stock.state is StockState.SHIPPED:
            assert self.ledger.held == 0
        if order.status is Status.DELIVERED:
            assert order.is_settled is order.payment.is_collected, "so that it can be erased"
        super().teardown()


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(max_examples=1000, stateful_step_count=30, deadline=None)
