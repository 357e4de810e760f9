"""Customers are told on the channels that they want and can be reached on, and on no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from tests.e2e.shop import Customer, Json, Shop
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life


@dataclass(frozen=True)
class Wish:
    """What a customer gives and wants, and the channels on which they are then told."""

    name: str
    gives: frozenset[str]
    wants: tuple[str, ...] | None
    told_on: frozenset[str]


ALL = frozenset({"email", "sms", "push"})
FIELDS = {"email": "email", "sms": "phone", "push": "pushEndpoint"}

WISHES = (
    Wish("all", ALL, None, ALL),
    Wish("e-mail only", ALL, ("email",), frozenset({"email"})),
    Wish("SMS only", ALL, ("sms",), frozenset({"sms"})),
    Wish("push only", ALL, ("push",), frozenset({"push"})),
    Wish("SMS and push", ALL, ("sms", "push"), frozenset({"sms", "push"})),
    Wish("none", ALL, (), frozenset()),
    Wish("an address for e-mail only", frozenset({"email"}), None, frozenset({"email"})),
    Wish("an address for SMS only", frozenset({"sms"}), None, frozenset({"sms"})),
    Wish("an address for push only", frozenset({"push"}), None, frozenset({"push"})),
    Wish("SMS, with an e-mail address only", frozenset({"email"}), ("sms",), frozenset()),
    Wish("all, without an address", frozenset(), ("email", "sms", "push"), frozenset()),
)


@pytest.fixture(scope="module")
def told(shop: Shop) -> dict[str, set[str]]:
    """The channels on which each customer was told that the order is confirmed, by wish."""
    # given
    item = shop.stocked_item(available=100)
    customers = {wish.name: shop.customer(has_app=True) for wish in WISHES}

    # when
    for wish in WISHES:
        order_id = shop.place(
            shop.order((item, 1), contact=contact(customers[wish.name], wish)),
            shows="told on the channels wanted: confirmed",
        )
        shop.until(order_id, "CONFIRMED")

    # then
    for wish in WISHES:
        wait_for(
            partial(channels_used, shop, customers[wish.name]),
            wish.told_on.issubset,
            f"a customer who wants {wish.name} told",
        )
    shop.until_worked_off()
    return {name: channels_used(shop, customer) for name, customer in customers.items()}


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.name)
def test_customer_is_told_where_they_want(told: dict[str, set[str]], wish: Wish) -> None:
    assert told[wish.name] == wish.told_on


def test_address_that_does_not_exist_holds_nothing_up(shop: Shop) -> None:
    # given
    dead_letters = shop.dead_letters()
    customer = shop.customer(has_app=True)
    gone = f"{customer.push_endpoint}-gone"

    # when
    order_id = shop.place(
        shop.order((shop.stocked_item(), 1), contact={**customer.contact, "pushEndpoint": gone}),
        shows="a push endpoint that is gone: confirmed, told by e-mail and SMS",
    )

    # then
    shop.until(order_id, "CONFIRMED")
    wait_for(lambda: channels_used(shop, customer), {"email", "sms"}.issubset, "told elsewhere")
    shop.until_worked_off()
    assert channels_used(shop, customer) == {"email", "sms"}
    assert shop.dead_letters() == dead_letters


def contact(customer: Customer, wish: Wish) -> Json:
    given = {FIELDS[channel]: customer.contact[FIELDS[channel]] for channel in wish.gives}
    return given if wish.wants is None else given | {"channels": list(wish.wants)}


def channels_used(shop: Shop, customer: Customer) -> set[str]:
    """Return the channels on which the customer was told something; on each just once."""
    messages: dict[str, Sequence[object]] = {
        "email": shop.mailbox.mails_to(customer.email),
        "sms": shop.phones.texts_to(customer.phone),
        "push": shop.phones.pushes_to(str(customer.push_endpoint)),
    }
    assert all(len(each) <= 1 for each in messages.values()), messages
    return {channel for channel, told in messages.items() if told}
