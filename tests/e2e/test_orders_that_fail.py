"""Orders that do not go on: why is in their history, and stock and money are as before."""

import pytest

from tests.e2e.payment_server import ASKS_FOR_AUTHENTICATION, DECLINED_WHEN_CHARGED
from tests.e2e.shop import Item, Json, Shop, detail, history


def test_unknown_item_is_rejected(shop: Shop) -> None:
    # given
    in_stock = shop.stocked_item()
    unknown = Item(shop.new_id("item"), 9.99, "GBP")

    # when
    order_id = shop.place(
        shop.order((in_stock, 1), (unknown, 1)), shows="an unknown item: rejected"
    )

    # then
    order = shop.until(order_id, "REJECTED")
    assert history(order) == ["OrderPlaced", "OrderRejected"]
    assert detail(order, "OrderRejected") == {"reason": "unknown_item", "itemId": unknown.item_id}
    assert_nothing_moved(shop, order, in_stock)


@pytest.mark.parametrize("seen", [29.98, 30.00, 0.01])
def test_price_that_is_not_the_current_one_is_rejected(shop: Shop, seen: float) -> None:
    # given
    item = shop.stocked_item(price=29.99)
    seen_before = Item(item.item_id, seen, "GBP")
    customer = shop.customer(has_app=True)

    # when
    order_id = shop.place(
        shop.order((seen_before, 1), contact=customer.contact),
        shows=f"a price of {seen} where it is 29.99: rejected",
    )

    # then
    order = shop.until(order_id, "REJECTED")
    assert detail(order, "OrderRejected") == {
        "reason": "price_changed",
        "itemId": item.item_id,
        "currentPrice": "29.99",
    }
    assert_nothing_moved(shop, order, item)
    shop.told(customer, f"We could not accept your order {order_id}")


def test_price_changed_after_the_customer_saw_it_is_rejected(shop: Shop) -> None:
    # given
    item = shop.stocked_item(price=29.99)
    etag = shop.api.get(f"inventory/{item.item_id}").headers["ETag"]
    dearer = {"name": "Tea pot", "price": "31.50", "available": 10}
    assert shop.put_item(item.item_id, dearer, {"If-Match": etag}).status_code == 200

    # when
    order_id = shop.place(
        shop.order((item, 1)), shows="a price that has changed since it was seen: rejected"
    )

    # then
    order = shop.until(order_id, "REJECTED")
    assert detail(order, "OrderRejected")["currentPrice"] == "31.50"


def test_item_that_is_not_for_sale_is_rejected(shop: Shop) -> None:
    # given
    withdrawn = shop.stocked_item(active=False)

    # when
    order_id = shop.place(
        shop.order((withdrawn, 1)), shows="an item that is not for sale: rejected"
    )

    # then
    order = shop.until(order_id, "REJECTED")
    assert detail(order, "OrderRejected") == {
        "reason": "item_not_for_sale",
        "itemId": withdrawn.item_id,
    }
    assert_nothing_moved(shop, order, withdrawn)


def test_order_in_another_currency_is_rejected(shop: Shop) -> None:
    # given
    sold_in_pounds = shop.stocked_item(currency="GBP")

    # when
    order_id = shop.place(
        shop.order((sold_in_pounds, 1), currency="EUR"),
        shows="an order in EUR of an item sold in GBP: rejected",
    )

    # then
    order = shop.until(order_id, "REJECTED")
    assert detail(order, "OrderRejected") == {
        "reason": "currency_mismatch",
        "itemId": sold_in_pounds.item_id,
        "orderedIn": "EUR",
        "soldIn": "GBP",
    }
    assert_nothing_moved(shop, order, sold_in_pounds)


def test_one_line_out_of_stock_moves_none_of_the_others(shop: Shop) -> None:
    # given
    plenty = shop.stocked_item(available=10)
    too_few = shop.stocked_item(available=2)
    none_left = shop.stocked_item(available=0)
    customer = shop.customer(has_app=True)

    # when
    order_id = shop.place(
        shop.order((plenty, 1), (too_few, 3), (none_left, 1), contact=customer.contact),
        shows="two of three lines not in stock: out of stock, nothing moved",
    )

    # then
    order = shop.until(order_id, "OUT_OF_STOCK")
    assert history(order) == ["OrderPlaced", "OrderValidated", "StockUnavailable"]
    assert detail(order, "StockUnavailable") == {"itemIds": [too_few.item_id, none_left.item_id]}
    assert_nothing_moved(shop, order, plenty, too_few, none_left)
    shop.told(customer, f"We do not have enough stock for your order {order_id}")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (DECLINED_WHEN_CHARGED, "card_declined"),
        (ASKS_FOR_AUTHENTICATION, "authentication_required"),
    ],
)
def test_declined_payment_gives_the_stock_back(shop: Shop, card: str, reason: str) -> None:
    # given
    item = shop.stocked_item(available=10, price=29.99)
    customer = shop.customer(has_app=True)

    # when
    order_id = shop.place(
        shop.order(
            (item, 3), contact=customer.contact, payment={"method": shop.payments.method(card)}
        ),
        shows=f"{reason.replace('_', ' ')}: payment declined, stock back",
    )

    # then
    order = until_declined(shop, order_id, reason)
    assert order["stock"] == {"state": "RELEASED"}
    assert shop.available(item) == 10
    assert shop.item_now(item)["version"] == 3, "set, reserved, given back"

    # and no money is held
    intents = shop.payments.intents_of(order_id)
    assert [intent["status"] for intent in intents] == ["canceled"]
    assert order["payment"] == {"state": "NONE"}

    # and the customer knows
    [mail] = shop.told(customer, f"The payment for your order {order_id} was declined")
    assert "89.97 GBP" in mail.text

    # and nobody else was told that it is confirmed
    assert "OrderConfirmed" not in [event["eventType"] for event in shop.audited(order)]
    assert shop.warehouse.messages_about(order_id) == []


def test_payment_method_that_does_not_exist_is_declined(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=10)

    # when
    order_id = shop.place(
        shop.order((item, 1), payment={"method": "pm_nobody_made_this"}),
        shows="an unknown payment method: payment declined, stock back",
    )

    # then
    until_declined(shop, order_id, "invalid_payment_method")
    assert shop.available(item) == 10
    assert shop.payments.intents_of(order_id) == []


def until_declined(shop: Shop, order_id: str, reason: str) -> Json:
    """Wait until the order is declined and its stock is back; return the order."""
    shop.until(order_id, "PAYMENT_DECLINED")
    order = shop.until_event(order_id, "StockReleased")
    assert history(order) == [
        "OrderPlaced",
        "OrderValidated",
        "StockReserved",
        "PaymentDeclined",
        "StockReleased",
    ]
    assert detail(order, "PaymentDeclined") == {"reason": reason}
    assert order["status"] == "PAYMENT_DECLINED"
    return order


def assert_nothing_moved(shop: Shop, order: Json, *items: Item) -> None:
    """Assert that no stock, no money and no announcement came of the order."""
    events = shop.audited(order)
    assert {"StockReserved", "OrderConfirmed"}.isdisjoint(event["eventType"] for event in events)
    for item in items:
        assert shop.item_now(item)["version"] == 1, f"{item.item_id} was touched"
    assert order["stock"] == {"state": "NONE"}
    assert order["payment"] == {"state": "NONE"}
    assert shop.payments.intents_of(order["orderId"]) == []
    assert shop.warehouse.messages_about(order["orderId"]) == []
