"""The warehouse looks up where an order's parcels go, and nobody once its customer is erased."""

import httpx

from tests.e2e.orderctl import orderctl
from tests.e2e.problems import NOT_FOUND
from tests.e2e.shop import Shop


def test_address_is_shown_as_it_was_given_until_its_customer_is_erased(shop: Shop) -> None:
    # given an order that comes to its end by itself
    customer = shop.customer()
    address = customer.address | {"line2": "Second floor, behind the café"}
    order_id = shop.place(
        shop.order(
            (shop.stocked_item(available=0), 1),
            customerId=customer.customer_id,
            shippingAddress=address,
        ),
        shows="its address looked up, before and after its customer was erased",
    )
    shop.until(order_id, "OUT_OF_STOCK")

    # then
    answer = look_up(shop, order_id)
    assert (answer.status_code, answer.json()) == (200, address)

    # when
    done = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr

    # then
    assert_none(
        look_up(shop, order_id),
        f"Order {order_id} has no shipping address: its customer was erased.",
    )


def test_order_that_was_placed_without_an_address_has_none(shop: Shop) -> None:
    order_id = shop.place(
        shop.order((shop.stocked_item(), 1)), shows="placed without an address: none is shown"
    )
    assert_none(
        look_up(shop, order_id),
        f"Order {order_id} has no shipping address: it was placed without one.",
    )
    # so that nothing of it is on its way any more when other tests look
    shop.at_rest(order_id)


def test_order_that_there_is_not_has_no_address(shop: Shop) -> None:
    order_id = shop.new_id("order")
    assert_none(look_up(shop, order_id), f"There is no order {order_id}.")


def look_up(shop: Shop, order_id: str) -> httpx.Response:
    return shop.api.get(f"shipping-addresses/{order_id}")


def assert_none(answer: httpx.Response, detail: str) -> None:
    """Assert that there is no address, and that the answer says why."""
    assert answer.status_code == 404, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["detail"]) == (NOT_FOUND, detail)
