"""Refunds that cannot be: refused, and no trace of them in the order, the money or the stock."""

from collections.abc import Iterator

import pytest

from tests.e2e import purchases
from tests.e2e.problems import ID_CONFLICT, REFUSED
from tests.e2e.purchases import KETTLES, TEA_POTS, Purchase
from tests.e2e.shop import Json, Shop, quantities

pytestmark = pytest.mark.life


@pytest.fixture(scope="module")
def purchase(shop: Shop) -> Purchase:
    """One tea pot and 50.00 of the 109.97 are given back."""
    purchase = purchases.buy_and_deliver(shop, shows="partly refunded; more than that refused")
    order_id, pot = purchase.order_id, quantities([(purchase.tea_pot, 1)])
    assert shop.refund(order_id, "refund-1", lines=pot, restock=True).is_success
    assert shop.refund(order_id, "refund-2", amount="50.00").is_success
    purchases.until_refunded(shop, purchase, {"refund-1": 2999, "refund-2": 5000})
    shop.until_event(order_id, "StockRestocked")
    return purchase


@pytest.fixture(scope="module")
def order(shop: Shop, purchase: Purchase) -> Json:
    return shop.look_at(purchase.order_id)


@pytest.fixture(autouse=True)
def nothing_has_changed(shop: Shop, purchase: Purchase, order: Json) -> Iterator[None]:
    yield
    assert shop.look_at(purchase.order_id) == order
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2 + 1, KETTLES - 1)
    assert shop.payments.given_back(purchase.order_id) == {"refund-1": 2999, "refund-2": 5000}


@pytest.mark.parametrize("amount", ["29.99", "109.97", "0", "999999999.99"])
def test_amount_that_cannot_be_given_back(shop: Shop, purchase: Purchase, amount: str) -> None:
    answer = shop.refund(purchase.order_id, "refund-3", amount=amount)
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)
    assert "29.98 GBP left to refund" in answer.json()["detail"]


@pytest.mark.parametrize("restock", [True, False])
def test_units_that_were_given_back_before(
    shop: Shop, purchase: Purchase, *, restock: bool
) -> None:
    lines = quantities([(purchase.tea_pot, 2)])
    answer = shop.refund(purchase.order_id, "refund-3", lines=lines, restock=restock)
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)


def test_lines_that_cost_more_than_is_left(shop: Shop, purchase: Purchase) -> None:
    lines = quantities([(purchase.kettle, 1)])
    answer = shop.refund(purchase.order_id, "refund-3", lines=lines)
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)


def test_same_refund_of_another_amount(shop: Shop, purchase: Purchase) -> None:
    answer = shop.refund(purchase.order_id, "refund-2", amount="50.01")
    assert (answer.status_code, answer.json()["type"]) == (409, ID_CONFLICT)


def test_same_refund_without_restock(shop: Shop, purchase: Purchase) -> None:
    lines = quantities([(purchase.tea_pot, 1)])
    answer = shop.refund(purchase.order_id, "refund-1", lines=lines)
    assert (answer.status_code, answer.json()["type"]) == (409, ID_CONFLICT)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"amount": "1.00", "lines": [{"itemId": "item-1", "quantity": 1}]},
        {"amount": "1.00", "restock": True},
        {"amount": "1.001"},
        {"amount": "-1.00"},
        {"lines": []},
        {"amount": "1.00", "currency": "GBP"},
    ],
    ids=str,
)
def test_refund_that_is_not_one(shop: Shop, purchase: Purchase, wrong: Json) -> None:
    answer = shop.refund(purchase.order_id, "refund-3", **wrong)
    assert answer.status_code == 400, answer.text


def test_unknown_order(shop: Shop) -> None:
    answer = shop.refund(shop.new_id("order"), "refund-1", amount="1.00")
    assert answer.status_code == 404
