"""Every call in every status: what the state diagram does not show is refused, without a trace."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product

import httpx
import pytest

from tests.e2e import purchases
from tests.e2e.payment_server import DECLINED_WHEN_CHARGED
from tests.e2e.problems import REFUSED
from tests.e2e.purchases import Purchase
from tests.e2e.shop import Json, Shop

pytestmark = pytest.mark.life

CALLS: dict[str, Callable[[Shop, str], httpx.Response]] = {
    "cancel": lambda shop, order_id: shop.cancel(order_id),
    "ship": lambda shop, order_id: shop.ship(order_id, "parcel-2"),
    "deliver": lambda shop, order_id: shop.deliver(order_id, "parcel-2"),
    "refund": lambda shop, order_id: shop.refund(order_id, "refund-2", amount="0.01"),
}

ALLOWED = {
    ("cancel", "PLACED"),
    ("cancel", "VALIDATED"),
    ("cancel", "RESERVED"),
    ("cancel", "CONFIRMED"),
    ("cancel", "CANCELLED"),  # the same again
    ("ship", "CONFIRMED"),
    ("refund", "SHIPPED"),
    ("refund", "DELIVERED"),
}
"""What the diagram shows; the other tests prove that it is possible. No order here has a parcel-2,
so its arrival is possible nowhere."""

STATUSES = (
    "PLACED",
    "VALIDATED",
    "RESERVED",
    "CONFIRMED",
    "SHIPPED",
    "DELIVERED",
    "REJECTED",
    "OUT_OF_STOCK",
    "PAYMENT_DECLINED",
    "CANCELLED",
)


@pytest.fixture(scope="module")
def orders(shop: Shop) -> Iterator[dict[str, Purchase]]:
    """One order in every status; those on their way are held there, behind paused stages."""
    shows = "one in every status: each call that cannot be is refused"
    orders = {
        "CONFIRMED": purchases.buy(shop, shows=shows),
        "SHIPPED": purchases.buy_and_ship(shop, shows=shows),
        "DELIVERED": purchases.buy_and_deliver(shop, shows=shows),
        "REJECTED": purchases.place(shop, shows=shows, currency="USD"),
        "OUT_OF_STOCK": purchases.place(shop, shows=shows, tea_pots=1),
        "PAYMENT_DECLINED": purchases.place(
            shop, shows=shows, payment={"method": shop.payments.method(DECLINED_WHEN_CHARGED)}
        ),
        "CANCELLED": purchases.buy(shop, shows=shows),
    }
    assert shop.cancel(orders["CANCELLED"].order_id).is_success
    shop.until_event(orders["CANCELLED"].order_id, "StockReleased", "PaymentVoided")
    shop.until_event(orders["PAYMENT_DECLINED"].order_id, "StockReleased")
    with ExitStack() as paused:
        for status, stage in (
            ("RESERVED", "payment"),
            ("VALIDATED", "inventory"),
            ("PLACED", "validation"),
        ):
            paused.enter_context(shop.paused(stage))
            orders[status] = purchases.place(shop, shows=shows)
            shop.until_in(orders[status].order_id, status)
        for status, purchase in orders.items():
            shop.until_in(purchase.order_id, status)
        yield orders


@pytest.mark.parametrize(
    ("call", "status"),
    [pair for pair in product(CALLS, STATUSES) if pair not in ALLOWED],
)
def test_call_that_the_diagram_does_not_show_leaves_no_trace(
    shop: Shop, orders: dict[str, Purchase], call: str, status: str
) -> None:
    # given
    purchase = orders[status]
    before = traces(shop, purchase)

    # when
    answer = CALLS[call](shop, purchase.order_id)

    # then
    assert answer.status_code == 409, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == REFUSED
    assert purchase.order_id in answer.json()["detail"]
    assert traces(shop, purchase) == before


def traces(shop: Shop, purchase: Purchase) -> tuple[Json | list[Json] | None, ...]:
    """Return everything that a call about the order could change."""
    return (
        shop.look_at(purchase.order_id),
        shop.item_now(purchase.tea_pot),
        shop.item_now(purchase.kettle),
        shop.reservation(purchase.order_id),
        shop.payments.intents_of(purchase.order_id),
    )
