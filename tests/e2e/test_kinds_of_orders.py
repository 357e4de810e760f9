"""What an order may be made of, beside the one with two items and one of each thing."""

from tests.e2e.shop import Shop, history


def test_lines_of_the_same_item_are_summed(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=5, price=10.10)

    # when
    order_id = shop.place(
        shop.order((item, 2), (item, 1), (item, 2)),
        shows="three lines of one item, for all of its 5 units: confirmed",
    )

    # then
    order = shop.until(order_id, "CONFIRMED")
    assert [line["quantity"] for line in order["items"]] == [2, 1, 2]
    assert order["total"] == "50.50"
    assert shop.available(item) == 0
    assert [intent["amount"] for intent in shop.payments.intents_of(order_id)] == [5050]


def test_lines_of_the_same_item_that_are_too_many_together_are_out_of_stock(shop: Shop) -> None:
    # given
    item = shop.stocked_item(available=4)

    # when each line alone could be had
    order_id = shop.place(
        shop.order((item, 3), (item, 2)), shows="two lines of one item, together too many"
    )

    # then
    shop.until(order_id, "OUT_OF_STOCK")
    assert shop.available(item) == 4


def test_eight_different_items(shop: Shop) -> None:
    # given as many as fit into a transaction of DynamoDB Local: 10 actions, AWS takes 100
    items = [shop.stocked_item(available=number, price=1.25) for number in range(1, 9)]

    # when
    order_id = shop.place(
        shop.order(*((item, 1) for item in items)), shows="eight different items: confirmed"
    )

    # then
    order = shop.until(order_id, "CONFIRMED")
    assert order["total"] == "10.00"
    assert [shop.available(item) for item in items] == list(range(8))


def test_customer_who_cannot_be_mailed_or_does_not_want_to_is_not(shop: Shop) -> None:
    # given
    item = shop.stocked_item()
    customer = shop.customer()

    # when
    no_contact = shop.place(shop.order((item, 1)), shows="no contact: confirmed, no e-mail")
    not_by_mail = shop.place(
        shop.order((item, 1), contact={**customer.contact, "channels": ["sms"]}),
        shows="e-mail is not a channel wanted: confirmed, no e-mail",
    )

    # then
    for order_id in (no_contact, not_by_mail):
        shop.until(order_id, "CONFIRMED")
    assert_mails_have_gone_out(shop)
    assert shop.mailbox.mails_to(customer.email) == []
    for order_id in (no_contact, not_by_mail):
        assert shop.mailbox.mails_about(order_id) == []


def test_high_priority_travels_with_the_order(shop: Shop) -> None:
    # given
    item = shop.stocked_item()

    # when
    order_id = shop.place(shop.order((item, 1), priority="high"), shows="high priority: confirmed")

    # then
    assert shop.until(order_id, "CONFIRMED")["priority"] == "high"
    message = shop.handed_over(order_id)
    assert message.attributes["priority"] == "high"
    assert message.event["priority"] == "high"


def test_order_in_euro_is_charged_in_euro(shop: Shop) -> None:
    # given
    item = shop.stocked_item(price=12.50, currency="EUR")
    customer = shop.customer()

    # when
    order_id = shop.place(
        shop.order((item, 2), currency="EUR", contact=customer.contact),
        shows="items sold in EUR: confirmed",
    )

    # then
    assert shop.until(order_id, "CONFIRMED")["total"] == "25.00"
    intent = shop.payments.intents_of(order_id)[0]
    assert (intent["amount"], intent["currency"]) == (2500, "eur")
    assert "Total: 25.00 EUR" in shop.mail_to(customer.email).text


def test_order_in_yen_has_no_decimals(shop: Shop) -> None:
    # given
    item = shop.stocked_item(price=4200, currency="JPY")

    # when
    order_id = shop.place(
        shop.order((item, 2), currency="JPY"), shows="items sold in JPY: confirmed"
    )

    # then
    assert shop.until(order_id, "CONFIRMED")["total"] == "8400"
    intent = shop.payments.intents_of(order_id)[0]
    assert (intent["amount"], intent["currency"]) == (8400, "jpy")


def test_price_need_not_be_sent(shop: Shop) -> None:
    # given
    item = shop.stocked_item(price=7.77)
    request = shop.order((item, 3))
    del request["items"][0]["price"]

    # when
    order_id = shop.place(request, shows="no price sent: confirmed at the inventory's")

    # then
    assert shop.until(order_id, "CONFIRMED")["total"] == "23.31"


def test_event_of_every_kind_leaves_no_dead_letter(shop: Shop) -> None:
    # given
    before = shop.dead_letters()
    item, sold_out = shop.stocked_item(), shop.stocked_item(available=0)
    shows = "every end an order can have: no dead letters"

    # when
    confirmed = shop.place(shop.order((item, 1)), shows=shows)
    out_of_stock = shop.place(shop.order((sold_out, 1)), shows=shows)
    rejected = shop.place(shop.order((item, 1), currency="USD"), shows=shows)
    declined = shop.place(shop.order((item, 1), payment={"method": "pm_none"}), shows=shows)

    # then
    ends = [shop.at_rest(each) for each in (confirmed, out_of_stock, rejected)]
    ends.append(shop.until_event(declined, "StockReleased"))
    for order in ends:
        assert shop.audited(order)[-1]["eventType"] == history(order)[-1]
    assert_mails_have_gone_out(shop)
    assert shop.dead_letters() == before


def assert_mails_have_gone_out(shop: Shop) -> None:
    """Wait for the e-mail of an order that is placed now: those of earlier ones are out by then."""
    item, customer = shop.stocked_item(), shop.customer()
    order_id = shop.place(
        shop.order((item, 1), contact=customer.contact),
        shows="placed to see that e-mails have gone out: confirmed",
    )
    shop.until(order_id, "CONFIRMED")
    shop.mail_to(customer.email)
