"""The board of orders: what it reads, what it shows, and for how long."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from order_pipeline.adapters.items import Item, to_item
from order_pipeline.adapters.orders_table import OrdersTable, stored_attributes
from order_pipeline.domain.order import Order, StockState
from order_pipeline.domain.transitions import EventType, Status
from orderctl.__main__ import app
from orderctl.board import Board, CustomersOrders, OpenOrders, watched
from orderctl.board_view import board, changes
from orderctl.deployment import Deployment
from tests.unit.builders import (
    BY,
    NOON,
    a_confirmed_order,
    a_declined_order,
    a_placed_order,
    a_reserved_order,
    a_shipped_order,
    a_validated_order,
)
from tests.unit.conftest import ORDERS_TABLE
from tests.unit.orderctl.gateway import NAMES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATER = NOON + timedelta(minutes=5)


@dataclass
class OrdersInMemory:
    """A table whose index follows at once; it remembers what was read of it."""

    orders: dict[str, Order] = field(default_factory=dict)
    reads: list[list[str]] = field(default_factory=list)

    def put(self, order: Order) -> Order:
        self.orders[order.order_id] = order
        return order

    def ids(self) -> Mapping[str, str | None]:
        stored = {order_id: stored_attributes(order) for order_id, order in self.orders.items()}
        return {key: values["dueAt"] for key, values in stored.items() if "dueAt" in values}

    def read(self, order_ids: Iterable[str]) -> Mapping[str, Item]:
        self.reads.append(sorted(order_ids))
        return {
            order_id: to_item(stored_attributes(self.orders[order_id]))
            for order_id in self.reads[-1]
            if order_id in self.orders
        }


def statuses(found: Board, now: Any = LATER) -> dict[str, str]:
    return {order.order_id: order.status for order in found.look(now).orders}


def test_an_order_is_followed_until_it_has_ended() -> None:
    # given
    table = OrdersInMemory()
    seen = Board(table)
    table.put(a_placed_order(order_id="A"))
    assert statuses(seen) == {"A": "PLACED"}
    # when it moves on, out of the index at last
    table.put(a_confirmed_order(order_id="A"))
    assert statuses(seen) == {"A": "CONFIRMED"}
    declined = table.put(a_declined_order(order_id="A"))
    assert statuses(seen) == {"A": "PAYMENT_DECLINED"}
    released = declined.model_copy(
        update={"stock": declined.stock.model_copy(update={"state": StockState.RELEASED})}
    )
    table.put(released)
    # then its end is shown for a minute, and then no more
    assert statuses(seen) == {"A": "PAYMENT_DECLINED"}
    assert statuses(seen, LATER + timedelta(seconds=59)) == {"A": "PAYMENT_DECLINED"}
    assert statuses(seen, LATER + timedelta(seconds=60)) == {}
    assert statuses(seen, LATER + timedelta(seconds=61)) == {}


def test_an_order_that_rests_is_read_once() -> None:
    # given
    table = OrdersInMemory()
    seen = Board(table)
    table.put(a_confirmed_order(order_id="RESTS"))
    table.put(a_reserved_order(order_id="MOVES"))
    # when
    for _ in range(3):
        seen.look(LATER)
    # then
    assert table.reads == [["MOVES", "RESTS"], ["MOVES"], ["MOVES"]]


def test_an_order_that_moves_on_without_another_due_time_is_seen() -> None:
    # given an order whose payment is still to be taken
    table = OrdersInMemory()
    seen = Board(table)
    shipped = table.put(a_shipped_order(order_id="A"))
    assert statuses(seen) == {"A": "SHIPPED"}
    # when it is delivered meanwhile
    table.put(shipped.after(EventType.ORDER_DELIVERED, by=BY))
    # then
    assert len(set(table.ids().values())) == 1
    assert statuses(seen) == {"A": "DELIVERED"}


def test_an_order_that_is_gone_is_not_shown() -> None:
    table = OrdersInMemory()
    seen = Board(table)
    table.put(a_placed_order(order_id="A"))
    seen.look(LATER)
    table.orders.clear()
    assert statuses(seen) == {}


def test_those_that_move_come_first_and_are_counted() -> None:
    table = OrdersInMemory()
    table.put(a_confirmed_order(order_id="A"))
    table.put(a_placed_order(order_id="B"))
    table.put(a_validated_order(order_id="C"))
    frame = Board(table).look(LATER)
    assert [order.order_id for order in frame.orders][-1] == "A"
    assert {status: number for status, number in frame.counts.items() if number} == {
        Status.PLACED: 1,
        Status.VALIDATED: 1,
        Status.CONFIRMED: 1,
    }


def test_the_time_in_a_status_is_not_begun_anew_by_what_does_not_change_it() -> None:
    order = a_confirmed_order()
    after = order.after(EventType.PAYMENT_REAUTHORISED, by=BY, at=LATER)
    seen = watched(to_item(stored_attributes(after)))
    assert (seen.since, seen.last_event) == (order.history[-1].at, "PaymentReauthorised")
    assert seen.came_through == 3


# ------------------------------------------------------------------ the table


def test_open_orders_are_read_without_what_is_personal(dynamodb: "DynamoDBClient") -> None:
    # given
    orders = OrdersTable(dynamodb, ORDERS_TABLE)
    orders.add(a_placed_order(order_id="A"))
    orders.add(a_placed_order(order_id="B"))
    orders.add(a_placed_order(order_id="ENDED").after(EventType.ORDER_REJECTED, by=BY))
    source = OpenOrders(dynamodb, ORDERS_TABLE)
    # then
    assert sorted(source.ids()) == ["A", "B"]
    items = source.read(["A", "B", "GONE"])
    assert sorted(items) == ["A", "B"]
    assert not {"contact", "shippingAddress", "payloadHash"} & items["A"].keys()
    assert "method" not in str(items["A"]["payment"])


def test_what_dynamodb_did_not_get_to_is_asked_for_again() -> None:
    # given
    item = to_item({"orderId": "A"})
    more = {"table": {"Keys": [to_item({"orderId": "B"})]}}
    answers = iter(
        [
            {"Responses": {"table": [item]}, "UnprocessedKeys": more},
            {"Responses": {"table": [to_item({"orderId": "B"})]}, "UnprocessedKeys": {}},
        ]
    )
    asked: list[Any] = []

    def batch_get_item(RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        asked.append(RequestItems)
        return next(answers)

    client: Any = SimpleNamespace(batch_get_item=batch_get_item)
    waited: list[float] = []
    # when
    found = OpenOrders(client, "table", wait=waited.append).read(["A", "B"])
    # then
    assert sorted(found) == ["A", "B"]
    assert asked[1] == more
    assert len(waited) == 1


def test_a_customers_orders_are_watched_open_or_not(dynamodb: "DynamoDBClient") -> None:
    orders = OrdersTable(dynamodb, ORDERS_TABLE)
    orders.add(a_placed_order(order_id="A").after(EventType.ORDER_REJECTED, by=BY))
    orders.add(a_placed_order(order_id="B"))
    orders.add(a_placed_order(order_id="C", customer_id="SOMEBODY-ELSE"))
    source = CustomersOrders(dynamodb, ORDERS_TABLE, customer_id="CUST-1", limit=20)
    seen = Board(source)
    assert statuses(seen) == {"A": "REJECTED", "B": "PLACED"}
    assert statuses(seen, LATER + timedelta(hours=1)) == {"A": "REJECTED", "B": "PLACED"}


def test_what_is_no_order_is_named(dynamodb: "DynamoDBClient") -> None:
    broken = {"orderId": "X", "openBucket": "open#1", "dueAt": "2026-01-31T12:00:00.000Z"}
    dynamodb.put_item(TableName=ORDERS_TABLE, Item=to_item(broken))
    frame = Board(OpenOrders(dynamodb, ORDERS_TABLE)).look(LATER)
    assert (frame.orders, frame.unreadable) == ((), ("X",))


# ------------------------------------------------------------------ for a person


def test_a_change_is_a_line() -> None:
    table = OrdersInMemory()
    seen = Board(table)
    table.put(a_placed_order(order_id="A"))
    first = seen.look(LATER)
    assert list(changes(None, first)) == ["2026-01-31T12:00:00.000Z A PLACED"]
    moved = replace(first.orders[0], status=Status.VALIDATED, since=LATER)
    second = replace(first, orders=(moved,))
    assert list(changes(first, second)) == ["2026-01-31T12:05:00.000Z A PLACED → VALIDATED"]
    assert list(changes(second, second)) == []


def test_no_more_rows_are_shown_than_there_is_room_for() -> None:
    table = OrdersInMemory()
    for number in range(5):
        table.put(a_placed_order(order_id=f"ORD-{number}"))
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(board(Board(table).look(NOON + timedelta(days=2)), where="dev", rows=2))
    shown = capture.get()
    assert shown.count("ORD-") == 2
    assert "… and 3 more." in shown
    assert "■□□□□□" in shown
    assert "due 1 d ago" in shown


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, source: object) -> Result:
    deployment = SimpleNamespace(names=NAMES, open_orders=source)
    monkeypatch.setattr(Deployment, "from_environment", lambda: deployment)
    return CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["watch", *arguments])


def test_one_look_is_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    table = OrdersInMemory()
    table.put(a_placed_order())
    done = run(monkeypatch, "--once", "--json", source=table)
    assert done.exit_code == 0, done.output
    frame = json.loads(done.stdout)
    assert frame["counts"]["PLACED"] == 1
    [order] = frame["orders"]
    assert (order["orderId"], order["since"]) == ("ORD-1", "2026-01-31T12:00:00.000Z")
    assert "ORD-1" in run(monkeypatch, "--once", source=table).stdout


class Interrupted(OrdersInMemory):
    """Ctrl-C at the third look."""

    def ids(self) -> Mapping[str, str | None]:
        if len(self.reads) == 2:
            raise KeyboardInterrupt
        return super().ids()


@pytest.mark.parametrize(("more", "lines"), [([], 1), (["--json"], 2)])
def test_ctrl_c_is_how_a_watch_ends(
    monkeypatch: pytest.MonkeyPatch, more: list[str], lines: int
) -> None:
    table = Interrupted()
    table.put(a_placed_order(order_id="A"))
    done = run(monkeypatch, "--every", "0.2", *more, source=table)
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == lines
    assert done.stderr == ""
