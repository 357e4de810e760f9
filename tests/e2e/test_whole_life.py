"""An order from its placement to a refund after its delivery: what each step leaves everywhere."""

import pytest

from tests.e2e import purchases
from tests.e2e.purchases import TOTAL, Purchase
from tests.e2e.shop import Json, Shop, history, quantities

LIFE = [
    "OrderPlaced",
    "OrderValidated",
    "StockReserved",
    "OrderConfirmed",
    "ParcelShipped",
    "OrderShipped",
    "PaymentCaptured",
    "ParcelDelivered",
    "OrderDelivered",
    "RefundRequested",
    "PaymentRefunded",
    "StockRestocked",
]


@pytest.fixture(scope="module")
def purchase(shop: Shop) -> Purchase:
    """Bought, sent in one parcel, delivered; then one tea pot comes back."""
    purchase = purchases.buy_and_deliver(
        shop, shows="a whole life: shipped, delivered, and one tea pot given back"
    )
    answer = shop.refund(
        purchase.order_id, "refund-1", lines=quantities([(purchase.tea_pot, 1)]), restock=True
    )
    assert answer.status_code == 202, answer.text
    shop.until_event(purchase.order_id, "StockRestocked")
    return purchase


@pytest.fixture(scope="module")
def order(shop: Shop, purchase: Purchase) -> Json:
    return shop.look_at(purchase.order_id)


def test_history_has_every_step_and_who_took_it(order: Json) -> None:
    assert history(order) == LIFE
    assert [entry["by"] for entry in order["history"]] == [
        "place-order",
        "validation",
        "inventory",
        "payment",
        "orders-api",
        "orders-api",
        "payment",
        "orders-api",
        "orders-api",
        "orders-api",
        "payment",
        "inventory",
    ]
    assert [entry["version"] for entry in order["history"]] == list(range(1, len(LIFE) + 1))


def test_order_shows_parcel_and_refund(order: Json, purchase: Purchase) -> None:
    at = {entry["event"]: entry["at"] for entry in order["history"]}
    assert order["status"] == "DELIVERED"
    assert order["parcels"] == [
        {
            "parcelId": "parcel-1",
            "lines": quantities([(purchase.tea_pot, 2), (purchase.kettle, 1)]),
            "carrier": "Royal Mail",
            "trackingNumber": "RM-parcel-1",
            "shippedAt": at["ParcelShipped"],
            "deliveredAt": at["ParcelDelivered"],
        }
    ]
    assert order["refunds"] == [
        {
            "refundId": "refund-1",
            "state": "REFUNDED",
            "amount": "29.99",
            "lines": [{"itemId": purchase.tea_pot.item_id, "quantity": 1, "withheld": 0}],
            "requestedAt": at["RefundRequested"],
        }
    ]
    assert order["payment"] == {"state": "PARTIALLY_REFUNDED"}
    assert order["stock"] == {"state": "SHIPPED"}


def test_stock_has_left_and_one_tea_pot_is_back(shop: Shop, purchase: Purchase) -> None:
    assert purchases.stock(shop, purchase) == (10 - 2 + 1, 5 - 1)
    reservation = shop.reservation(purchase.order_id)
    assert reservation is not None
    assert reservation["state"] == "SHIPPED"
    assert reservation["units"] == reservation["shipped"]
    assert reservation["shipped"] == {purchase.tea_pot.item_id: 2, purchase.kettle.item_id: 1}


def test_payment_server_has_taken_all_and_given_back_one_tea_pot(
    shop: Shop, purchase: Purchase
) -> None:
    assert shop.payments.intent_of(purchase.order_id)["status"] == "succeeded"
    assert shop.payments.taken(purchase.order_id) == TOTAL
    assert shop.payments.given_back(purchase.order_id) == {"refund-1": 2999}


def test_customer_is_told_each_step_once_on_each_channel(shop: Shop, purchase: Purchase) -> None:
    order_id, customer = purchase.order_id, purchase.customer

    [confirmed] = shop.told(customer, f"Your order {order_id} is confirmed")
    assert "Total: 109.97 GBP" in confirmed.text
    [shipped] = shop.told(customer, f"A parcel from your order {order_id} is on its way")
    assert f"2 x {purchase.tea_pot.item_id}\n1 x {purchase.kettle.item_id}" in shipped.text
    assert "Royal Mail, tracking number RM-parcel-1" in shipped.text
    shop.told(customer, f"We have taken your payment of 109.97 GBP for order {order_id}")
    shop.told(customer, f"Your order {order_id} has arrived")
    shop.told(customer, f"We have refunded 29.99 GBP for your order {order_id}")

    # and nothing else
    assert len(shop.mailbox.mails_to(customer.email)) == 5
    assert len(shop.phones.texts_to(customer.phone)) == 5
    assert len(shop.phones.pushes_to(str(customer.push_endpoint))) == 5


def test_warehouse_is_told_once(shop: Shop, purchase: Purchase) -> None:
    shop.handed_over(purchase.order_id)
    told = {
        message.event["eventType"] for message in shop.warehouse.messages_about(purchase.order_id)
    }
    assert told == {"OrderConfirmed"}


def test_audit_bucket_has_the_whole_life(shop: Shop, order: Json) -> None:
    events = shop.audited(order)
    assert [event["eventType"] for event in events] == LIFE
    assert [event.get("detail", {}) for event in events] == [
        entry["detail"] for entry in order["history"]
    ]


def test_personal_data_stays_in_the_orders_table(
    shop: Shop, purchase: Purchase, order: Json
) -> None:
    # given everything that the order has left elsewhere
    shop.audited(order)
    elsewhere = {
        "the audit bucket": "\n".join(shop.audit.texts()),
        "the fulfilment queue": str(shop.handed_over(purchase.order_id)),
        "the API": str(order),
        "the functions' logs": shop.logged_about(purchase.order_id),
    }

    # then who ordered it is not there
    customer = purchase.customer
    for place, text in elsewhere.items():
        assert purchase.order_id in text, place
        for secret in (customer.email, customer.phone, str(customer.push_endpoint)):
            assert secret not in text, f"{secret} is in {place}"
