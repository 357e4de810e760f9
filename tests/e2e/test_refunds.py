"""Refunds: by amount or by line, before and after delivery, and never more than was taken."""

import pytest

from tests.e2e import purchases
from tests.e2e.alarms import assert_alarmed
from tests.e2e.problems import REFUSED
from tests.e2e.purchases import KETTLES, TEA_POTS, TOTAL
from tests.e2e.shop import Shop, detail, history, quantities

pytestmark = pytest.mark.life


def test_amount_is_given_back_while_parcels_are_still_to_leave(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="10.50 given back after the first parcel, before others")
    order_id = purchase.order_id
    assert shop.ship(order_id, "parcel-1", [(purchase.kettle, 1)]).is_success
    shop.until_event(order_id, "PaymentCaptured")

    # when
    answer = shop.refund(order_id, "refund-1", amount="10.50")

    # then
    assert answer.status_code == 202
    assert answer.json() == {
        "orderId": order_id,
        "refundId": "refund-1",
        "amount": "10.50",
        "lines": [],
        "links": {"self": f"../../orders/{order_id}"},
    }
    order = purchases.until_refunded(shop, purchase, {"refund-1": 1050})
    assert (order["status"], order["payment"]) == ("CONFIRMED", {"state": "PARTIALLY_REFUNDED"})
    assert detail(order, "RefundRequested") == {"refundId": "refund-1", "amount": 1050}
    shop.told(purchase.customer, f"We have refunded 10.50 GBP for your order {order_id}")

    # and the rest can still be sent
    assert shop.ship(order_id, "parcel-2").status_code == 201
    order = shop.look_at(order_id)
    assert (order["status"], order["payment"]) == ("SHIPPED", {"state": "PARTIALLY_REFUNDED"})
    assert history(order).count("PaymentCaptured") == 1
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_everything_is_given_back_line_by_line_after_delivery(shop: Shop) -> None:
    # given
    purchase = purchases.buy_and_deliver(
        shop, shows="all given back by line: the tea pots into stock, the kettle broken"
    )
    order_id = purchase.order_id

    # when
    tea_pots, kettle = quantities([(purchase.tea_pot, 2)]), quantities([(purchase.kettle, 1)])
    pots = shop.refund(order_id, "refund-pots", lines=tea_pots, restock=True)
    assert (pots.status_code, pots.json()["amount"]) == (202, "59.98")
    partly = purchases.until_refunded(shop, purchase, {"refund-pots": 5998})
    broken = shop.refund(order_id, "refund-kettle", lines=kettle)
    assert (broken.status_code, broken.json()["amount"]) == (202, "49.99")

    # then
    order = purchases.until_refunded(shop, purchase, {"refund-pots": 5998, "refund-kettle": 4999})
    shop.until_event(order_id, "StockRestocked")
    shop.until_worked_off()
    order = shop.look_at(order_id)
    assert partly["payment"] == {"state": "PARTIALLY_REFUNDED"}
    assert (order["status"], order["payment"]) == ("DELIVERED", {"state": "REFUNDED"})
    assert sum(shop.payments.given_back(order_id).values()) == shop.payments.taken(order_id)
    assert purchases.stock(shop, purchase) == (TEA_POTS, KETTLES - 1)
    assert history(order).count("StockRestocked") == 1
    for amount in ("59.98", "49.99"):
        shop.told(purchase.customer, f"We have refunded {amount} GBP for your order {order_id}")
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_refund_asked_for_again_gets_the_same_answer_and_is_made_once(shop: Shop) -> None:
    # given
    purchase = purchases.buy_and_ship(shop, shows="one refund asked for three times: made once")
    order_id = purchase.order_id

    # when before and after it is made, and written in another way
    first = shop.refund(order_id, "refund-1", amount="10.50")
    second = shop.refund(order_id, "refund-1", amount=10.5)
    made = purchases.until_refunded(shop, purchase, {"refund-1": 1050})
    third = shop.refund(order_id, "refund-1", amount="10.5", restock=False)

    # then
    assert [answer.status_code for answer in (first, second, third)] == [202, 202, 202]
    assert first.json() == second.json() == third.json()
    shop.until_worked_off()
    assert shop.look_at(order_id) == made
    assert shop.payments.given_back(order_id) == {"refund-1": 1050}
    shop.told(purchase.customer, f"We have refunded 10.50 GBP for your order {order_id}")


def test_refund_that_the_provider_refuses_is_visible_and_can_be_asked_for_again(
    shop: Shop,
) -> None:
    # given
    purchase = purchases.buy_and_ship(shop, shows="a refund refused by the provider, then made")
    order_id = purchase.order_id

    # when
    with shop.payments.refusing_refunds(order_id):
        assert shop.refund(order_id, "refund-1", amount="109.97").status_code == 202
        order = shop.until_event(order_id, "RefundFailed")

    # then
    assert [refund["state"] for refund in order["refunds"]] == ["FAILED"]
    assert order["payment"] == {"state": "CAPTURED"}
    assert detail(order, "RefundFailed")["refundId"] == "refund-1"
    assert shop.payments.given_back(order_id) == {}
    assert_alarmed(shop, "RefundFailed", order_id)

    # and its amount can be asked for again under another id, not under the same
    assert shop.refund(order_id, "refund-1", amount="109.97").status_code == 202
    assert shop.refund(order_id, "refund-2", amount="109.97").status_code == 202
    order = purchases.until_refunded(shop, purchase, {"refund-2": TOTAL})
    assert [refund["state"] for refund in order["refunds"]] == ["FAILED", "REFUNDED"]
    assert order["payment"] == {"state": "REFUNDED"}
    shop.told(purchase.customer, f"We have refunded 109.97 GBP for your order {order_id}")
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_units_refunded_before_they_left_stay_and_the_order_is_delivered_without_them(
    shop: Shop,
) -> None:
    # given both tea pots have left and arrived, and the kettle has not left
    purchase = purchases.buy(shop, shows="refunded before it left: delivered without the kettle")
    order_id = purchase.order_id
    assert shop.ship(order_id, "parcel-1", [(purchase.tea_pot, 2)]).is_success
    assert shop.deliver(order_id, "parcel-1").is_success
    assert shop.until_event(order_id, "PaymentCaptured")["status"] == "CONFIRMED"

    # when
    kettle = quantities([(purchase.kettle, 1)])
    answer = shop.refund(order_id, "refund-1", lines=kettle)

    # then
    assert answer.status_code == 202
    assert answer.json()["lines"] == [kettle[0] | {"withheld": 1}]
    purchases.until_refunded(shop, purchase, {"refund-1": 4999})
    order = shop.until_event(order_id, "StockRestocked")
    assert (order["status"], order["stock"]) == ("DELIVERED", {"state": "SHIPPED"})
    assert history(order)[-4:] == [
        "PaymentRefunded",
        "OrderShipped",
        "OrderDelivered",
        "StockRestocked",
    ]

    # and the kettle is for sale again, and held no more
    shop.until_worked_off()
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES)
    reservation = shop.reservation(order_id)
    assert reservation is not None
    assert reservation["state"] == "SHIPPED"
    assert reservation["shipped"] == {purchase.tea_pot.item_id: 2}
    assert reservation["withheld"] == {purchase.kettle.item_id: 1}

    # and cannot be sent
    refused = shop.ship(order_id, "parcel-2", [(purchase.kettle, 1)])
    assert (refused.status_code, refused.json()["type"]) == (409, REFUSED)
    [mail] = shop.told(purchase.customer, f"Your order {order_id} has arrived")
    assert "anything not sent has been refunded" in mail.text
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_units_whose_refund_failed_can_be_sent(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="a refund of what had not left failed: it is sent")
    order_id = purchase.order_id
    assert shop.ship(order_id, "parcel-1", [(purchase.tea_pot, 2)]).is_success
    shop.until_event(order_id, "PaymentCaptured")

    # when
    with shop.payments.refusing_refunds(order_id):
        kettle = quantities([(purchase.kettle, 1)])
        assert shop.refund(order_id, "refund-1", lines=kettle).status_code == 202
        shop.until_event(order_id, "RefundFailed")

    # then
    answer = shop.ship(order_id, "parcel-2")
    assert (answer.status_code, answer.json()["lines"]) == (201, kettle)
    assert shop.look_at(order_id)["status"] == "SHIPPED"
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)
