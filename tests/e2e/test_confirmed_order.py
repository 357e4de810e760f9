"""An order that is in stock and can be paid: what it leaves everywhere, exactly once."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.e2e.payment_server import VISA
from tests.e2e.shop import Customer, Item, Json, Shop, history


@dataclass(frozen=True)
class Purchase:
    """A confirmed order of two at 29.99 and one at 49.99, and what it was made of."""

    customer: Customer
    payment_method: str
    tea_pot: Item
    kettle: Item
    order: Json
    """As the API shows it, confirmed."""

    @property
    def order_id(self) -> str:
        return str(self.order["orderId"])


@pytest.fixture(scope="module")
def purchase(shop: Shop) -> Purchase:
    # given
    tea_pot = shop.stocked_item(available=10, price=29.99)
    kettle = shop.stocked_item(available=5, price=49.99)
    customer = shop.customer()
    payment_method = shop.payments.method(VISA)

    # when
    order_id = shop.place(
        shop.order(
            (tea_pot, 2),
            (kettle, 1),
            customerId=customer.customer_id,
            contact=customer.contact,
            shippingAddress=customer.address,
            payment={"method": payment_method},
        ),
        shows="in stock and paid for: confirmed",
    )
    order = shop.until(order_id, "CONFIRMED")
    return Purchase(customer, payment_method, tea_pot, kettle, order)


def test_history_has_one_entry_for_each_transition_in_order(purchase: Purchase) -> None:
    entries = purchase.order["history"]
    assert [(entry["version"], entry["event"], entry["by"]) for entry in entries] == [
        (1, "OrderPlaced", "place-order"),
        (2, "OrderValidated", "validation"),
        (3, "StockReserved", "inventory"),
        (4, "OrderConfirmed", "payment"),
    ]
    times = [datetime.fromisoformat(entry["at"]) for entry in entries]
    assert times == sorted(times)
    assert purchase.order["version"] == 4


def test_order_shows_what_was_bought_and_where_stock_and_money_are(purchase: Purchase) -> None:
    order = purchase.order
    assert order["items"] == [
        {"itemId": purchase.tea_pot.item_id, "quantity": 2, "unitPrice": "29.99"},
        {"itemId": purchase.kettle.item_id, "quantity": 1, "unitPrice": "49.99"},
    ]
    assert (order["total"], order["currency"]) == ("109.97", "GBP")
    assert order["payment"] == {"state": "AUTHORISED"}
    assert order["stock"] == {"state": "HELD"}
    assert order["customerId"] == purchase.customer.customer_id


def test_stock_has_decreased_by_exactly_what_was_ordered(shop: Shop, purchase: Purchase) -> None:
    assert shop.available(purchase.tea_pot) == 10 - 2
    assert shop.available(purchase.kettle) == 5 - 1


def test_one_payment_intent_holds_exactly_the_total(shop: Shop, purchase: Purchase) -> None:
    intents = shop.payments.intents_of(purchase.order_id)
    assert len(intents) == 1
    assert intents[0]["amount"] == 10997
    assert intents[0]["currency"] == "gbp"
    assert intents[0]["status"] == "requires_capture"
    assert intents[0]["capture_method"] == "manual"
    assert intents[0]["payment_method"] == purchase.payment_method
    assert intents[0]["metadata"] == {
        "orderId": purchase.order_id,
        "deployment": shop.deployment.suffix,
    }


def test_customer_is_told_once_with_the_total(shop: Shop, purchase: Purchase) -> None:
    mail = shop.mail_to(purchase.customer.email)
    assert mail.to == (purchase.customer.email,)
    assert mail.subject == f"Your order {purchase.order_id} is confirmed"
    assert "Total: 109.97 GBP" in mail.text
    assert f"2 x {purchase.tea_pot.item_id} at 29.99 GBP" in mail.text


def test_warehouse_is_told_what_to_send(shop: Shop, purchase: Purchase) -> None:
    message = shop.handed_over(purchase.order_id)
    assert message.attributes == {
        "eventType": "OrderConfirmed",
        "customerId": purchase.customer.customer_id,
        "priority": "normal",
    }
    assert message.event["eventType"] == "OrderConfirmed"
    assert message.event["eventId"] == f"{purchase.order_id}#4"
    assert [(line["itemId"], line["quantity"]) for line in message.event["order"]["lines"]] == [
        (purchase.tea_pot.item_id, 2),
        (purchase.kettle.item_id, 1),
    ]


def test_audit_bucket_has_all_events(shop: Shop, purchase: Purchase) -> None:
    events = shop.audited(purchase.order)
    assert [event["eventType"] for event in events] == history(purchase.order)
    assert {event["customerId"] for event in events} == {purchase.customer.customer_id}
    assert [event["occurredAt"] for event in events] == [
        entry["at"] for entry in purchase.order["history"]
    ]


def test_personal_data_stays_in_the_orders_table(shop: Shop, purchase: Purchase) -> None:
    # given everything that the order has left elsewhere
    shop.audited(purchase.order)
    elsewhere = {
        "the audit bucket": "\n".join(shop.audit.texts()),
        "the fulfilment queue": str(shop.handed_over(purchase.order_id)),
        "the API": str(purchase.order),
        "the functions' logs": shop.logged_about(purchase.order_id),
    }

    # then the order is there, and neither who ordered it nor what pays for it
    customer = purchase.customer
    personal = (customer.email, customer.phone, customer.name, customer.address["line1"])
    for place, text in elsewhere.items():
        assert purchase.order_id in text, place
        for secret in (*personal, purchase.payment_method):
            assert secret not in text, f"{secret} is in {place}"
