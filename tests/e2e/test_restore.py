"""The restore drill: orders are lost and spoilt, and come back from a copy of the table.

LocalStack restores no table to a point in time, so the copy is made when the point in time is now.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest

from order_pipeline.adapters.items import to_item
from order_pipeline.domain.stored import now, rfc3339
from tests.e2e import purchases
from tests.e2e.orderctl import orderctl
from tests.e2e.purchases import KETTLES, SOLD_KETTLES, SOLD_TEA_POTS, TEA_POTS, TOTAL, Purchase
from tests.e2e.shop import Json, Shop, history, quantities
from tests.e2e.test_dead_letters import DeadLetters
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life

STOCK_LEFT = (TEA_POTS - SOLD_TEA_POTS, KETTLES - SOLD_KETTLES)


@pytest.fixture(scope="module")
def copy_now(shop: Shop) -> Iterator[Callable[[], str]]:
    """Return a function that copies the orders table as it is, and returns the copy's name."""
    with ExitStack() as copies:

        def copy() -> str:
            name = shop.new_id("restored")
            shop.dynamodb.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            copies.callback(shop.dynamodb.delete_table, TableName=name)
            shop.dynamodb.get_waiter("table_exists").wait(TableName=name)
            for item in shop.everything_stored():
                shop.dynamodb.put_item(TableName=name, Item=item)
            return name

        yield copy


def lose(shop: Shop, order_id: str) -> None:
    shop.dynamodb.delete_item(
        TableName=shop.deployment.orders_table_name, Key=to_item({"orderId": order_id})
    )


def spoil(shop: Shop, order_id: str) -> None:
    """Write the total in pounds, as a careless script would: amounts are in pence."""
    shop.dynamodb.update_item(
        TableName=shop.deployment.orders_table_name,
        Key=to_item({"orderId": order_id}),
        UpdateExpression="SET #total = :total",
        ExpressionAttributeNames={"#total": "total"},
        ExpressionAttributeValues={":total": {"N": "109.97"}},
    )


def restore(shop: Shop, copy: str, *more: str) -> str:
    done = orderctl(shop.deployment, "restore", "--from", copy, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def line_with(text: str, order_id: str) -> list[str]:
    """Return the columns of the row of a table that an order has; a long one is wrapped."""
    lines = text.splitlines()
    (first,) = [number for number, line in enumerate(lines) if order_id in line]
    row = [columns(lines[first])]
    for line in lines[first + 1 :]:
        more = columns(line)
        if not more or more[0]:
            break
        row.append(more)
    return [" ".join(filter(None, cells)) for cells in zip(*row, strict=True)]


def columns(line: str) -> list[str]:
    return [column.strip() for column in line.split("│")[1:-1]]


def told(shop: Shop, purchase: Purchase) -> tuple[int, int, int]:
    """Count what the customer was told on each channel."""
    customer = purchase.customer
    return (
        len(shop.mailbox.mails_to(customer.email)),
        len(shop.phones.texts_to(customer.phone)),
        len(shop.phones.pushes_to(str(customer.push_endpoint))),
    )


def until_told(shop: Shop, purchase: Purchase, times: int) -> None:
    wait_for(
        lambda: told(shop, purchase),
        lambda counts: counts == (times,) * 3,
        f"{purchase.customer.customer_id} told {times} times on every channel",
    )


def charges(shop: Shop, order_id: str) -> list[tuple[str, int]]:
    """Return every intent that there is for the order: its state and its amount."""
    return [(each["status"], each["amount"]) for each in shop.payments.intents_of(order_id)]


def stored(shop: Shop) -> dict[str, Json]:
    """Return the orders table by order."""
    return {item["orderId"]["S"]: item for item in shop.everything_stored()}


@dataclass(frozen=True)
class Drill:
    """Orders before the damage, and what the operator saw of it before the repair."""

    copy: str
    began: str
    until: str
    confirmed: Purchase
    whole: Purchase
    cancelled: Purchase
    sent: Purchase
    newer: Purchase
    orders: dict[str, Json]
    stock: list[tuple[int, int]]
    books_before: CompletedProcess[str]
    books_damaged: CompletedProcess[str]
    plan: str
    damaged: dict[str, Json]
    """The table, after the damage."""
    after_plan: dict[str, Json]

    @property
    def purchases(self) -> tuple[Purchase, ...]:
        return self.confirmed, self.whole, self.cancelled, self.sent, self.newer

    def ours(self, books: CompletedProcess[str]) -> set[str]:
        """Return the drill's orders that the books have something to say about."""
        return {order_id for order_id in self.orders if order_id in books.stdout}


TOLD = (1, 5, 2, 4, 1)
"""How often the customers of the drill's orders have been told something."""


def books(shop: Shop, began: str, until: str) -> CompletedProcess[str]:
    return orderctl(shop.deployment, "books", "--since", began, "--until", until)


@pytest.fixture(scope="module")
def drill(shop: Shop, copy_now: Callable[[], str]) -> Drill:
    """Orders that went on after the copy was made, and were then lost or spoilt."""
    began = rfc3339(now())
    confirmed = purchases.buy(shop, shows="lost, and restored as it was")
    whole = purchases.buy_and_deliver(shop, shows="spoilt after a whole life, and restored")
    pot = quantities([(whole.tea_pot, 1)])
    assert shop.refund(whole.order_id, "refund-1", lines=pot, restock=True).is_success
    shop.until_event(whole.order_id, "StockRestocked")
    cancelled = purchases.buy(shop, shows="cancelled, lost, and restored as cancelled")
    with shop.paused("inventory"):
        sent = purchases.place(shop, shows="lost after it was sent, and charged once")
        shop.until_in(sent.order_id, "VALIDATED")
        copy = copy_now()

    shop.until(sent.order_id, "CONFIRMED")
    assert shop.ship(sent.order_id, "parcel-1").status_code == 201
    shop.until_event(sent.order_id, "OrderShipped", "PaymentCaptured")
    assert shop.refund(sent.order_id, "refund-1", amount="10.00").is_success
    shop.until_event(sent.order_id, "PaymentRefunded")
    assert shop.cancel(cancelled.order_id).is_success
    shop.until_event(cancelled.order_id, "StockReleased", "PaymentVoided")
    newer = purchases.buy(shop, shows="newer than the copy, and never touched")
    ours = (confirmed, whole, cancelled, sent, newer)
    for purchase, times in zip(ours, TOLD, strict=True):
        until_told(shop, purchase, times)
    shop.until_worked_off()
    orders = {each.order_id: shop.look_at(each.order_id) for each in ours}
    for order in orders.values():
        shop.audited(order)
    stock = [purchases.stock(shop, each) for each in ours]
    until = rfc3339(now())
    books_before = books(shop, began, until)

    for purchase in (confirmed, cancelled, sent):
        lose(shop, purchase.order_id)
    spoil(shop, whole.order_id)
    DeadLetters(shop, "event-publisher").line_about(whole.order_id)
    damaged = stored(shop)
    return Drill(
        copy,
        began,
        until,
        *ours,
        orders=orders,
        stock=stock,
        books_before=books_before,
        books_damaged=books(shop, began, until),
        damaged=damaged,
        plan=restore(shop, copy, "--dry-run"),
        after_plan=stored(shop),
    )


@pytest.fixture(scope="module")
def repaired(shop: Shop, drill: Drill) -> Drill:
    """The drill's orders put back, what was left to people done again, all of it worked off."""
    assert "4 orders put back, 0 failed" in restore(shop, drill.copy)
    assert shop.ship(drill.sent.order_id, "parcel-1").status_code == 201
    shop.until_event(drill.sent.order_id, "OrderShipped", "PaymentCaptured")
    assert shop.refund(drill.sent.order_id, "refund-1", amount="10.00").is_success
    shop.until_event(drill.sent.order_id, "PaymentRefunded")
    assert "0 failed" in DeadLetters(shop, "event-publisher").redrive()
    shop.until_worked_off()
    return drill


def test_the_books_tell_of_every_order_that_is_damaged(drill: Drill) -> None:
    assert drill.ours(drill.books_before) == set()
    assert drill.books_damaged.returncode == 1
    assert drill.ours(drill.books_damaged) == set(drill.orders) - {drill.newer.order_id}


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(drill: Drill) -> None:
    assert line_with(drill.plan, drill.confirmed.order_id)[1:] == [
        "missing",
        "#4 CONFIRMED",
        "",
        "",
    ]
    assert line_with(drill.plan, drill.whole.order_id)[1:] == [
        "cannot be read",
        "#12 DELIVERED",
        "",
        "",
    ]
    assert line_with(drill.plan, drill.cancelled.order_id)[2] == "#7 CANCELLED"
    assert line_with(drill.plan, drill.sent.order_id)[1:] == [
        "missing",
        "#4 CONFIRMED",
        "#3 StockReserved, #4 OrderConfirmed",
        (
            "#5 ParcelShipped parcel-1, #6 OrderShipped, #7 PaymentCaptured, "
            "#8 RefundRequested refund-1, #9 PaymentRefunded refund-1"
        ),
    ]
    assert drill.newer.order_id not in drill.plan
    assert drill.after_plan == drill.damaged


def test_the_orders_are_as_they_were(shop: Shop, repaired: Drill) -> None:
    for order_id, order in repaired.orders.items():
        again = shop.look_at(order_id)
        assert history(again) == history(order)
        assert facts(again) == facts(order)
        if order_id != repaired.sent.order_id:  # which left once more, later
            assert dates(again) == dates(order)


def test_nothing_is_done_twice(shop: Shop, repaired: Drill) -> None:
    assert [purchases.stock(shop, each) for each in repaired.purchases] == repaired.stock
    assert charges(shop, repaired.confirmed.order_id) == [("requires_capture", TOTAL)]
    assert charges(shop, repaired.whole.order_id) == [("succeeded", TOTAL)]
    assert shop.payments.given_back(repaired.whole.order_id) == {"refund-1": 2999}
    assert charges(shop, repaired.cancelled.order_id) == [("canceled", TOTAL)]
    assert charges(shop, repaired.sent.order_id) == [("succeeded", TOTAL)]
    assert shop.payments.given_back(repaired.sent.order_id) == {"refund-1": 1000}
    for purchase, times in zip(repaired.purchases, TOLD, strict=True):
        assert told(shop, purchase) == (times, times, times)


def test_a_newer_order_is_not_touched(shop: Shop, repaired: Drill) -> None:
    order_id = repaired.newer.order_id
    assert stored(shop)[order_id] == repaired.damaged[order_id]


def test_the_books_agree_again(shop: Shop, repaired: Drill) -> None:
    def look() -> CompletedProcess[str]:
        return books(shop, repaired.began, repaired.until)

    wait_for(
        lambda: repaired.ours(look()),
        lambda wrong: wrong == set(),
        "books that agree, once what was done again has come to the bucket",
        within=150,
    )
    assert look().returncode <= repaired.books_before.returncode
    assert orderctl(shop.deployment, "audit", repaired.sent.order_id).returncode == 0


def test_restoring_again_changes_nothing(shop: Shop, repaired: Drill) -> None:
    before = stored(shop)
    assert "There is nothing to put back." in restore(shop, repaired.copy)
    assert stored(shop) == before


def test_an_order_whose_later_events_are_lost_as_well_goes_on_by_itself(
    shop: Shop, copy_now: Callable[[], str]
) -> None:
    # given an order that is reserved and paid after the copy was made
    with shop.paused("inventory"):
        purchase = purchases.place(shop, shows="restored to an older version, and gone on")
        order_id = purchase.order_id
        shop.until_in(order_id, "VALIDATED")
        copy = copy_now()
    order = shop.until(order_id, "CONFIRMED")
    until_told(shop, purchase, 1)
    shop.audited(order)
    lose(shop, order_id)

    # when it is restored, and the bucket knows no more than the copy
    with shop.audit.without(f"{order_id}#3"), shop.audit.without(f"{order_id}#4"):
        said = restore(shop, copy)

    # then it goes on, finds its stock and its payment, and nobody notices
    assert line_with(said, order_id)[1:] == ["missing", "#2 VALIDATED", "", ""]
    assert history(shop.until(order_id, "CONFIRMED")) == history(order)
    shop.until_worked_off()
    assert purchases.stock(shop, purchase) == STOCK_LEFT
    reservation = shop.reservation(order_id)
    assert reservation
    assert reservation["state"] == "HELD"
    assert charges(shop, order_id) == [("requires_capture", TOTAL)]
    assert told(shop, purchase) == (1, 1, 1)


def test_an_erased_order_comes_back_without_its_customer(
    shop: Shop, copy_now: Callable[[], str]
) -> None:
    # given
    purchase = purchases.place(shop, shows="erased, lost, and restored as erased", tea_pots=1)
    order_id, customer = purchase.order_id, purchase.customer
    shop.until(order_id, "OUT_OF_STOCK")
    until_told(shop, purchase, 1)
    shop.until_worked_off()
    copy = copy_now()
    done = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    lose(shop, order_id)

    # when
    assert "1 orders put back, 0 failed" in restore(shop, copy)

    # then
    assert shop.look_at(order_id)["status"] == "OUT_OF_STOCK"
    restored = json.dumps(stored(shop)[order_id])
    assert customer.email not in restored
    assert customer.customer_id not in restored


def facts(order: Json) -> Json:
    """Return an order as the API shows it, without its times."""
    return {name: order[name] for name in ("status", "version", "items", "total", "stock")} | {
        "payment": order["payment"]["state"],
        "parcels": [(each["parcelId"], each["lines"]) for each in order["parcels"]],
        "refunds": [(each["refundId"], each["state"]) for each in order["refunds"]],
    }


def dates(order: Json) -> list[str]:
    return [entry["at"] for entry in order["history"]]
