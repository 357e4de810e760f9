"""Items with counters under random orders, settings and adjustments, and in real threads.

The adapters run as they are deployed, on tables in memory. What the books of the stock promise is
checked after every step, and of every order that is refused, that there was too little for it.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.stock_counters import counter_of
from order_pipeline.adapters.stock_transactions import StockTransactions, reservation_key
from order_pipeline.domain.order import LineQuantity, Order
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    ItemChangedError,
    NotEnoughStockError,
)
from order_pipeline.domain.refusals import CommandRefusedError
from order_pipeline.domain.reservation import Reservation
from orderctl.books import OrderBook, check_stock
from tests.unit.builders import a_line, an_item
from tests.unit.conftest import IDEMPOTENCY_TABLE, INVENTORY_TABLE, ORDERS_TABLE
from tests.unit.counted_stock import Shop
from tests.unit.tables_in_memory import TablesInMemory

COUNTERS = st.integers(1, 5)
UNITS = st.integers(0, 20)


def new_tables() -> Any:
    return TablesInMemory(
        {INVENTORY_TABLE: "itemId", IDEMPOTENCY_TABLE: "id", ORDERS_TABLE: "orderId"}
    )


@dataclass
class Sale:
    """An order that got its stock."""

    units: int
    """Of the item with counters."""
    tea: int
    """Of an item without counters, sold with it."""
    left: int = 0
    back: int = 0
    """Units that were refunded and are in stock again, whether they had left or not."""
    is_released: bool = False


@dataclass
class Watch:
    """What happens while something is done."""

    lowest: int
    """The fewest units that there were at any moment."""
    others_came: bool = False


@dataclass(frozen=True)
class Others:
    """What others do just before a call: the nth of an operation in an action."""

    operation: str
    nth: int
    act: str
    units: int
    counters: int


ACTS = st.sampled_from(["sell", "add", "take away", "move", "move", "set"])
OTHERS = st.none() | st.builds(
    Others,
    operation=st.just("TransactWriteItems"),
    nth=st.integers(1, 2),
    act=ACTS,
    units=st.integers(1, 8),
    counters=COUNTERS,
)
OTHERS |= st.builds(
    Others,
    operation=st.just("BatchGetItem"),
    nth=st.integers(1, 7),
    act=ACTS,
    units=st.integers(1, 8),
    counters=COUNTERS,
)


class HotItem(RuleBasedStateMachine):
    """One item whose counters are set anew again and again, while it is sold.

    In the middle of most actions, others do something of their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tables = new_tables()
        self.shop = Shop(self.tables)
        self.environments = [self.shop.new_environment(), self.shop.new_environment()]
        self.sales: dict[str, Sale] = {}
        self.in_stock = self.put_in = 0
        self.tea = 3
        self.versions: dict[int, int] = {}
        """Of each version that the item had: how many units it had then."""
        self.numbers = count(1)
        self.changes = 0
        """How many times the item's units were changed or set."""
        self.watch = Watch(0)
        self.meanwhile: tuple[str, int, Callable[[], None]] | None = None
        self.tables.before = self.others_go_first

    @initialize(units=UNITS, counters=COUNTERS)
    def the_item_is_made(self, units: int, counters: int) -> None:
        self.shop.inventory.create(an_item("HOT", available=units, stock_counters=counters))
        self.shop.inventory.create(an_item("TEA", available=self.tea))
        self.in_stock = self.put_in = units

    # ------------------------------------------------------------ others, at the same moment

    def let_come(self, others: Others | None) -> None:
        """Arrange what others do during the next action."""
        if others is None:
            self.meanwhile = None
            return
        acts: dict[str, Callable[[], None]] = {
            "sell": lambda: self.sell(others.units, 0, self.shop.new_environment()),
            "add": lambda: self.adjust(others.units),
            "take away": lambda: self.adjust(-others.units),
            "move": lambda: self.move(others.units),
            "set": lambda: self.set_item(others.units, others.counters),
        }
        self.meanwhile = (others.operation, others.nth, acts[others.act])

    def others_go_first(self, operation: str) -> None:
        """Before a call of DynamoDB: do what was arranged, when it is the one."""
        if self.meanwhile is None or self.meanwhile[0] != operation:
            return
        _, nth, act = self.meanwhile
        if nth > 1:
            self.meanwhile = (operation, nth - 1, act)
            return
        self.meanwhile, disturbed = None, self.watch
        act()
        disturbed.others_came = True
        disturbed.lowest = min(disturbed.lowest, self.in_stock)
        self.watch = disturbed

    def until_done[T](self, act: Callable[[], T]) -> T:
        """Do something; once more, as queues and callers do, if others came in between."""
        self.watch = Watch(self.in_stock)
        try:
            return act()
        except ConcurrentChangeError:
            assert self.watch.others_came, "a fault, although nobody came in between"
        self.watch = Watch(self.in_stock)
        self.meanwhile = None
        return act()

    # ------------------------------------------------------------ what can happen

    @rule(
        units=st.none() | st.integers(1, 8),
        tea=st.integers(0, 1),
        environment=st.integers(0, 2),
        others=OTHERS,
    )
    def an_order_comes(
        self, units: int | None, tea: int, environment: int, others: Others | None
    ) -> None:
        """Sell some units, or all that there are."""
        self.let_come(others)
        ledger = [*self.environments, self.shop.new_environment()][environment]
        self.sell(units or max(self.in_stock, 1), tea, ledger)

    def sell(self, units: int, tea: int, ledger: StockTransactions) -> None:
        order_id = f"ORD-{next(self.numbers)}"
        lines = [a_line("HOT", units), *[a_line("TEA", 1)] * tea]
        order = self.shop.order(order_id, *lines)

        def reserve() -> None:
            short = self.shop.reserve(order, ledger)
            assert ("TEA" in short) is (self.tea < tea)
            if "HOT" in short:
                assert self.watch.lowest < units, "refused, and there was enough all the time"
            elif not self.watch.others_came:
                assert self.in_stock >= units, "sold, and there was not enough"
            if not short:
                self.changes += 1
                self.in_stock -= units
                self.tea -= tea
                self.sales[order_id] = Sale(units, tea)

        self.until_done(reserve)

    @precondition(lambda self: self.open_sales())
    @rule(data=st.data(), environment=st.integers(0, 1), others=OTHERS)
    def an_order_is_cancelled(
        self, data: st.DataObject, environment: int, others: Others | None
    ) -> None:
        order_id = data.draw(st.sampled_from(self.open_sales()))
        sale = self.sales[order_id]
        if sale.left:
            return
        self.let_come(others)
        self.until_done(lambda: self.shop.release(order_id, self.environments[environment]))
        sale.is_released = True
        self.in_stock += sale.units
        self.tea += sale.tea

    @precondition(lambda self: self.open_sales())
    @rule(data=st.data(), units=st.integers(1, 8))
    def a_parcel_leaves(self, data: st.DataObject, units: int) -> None:
        order_id = data.draw(st.sampled_from(self.open_sales()))
        line = LineQuantity(item_id="HOT", quantity=units)
        with suppress(CommandRefusedError):
            self.shop.ship(order_id, f"P-{next(self.numbers)}", line)
            self.sales[order_id].left += units

    @precondition(lambda self: self.open_sales())
    @rule(
        data=st.data(),
        units=st.integers(1, 8),
        environment=st.integers(0, 1),
        others=OTHERS,
    )
    def units_come_back(
        self, data: st.DataObject, units: int, environment: int, others: Others | None
    ) -> None:
        order_id = data.draw(st.sampled_from(self.open_sales()))
        refund_id = f"R-{next(self.numbers)}"
        line = LineQuantity(item_id="HOT", quantity=units)
        try:
            order = self.shop.ask_for_refund(order_id, refund_id, line)
        except CommandRefusedError:
            return
        ledger = self.environments[environment]
        self.let_come(others)
        self.until_done(lambda: self.shop.put_back(order, refund_id, ledger))
        self.sales[order_id].back += units
        self.in_stock += units

    def open_sales(self) -> list[str]:
        return [order_id for order_id, sale in self.sales.items() if not sale.is_released]

    @rule(delta=st.integers(-20, 20), others=OTHERS)
    def units_are_counted(self, delta: int, others: Others | None) -> None:
        self.let_come(others)
        self.adjust(delta)

    def move(self, units: int) -> None:
        """Move units: the emptiest counters get some, and the fullest lose as many."""
        self.adjust(units)
        self.adjust(-units)

    def adjust(self, delta: int) -> None:
        adjustment_id = f"ADJ-{next(self.numbers)}"

        def make() -> bool:
            try:
                assert self.shop.adjustments.make("HOT", adjustment_id, delta) == delta
            except NotEnoughStockError:
                assert self.watch.lowest + delta < 0, "refused, and there was enough all the time"
                return False
            assert self.watch.others_came or self.in_stock + delta >= 0
            self.changes += bool(delta)
            self.in_stock += delta
            self.put_in += delta
            return True

        if self.until_done(make):
            self.meanwhile = None
            again = self.shop.adjustments.make("HOT", adjustment_id, 99)
            assert again == delta, "made once"

    @rule(available=UNITS, counters=COUNTERS, others=OTHERS)
    def the_item_is_set(self, available: int, counters: int, others: Others | None) -> None:
        self.set_item(available, counters, others)

    def set_item(self, available: int, counters: int, others: Others | None = None) -> None:
        self.let_come(None)
        item = self.shop.inventory.get("HOT")
        assert item
        changes = {"available": available, "stock_counters": counters, "version": item.version + 1}
        changed = item.model_copy(update=changes)
        before = self.changes

        def set_it() -> None:
            try:
                self.shop.inventory.replace(changed, expected_version=item.version)
            except ItemChangedError:
                assert self.changes > before, "refused, and nobody has changed it"
                return
            assert self.changes == before, "set, and what others did since it was read is gone"
            self.changes += 1
            self.put_in += available - self.in_stock
            self.in_stock = available

        self.let_come(others)
        self.until_done(set_it)

    @precondition(lambda self: len(self.versions) > 1)
    @rule(data=st.data(), counters=COUNTERS)
    def somebody_sets_what_was_read_long_ago(self, data: st.DataObject, counters: int) -> None:
        version = data.draw(st.sampled_from(sorted(self.versions)[:-1]))
        item = an_item("HOT", available=99, stock_counters=counters, version=version + 1)
        with pytest.raises(ItemChangedError):
            self.shop.inventory.replace(item, expected_version=version)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_books_of_the_stock_agree(self) -> None:
        self.meanwhile = None  # they come in an action or not at all
        item = self.shop.inventory.get("HOT")
        assert item
        assert item.available == self.in_stock >= 0
        # a version is of one state, and the newest is the highest
        assert self.versions.setdefault(item.version, item.available) == item.available
        assert max(self.versions) == item.version

        stored = {each["itemId"]: each for each in self.shop.everything()}
        assert stored["TEA"]["available"] == self.tea
        counters = [each["available"] for key, each in stored.items() if counter_of(key)]
        assert len(counters) == (item.stock_counters if item.has_counters else 0)
        assert min(counters, default=0) >= 0
        assert sum(counters) == (self.in_stock if item.has_counters else 0)

        bound = 0
        for order_id, sale in self.sales.items():
            reservation = Reservation.model_validate(stored[reservation_key(order_id)])
            taken = reservation.counters.get("HOT", {0: sale.units})
            assert sum(taken.values()) == reservation.units["HOT"] == sale.units
            shipped = reservation.shipped.get("HOT", 0)
            returned = sale.back - reservation.withheld.get("HOT", 0)
            held = 0 if sale.is_released else reservation.held("HOT")
            assert shipped == sale.left
            assert held >= 0
            assert returned >= 0
            bound += held + shipped - returned
        assert self.in_stock + bound == self.put_in

    def teardown(self) -> None:
        orders = {order_id: self.shop.orders.get(order_id) for order_id in self.sales}
        items = map(to_item, self.shop.everything())
        assert list(check_stock(OrderBook(orders, frozenset()), items)) == []
        super().teardown()


TestHotItem = HotItem.TestCase
TestHotItem.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)


# ------------------------------------------------------------------ in real threads


def test_of_more_orders_at_once_than_units_as_many_get_one() -> None:
    # given 100 units on four counters, and 200 orders for one each
    shop = Shop(new_tables())
    shop.inventory.create(an_item("HOT", available=100, stock_counters=4))
    environments = threading.local()

    def sell(number: int) -> Order | None:
        """Return the order if it gets its unit; try it again for as long as nobody knows."""
        if not hasattr(environments, "ledger"):
            environments.ledger = shop.new_environment()
        order = shop.order(f"ORD-{number}", a_line("HOT", 1))
        for _ in range(100):
            with suppress(ConcurrentChangeError):
                return None if shop.reserve(order, environments.ledger) else order
        pytest.fail(f"{order.order_id} is tried in vain")

    # when
    with ThreadPoolExecutor(16) as threads:
        sold = list(filter(None, threads.map(sell, range(200))))

    # then
    assert len(sold) == 100
    assert shop.counters("HOT") == [0] * 4
    reservations = [shop.reservation(order.order_id) for order in sold]
    taken = Counter(number for each in reservations for number in each["counters"]["HOT"])
    assert taken == dict.fromkeys("0123", 25)

    # and what half of them give back is sold to others at the same time, and no more
    def release(order: Order) -> None:
        shop.release(order.order_id)

    with ThreadPoolExecutor(16) as threads:
        given_back = threads.map(release, sold[:50])
        sold_again = len(list(filter(None, threads.map(sell, range(200, 400)))))
        list(given_back)
    assert sold_again + shop.available("HOT") == 50
    assert min(shop.counters("HOT")) >= 0
