"""The same request again: the same answer, and one order."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.problems import ORDER_CONFLICT
from tests.e2e.shop import Shop, history

ONCE = ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]


def test_same_order_again_gets_the_same_answer_and_stays_one_order(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    request = shop.order((item, 2))

    # when it is sent before and after it is confirmed
    order_id = shop.place(request, shows="placed three times: one order")
    first, second = shop.post_order(request), shop.post_order(request)
    shop.until(order_id, "CONFIRMED")
    third = shop.post_order(request)

    # then
    assert first.status_code == second.status_code == third.status_code == 202
    assert first.json() == second.json() == third.json()
    assert first.json()["orderId"] == order_id
    assert first.headers["Location"] == third.headers["Location"] == f"orders/{order_id}"
    assert first.json()["links"] == {"self": f"orders/{order_id}"}
    assert_one_order(shop, order_id)
    assert shop.available(item) == 8


def test_answers_lead_to_the_order(shop: Shop) -> None:
    # given
    customer_id = shop.new_id("customer")
    request = shop.order((shop.stocked_item(), 1), customerId=customer_id)
    order_id = shop.place(request, shows="found by the references that answers hold")
    shop.until(order_id, "CONFIRMED")

    # when
    placed, listed = shop.post_order(request), shop.orders_of(customer_id)
    cancelled = shop.cancel(order_id)

    # then
    for answer, reference in (
        (placed, placed.headers["Location"]),
        (placed, placed.json()["links"]["self"]),
        (listed, listed.json()["orders"][0]["links"]["self"]),
        (cancelled, cancelled.json()["links"]["self"]),
    ):
        assert shop.api.get(answer.url.join(reference)).json()["orderId"] == order_id


def test_same_order_sent_at_once_stays_one_order(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    request = shop.order((item, 2))
    order_id = request["orderId"]
    shop.story.tell(order_id, "placed six times at the same moment: one order")

    # when
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(shop.post_order, [request] * 6))

    # then
    assert [answer.status_code for answer in answers] == [202] * 6
    assert all(answer.json() == answers[0].json() for answer in answers)
    shop.until(order_id, "CONFIRMED")
    assert_one_order(shop, order_id)
    assert shop.available(item) == 8


def test_way_in_which_a_request_is_written_does_not_matter(shop: Shop) -> None:
    # given
    item = shop.stocked_item(price=29.90)
    request = shop.order((item, 1))
    order_id = shop.place(request, shows="written as 29.9 and as 29.90: one order")

    # when
    price_as_text = {**request, "items": [{**request["items"][0], "price": "29.90"}]}
    with_defaults = {**request, "currency": "GBP", "priority": "normal"}

    # then
    for again in (price_as_text, with_defaults, dict(reversed(request.items()))):
        assert shop.post_order(again).status_code == 202
    shop.until(order_id, "CONFIRMED")
    assert_one_order(shop, order_id)


def test_another_order_with_the_same_id_is_refused(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    request = shop.order((item, 2))
    order_id = shop.place(request, shows="its id used again with different content: 409")
    before = shop.until(order_id, "CONFIRMED")

    for change in (
        {"items": [{**request["items"][0], "quantity": 3}]},
        {"customerId": shop.new_id("customer")},
        {"priority": "high"},
        {"payment": {"method": "pm_card_visa"}},
        {"contact": {"email": "somebody@else.example"}},
    ):
        # when
        answer = shop.post_order({**request, **change})

        # then
        assert answer.status_code == 409, change
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["type"] == ORDER_CONFLICT
        assert problem["status"] == 409
        assert order_id in problem["detail"]
    assert shop.look_at(order_id) == before
    assert_one_order(shop, order_id)
    assert shop.available(item) == 8


def test_idempotency_key_stands_in_for_an_order_id(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)
    request = shop.order((item, 2))
    del request["orderId"]
    key, another_key = ({"Idempotency-Key": shop.new_id("key")} for _ in range(2))
    shows = "one Idempotency-Key sent twice, and another: two orders"

    # when
    order_id = shop.place(request, headers=key, shows=shows)
    again = shop.place(request, headers=key, shows=shows)
    other = shop.place(request, headers=another_key, shows=shows)

    # then
    assert again == order_id
    assert other != order_id
    for each in (order_id, other):
        shop.until(each, "CONFIRMED")
        assert_one_order(shop, each)
    assert shop.available(item) == 10 - 2 - 2


def test_idempotency_key_with_another_payload_is_refused(shop: Shop) -> None:
    # given
    item = shop.stocked_item()
    request = shop.order((item, 2))
    del request["orderId"]
    key = {"Idempotency-Key": shop.new_id("key")}
    order_id = shop.place(request, headers=key, shows="its key used again for another order: 409")

    # when
    answer = shop.post_order({**request, "priority": "high"}, key)

    # then
    assert answer.status_code == 409
    assert answer.json()["type"] == ORDER_CONFLICT
    shop.until(order_id, "CONFIRMED")


def assert_one_order(shop: Shop, order_id: str) -> None:
    """Assert that the confirmed order took each step once, and one payment."""
    assert history(shop.look_at(order_id)) == ONCE
    assert [i["status"] for i in shop.payments.intents_of(order_id)] == ["requires_capture"]
    shop.handed_over(order_id)
