"""Whoever wins a race, no unit and no penny is lost, made up, or given back twice.

Each race is held fifty times, and must have ended in each of its ways at least once.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from zlib import crc32

import httpx
import pytest
import stripe
from rich.console import Console

from inventory.stage import reserve_stock
from inventory_api.stock_keeping import adjust_stock, etag, item_now, set_item
from order_pipeline.api.changing import CancelOrderRequest, RefundOrderRequest
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.api.stock import AdjustStockRequest, SetItemRequest
from order_pipeline.domain.cancellation import CancelReason, cancelled_for
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order, PaymentState
from order_pipeline.domain.ports import ClaimTakenError, ConcurrentChangeError
from order_pipeline.domain.transitions import EventType, Status
from orders_api.commands import cancel_order, refund_order
from payment.authorisation import authorise_payment
from payment.collection import give_refund
from tests.e2e.races import (
    ROUNDS,
    Meeting,
    at_once,
    meets_after,
    meets_before,
    table_of_outcomes,
)
from tests.e2e.races_track import Track, event_of
from tests.e2e.shop import Item, Json, Shop

pytestmark = pytest.mark.long

WIDTH_OF_A_LOG = 120

CANCEL = CancelOrderRequest(reason=CancelReason.CHANGED_MIND)
PARCEL = {"parcelId": "parcel-1", "carrier": "Royal Mail", "trackingNumber": "AB123456789GB"}

PUT_BACK = (ConcurrentChangeError, ClaimTakenError, stripe.InvalidRequestError)
"""What a stage raises when it has lost a race; its queue then delivers the event again."""

type Outcomes = dict[str, Counter[str]]
"""Race → how it ended → how many times."""

type Paid = tuple[Item, list[Order]]
"""An item, and orders of it whose money was taken."""

type LastUnit = tuple[Item, Order, bool]
"""An item of one unit, an order for it, and whether the unit was taken away instead."""


@pytest.fixture(scope="module")
def track(shop: Shop) -> Track:
    return Track(shop)


@pytest.fixture(scope="module")
def outcomes(pytestconfig: pytest.Config) -> Iterator[Outcomes]:
    """How the races ended; printed when all are over."""
    races: Outcomes = {}
    yield races
    capturing = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert capturing
    with capturing.global_and_fixture_disabled():
        width = shutil.get_terminal_size((WIDTH_OF_A_LOG, 0)).columns
        Console(width=width).print("\n", table_of_outcomes(races))


# ---------------------------------------------------------------- stages met in their work: here


def test_cancel_against_reserve(track: Track, outcomes: Outcomes) -> None:
    """Both have read the order VALIDATED when the first one writes."""
    # given
    item = track.shop.stocked_item(available=1000)

    # when
    def race() -> Order:
        order = track.validated_order(item, 2)
        meeting = Meeting()
        at_once(
            partial(cancel, track, order, meeting),
            partial(reserve, track, order, meeting),
            meeting=meeting,
        )
        return order

    orders = track.settled([race() for _ in range(ROUNDS)])

    # then
    track.check_stock(item, orders, expected=1000)
    track.check_money(orders)
    assert {order.status for order in orders} == {Status.CANCELLED}
    outcomes["cancel against reserve"] = ended(
        (
            "reserved, cancelled, released"
            if times(order, EventType.STOCK_RESERVED)
            else "cancelled, nothing reserved"
            for order in orders
        ),
        ways=2,
    )


def test_cancel_against_authorise(track: Track, outcomes: Outcomes) -> None:
    """The cancel writes while the authorisation makes one of its steps, each step in turn.

    The steps: create the intent, store its id, have the money held, store that it is.
    """
    # given
    item = track.shop.stocked_item(available=1000)

    # when
    def race(step: str) -> Order:
        order = track.validated_order(item)
        deliver(
            event_of(order, EventType.ORDER_VALIDATED),
            partial(reserve_stock, orders=track.orders, ledger=track.ledger(track.orders)),
        )
        order = track.orders.get(order.order_id)
        meeting = Meeting()
        stored, payments = track.orders, track.payments
        if hasattr(payments, step):
            payments = meets_before(payments, step, meeting)
        else:
            stored = meets_before(stored, step, meeting)
        at_once(
            partial(cancel, track, order, meeting),
            lambda: deliver(
                event_of(order, EventType.STOCK_RESERVED),
                partial(authorise_payment, orders=stored, payments=payments),
            ),
            meeting=meeting,
        )
        return order

    steps = ("create", "remember_intent", "confirm", "update")
    rounds = -(-ROUNDS // len(steps))
    orders = track.settled([race(step) for step in steps for _ in range(rounds)])

    # then
    track.check_stock(item, orders, expected=1000)
    track.check_money(orders)
    assert {order.status for order in orders} == {Status.CANCELLED}

    def way(order: Order) -> str:
        if times(order, EventType.ORDER_CONFIRMED):
            return "confirmed, cancelled, voided"
        if order.payment.intent_id:
            return "cancelled, the stored intent voided"
        return "cancelled, no intent stored"

    outcomes["cancel against authorise"] = ended(map(way, orders), ways=3)


def test_set_against_reserve(track: Track, outcomes: Outcomes) -> None:
    """The last unit is counted away, by the version that was read, while it is being reserved."""

    def race() -> LastUnit:
        # given
        item = track.shop.stocked_item(available=1)
        order = track.validated_order(item)
        read = etag(item_now(item.item_id, inventory=track.inventory))
        # With this the item is just what the reservation makes of it, down to the version.
        now = track.shop.item_now(item)
        none_left = SetItemRequest.model_validate(
            {"name": now["name"], "price": now["price"], "available": 0}
        )
        meeting = Meeting()

        def count_away() -> bool:
            meeting.wait()
            return accepted(
                lambda: set_item(item.item_id, none_left, if_match=read, inventory=track.inventory),
                otherwise=ProblemType.ITEM_CHANGED,
            )

        # when
        taken_away, _ = at_once(
            count_away, partial(reserve, track, order, meeting), meeting=meeting
        )
        return item, order, taken_away

    check_last_units(track, outcomes, "set against reserve", [race() for _ in range(ROUNDS)])


def test_adjustment_against_reserve(track: Track, outcomes: Outcomes) -> None:
    """The last unit breaks while it is being reserved."""
    broken = AdjustStockRequest.model_validate({"adjustmentId": "broken-1", "delta": -1})

    def race() -> LastUnit:
        # given
        item = track.shop.stocked_item(available=1)
        order = track.validated_order(item)
        meeting = Meeting()
        inventory = meets_after(track.inventory, "get", meeting)

        def take_away() -> bool:
            return accepted(
                lambda: adjust_stock(
                    item.item_id, broken, inventory=inventory, adjustments=track.adjustments
                ),
                otherwise=ProblemType.NOT_ENOUGH_STOCK,
            )

        # when
        taken_away, _ = at_once(take_away, partial(reserve, track, order, meeting), meeting=meeting)
        return item, order, taken_away

    check_last_units(track, outcomes, "adjustment against reserve", [race() for _ in range(ROUNDS)])


def check_last_units(
    track: Track, outcomes: Outcomes, race: str, last_units: Sequence[LastUnit]
) -> None:
    """Assert that each last unit went one way: to its order, or away."""
    orders = track.settled(order for _, order, _ in last_units)
    for order, (item, _, taken_away) in zip(orders, last_units, strict=True):
        assert order.status is (Status.OUT_OF_STOCK if taken_away else Status.CONFIRMED)
        track.check_stock(item, [order], expected=0 if taken_away else 1)
    track.check_money(orders)
    outcomes[race] = ended((f"the order is {order.status}" for order in orders), ways=2)


# ---------------------------------------------------------------- calls of the deployed API


def test_cancels_at_once(track: Track, outcomes: Outcomes) -> None:
    """Two for one reason and one for another: the order has one reason, and each caller knows."""
    # given
    item = track.shop.stocked_item(available=1000)
    orders = track.confirmed_orders(ROUNDS, item)

    # when
    reasons = ("changed_mind", "changed_mind", "takes_too_long")
    answered = [
        calls_at_once(track, order, *(("cancel", {"reason": reason}) for reason in reasons))
        for order in orders
    ]
    orders = track.settled(orders)

    # then
    track.check_stock(item, orders, expected=1000)
    track.check_money(orders)
    assert {order.status for order in orders} == {Status.CANCELLED}
    for order, answers in zip(orders, answered, strict=True):
        assert times(order, EventType.ORDER_CANCELLED) == 1
        assert statuses(answers) == [
            200 if reason == cancelled_for(order) else 409 for reason in reasons
        ]
        if cancelled_for(order) == "changed_mind":
            assert answers[0].json() == answers[1].json()
    outcomes["two cancels for one reason, one for another"] = ended(
        (f"cancelled: {cancelled_for(order)}" for order in orders), ways=2
    )


def test_ship_against_cancel(track: Track, outcomes: Outcomes) -> None:
    # given
    item = track.shop.stocked_item(available=1000)
    orders = track.confirmed_orders(ROUNDS, item)

    # when
    answered = [
        calls_at_once(track, order, ("shipments", PARCEL), ("cancel", {"reason": "changed_mind"}))
        for order in orders
    ]
    orders = track.settled(orders)

    # then
    track.check_stock(item, orders, expected=1000)
    track.check_money(orders)
    for order, answers in zip(orders, answered, strict=True):
        assert statuses(answers) == ([201, 409] if order.parcels else [409, 200])
        assert order.payment.state is (
            PaymentState.CAPTURED if order.parcels else PaymentState.VOIDED
        )
    outcomes["ship against cancel"] = ended((str(order.status) for order in orders), ways=2)


# ---------------------------------------------------------------- refunds, of the same orders


@pytest.fixture(scope="module")
def paid(track: Track) -> Paid:
    """Orders of four units for 40.00, shipped and paid for.

    What the tests give back fits into that in any order of the tests: 10.00 and 5.00, and either
    20.00 or 24.00.
    """
    item = track.shop.stocked_item(available=1000, price=10)
    orders = track.confirmed_orders(ROUNDS, item, 4)
    for order in orders:
        assert call(track, order, "shipments", PARCEL).status_code == 201
    return item, track.settled(orders)


def test_refund_asked_for_twice(track: Track, paid: Paid, outcomes: Outcomes) -> None:
    # given
    item, orders = paid
    refund = {"refundId": "same", "lines": [line(item, 1)], "restock": True}

    # when
    for order in orders:
        answers = calls_at_once(track, order, ("refunds", refund), ("refunds", refund))
        assert statuses(answers) == [202, 202]
        assert answers[0].json() == answers[1].json()

    # then
    orders = check_books(track, paid)
    # The callers ask for the same, so there is one outcome.
    outcomes["one refund asked for twice"] = ended(
        (f"given back {given_back(order, 'same')} time" for order in orders), ways=1
    )
    assert all(given_back(order, "same") == 1 for order in orders)


def test_refunds_that_exceed_what_was_taken(track: Track, paid: Paid, outcomes: Outcomes) -> None:
    # given
    item, orders = paid
    by_lines = {"refundId": "lines", "lines": [line(item, 2)], "restock": True}
    by_amount = {"refundId": "amount", "amount": "24.00"}

    # when
    answered = [
        calls_at_once(track, order, ("refunds", by_lines), ("refunds", by_amount))
        for order in orders
    ]

    # then
    orders = check_books(track, paid)
    for order, answers in zip(orders, answered, strict=True):
        assert statuses(answers) == ([202, 409] if order.refund("lines") else [409, 202])
        assert given_back(order, "lines") + given_back(order, "amount") == 1
    outcomes["two refunds that exceed what was taken"] = ended(
        (
            "lines given back, amount refused"
            if order.refund("lines")
            else "amount given back, lines refused"
            for order in orders
        ),
        ways=2,
    )


def test_refund_delivered_twice(track: Track, paid: Paid, outcomes: Outcomes) -> None:
    """Two processes have read the refund as requested; the deployed one comes as a third."""
    # given
    _, orders = paid
    refund = RefundOrderRequest.model_validate({"refundId": "delivered", "amount": "5.00"})

    # when
    def race(order: Order) -> str:
        requested = refund_order(order.order_id, refund, orders=track.orders)
        meeting = Meeting()
        give = partial(
            deliver,
            event_of(requested, EventType.REFUND_REQUESTED),
            partial(
                give_refund,
                orders=meets_after(track.orders, "get", meeting),
                payments=track.payments,
                claims=track.claims,
            ),
        )
        first, second = at_once(give, give, meeting=meeting)
        match first, second:
            case True, False:
                return "the first gives it back, the second is put back"
            case False, True:
                return "the second gives it back, the first is put back"
            case _:
                return "both are done: one finds it given back"

    ways = Counter(race(order) for order in orders)

    # then
    orders = check_books(track, paid)
    assert all(given_back(order, "delivered") == 1 for order in orders)
    outcomes["one refund delivered twice"] = ways
    assert len(ways) > 1, ways


def check_books(track: Track, paid: Paid) -> list[Order]:
    """Check stock and money of all the orders, and return the orders."""
    item, orders = paid
    orders = track.settled(orders)
    track.check_stock(item, orders, expected=1000)
    track.check_money(orders)
    return orders


def given_back(order: Order, refund_id: str) -> int:
    """Count how often a refund's money was given back, by the history."""
    return sum(
        entry.event is EventType.PAYMENT_REFUNDED and entry.detail["refundId"] == refund_id
        for entry in order.history
    )


# ---------------------------------------------------------------- what the races are made of


def cancel(track: Track, order: Order, meeting: Meeting) -> bool:
    """Cancel the order, where the other racer is met between the reading and the writing."""
    cancel_order(order.order_id, CANCEL, orders=meets_after(track.orders, "get", meeting))
    return True


def reserve(track: Track, order: Order, meeting: Meeting) -> bool:
    """Reserve stock, where the other racer is met between the reading and the writing."""
    orders = meets_after(track.orders, "get", meeting)
    return deliver(
        event_of(order, EventType.ORDER_VALIDATED),
        partial(reserve_stock, orders=orders, ledger=track.ledger(orders)),
    )


def deliver(event: OrderEvent, stage: Callable[[OrderEvent], None]) -> bool:
    """Give a stage an event, and tell whether it was done with it, or its queue would repeat it.

    The deployed stage repeats it in any case: what was written here is published as usual.
    """
    try:
        stage(event)
    except PUT_BACK:
        return False
    return True


def accepted(change: Callable[[], object], *, otherwise: ProblemType) -> bool:
    """Make a call, and tell whether it was accepted; it may be refused for one reason only."""
    try:
        change()
    except ProblemError as refused:
        if refused.problem is not otherwise:
            raise
        return False
    return True


def call(track: Track, order: Order, what: str, body: Json) -> httpx.Response:
    return track.shop.api.post(f"orders/{order.order_id}/{what}", json=body)


def calls_at_once(track: Track, order: Order, *calls: tuple[str, Json]) -> list[httpx.Response]:
    """Make calls at once, and return their answers; they start in another order for each order."""
    callers = [partial(call, track, order, what, body) for what, body in calls]
    first = crc32(order.order_id.encode()) % len(callers)
    answers = at_once(*callers[first:], *callers[:first])
    return answers[-first:] + answers[:-first]


def statuses(answers: Iterable[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def line(item: Item, quantity: int) -> Json:
    return {"itemId": item.item_id, "quantity": quantity}


def times(order: Order, event: EventType) -> int:
    """Count how often something happened to an order."""
    return sum(entry.event is event for entry in order.history)


def ended(outcomes: Iterable[str], *, ways: int) -> Counter[str]:
    """Count how the races ended; they must have ended in every way there is."""
    counted = Counter(outcomes)
    assert len(counted) == ways, counted
    return counted
