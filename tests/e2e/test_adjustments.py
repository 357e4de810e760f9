"""Adjusting stock: each adjustment once, never below zero, and no update is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.problems import ID_CONFLICT, NOT_ENOUGH_STOCK, NOT_FOUND, TOO_MUCH_STOCK
from tests.e2e.shop import Json, Shop

pytestmark = pytest.mark.life


@pytest.mark.parametrize(("delta", "available"), [(5, 15), (-3, 7), (-10, 0), (0, 10)])
def test_stock_is_adjusted(shop: Shop, delta: int, available: int) -> None:
    # given
    item = shop.stocked_item(available=10)

    # when
    answer = shop.adjust(item.item_id, "adjustment-1", delta)

    # then
    assert answer.status_code == 200
    assert answer.json() == {
        "itemId": item.item_id,
        "adjustmentId": "adjustment-1",
        "delta": delta,
        "links": {"self": f"../../inventory/{item.item_id}"},
    }
    now = shop.item_now(item)
    assert (now["available"], now["version"]) == (available, 2)


def test_same_adjustment_again_is_made_once(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)

    # when
    with ThreadPoolExecutor(4) as callers:
        answers = list(
            callers.map(lambda _: shop.adjust(item.item_id, "adjustment-1", -4), range(4))
        )
    answers.append(shop.adjust(item.item_id, "adjustment-1", -4))

    # then (callers at the same moment may be asked to try again)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert answers[-1].status_code == 200
    made = [answer.json() for answer in answers if answer.status_code == 200]
    assert all(each == made[0] for each in made)
    assert shop.available(item) == 6


def test_adjustments_of_several_callers_are_all_made(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)

    # when each tries until it is told that it is done
    def adjust(number: int) -> None:
        while (answer := shop.adjust(item.item_id, f"adjustment-{number}", 1)).status_code == 503:
            pass
        assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(6) as callers:
        list(callers.map(adjust, range(12)))

    # then
    now = shop.item_now(item)
    assert (now["available"], now["version"]) == (22, 13)


def test_same_id_is_another_adjustment_of_another_item(shop: Shop) -> None:
    # given
    tea_pot, kettle = shop.stocked_item(available=10), shop.stocked_item(available=10)

    # when
    for item in (tea_pot, kettle):
        assert shop.adjust(item.item_id, "delivery-7", 5).status_code == 200

    # then
    assert (shop.available(tea_pot), shop.available(kettle)) == (15, 15)


def test_same_adjustment_with_another_number_is_refused(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    assert shop.adjust(item.item_id, "adjustment-1", 5).is_success

    # when
    answer = shop.adjust(item.item_id, "adjustment-1", 6)

    # then
    assert (answer.status_code, answer.json()["type"]) == (409, ID_CONFLICT)
    assert shop.available(item) == 15


def test_stock_never_grows_beyond_what_can_be_set(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=999_999_999)

    # when
    answer = shop.adjust(item.item_id, "adjustment-1", 2)

    # then
    assert (answer.status_code, answer.json()["type"]) == (409, TOO_MUCH_STOCK)
    assert shop.available(item) == 999_999_999
    assert shop.adjust(item.item_id, "adjustment-2", 1).status_code == 200


def test_stock_never_falls_below_zero(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=3)

    # when
    answer = shop.adjust(item.item_id, "adjustment-1", -4)

    # then
    assert (answer.status_code, answer.json()["type"]) == (409, NOT_ENOUGH_STOCK)
    assert "which is now 3" in answer.json()["detail"]
    now = shop.item_now(item)
    assert (now["available"], now["version"]) == (3, 1)

    # and it can be made under the same id once there is enough
    assert shop.adjust(item.item_id, "adjustment-2", 1).is_success
    assert shop.adjust(item.item_id, "adjustment-1", -4).status_code == 200
    assert shop.available(item) == 0


def test_units_that_an_order_holds_cannot_be_taken(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=5)
    order_id = shop.place(
        shop.order((item, 3)), shows="its units cannot be adjusted away: confirmed"
    )
    shop.until(order_id, "CONFIRMED")

    # when
    answer = shop.adjust(item.item_id, "adjustment-1", -3)

    # then
    assert (answer.status_code, answer.json()["type"]) == (409, NOT_ENOUGH_STOCK)
    assert shop.adjust(item.item_id, "adjustment-2", -2).is_success
    assert shop.available(item) == 0
    assert shop.look_at(order_id)["stock"] == {"state": "HELD"}


def test_item_read_before_an_adjustment_cannot_be_set(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    read_before = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]
    assert shop.adjust(item.item_id, "adjustment-1", 5).is_success

    # when
    set_item = {"name": "Tea pot", "price": "29.99", "available": 10}
    answer = shop.put_item(item.item_id, set_item, {"If-Match": read_before})

    # then
    assert answer.status_code == 412
    assert shop.available(item) == 15


@pytest.mark.parametrize("delta", [1, -1, 0])
def test_unknown_item_is_not_found(shop: Shop, delta: int) -> None:
    item_id = shop.new_id("item")
    answer = shop.adjust(item_id, "adjustment-1", delta)
    assert (answer.status_code, answer.json()["type"]) == (404, NOT_FOUND)
    assert shop.api.get(f"inventory/{item_id}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"adjustmentId": "adjustment-1"},
        {"delta": 1},
        {"adjustmentId": "a b", "delta": 1},
        {"adjustmentId": "adjustment-1", "delta": "1"},
        {"adjustmentId": "adjustment-1", "delta": 1.5},
        {"adjustmentId": "adjustment-1", "delta": 1_000_001},
        {"adjustmentId": "adjustment-1", "delta": 1, "reason": "counted"},
    ],
    ids=str,
)
def test_adjustment_that_is_not_one_is_refused(shop: Shop, body: Json) -> None:
    item = shop.stocked_item(available=10)
    answer = shop.api.post(f"inventory/{item.item_id}/adjustments", json=body)
    assert answer.status_code == 400, answer.text
    assert shop.item_now(item)["version"] == 1
