"""A parcel has left and its payment cannot be taken: visible, alarmed, and tried again."""

import pytest

from order_pipeline.adapters.items import to_item
from tests.e2e import purchases
from tests.e2e.alarms import assert_alarmed
from tests.e2e.orderctl import orderctl
from tests.e2e.purchases import TOTAL, Purchase
from tests.e2e.shop import Shop, detail, history

pytestmark = pytest.mark.life


def test_capture_that_failed_is_visible_and_made_on_demand(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="a capture that fails, and succeeds when tried again")
    order_id = purchase.order_id
    shop.payments.end_authorisation(order_id)

    # when
    assert shop.ship(order_id, "parcel-1").status_code == 201

    # then the parcel has left all the same, and the failure is in the order
    order = shop.until_event(order_id, "PaymentCaptureFailed")
    assert (order["status"], order["payment"]) == ("SHIPPED", {"state": "CAPTURE_FAILED"})
    assert detail(order, "PaymentCaptureFailed") == {"reason": "authorisation_expired"}
    assert shop.payments.taken(order_id) == 0
    assert_alarmed(shop, "PaymentCaptureFailed", order_id)

    # and nothing can be refunded of what was not taken
    assert shop.refund(order_id, "refund-1", amount="1.00").status_code == 409

    # when it is tried again while the money still cannot be had
    republish_parcel(shop, order_id)

    # then nothing new has happened
    shop.until_worked_off()
    assert shop.look_at(order_id) == order

    # when the money can be had
    authorise_anew(shop, purchase)
    republish_parcel(shop, order_id)

    # then it is taken, once
    order = shop.until_event(order_id, "PaymentCaptured")
    assert order["payment"] == {"state": "CAPTURED"}
    taken = [
        each["amount"]
        for each in shop.payments.intents_of(order_id)
        if each["status"] == "succeeded"
    ]
    assert taken == [TOTAL]
    shop.told(purchase.customer, f"We have taken your payment of 109.97 GBP for order {order_id}")
    assert [event["eventType"] for event in shop.audited(order)] == history(order)


def test_nothing_more_leaves_until_a_capture_that_failed_is_made(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="a capture that fails, and keeps the next parcel back")
    order_id = purchase.order_id
    shop.payments.end_authorisation(order_id)
    assert shop.ship(order_id, "parcel-1", [(purchase.kettle, 1)]).status_code == 201
    order = shop.until_event(order_id, "PaymentCaptureFailed")
    assert (order["status"], order["payment"]) == ("CONFIRMED", {"state": "CAPTURE_FAILED"})

    # when the next parcel is to leave
    refused = shop.ship(order_id, "parcel-2")

    # then it may not
    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        f"Order {order_id} cannot be shipped: its payment could not be taken."
    )

    # when the money can be had
    authorise_anew(shop, purchase)
    republish_parcel(shop, order_id)

    # then it is taken, and the parcel may leave
    shop.until_event(order_id, "PaymentCaptured")
    assert shop.ship(order_id, "parcel-2").status_code == 201
    order = shop.until_in(order_id, "SHIPPED")
    assert order["payment"] == {"state": "CAPTURED"}
    assert history(order).count("PaymentCaptured") == 1


def republish_parcel(shop: Shop, order_id: str) -> None:
    """Do what the alarm asks for."""
    done = orderctl(shop.deployment, "republish", order_id, "--event", "ParcelShipped")
    assert done.returncode == 0, done.stdout + done.stderr


def authorise_anew(shop: Shop, purchase: Purchase) -> None:
    """Have the order's money held again, by another intent: the one that ended stays ended."""
    intent = shop.payments.authorise(TOTAL, purchase.order_id, shop.deployment.suffix)
    shop.dynamodb.update_item(
        TableName=shop.deployment.orders_table_name,
        Key=to_item({"orderId": purchase.order_id}),
        UpdateExpression="SET payment.intentId = :intent",
        ExpressionAttributeValues=to_item({":intent": intent["id"]}),
    )
