"""Parcels that cannot be: refused, and no trace of them in the order, the stock or the money."""

from collections.abc import Iterator

import pytest

from tests.e2e import purchases
from tests.e2e.problems import ID_CONFLICT, NOT_FOUND, REFUSED
from tests.e2e.purchases import KETTLES, TEA_POTS, Purchase
from tests.e2e.shop import Item, Json, Shop

pytestmark = pytest.mark.life


@pytest.fixture(scope="module")
def purchase(shop: Shop) -> Purchase:
    """One of two tea pots has left."""
    purchase = purchases.buy(shop, shows="one parcel has left; what cannot be is refused")
    assert shop.ship(purchase.order_id, "parcel-1", [(purchase.tea_pot, 1)]).is_success
    shop.until_event(purchase.order_id, "PaymentCaptured")
    return purchase


@pytest.fixture(scope="module")
def order(shop: Shop, purchase: Purchase) -> Json:
    return shop.look_at(purchase.order_id)


@pytest.fixture(autouse=True)
def nothing_has_changed(shop: Shop, purchase: Purchase, order: Json) -> Iterator[None]:
    yield
    assert shop.look_at(purchase.order_id) == order
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)


def test_same_parcel_with_other_lines(shop: Shop, purchase: Purchase) -> None:
    answer = shop.ship(purchase.order_id, "parcel-1", [(purchase.kettle, 1)])
    assert (answer.status_code, answer.json()["type"]) == (409, ID_CONFLICT)


def test_same_parcel_with_another_tracking_number(shop: Shop, purchase: Purchase) -> None:
    answer = shop.ship(
        purchase.order_id, "parcel-1", [(purchase.tea_pot, 1)], trackingNumber="RM-other"
    )
    assert (answer.status_code, answer.json()["type"]) == (409, ID_CONFLICT)


def test_more_units_than_remain(shop: Shop, purchase: Purchase) -> None:
    answer = shop.ship(purchase.order_id, "parcel-2", [(purchase.tea_pot, 2)])
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)
    assert "1 left to ship" in answer.json()["detail"]


def test_more_units_than_remain_on_two_lines(shop: Shop, purchase: Purchase) -> None:
    lines = [(purchase.tea_pot, 1), (purchase.tea_pot, 1)]
    answer = shop.ship(purchase.order_id, "parcel-2", lines)
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)


def test_item_that_was_not_ordered(shop: Shop, purchase: Purchase) -> None:
    another = Item(shop.new_id("item"), 1, "GBP")
    answer = shop.ship(purchase.order_id, "parcel-2", [(another, 1)])
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)


def test_arrival_of_a_parcel_that_has_not_left(shop: Shop, purchase: Purchase) -> None:
    answer = shop.deliver(purchase.order_id, "parcel-2")
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"carrier": ""},
        {"trackingNumber": "RM\n1"},
        {"parcelId": "a b"},
        {"lines": []},
        {"lines": [{"itemId": "item-1", "quantity": 0}]},
        {"weight": 3},
    ],
    ids=str,
)
def test_parcel_that_is_not_one(shop: Shop, purchase: Purchase, wrong: Json) -> None:
    parcel = {"parcelId": "parcel-2", "carrier": "Royal Mail", "trackingNumber": "RM-2"}
    answer = shop.api.post(f"orders/{purchase.order_id}/shipments", json=parcel | wrong)
    assert answer.status_code == 400, answer.text


def test_unknown_order(shop: Shop, purchase: Purchase) -> None:
    unknown = shop.new_id("order")
    for answer in (
        shop.ship(unknown, "parcel-1", [(purchase.kettle, 1)]),
        shop.deliver(unknown, "parcel-1"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, NOT_FOUND)
