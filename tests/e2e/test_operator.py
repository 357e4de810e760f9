"""What an operator does in a terminal: compare with the audit, publish again, erase a customer."""

import json

import pytest

from tests.e2e import purchases
from tests.e2e.orderctl import orderctl
from tests.e2e.problems import ORDER_CONFLICT
from tests.e2e.purchases import TOTAL, Purchase
from tests.e2e.shop import Json, Shop, history, quantities
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life


@pytest.fixture(scope="module")
def purchase(shop: Shop) -> Purchase:
    """A whole life with a refund, all of it in the audit bucket."""
    purchase = purchases.buy_and_deliver(
        shop, shows="compared with the audit bucket, and all its events published again"
    )
    pot = quantities([(purchase.tea_pot, 1)])
    assert shop.refund(purchase.order_id, "refund-1", lines=pot, restock=True).is_success
    shop.until_event(purchase.order_id, "StockRestocked")
    return purchase


@pytest.fixture(scope="module")
def order(shop: Shop, purchase: Purchase) -> Json:
    order = shop.look_at(purchase.order_id)
    shop.audited(order)
    return order


def test_audit_agrees_with_a_whole_life(shop: Shop, order: Json) -> None:
    # when
    done = orderctl(shop.deployment, "audit", order["orderId"])

    # then
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"The table has the same {len(order['history'])} events." in done.stdout
    for event in history(order):
        assert event in done.stdout


def test_audit_tells_what_is_missing_in_the_bucket(shop: Shop, order: Json) -> None:
    # given
    event_id = f"{order['orderId']}#5"
    with shop.audit.without(event_id) as removed:
        assert removed > 0

        # when
        done = orderctl(shop.deployment, "audit", order["orderId"])

    # then
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"not in the bucket: {event_id} ParcelShipped" in done.stderr
    assert "The table has the same" not in done.stdout


def test_audit_of_an_unknown_order_says_so(shop: Shop) -> None:
    done = orderctl(shop.deployment, "audit", shop.new_id("order"))
    assert done.returncode == 2
    assert "There is no order" in done.stderr


def test_all_events_published_again_change_nothing(
    shop: Shop, purchase: Purchase, order: Json
) -> None:
    # given
    order_id, customer = purchase.order_id, purchase.customer
    shop.told(customer, f"We have refunded 29.99 GBP for your order {order_id}")
    shop.until_worked_off()
    stock, dead_letters = purchases.stock(shop, purchase), shop.dead_letters()

    # when
    done = orderctl(shop.deployment, "republish", order_id)

    # then every event is out once more
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": published") == len(history(order))
    wait_for(
        lambda: len(shop.audit.events_of(order_id)),
        lambda events: events >= 2 * len(history(order)),
        f"each event of {order_id} twice in the audit bucket",
        within=120,
    )
    shop.until_worked_off()

    # and nothing was done once more
    assert shop.look_at(order_id) == order
    assert purchases.stock(shop, purchase) == stock
    assert shop.payments.taken(order_id) == TOTAL
    assert shop.payments.given_back(order_id) == {"refund-1": 2999}
    assert len(shop.mailbox.mails_to(customer.email)) == 5
    assert len(shop.phones.texts_to(customer.phone)) == 5
    assert len(shop.phones.pushes_to(str(customer.push_endpoint))) == 5
    assert shop.dead_letters() == dead_letters

    # and the audit still agrees
    assert orderctl(shop.deployment, "audit", order_id).returncode == 0


def test_erasing_a_customer_keeps_open_orders_and_publishes_nothing(shop: Shop) -> None:
    # given three orders that are settled, and one that is open
    shows = "erased with its customer, the open one kept until it is settled"
    delivered = purchases.buy_and_deliver(shop, shows=shows)
    customer = delivered.customer
    theirs: Json = {"customerId": customer.customer_id, "contact": customer.contact}
    cancelled = purchases.place(shop, shows=shows, **theirs).order_id
    sold_out = purchases.place(shop, shows=shows, tea_pots=1, **theirs).order_id
    kept = purchases.place(shop, shows=shows, **theirs).order_id
    shop.until(cancelled, "CONFIRMED")
    assert shop.cancel(cancelled).is_success
    shop.until_event(cancelled, "StockReleased", "PaymentVoided")
    shop.until(sold_out, "OUT_OF_STOCK")
    shop.until(kept, "CONFIRMED")
    settled = (delivered.order_id, cancelled, sold_out)
    before = {order_id: shop.look_at(order_id) for order_id in settled}
    published = {order_id: shop.audited(order) for order_id, order in before.items()}

    # when
    done = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")

    # then the orders are still known, but not whose they were
    assert done.returncode == 0, done.stdout + done.stderr
    for order_id, order in before.items():
        assert f"erased: order {order_id}" in done.stdout
        erased = shop.look_at(order_id)
        assert erased.pop("erasedAt")
        assert erased == {name: value for name, value in order.items() if name != "customerId"}
    assert orderctl(shop.deployment, "audit", delivered.order_id).returncode == 0
    assert f"kept: order {kept}, because it is CONFIRMED and not yet settled" in done.stdout
    assert listed(shop, customer.customer_id) == [kept]

    # when the open one is settled, too, and it is done again
    assert shop.cancel(kept).is_success
    order = shop.until_event(kept, "StockReleased", "PaymentVoided")
    shop.audited(order)
    again = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")

    # then nothing is left of the customer
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"erased: order {kept}" in again.stdout
    assert listed(shop, customer.customer_id) == []
    assert customer.email not in json.dumps(shop.everything_stored())

    # and nothing was published by it, up to an event of later
    later = purchases.buy(shop, shows="placed to see that erasing has published nothing")
    shop.audited(shop.look_at(later.order_id))
    for order_id, events in published.items():
        assert shop.audit.events_of(order_id) == events
    assert len(shop.audit.events_of(kept)) == len(history(order))


def test_erased_order_is_not_placed_again(shop: Shop) -> None:
    # given an order that has come to its end, and its customer erased
    item = shop.stocked_item(available=1)
    customer_id = shop.new_id("customer")
    request = shop.order((item, 2), customerId=customer_id)
    order_id = shop.place(request, shows="placed again after its customer was erased: one order")
    shop.until(order_id, "OUT_OF_STOCK")
    shop.audited(shop.look_at(order_id))
    assert orderctl(shop.deployment, "erase", customer_id, "--yes").returncode == 0
    order = shop.look_at(order_id)

    # when the storefront sends the same once more, and something else under its id
    again = shop.post_order(request)
    other = shop.post_order({**request, "priority": "high"})

    # then
    assert (again.status_code, again.json()["orderId"]) == (202, order_id)
    assert (other.status_code, other.json()["type"]) == (409, ORDER_CONFLICT)
    assert shop.look_at(order_id) == order
    assert listed(shop, customer_id) == []

    # and there is nobody left to erase
    done = orderctl(shop.deployment, "erase", customer_id, "--yes")
    assert done.returncode == 2
    assert f"{customer_id} has no orders" in done.stderr


def listed(shop: Shop, customer_id: str) -> list[str]:
    return [order["orderId"] for order in shop.orders_of(customer_id).json()["orders"]]
