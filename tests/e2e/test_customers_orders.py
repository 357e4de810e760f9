"""Looking up a customer's orders: newest first, page by page, and never anybody else's."""

import base64
import json

import httpx
import pytest

from tests.e2e.problems import INVALID
from tests.e2e.shop import Json, Shop

pytestmark = pytest.mark.life


@pytest.fixture(scope="module")
def customer_id(shop: Shop) -> str:
    return shop.new_id("customer")


@pytest.fixture(scope="module")
def placed(shop: Shop, customer_id: str) -> list[str]:
    """The customer's orders, newest first: of five, the second and the fourth are out of stock."""
    in_stock, sold_out = shop.stocked_item(), shop.stocked_item(available=0)
    order_ids = [
        shop.place(
            shop.order((item, 1), customerId=customer_id),
            shows="five of one customer, looked up page by page",
        )
        for item in (in_stock, sold_out, in_stock, sold_out, in_stock)
    ]
    for order_id in order_ids:
        shop.at_rest(order_id)
    return order_ids[::-1]


def test_newest_is_first(shop: Shop, customer_id: str, placed: list[str]) -> None:
    answer = shop.orders_of(customer_id)
    assert answer.status_code == 200
    orders = answer.json()["orders"]
    assert [order["orderId"] for order in orders] == placed
    assert "cursor" not in answer.json()
    newest = shop.look_at(placed[0])
    assert orders[0] == {
        "orderId": placed[0],
        "status": "CONFIRMED",
        "placedAt": newest["placedAt"],
        "currency": "GBP",
        "total": "29.99",
        "links": {"self": f"../../orders/{placed[0]}"},
    }


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_hold_every_order_once(
    shop: Shop, customer_id: str, placed: list[str], limit: int
) -> None:
    pages = all_pages(shop, customer_id, limit=str(limit))
    assert [order["orderId"] for page in pages for order in page] == placed
    assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_only_one_status(shop: Shop, customer_id: str, placed: list[str], limit: int) -> None:
    for status, expected in (
        ("CONFIRMED", placed[::2]),
        ("OUT_OF_STOCK", placed[1::2]),
        ("SHIPPED", []),
    ):
        pages = all_pages(shop, customer_id, limit=str(limit), status=status)
        assert [order["orderId"] for page in pages for order in page] == expected


def test_status_in_a_list_follows_the_order(shop: Shop) -> None:
    # given
    customer_id = shop.new_id("customer")
    order_id = shop.place(
        shop.order((shop.stocked_item(), 1), customerId=customer_id),
        shows="looked up in its customer's list once cancelled",
    )
    shop.until(order_id, "CONFIRMED")

    # when
    assert shop.cancel(order_id).is_success

    # then
    [listed] = shop.orders_of(customer_id, status="CANCELLED").json()["orders"]
    assert listed["orderId"] == order_id
    assert shop.orders_of(customer_id, status="CONFIRMED").json()["orders"] == []


def test_cursor_does_not_lead_to_anybody_else(
    shop: Shop, customer_id: str, placed: list[str]
) -> None:
    # given a cursor of the customer with five orders, and somebody with one that is newer
    cursor = shop.orders_of(customer_id, limit="2").json()["cursor"]
    somebody = shop.new_id("customer")
    theirs = shop.place(
        shop.order((shop.stocked_item(), 1), customerId=somebody),
        shows="looked up with a cursor of another customer",
    )
    shop.at_rest(theirs)

    # then neither sees the other's orders with it
    listed = shop.orders_of(somebody, cursor=cursor).json()["orders"]
    assert {order["orderId"] for order in listed} <= {theirs}

    # and not with one that was made up, either
    made_up = position("9999-12-31T23:59:59.999Z", placed[0])
    listed = shop.orders_of(somebody, cursor=made_up).json()["orders"]
    assert [order["orderId"] for order in listed] == [theirs]


def test_customer_without_orders_has_an_empty_list(shop: Shop) -> None:
    answer = shop.orders_of(shop.new_id("customer"))
    assert (answer.status_code, answer.json()) == (200, {"orders": []})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "101"),
        ("limit", "ten"),
        ("limit", "1_0"),
        ("limit", "1.0"),
        ("limit", " 1"),
        ("status", "LOST"),
        ("status", "confirmed"),
        ("page", "2"),
        ("cursor", "!"),
        ("cursor", "x" * 401),
        ("cursor", "abc"),
        ("cursor", base64.urlsafe_b64encode(b"no JSON").decode().rstrip("=")),
        ("cursor", base64.urlsafe_b64encode(b"\xff\xff\xff").decode()),
    ],
)
def test_query_that_is_not_valid_is_refused(shop: Shop, name: str, value: str) -> None:
    assert_names(shop.orders_of("customer-1", **{name: value}), name)


@pytest.mark.parametrize(
    "content",
    [
        5,
        None,
        True,
        {},
        [],
        "ab",
        ["2026-01-31T09:30:00.000Z"],
        [1, 2],
        [1, "order-1"],
        ["0001-01-01T00:00:00.000Z", "order-1"],
        ["", ""],
        ["2026-01-31T09:30:00.000Z", "order-1", "order-2"],
        ["yesterday", "order-1"],
        ["2026-01-31T09:30:00.000Z", "\ud800"],
        ["2026-01-31T09:30:00.000Z", "a b"],
    ],
    ids=repr,
)
def test_cursor_that_was_never_given_out_is_refused(shop: Shop, content: object) -> None:
    assert_names(shop.orders_of("customer-1", cursor=encoded(content)), "cursor")


def test_malformed_customer_id_is_refused(shop: Shop) -> None:
    assert_names(shop.orders_of("a b"), "customerId")


def all_pages(shop: Shop, customer_id: str, **query: str) -> list[list[Json]]:
    """Follow the cursors from the first page to the last."""
    pages: list[list[Json]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = shop.orders_of(customer_id, **query, **cursor)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["orders"])
        if "cursor" not in answer.json():
            return pages
        cursor = {"cursor": answer.json()["cursor"]}


def position(placed_at: str, order_id: str) -> str:
    return encoded([placed_at, order_id])


def encoded(content: object) -> str:
    """Write a cursor as the API does."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def assert_names(answer: httpx.Response, field: str) -> None:
    """Assert that the answer refuses the request and names what is wrong."""
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == INVALID
    assert [error["field"] for error in answer.json()["errors"]] == [field]
