"""Shipping and delivering in parcels: the money follows the first, the order the last."""

import pytest

from tests.e2e import purchases
from tests.e2e.purchases import KETTLES, TEA_POTS, TOTAL
from tests.e2e.shop import Shop, history, quantities

pytestmark = pytest.mark.life


def test_order_in_two_parcels_that_arrive_in_the_other_order(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="two parcels, one line split: the second arrives first")
    order_id, tea_pot, kettle = purchase.order_id, purchase.tea_pot, purchase.kettle

    # when part of a line leaves
    assert shop.ship(order_id, "parcel-1", [(tea_pot, 1)]).status_code == 201

    # then everything is paid, and the rest is still to leave
    order = shop.until_event(order_id, "PaymentCaptured")
    assert (order["status"], order["stock"]) == ("CONFIRMED", {"state": "HELD"})
    assert shop.payments.taken(order_id) == TOTAL
    assert shop.left(order_id, 1) == ("HELD", {tea_pot.item_id: 1})

    # when the rest leaves, and arrives
    answer = shop.ship(order_id, "parcel-2")
    assert answer.json()["lines"] == quantities([(tea_pot, 1), (kettle, 1)])
    order = shop.until_event(order_id, "OrderShipped")
    assert (order["status"], order["stock"]) == ("SHIPPED", {"state": "SHIPPED"})
    assert shop.left(order_id, 2) == ("SHIPPED", {tea_pot.item_id: 2, kettle.item_id: 1})
    assert shop.deliver(order_id, "parcel-2").is_success
    assert shop.look_at(order_id)["status"] == "SHIPPED"

    # then the order has arrived with the last parcel
    assert shop.deliver(order_id, "parcel-1").is_success
    order = shop.look_at(order_id)
    assert order["status"] == "DELIVERED"
    assert history(order)[4:] == [
        "ParcelShipped",
        "PaymentCaptured",
        "ParcelShipped",
        "OrderShipped",
        "ParcelDelivered",
        "ParcelDelivered",
        "OrderDelivered",
    ]
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)
    assert shop.payments.taken(order_id) == TOTAL

    # and the customer was told of each parcel, of one payment and of the arrival
    subject = f"A parcel from your order {order_id} is on its way"
    mails = shop.told(purchase.customer, subject, times=2)
    texts = sorted(mail.text.split("\n\n")[0] for mail in mails)
    assert texts == [
        f"1 x {tea_pot.item_id}",
        f"1 x {tea_pot.item_id}\n1 x {kettle.item_id}",
    ]
    shop.told(purchase.customer, f"We have taken your payment of 109.97 GBP for order {order_id}")
    shop.told(purchase.customer, f"Your order {order_id} has arrived")
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_first_parcel_may_arrive_before_the_second_leaves(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="one parcel arrives before the other leaves")
    order_id = purchase.order_id

    # when
    assert shop.ship(order_id, "parcel-1", [(purchase.kettle, 1)]).is_success
    assert shop.deliver(order_id, "parcel-1").is_success
    early = shop.look_at(order_id)
    assert shop.ship(order_id, "parcel-2").is_success
    shipped = shop.look_at(order_id)
    assert shop.deliver(order_id, "parcel-2").is_success

    # then
    assert [order["status"] for order in (early, shipped, shop.look_at(order_id))] == [
        "CONFIRMED",
        "SHIPPED",
        "DELIVERED",
    ]
    order = shop.until_event(order_id, "PaymentCaptured")
    assert order["payment"] == {"state": "CAPTURED"}
    assert history(order).count("PaymentCaptured") == 1
    shop.told(purchase.customer, f"Your order {order_id} has arrived")


def test_shipped_and_delivered_again_gets_the_same_answer(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="each parcel and each arrival reported twice")
    order_id = purchase.order_id
    lines = [(purchase.tea_pot, 1)]
    part, rest = shop.ship(order_id, "parcel-1", lines), shop.ship(order_id, "parcel-2")
    arrived = shop.deliver(order_id, "parcel-1")
    before = shop.until_event(order_id, "PaymentCaptured")

    # when
    part_again, rest_again = shop.ship(order_id, "parcel-1", lines), shop.ship(order_id, "parcel-2")
    arrived_again = shop.deliver(order_id, "parcel-1")

    # then
    assert part.status_code == part_again.status_code == 201
    assert rest.status_code == rest_again.status_code == 201
    assert arrived.status_code == arrived_again.status_code == 200
    assert part.json() == part_again.json()
    assert rest.json() == rest_again.json()
    assert arrived.json() == arrived_again.json()
    assert part.json() == {
        "orderId": order_id,
        "parcelId": "parcel-1",
        "lines": quantities(lines),
        "links": {"self": f"../../orders/{order_id}"},
    }
    assert arrived.json() == {
        "orderId": order_id,
        "parcelId": "parcel-1",
        "deliveredAt": before["parcels"][0]["deliveredAt"],
        "links": {"self": f"../../../../orders/{order_id}"},
    }
    assert shop.look_at(order_id) == before
