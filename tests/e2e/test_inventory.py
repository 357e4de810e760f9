"""Looking at stock and setting it: nobody overwrites what somebody else has done."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.problems import ITEM_CHANGED, ITEM_EXISTS
from tests.e2e.shop import Item, Json, Shop


def an_item(**changes: object) -> Json:
    return {"name": "Tea pot", "price": "29.99", "available": 10} | changes


def test_new_item_is_made_and_can_be_looked_at(shop: Shop) -> None:
    # given
    item_id = shop.new_id("item")

    # when
    made = shop.put_item(item_id, an_item(price=29.9, active=True))

    # then
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert made.json() == {
        "itemId": item_id,
        "name": "Tea pot",
        "price": "29.90",
        "currency": "GBP",
        "available": 10,
        "active": True,
        "stockCounters": 1,
        "version": 1,
    }
    looked_at = shop.api.get(f"inventory/{item_id}")
    assert looked_at.json() == made.json()
    assert looked_at.headers["ETag"] == made.headers["ETag"]


def test_existing_item_is_changed_by_who_has_read_it(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    etag = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]

    # when
    changed = shop.put_item(item.item_id, an_item(available=25), {"If-Match": etag})

    # then
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    assert shop.available(item) == 25


def test_existing_item_is_not_changed_without_if_match(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    before = shop.item_now(item)

    # when
    answer = shop.put_item(item.item_id, an_item(available=999))

    # then
    assert answer.status_code == 428
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == ITEM_EXISTS
    assert shop.item_now(item) == before


def test_existing_item_is_not_changed_by_who_has_read_an_old_version(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    old = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]
    assert shop.put_item(item.item_id, an_item(available=20), {"If-Match": old}).is_success

    # when
    answer = shop.put_item(item.item_id, an_item(available=999), {"If-Match": old})

    # then
    assert answer.status_code == 412
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == ITEM_CHANGED
    assert shop.available(item) == 20


def test_if_match_does_not_make_an_item(shop: Shop) -> None:
    # given
    nobody_made_it = Item(shop.new_id("item"), 29.99, "GBP")

    # when
    answer = shop.put_item(nobody_made_it.item_id, an_item(), {"If-Match": '"1"'})

    # then
    assert answer.status_code == 412
    assert shop.api.get(f"inventory/{nobody_made_it.item_id}").status_code == 404


def test_if_match_that_is_no_etag_is_refused(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)

    for if_match in ("*", "1", '"1', '1"', '"abc"', '"-1"', '"1", "2"', 'W/"1"'):
        # when
        answer = shop.put_item(item.item_id, an_item(available=999), {"If-Match": if_match})

        # then
        assert answer.status_code == 400, if_match
        assert answer.json()["errors"][0]["field"] == "If-Match"
    assert shop.available(item) == 10


def test_units_reserved_since_the_item_was_read_are_not_lost(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    read_before = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]
    order_id = shop.place(
        shop.order((item, 4)), shows="stock set while it is ordered: nothing lost"
    )
    shop.until(order_id, "CONFIRMED")

    # when
    answer = shop.put_item(item.item_id, an_item(available=10), {"If-Match": read_before})

    # then
    assert answer.status_code == 412
    assert shop.available(item) == 6


def test_of_changes_at_once_one_wins(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    etag = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]

    # when
    with ThreadPoolExecutor(5) as callers:
        answers = list(
            callers.map(
                lambda units: shop.put_item(
                    item.item_id, an_item(available=units), {"If-Match": etag}
                ),
                range(100, 105),
            )
        )

    # then
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert shop.available(item) == winner.json()["available"]
    assert winner.json()["version"] == 2
