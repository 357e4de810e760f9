"""What is put back from a copy of the orders table, and what is left alone."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import OrdersTable, stored_attributes
from order_pipeline.domain.events import events_since
from order_pipeline.domain.limits import RETENTION
from order_pipeline.domain.messages import claim_key
from order_pipeline.domain.order import Channel, Order
from order_pipeline.domain.ports import Money, MoneyState
from order_pipeline.domain.transitions import EventType
from orderctl.republishing import all_items
from orderctl.restoring import (
    Damage,
    Damaged,
    Repair,
    Restoring,
    find_damage,
    intents_of,
    lacking_intents,
    plan,
)
from orderctl.rolling_forward import RolledForward
from tests.unit.builders import (
    BY,
    NOON,
    a_captured_order,
    a_confirmed_order,
    a_placed_order,
    a_reserved_order,
)
from tests.unit.conftest import IDEMPOTENCY_TABLE, ORDERS_TABLE
from tests.unit.functions.test_outbox import Topic

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MINUTE = timedelta(minutes=1)
ORDER = a_confirmed_order()


def stored_item(order: Order) -> Any:
    return to_item(stored_attributes(order))


SPOILT = stored_item(ORDER) | {"total": {"N": "59.98"}}
REJECTED = a_placed_order(order_id="REJECTED").after(EventType.ORDER_REJECTED, by=BY, at=NOON)


def damage_of(copy: list[Any], table: list[Any], *erased: str, after: timedelta = MINUTE) -> Damage:
    return find_damage(copy, table, erased=set(erased), at=NOON + after)


def test_what_is_missing_or_unreadable_is_damaged() -> None:
    other = a_confirmed_order(order_id="ORD-0")
    damage = damage_of([stored_item(ORDER), stored_item(other)], [SPOILT])
    assert damage.damaged == [Damaged(other, None), Damaged(ORDER, SPOILT)]


def test_what_can_be_read_is_not_and_neither_is_what_only_the_table_has() -> None:
    later = ORDER.after(EventType.ORDER_CANCELLED, by=BY)
    newer = a_placed_order(order_id="NEWER")
    for table in ([ORDER], [later], [ORDER, newer]):
        damage = damage_of([stored_item(ORDER)], [stored_item(each) for each in table])
        assert (damage.damaged, damage.older) == ([], [])
    damage = damage_of([stored_item(later)], [stored_item(ORDER)])
    assert (damage.damaged, damage.older) == ([], ["ORD-1"])


def test_an_order_that_the_copy_cannot_tell_either_is_named() -> None:
    assert damage_of([SPOILT], []).unreadable == ["ORD-1"]
    assert damage_of([SPOILT], [SPOILT]).unreadable == ["ORD-1"]
    assert damage_of([SPOILT], [stored_item(ORDER)]).unreadable == []


@pytest.mark.parametrize("table", [[], [stored_item(REJECTED) | {"version": {"S": "x"}}]])
def test_an_order_whose_customer_was_erased_since_comes_back_without_them(table: list[Any]) -> None:
    damage = damage_of([stored_item(REJECTED)], table, "REJECTED")
    (repair,) = plan(damage, [], {})
    assert repair.order.erased_at
    assert "ada@example.com" not in str(stored_item(repair.order))
    assert not repair.is_held_back


def test_an_erased_order_that_cannot_be_brought_to_its_end_is_held_back() -> None:
    (repair,) = plan(damage_of([stored_item(ORDER)], [], "ORD-1"), [], {})
    assert repair.is_held_back


def test_what_is_over_stays_away() -> None:
    over = damage_of([stored_item(REJECTED)], [], after=RETENTION)
    assert (over.expired, over.damaged) == (["REJECTED"], [])
    assert damage_of([stored_item(REJECTED)], [], after=RETENTION - MINUTE).expired == []
    assert damage_of([stored_item(ORDER)], [], after=RETENTION).expired == []  # not settled


def test_whatever_the_copy_does_not_know_has_happened_since_its_latest_event() -> None:
    late = a_placed_order(order_id="LATE", at=NOON + 9 * MINUTE)
    table = [stored_item(ORDER), stored_item(late)]
    damage = damage_of(table, table)
    assert damage.copied_at == NOON + 9 * MINUTE
    assert damage.look_from == NOON + 4 * MINUTE
    assert damage_of([], table).look_from is None


def test_the_provider_is_asked_about_damaged_orders_only_and_its_answer_is_used() -> None:
    reserved = a_reserved_order()
    damage = damage_of([stored_item(reserved), stored_item(REJECTED)], [])
    assert lacking_intents(damage, []) == {"ORD-1"}
    events = events_since(3, ORDER)
    (repair, other) = plan(damage, events, {"ORD-1": "pi_1"})
    assert (repair.order.version, repair.order.payment.intent_id) == (4, "pi_1")
    assert other.order == REJECTED


def test_of_several_intents_the_one_that_took_the_money_counts_and_else_the_latest() -> None:
    def money(intent_id: str, order_id: str | None, state: MoneyState) -> Money:
        return Money(intent_id, order_id, state, 100)

    records = [
        money("pi_6", None, MoneyState.HELD),
        money("pi_5", "C", MoneyState.TAKEN),
        money("pi_4", "A", MoneyState.HELD),
        money("pi_3", "A", MoneyState.HELD),
        money("pi_2", "B", MoneyState.HELD),
        money("pi_1", "B", MoneyState.TAKEN),
    ]
    assert intents_of({"A", "B"}, records) == {"A": "pi_4", "B": "pi_1"}


class Table:
    """The orders table, and what puts orders back into it."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client = client
        self.topic = Topic()
        self.orders = OrdersTable(client, ORDERS_TABLE)
        self.claims = IdempotencyTable(client, IDEMPOTENCY_TABLE)
        self.restoring = Restoring(client, ORDERS_TABLE, claims=self.claims, topic=self.topic)

    def put(self, item: Any) -> None:
        self.client.put_item(TableName=ORDERS_TABLE, Item=item)

    def put_back(self, order: Order, item: Any = None, *, after: timedelta = MINUTE) -> bool:
        repair = Repair(Damaged(order, item), RolledForward(order, (), ()))
        return self.restoring.put_back(repair, at=NOON + after)

    def items(self) -> list[Any]:
        return list(all_items(self.client, ORDERS_TABLE))


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> Table:
    return Table(dynamodb)


def test_a_missing_order_is_put_back_whole(table: Table) -> None:
    assert table.put_back(ORDER)
    assert table.items() == [stored_item(ORDER)]


def test_a_spoilt_order_is_replaced_whole(table: Table) -> None:
    spoilt = SPOILT | to_item({"nonsense": "x"})
    table.put(spoilt)
    assert table.put_back(ORDER, spoilt)
    assert table.items() == [stored_item(ORDER)]


@pytest.mark.parametrize("item", [None, SPOILT])
def test_what_somebody_has_written_meanwhile_stays(table: Table, item: Any) -> None:
    theirs = stored_item(ORDER) | to_item({"note": "repaired by hand"})
    table.put(theirs)
    assert not table.put_back(ORDER, item)
    assert table.items() == [theirs]


def test_a_spoilt_order_that_is_gone_meanwhile_stays_so(table: Table) -> None:
    assert not table.put_back(ORDER, SPOILT)
    assert table.items() == []


def test_nobody_is_told_again_of_what_is_so_old_that_the_claims_are_gone(table: Table) -> None:
    table.put_back(ORDER, after=timedelta(days=29))
    for channel in Channel:
        assert not table.claims.claim(claim_key("ORD-1#4", channel))


def test_a_message_that_may_still_be_on_its_way_is_not_kept_from_being_sent(table: Table) -> None:
    table.put_back(ORDER, after=timedelta(days=28))
    assert table.claims.claim(claim_key("ORD-1#4", Channel.EMAIL))


def test_a_message_that_is_being_sent_keeps_no_order_from_being_put_back(table: Table) -> None:
    table.claims.claim(claim_key("ORD-1#4", Channel.EMAIL))
    assert table.put_back(ORDER, after=timedelta(days=29))


def test_the_last_event_and_the_one_that_is_waited_for_are_published(table: Table) -> None:
    captured = a_captured_order()
    assert table.restoring.publish(ORDER) == set()
    assert table.restoring.publish(captured) == set()
    shipped = captured.model_copy(update={"payment": ORDER.payment})
    assert table.restoring.publish(shipped) == set()
    assert [event.event_id for event in table.topic.events] == [
        "ORD-1#4",
        "ORD-1#7",
        "ORD-1#5",
        "ORD-1#7",
    ]
