"""Overdue orders are moved on by what is true, and none keeps the others from it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.limits import (
    HANDOVER_TIME,
    PAYMENT_DEADLINE,
    PAYMENT_HOLD,
    PAYMENT_HOLD_MARGIN,
    SETTLING_TIME,
    STUCK_TIME,
)
from order_pipeline.domain.order import Order, PaymentState, StockState
from order_pipeline.domain.ports import (
    Declined,
    Money,
    MoneyState,
    PaymentOutcome,
    PaymentOutcomeUnknownError,
    ProviderOutError,
    ReservationsUnavailableError,
)
from order_pipeline.domain.reservation import Reservation
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status
from reconciler.books import SLICE, compare_payments
from reconciler.overdue import NotPublishedError, Reconciliation
from reconciler.stock import MOST_PER_RUN, StockBook
from tests.unit.builders import (
    BY,
    a_cancelled_order,
    a_captured_order,
    a_confirmed_order,
    a_declined_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    with_payment,
)
from tests.unit.functions.in_memory import Orders, Provider

LATELY = timedelta(hours=1)


class OpenOrders(Orders):
    """Orders that are all overdue, until they are put off."""

    def __init__(self, *orders: Order) -> None:
        super().__init__(*orders)
        self._ids = [order.order_id for order in orders]
        self.due: dict[str, datetime] = {}

    def overdue(self, before: datetime) -> Iterator[str]:
        return (each for each in self._ids if self.due.get(each, before) <= before)

    def put_off(self, order: Order, until: datetime) -> None:
        if self.get(order.order_id).version == order.version:
            self.due[order.order_id] = until


class Topic:
    """A topic that keeps what is published, or takes nothing."""

    def __init__(self) -> None:
        self.published: list[OrderEvent] = []
        self.is_out = False
        self.refuses: set[str] = set()

    def publish(self, events: Sequence[OrderEvent]) -> set[str]:
        refused = {each.event_id for each in events if self.is_out or each.event_id in self.refuses}
        self.published += [event for event in events if event.event_id not in refused]
        return refused

    @property
    def types(self) -> list[EventType]:
        return [event.event_type for event in self.published]


class Reservations:
    """Reservations by order; `meanwhile` is what happens before one is read."""

    def __init__(self, **reservations: Reservation) -> None:
        self._reservations = reservations
        self.meanwhile: Callable[[], object] = lambda: None

    def of(self, order_id: str) -> Reservation | None:
        self.meanwhile()
        return self._reservations.get(order_id)


def stock_book(orders: Orders, reservations: Reservations | None = None) -> StockBook:
    return StockBook(orders, reservations or Reservations())


def run(
    orders: OpenOrders,
    provider: Provider | None = None,
    topic: Topic | None = None,
    *,
    provider_is_out: bool = False,
) -> Reconciliation:
    reconciliation = Reconciliation(
        orders,
        provider or Provider(),
        topic or Topic(),
        stock_book(orders),
        provider_is_out=provider_is_out,
    )
    reconciliation.run(lambda: True)
    return reconciliation


def ago(span: timedelta) -> datetime:
    return now() - span


def held_for(span: timedelta, order: Order) -> Order:
    """Return a reserved order as if its stock had been held for some time."""
    (*before, stock_reserved) = order.history
    stock_reserved = stock_reserved.model_copy(update={"at": ago(span)})
    return order.model_copy(update={"history": (*before, stock_reserved)})


def reserved(provider: Provider, *, held: timedelta = LATELY) -> Order:
    """Return an order with an unconfirmed intent at the provider."""
    intent_id = provider.create(a_reserved_order())
    assert isinstance(intent_id, str)
    return held_for(held, a_reserved_order(intent_id=intent_id))


def confirmed(provider: Provider, *, authorised: timedelta) -> Order:
    """Return an order whose money the provider has held for some time."""
    intent_id = provider.create(a_reserved_order())
    assert isinstance(intent_id, str)
    provider.confirm(intent_id)
    return with_payment(a_confirmed_order(), intent_id=intent_id, authorised_at=ago(authorised))


# ------------------------------------------------------------------ what was given up


@pytest.mark.parametrize(
    ("order", "event"),
    [
        (a_placed_order(), EventType.ORDER_PLACED),
        (a_validated_order(), EventType.ORDER_VALIDATED),
        (a_declined_order(), EventType.PAYMENT_DECLINED),
        (a_cancelled_order(), EventType.ORDER_CANCELLED),
    ],
)
def test_what_a_stage_owes_is_published_again(order: Order, event: EventType) -> None:
    orders, topic = OpenOrders(order), Topic()
    run(orders, topic=topic)
    assert topic.types == [event]
    assert topic.published[0].event_id == f"ORD-1#{order.latest(event).version}"
    assert orders.get("ORD-1") == order
    assert orders.due["ORD-1"] > ago(-SETTLING_TIME + timedelta(minutes=1))


def test_an_order_that_nothing_is_owed_to_is_left_alone() -> None:
    orders, topic, provider = OpenOrders(a_captured_order()), Topic(), Provider()
    run(orders, provider, topic)
    assert topic.published == []
    assert provider.calls == []


def orders_in_trouble(*ids: str) -> "OpenOrders":
    return OpenOrders(*(a_placed_order(order_id=order_id) for order_id in ids))


def test_while_the_topic_is_out_the_run_ends_and_nothing_is_put_off() -> None:
    orders, topic = orders_in_trouble("ORD-1", "ORD-2", "ORD-3", "ORD-4"), Topic()
    topic.is_out = True
    with pytest.raises(NotPublishedError):
        run(orders, topic=topic)
    assert orders.due == {}


def test_an_event_that_the_topic_never_takes_does_not_stop_the_others() -> None:
    orders, topic = orders_in_trouble("BAD", "ORD-1", "WORSE", "ORD-2", "EVIL", "ORD-3"), Topic()
    topic.refuses = {"BAD#1", "WORSE#1", "EVIL#1"}
    run(orders, topic=topic)
    assert [event.order_id for event in topic.published] == ["ORD-1", "ORD-2", "ORD-3"]
    assert set(orders.due) == {"ORD-1", "ORD-2", "ORD-3"}


class OrdersWithSomeThatAreGone(OpenOrders):
    """The index lists orders that are not in the table any more."""

    def overdue(self, before: datetime) -> Iterator[str]:
        yield "ERASED"
        yield from super().overdue(before)


def test_an_order_that_is_gone_does_not_stop_the_others() -> None:
    orders, topic = OrdersWithSomeThatAreGone(a_placed_order(order_id="ORD-2")), Topic()
    assert run(orders, topic=topic).overdue == 2
    assert topic.types == [EventType.ORDER_PLACED]


class OrdersWithGarbage(OpenOrders):
    """The order BAD is no order."""

    def get(self, order_id: str) -> Order:
        return Order.model_validate({}) if order_id == "BAD" else super().get(order_id)


def test_an_order_that_cannot_be_read_is_counted_and_does_not_stop_the_others() -> None:
    orders, topic = OrdersWithGarbage(*(a_placed_order(order_id=i) for i in ("BAD", "OK"))), Topic()
    reconciliation = run(orders, topic=topic)
    assert [event.order_id for event in topic.published] == ["OK"]
    assert reconciliation.stuck == 2  # the other one has been waiting since January


def test_an_intent_that_the_provider_does_not_know_does_not_stop_the_others() -> None:
    provider, topic = Provider(), Topic()
    lost = held_for(LATELY, a_reserved_order(intent_id="pi_gone"))
    orders = OpenOrders(lost, a_placed_order(order_id="ORD-2", at=now()))
    reconciliation = run(orders, provider, topic)
    assert orders.get("ORD-1") == lost
    assert topic.types == [EventType.ORDER_PLACED]
    assert reconciliation.stuck == 1


def test_a_run_ends_when_its_time_does() -> None:
    orders, topic = OpenOrders(a_placed_order(), a_placed_order(order_id="ORD-2")), Topic()
    time_left = iter([True, False])
    reconciliation = Reconciliation(
        orders, Provider(), topic, stock_book(orders), provider_is_out=False
    )
    reconciliation.run(lambda: next(time_left))
    assert [event.order_id for event in topic.published] == ["ORD-1"]


def test_orders_that_publishing_again_has_not_helped_are_counted() -> None:
    long_ago, just_now = ago(timedelta(hours=2)), ago(SETTLING_TIME)
    orders = OpenOrders(a_placed_order(at=long_ago), a_placed_order(order_id="ORD-2", at=just_now))
    reconciliation = run(orders)
    assert (reconciliation.overdue, reconciliation.stuck) == (2, 1)


# ------------------------------------------------------------------ reserved for too long


def test_money_that_is_held_confirms_the_order() -> None:
    provider = Provider()
    order = reserved(provider)
    provider.confirm("pi_1")
    orders = OpenOrders(order)
    run(orders, provider)
    now_confirmed = orders.get("ORD-1")
    assert now_confirmed.status is Status.CONFIRMED
    assert now_confirmed.history[-1].by == "reconciler"
    assert now_confirmed.payment.state is PaymentState.AUTHORISED


def test_money_that_was_refused_declines_the_order() -> None:
    provider = Provider(on_confirm=Declined("insufficient_funds"))
    order = reserved(provider)
    provider.confirm("pi_1")
    orders = OpenOrders(order)
    run(orders, provider)
    declined = orders.get("ORD-1")
    assert declined.status is Status.PAYMENT_DECLINED
    assert declined.history[-1].detail == {"reason": "insufficient_funds"}
    assert provider.cancelled == {"pi_1"}


@pytest.mark.parametrize("has_intent", [True, False])
def test_a_payment_that_never_began_is_begun_again(has_intent: bool) -> None:
    provider, topic = Provider(), Topic()
    order = reserved(provider) if has_intent else held_for(LATELY, a_reserved_order())
    orders = OpenOrders(order)
    run(orders, provider, topic)
    assert topic.types == [EventType.STOCK_RESERVED]
    assert orders.get("ORD-1").status is Status.RESERVED


@pytest.mark.parametrize("has_intent", [True, False])
def test_stock_that_was_held_too_long_without_a_payment_is_given_back(has_intent: bool) -> None:
    provider = Provider()
    order = (
        reserved(provider, held=PAYMENT_DEADLINE)
        if has_intent
        else held_for(PAYMENT_DEADLINE, a_reserved_order())
    )
    orders = OpenOrders(order)
    run(orders, provider)
    cancelled = orders.get("ORD-1")
    assert cancelled.status is Status.CANCELLED
    assert cancelled.history[-1].detail == {"reason": "payment_overdue"}
    assert cancelled.history[-1].by == "reconciler"


@pytest.mark.parametrize("moved_on", [a_confirmed_order(), a_captured_order()])
def test_an_order_that_moved_on_meanwhile_is_not_cancelled(moved_on: Order) -> None:
    orders = OpenOrders(held_for(PAYMENT_DEADLINE, a_reserved_order()))
    orders.meanwhile = lambda _: moved_on
    run(orders)
    assert orders.get("ORD-1") == moved_on


def test_an_order_that_was_placed_long_before_its_stock_was_held_is_still_to_be_paid() -> None:
    topic = Topic()
    order = held_for(timedelta(0), a_reserved_order(at=ago(2 * PAYMENT_DEADLINE)))
    orders = OpenOrders(order)
    run(orders, topic=topic)
    assert orders.get("ORD-1").status is Status.RESERVED
    assert topic.types == [EventType.STOCK_RESERVED]


def test_while_the_provider_is_silent_nothing_is_assumed() -> None:
    provider = Provider(silent=["outcome"])
    order = reserved(provider, held=2 * PAYMENT_DEADLINE)
    orders = OpenOrders(order)
    reconciliation = run(orders, provider)
    assert reconciliation.provider_is_out
    assert orders.get("ORD-1") == order
    assert "ORD-1" in orders.due


def test_a_silent_provider_is_asked_once_in_a_run_and_others_are_looked_at() -> None:
    provider, topic = Provider(silent=["outcome"]), Topic()
    first = reserved(provider)
    second = reserved(provider).model_copy(update={"order_id": "ORD-2"})
    orders = OpenOrders(first, second, a_placed_order(order_id="ORD-3"))
    run(orders, provider, topic)
    assert provider.calls.count("outcome") == 1
    assert topic.types == [EventType.ORDER_PLACED]
    assert set(orders.due) == {"ORD-1", "ORD-2", "ORD-3"}


def test_an_order_about_which_the_provider_cannot_say_anything_yet_keeps_no_other_from_it() -> None:
    class Processing(Provider):
        def outcome(self, intent_id: str) -> PaymentOutcome:
            if intent_id == "pi_1":
                raise PaymentOutcomeUnknownError("intent pi_1 is processing")
            return super().outcome(intent_id)

    provider = Processing()
    first = reserved(provider)
    second = reserved(provider).model_copy(update={"order_id": "ORD-2"})
    orders = OpenOrders(first, second)
    provider.confirm("pi_2")
    reconciliation = run(orders, provider)
    assert not reconciliation.provider_is_out
    assert orders.get("ORD-1").status is Status.RESERVED
    assert orders.get("ORD-2").status is Status.CONFIRMED
    assert "ORD-1" in orders.due


def test_while_the_circuit_is_open_the_provider_is_not_asked_and_the_queue_not_filled() -> None:
    provider, topic = Provider(), Topic()
    orders = OpenOrders(reserved(provider), held_for(LATELY, a_reserved_order(order_id="ORD-2")))
    provider.calls.clear()
    run(orders, provider, topic, provider_is_out=True)
    assert provider.calls == []
    assert topic.published == []
    assert set(orders.due) == {"ORD-1", "ORD-2"}


# ------------------------------------------------------------------ the hold on the money


def test_the_warehouse_is_told_again_of_an_order_that_did_not_leave() -> None:
    provider, topic = Provider(), Topic()
    orders = OpenOrders(confirmed(provider, authorised=HANDOVER_TIME))
    run(orders, provider, topic)
    assert topic.types == [EventType.ORDER_CONFIRMED]
    renewal = PAYMENT_HOLD - PAYMENT_HOLD_MARGIN - HANDOVER_TIME
    assert abs(orders.due["ORD-1"] - ago(-renewal)) < timedelta(minutes=1)


def test_a_hold_that_is_about_to_end_is_renewed() -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD - PAYMENT_HOLD_MARGIN)
    orders = OpenOrders(order)
    run(orders, provider)
    renewed = orders.get("ORD-1")
    assert renewed.history[-1].event is EventType.PAYMENT_REAUTHORISED
    assert renewed.payment.state is PaymentState.AUTHORISED
    assert renewed.payment.intent_id == "pi_2"
    assert renewed.payment.replacement_intent_id is None
    assert renewed.payment.authorised_at
    assert renewed.payment.authorised_at > ago(timedelta(minutes=1))
    assert provider.holding == ["pi_2"]


@pytest.mark.parametrize("silent", ["create", "confirm", "cancel"])
def test_an_answer_lost_while_renewing_leaves_one_hold_in_the_end(silent: str) -> None:
    provider = Provider()
    orders = OpenOrders(confirmed(provider, authorised=PAYMENT_HOLD))
    provider.lose_answer_of(silent)
    run(orders, provider)
    orders.due.clear()
    run(orders, provider)
    order = orders.get("ORD-1")
    assert order.payment.state is PaymentState.AUTHORISED
    assert order.payment.intent_id in provider.holding
    assert set(provider.holding) <= {order.payment.intent_id}


def test_a_declined_renewal_keeps_the_first_hold_to_its_end() -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD - PAYMENT_HOLD_MARGIN)
    provider.on_confirm = Declined("insufficient_funds")
    orders = OpenOrders(order)
    run(orders, provider)
    kept = orders.get("ORD-1")
    assert kept.payment.state is PaymentState.AUTHORISED
    assert kept.version == order.version
    assert provider.holding == ["pi_1"]
    assert abs(orders.due["ORD-1"] - ago(-PAYMENT_HOLD_MARGIN)) < timedelta(minutes=1)


def test_a_hold_that_ended_is_told_to_people() -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD)
    provider.on_confirm = Declined("insufficient_funds")
    orders = OpenOrders(order)
    run(orders, provider)
    expired = orders.get("ORD-1")
    assert expired.history[-1].event is EventType.PAYMENT_EXPIRED
    assert expired.history[-1].detail == {"reason": "insufficient_funds"}
    assert expired.payment.state is PaymentState.EXPIRED
    assert provider.holding == []


@pytest.mark.parametrize("method", ["pm_unknown", "pm_1"])
def test_a_hold_is_not_set_free_under_a_parcel_that_left_just_before_its_end(method: str) -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD)
    provider.on_confirm = Declined("insufficient_funds")
    orders = OpenOrders(with_payment(order, method=method))
    orders.meanwhile = lambda order: order.model_copy(
        update={
            "payment": order.payment.model_copy(update={"state": PaymentState.CAPTURED}),
            "parcels": a_captured_order().parcels,
        }
    )
    run(orders, provider)
    assert orders.get("ORD-1").payment.state is PaymentState.CAPTURED
    assert "pi_1" not in provider.cancelled


def test_what_the_provider_cancelled_itself_is_not_cancelled_again() -> None:
    provider = Provider(on_confirm=Declined("canceled", is_cancelled=True))
    order = reserved(provider)
    provider.confirm("pi_1")
    orders = OpenOrders(order)
    run(orders, provider)
    assert orders.get("ORD-1").status is Status.PAYMENT_DECLINED
    assert provider.cancelled == set()


def test_a_replacement_that_the_provider_cancelled_is_not_cancelled_again() -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD - PAYMENT_HOLD_MARGIN)
    provider.on_confirm = Declined("canceled", is_cancelled=True)
    run(OpenOrders(order), provider)
    assert provider.cancelled == set()


def test_a_method_that_is_not_known_any_more_ends_the_hold() -> None:
    provider = Provider()
    order = confirmed(provider, authorised=PAYMENT_HOLD)
    orders = OpenOrders(with_payment(order, method="pm_unknown"))
    run(orders, provider)
    assert orders.get("ORD-1").payment.state is PaymentState.EXPIRED


@pytest.mark.parametrize("others", ["cancel", "ship"])
def test_what_happens_while_renewing_wins(others: str) -> None:
    provider = Provider()
    orders = OpenOrders(confirmed(provider, authorised=PAYMENT_HOLD))
    order = orders.get("ORD-1")
    # a replacement that was stored by a run that died
    replacement = provider.create(order)
    assert isinstance(replacement, str)
    orders.remember_replacement(order, replacement)

    def meanwhile(order: Order) -> Order:
        if others == "cancel":
            return order.after(EventType.ORDER_CANCELLED, by=BY)
        return a_captured_order().model_copy(update={"payment": order.payment})

    orders.meanwhile = meanwhile
    run(orders, provider)
    assert orders.get("ORD-1").payment.intent_id == "pi_1"
    assert provider.holding == ["pi_1"]


def test_a_replacement_that_cannot_be_stored_is_cancelled() -> None:
    provider = Provider()
    orders = OpenOrders(confirmed(provider, authorised=PAYMENT_HOLD))
    orders.meanwhile = lambda order: order.after(EventType.ORDER_CANCELLED, by=BY)
    run(orders, provider)
    assert provider.holding == ["pi_1"]
    assert "pi_2" in provider.cancelled


def test_an_order_whose_money_is_held_no_longer_is_counted_until_it_is_known_what_comes() -> None:
    provider = Provider()
    for held_for_so_long, stuck in ((PAYMENT_HOLD, 0), (PAYMENT_HOLD + STUCK_TIME + LATELY, 1)):
        orders = OpenOrders(confirmed(provider, authorised=held_for_so_long))
        assert run(orders, provider, provider_is_out=True).stuck == stuck


def test_a_hold_is_not_renewed_while_the_provider_is_out() -> None:
    provider = Provider()
    orders = OpenOrders(confirmed(provider, authorised=PAYMENT_HOLD))
    provider.calls.clear()
    run(orders, provider, provider_is_out=True)
    assert provider.calls == []
    assert "ORD-1" in orders.due


# ------------------------------------------------------------------ the books


class Records:
    """The provider's records of money, by the time their intents were made."""

    def __init__(self, *money: tuple[datetime, Money]) -> None:
        self._money = money
        self.asked: list[tuple[datetime, datetime]] = []
        self.is_out = False

    def money(self, since: datetime, until: datetime) -> Iterator[Money]:
        if self.is_out:
            raise ProviderOutError
        self.asked.append((since, until))
        return (money for made, money in self._money if since <= made < until)


class Bookmark:
    def __init__(self, at: datetime | None = None) -> None:
        self.at = at

    def read(self) -> datetime | None:
        return self.at

    def move(self, until: datetime) -> None:
        self.at = until


def held(order_id: str | None = "ORD-1", intent_id: str = "pi_1") -> Money:
    return Money(intent_id, order_id, MoneyState.HELD, 5998)


def compare(
    records: Records,
    bookmark: Bookmark,
    *orders: Order,
    table: Orders | None = None,
    stock: StockBook | None = None,
    has_time: Callable[[], bool] = lambda: True,
) -> int:
    """Compare, and return how many differences were told of."""
    table = table or Orders(*orders)
    found: list[int] = []
    compare_payments(
        records=records,
        orders=table,
        bookmark=bookmark,
        stock=stock or stock_book(table),
        has_time=has_time,
        found=found.append,
    )
    return sum(found)


def test_records_that_differ_from_the_orders_are_counted() -> None:
    made = ago(SETTLING_TIME + timedelta(minutes=2))
    bookmark = Bookmark(ago(SETTLING_TIME + timedelta(minutes=5)))
    records = Records(
        (made, held()),
        (made, held(intent_id="pi_stray")),
        (made, held("UNKNOWN")),
        (made, held(None)),
    )
    assert compare(records, bookmark, a_confirmed_order()) == 3
    assert bookmark.at
    assert bookmark.at > made
    assert compare(records, bookmark, a_confirmed_order()) == 0


def test_every_moment_is_compared_once_and_only_what_had_time_to_settle() -> None:
    begin = ago(SETTLING_TIME + 5 * SLICE)
    records, bookmark = Records(), Bookmark(begin)
    compare(records, bookmark)
    assert records.asked[0][0] == begin
    for (_, until), (since, _) in zip(records.asked, records.asked[1:], strict=False):
        assert until == since
    assert records.asked[-1][1] == bookmark.at
    assert bookmark.at
    assert ago(SETTLING_TIME + timedelta(minutes=1)) < bookmark.at <= ago(SETTLING_TIME)


def test_the_first_run_begins_with_what_has_just_settled() -> None:
    records = Records()
    compare(records, Bookmark())
    assert len(records.asked) == 1


def test_while_the_provider_is_out_the_place_is_kept() -> None:
    begin = ago(timedelta(hours=1))
    records, bookmark = Records(), Bookmark(begin)
    records.is_out = True
    with pytest.raises(ProviderOutError):
        compare(records, bookmark)
    assert bookmark.at == begin


def test_comparing_ends_with_its_time_and_goes_on_from_the_last_place() -> None:
    begin = ago(SETTLING_TIME + 5 * SLICE)
    records = Records(*((begin + number * SLICE, held(None)) for number in range(3)))
    bookmark = Bookmark(begin)
    time_left = iter([True, True, True, True, True, False])  # two each: a slice, and its record
    assert compare(records, bookmark, has_time=lambda: next(time_left)) == 2
    assert bookmark.at == begin + 2 * SLICE
    assert compare(records, bookmark) == 1


def test_without_time_the_provider_is_not_asked() -> None:
    records, begin = Records(), ago(timedelta(days=1))
    bookmark = Bookmark(begin)
    assert compare(records, bookmark, has_time=lambda: False) == 0
    assert records.asked == []
    assert bookmark.at == begin


def test_what_was_found_is_told_before_its_place_is_marked() -> None:
    begin = ago(SETTLING_TIME + 5 * SLICE)
    records = Records((begin, held(None)))

    class LostBookmark(Bookmark):
        def move(self, until: datetime) -> None:
            raise ConnectionError(until)

    found: list[int] = []
    with pytest.raises(ConnectionError):
        compare_payments(
            records=records,
            orders=Orders(),
            bookmark=LostBookmark(begin),
            stock=stock_book(Orders()),
            has_time=lambda: True,
            found=found.append,
        )
    assert found == [1]


def test_money_for_an_order_that_cannot_be_read_is_a_difference_and_the_next_is_compared() -> None:
    made = ago(SETTLING_TIME + timedelta(minutes=2))
    bookmark = Bookmark(ago(SETTLING_TIME + timedelta(minutes=5)))
    records = Records((made, held("BAD")), (made, held("UNKNOWN")))
    assert compare(records, bookmark, table=OrdersWithGarbage()) == 2
    assert bookmark.at
    assert bookmark.at > made


# ------------------------------------------------------------------ the stock


def reservation(**changes: object) -> Reservation:
    """Return the reservation of two units that an order of the builders has."""
    values: dict[str, object] = {"state": StockState.HELD, "units": {"ITEM-001": 2}}
    return Reservation.model_validate(values | changes)


def test_an_overdue_order_is_compared_with_its_reservation() -> None:
    # given an order that was never reserved, and stock held for it
    orders, topic = OpenOrders(a_placed_order(), a_placed_order(order_id="ORD-2")), Topic()
    stock = stock_book(orders, Reservations(**{"ORD-1": reservation()}))
    # when
    Reconciliation(orders, Provider(), topic, stock, provider_is_out=False).run(lambda: True)
    # then
    assert stock.differences == 1


def test_an_order_that_there_is_money_for_is_compared_with_its_reservation() -> None:
    # given two orders whose stock is held, one of them by no reservation
    made = ago(SETTLING_TIME + timedelta(minutes=2))
    bookmark = Bookmark(ago(SETTLING_TIME + timedelta(minutes=5)))
    orders = Orders(a_confirmed_order(), a_confirmed_order(order_id="ORD-2"))
    stock = stock_book(orders, Reservations(**{"ORD-1": reservation()}))
    # when
    records = Records((made, held()), (made, held("ORD-2")))
    differences = compare(records, bookmark, table=orders, stock=stock)
    # then
    assert differences == 0
    assert stock.differences == 1


def test_an_order_that_differs_twice_is_counted_once() -> None:
    orders = Orders(a_confirmed_order())
    stock = stock_book(orders)
    stock.compare(a_confirmed_order())
    stock.compare(a_confirmed_order())
    assert stock.differences == 1


def test_an_order_that_moves_on_while_it_is_compared_is_no_difference() -> None:
    # given an order that is reserved between the two reads
    orders = Orders(a_validated_order())
    reservations = Reservations(**{"ORD-1": reservation()})
    reservations.meanwhile = lambda: orders.change("ORD-1", lambda _: a_reserved_order())
    stock = stock_book(orders, reservations)
    # when
    stock.compare(a_validated_order())
    # then
    assert stock.differences == 0


def test_an_order_that_is_gone_meanwhile_is_no_difference() -> None:
    stock = stock_book(Orders())
    stock.compare(a_confirmed_order())
    assert stock.differences == 0


def test_a_reservation_that_cannot_be_read_is_a_difference() -> None:
    class Garbage(Reservations):
        def of(self, order_id: str) -> Reservation | None:
            return Reservation.model_validate({"orderId": order_id})

    stock = stock_book(Orders(a_confirmed_order()), Garbage())
    stock.compare(a_confirmed_order())
    assert stock.differences == 1


def test_while_reservations_cannot_be_read_overdue_orders_are_moved_on_all_the_same() -> None:
    # given
    def refuse() -> None:
        raise ReservationsUnavailableError("throttled")

    orders, topic, reservations = OpenOrders(a_placed_order(at=now())), Topic(), Reservations()
    reservations.meanwhile = refuse
    stock = stock_book(orders, reservations)
    reconciliation = Reconciliation(orders, Provider(), topic, stock, provider_is_out=False)
    # when
    reconciliation.run(lambda: True)
    # then
    assert topic.types == [EventType.ORDER_PLACED]
    assert (reconciliation.stuck, stock.differences) == (0, 0)


def test_a_run_compares_the_stock_of_so_many_orders_and_no_more() -> None:
    reads = []
    reservations = Reservations()
    reservations.meanwhile = lambda: reads.append(1)
    stock = stock_book(Orders(), reservations)
    for _ in range(MOST_PER_RUN + 1):
        stock.compare(a_placed_order())
    assert len(reads) == MOST_PER_RUN
