"""Many customers and few units: every unit is sold once, and none is sold that is not there."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.payment_server import holding_money
from tests.e2e.shop import Shop, history


def test_twenty_orders_at_once_for_the_last_five_units(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=5, price=19.95)
    requests = [shop.order((item, 1)) for _ in range(20)]

    # when
    with ThreadPoolExecutor(len(requests)) as customers:
        order_ids = list(
            customers.map(
                lambda request: shop.place(request, shows="20 at once for the last 5 units"),
                requests,
            )
        )

    # then
    orders = [shop.at_rest(order_id, within=180) for order_id in order_ids]
    assert Counter(order["status"] for order in orders) == {"CONFIRMED": 5, "OUT_OF_STOCK": 15}
    for order in orders:
        assert len(history(order)) == len(set(history(order))), "a step was taken twice"
    left = shop.item_now(item)
    assert left["available"] == 0
    assert left["version"] == 1 + 5, "set once, reserved five times"

    # and the money of exactly those five is held
    confirmed = {order["orderId"] for order in orders if order["status"] == "CONFIRMED"}
    held = holding_money(shop.payments.intents_of(*order_ids))
    assert [(intent["amount"], intent["status"]) for intent in held] == [
        (1995, "requires_capture")
    ] * 5
    assert {intent["metadata"]["orderId"] for intent in held} == confirmed
    for order_id in confirmed:
        shop.handed_over(order_id)


def test_orders_for_all_units_of_the_same_items_in_other_directions(shop: Shop) -> None:
    # given orders that lock the same two items, listed in opposite directions
    tea_pot, kettle = shop.stocked_item(available=3), shop.stocked_item(available=3)
    requests = [
        shop.order(*((tea_pot, 1), (kettle, 1))[:: 1 if number % 2 else -1]) for number in range(6)
    ]

    # when
    with ThreadPoolExecutor(len(requests)) as customers:
        order_ids = list(
            customers.map(
                lambda request: shop.place(request, shows="6 at once for 3 units of two items"),
                requests,
            )
        )

    # then
    orders = [shop.at_rest(order_id, within=120) for order_id in order_ids]
    assert Counter(order["status"] for order in orders) == {"CONFIRMED": 3, "OUT_OF_STOCK": 3}
    assert (shop.available(tea_pot), shop.available(kettle)) == (0, 0)
