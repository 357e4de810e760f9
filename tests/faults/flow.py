"""Orders that flow through the pipeline, each led through its life as the shop would do it."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import batched
from typing import Self

import httpx
import pytest

from order_pipeline.adapters.items import from_item, to_item
from tests.e2e.payment_server import DECLINED_WHEN_CHARGED
from tests.e2e.shop import Customer, Item, Json, Shop
from tests.faults.dead_letters import DeadLetters
from tests.faults.kinds import BOUGHT, DECLINED, PRICE, REJECTED, SOLD_OUT, Kind

PAUSE = 0.5
PAUSE_OF_THE_SHOP = 2
"""Seconds until the shop repeats a call that was not answered as it should."""
STOCK = 1000


@dataclass
class Purchase:
    """An order of some kind, and how far it has come."""

    kind: Kind
    request: Json
    customer: Customer
    item: Item
    refusals: int = 0
    """Calls that were not answered as they should, and were repeated."""
    accepted_at: float = 0
    stored_at: float = 0
    """When the order was first seen in the table."""
    deferred: bool = False
    """Accepted although the table did not take it."""
    ended_at: float = 0
    redriven: bool = False
    order: Json = field(default_factory=dict)
    """The order as the table has it."""
    steps_taken: set[str] = field(default_factory=set)

    @property
    def order_id(self) -> str:
        return str(self.request["orderId"])

    @property
    def history(self) -> list[str]:
        return [entry["event"] for entry in self.order.get("history", [])]

    @property
    def has_ended(self) -> bool:
        return bool(self.ended_at)


class Flow:
    """Some orders, from their placement to their end; used as a context that ends its threads."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.dead_letters = DeadLetters(shop)
        self.purchases: list[Purchase] = []
        self.healed_at = 0.0
        self._calls = ThreadPoolExecutor(4, thread_name_prefix="shop")
        self._pending: list[Future[None]] = []
        self._ends = False
        self._item = shop.stocked_item(available=STOCK, price=PRICE)
        self._scarce = shop.stocked_item(available=BOUGHT - 1, price=PRICE)
        self._declining = shop.payments.method(DECLINED_WHEN_CHARGED)

    @property
    def items(self) -> dict[str, int]:
        """Item id → units before anything was bought."""
        return {self._item.item_id: STOCK, self._scarce.item_id: BOUGHT - 1}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        self._calls.shutdown(cancel_futures=True)

    # ------------------------------------------------------------------ orders

    def prepare(self, kind: Kind) -> Purchase:
        """Return an order that is yet to be placed."""
        shop = self.shop
        customer = shop.customer(has_app=True)
        item = self._scarce if kind is SOLD_OUT else self._item
        request = shop.order(
            (item, BOUGHT),
            customerId=customer.customer_id,
            contact=customer.contact,
            shippingAddress=customer.address,
        )
        if kind is DECLINED:
            request["payment"] = {"method": self._declining}
        if kind is REJECTED:
            request["items"][0]["price"] = PRICE + 1
        return Purchase(kind, request, customer, item)

    def place(self, *kinds: Kind) -> list[Purchase]:
        """Place orders of these kinds; the shop repeats what is refused until it is accepted."""
        return [self.place_prepared(self.prepare(kind)) for kind in kinds]

    def place_prepared(self, purchase: Purchase) -> Purchase:
        self.purchases.append(purchase)
        self._call(partial(self._place, purchase))
        return purchase

    def _place(self, purchase: Purchase) -> None:
        answer = self._until_answered(purchase, lambda: self.shop.post_order(purchase.request), 202)
        if answer is not None:
            purchase.deferred = bool(answer.json().get("deferred"))
            purchase.accepted_at = time.time()

    def _call(self, call: Callable[[], None]) -> None:
        self._pending.append(self._calls.submit(call))

    def _until_answered(
        self, purchase: Purchase, ask: Callable[[], httpx.Response], *statuses: int
    ) -> httpx.Response | None:
        """Repeat a call, as a shop does, until it is answered; None at the end of the test."""
        while not self._ends:
            try:
                answer = ask()
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code in statuses:
                return answer
            if answer is not None and answer.is_client_error:
                pytest.fail(f"{purchase.order_id}: {answer.status_code} {answer.text}")
            purchase.refusals += 1
            time.sleep(PAUSE_OF_THE_SHOP)
        return None

    # ------------------------------------------------------------------ following them

    @contextmanager
    def while_broken(self) -> Iterator[None]:
        """Mark the end of the block as the moment from which everything works again."""
        yield
        self.mark_healed()

    def mark_healed(self) -> None:
        """Remember this moment as the one from which everything works again."""
        self.healed_at = time.time()

    def keep_going(self, seconds: float) -> None:
        """Follow the orders for a while."""
        self.follow(lambda: False, within=seconds, must=False)

    def until(self, what: str, is_so: Callable[[Purchase], bool], *, within: float = 90) -> None:
        """Follow the orders until something is so of all of them."""
        self.follow(lambda: all(is_so(each) for each in self.purchases), within=within, what=what)

    def until_all_have_ended(self, *, within: float) -> None:
        """Follow the orders to their end; those that a dead-letter queue caught are redriven."""
        deadline = time.monotonic() + within
        has_ended = all_have_ended([self])
        while time.monotonic() < deadline:
            self.follow(has_ended, within=5, must=False)
            if has_ended():
                return
            self._redrive()

    def _redrive(self) -> None:
        caught = self.dead_letters.redrive({each.order_id for each in self.purchases})
        for purchase in self.purchases:
            if purchase.order_id in caught:
                purchase.redriven = True

    def follow(
        self,
        is_done: Callable[[], bool],
        *,
        within: float,
        must: bool = True,
        what: str = "the orders",
    ) -> None:
        """Look at the orders again and again, and take the steps that are due."""
        deadline = time.monotonic() + within
        while True:
            self._raise_what_failed()
            self._look()
            if is_done():
                return
            if time.monotonic() > deadline:
                if must:
                    pytest.fail(f"not seen within {within:.0f} s: {what}\n{self.describe()}")
                return
            time.sleep(PAUSE)

    def _look(self) -> None:
        going = {each.order_id: each for each in self.purchases if not each.has_ended}
        for order_id, order in read_orders(self.shop, going).items():
            purchase = going[order_id]
            purchase.order = order
            purchase.stored_at = purchase.stored_at or time.time()
            history = purchase.history
            for event, step in purchase.kind.steps.items():
                if event in history and event not in purchase.steps_taken:
                    purchase.steps_taken.add(event)
                    self._call(partial(self._take, purchase, step))
            if purchase.accepted_at and purchase.kind.is_at_its_end(history):
                purchase.ended_at = time.time()

    def look_again(self) -> None:
        """Read every order once more: one that has ended must stay as it was then."""
        by_id = {each.order_id: each for each in self.purchases}
        for order_id, order in read_orders(self.shop, by_id).items():
            by_id[order_id].order = order

    def _take(self, purchase: Purchase, step: Callable[[Shop, Purchase], httpx.Response]) -> None:
        self._until_answered(purchase, lambda: step(self.shop, purchase), 200, 201, 202)

    def _raise_what_failed(self) -> None:
        for done in [each for each in self._pending if each.done()]:
            self._pending.remove(done)
            done.result()

    # ------------------------------------------------------------------ what came of them

    @property
    def accepted(self) -> list[Purchase]:
        return [each for each in self.purchases if each.accepted_at]

    @property
    def lost(self) -> list[Purchase]:
        return [each for each in self.accepted if not each.has_ended]

    def seconds_to_heal(self) -> float:
        """Return how long it took until the last order had ended, once everything worked."""
        return max(0.0, *(each.ended_at - self.healed_at for each in self.purchases))

    def describe(self) -> str:
        """Tell how far the orders have come that have not ended."""
        return "\n".join(
            f"{each.order_id} ({each.kind.name}): {' → '.join(each.history) or 'not stored'}"
            for each in self.purchases
            if not each.has_ended
        )

    def kinds(self) -> Counter[str]:
        return Counter(each.kind.name for each in self.purchases)


def all_have_ended(flows: Collection[Flow]) -> Callable[[], bool]:
    """Return what tells whether every order of some flows has ended."""
    return lambda: all(each.has_ended for flow in flows for each in flow.purchases)


def together(flows: Collection[Flow], is_done: Callable[[], bool], *, within: float) -> None:
    """Follow several flows at once until something is so, or time is over."""
    deadline = time.monotonic() + within
    while not is_done() and time.monotonic() < deadline:
        for flow in flows:
            flow.keep_going(0)


def read_orders(shop: Shop, order_ids: Iterable[str]) -> dict[str, Json]:
    """Return orders as the table has them, however the API is."""
    table = shop.deployment.orders_table_name
    orders: dict[str, Json] = {}
    for ids in batched(order_ids, 100, strict=False):
        keys = [to_item({"orderId": order_id}) for order_id in ids]
        answer = shop.dynamodb.batch_get_item(
            RequestItems={table: {"Keys": keys, "ConsistentRead": True}}
        )
        assert not answer.get("UnprocessedKeys"), "DynamoDB Local reads all of a batch"
        for item in answer["Responses"][table]:
            order = from_item(item)
            orders[order["orderId"]] = order
    return orders
