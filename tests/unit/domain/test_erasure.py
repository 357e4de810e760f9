import re
from datetime import timedelta

import pytest

from order_pipeline.domain.books import payment_difference
from order_pipeline.domain.erasure import NOBODY, erased
from order_pipeline.domain.events import events_since
from order_pipeline.domain.limits import ID_PATTERN
from order_pipeline.domain.order import Address, Contact, Order
from order_pipeline.domain.ports import Money, MoneyState
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import BY, NOON, a_captured_order, a_confirmed_order, with_payment

PERSONAL = ("ada@", "+4477", "Ada Lovelace", "Engine Road", "CUST-1", "pm_card", "pi_1", "Root=")


@pytest.fixture
def order() -> Order:
    delivered = a_captured_order(
        contact=Contact(email="ada@example.com", phone="+447700900123"),
        shipping_address=Address(
            name="Ada Lovelace", line1="1 Engine Road", city="London", postcode="N1", country="GB"
        ),
        trace_header="Root=1-2-3",
    ).after(EventType.ORDER_DELIVERED, by=BY, at=NOON)
    assert all(text in delivered.model_dump_json() for text in PERSONAL)
    return delivered


def test_an_erased_order_does_not_say_whose_it_was(order: Order) -> None:
    stored = erased(with_payment(order, replacement_intent_id="pi_12")).model_dump_json()
    assert [text for text in PERSONAL if text in stored] == []
    assert NOBODY == "#erased", "stored orders have it"
    assert not re.match(ID_PATTERN, NOBODY)


def test_an_erased_order_still_says_what_it_was(order: Order) -> None:
    gone = erased(order)
    for kept in (
        "order_id",
        "payload_hash",
        "status",
        "version",
        "lines",
        "total",
        "stock",
        "parcels",
        "refunds",
        "history",
    ):
        assert getattr(gone, kept) == getattr(order, kept)
    assert gone.payment.state is order.payment.state
    assert (gone.customer_id, gone.payment.method) == (NOBODY, NOBODY)
    assert (gone.contact, gone.shipping_address, gone.trace_header) == (None, None, None)
    assert (gone.payment.intent_id, gone.payment.replacement_intent_id) == (None, None)
    assert gone.erased_at is not None
    assert now() - gone.erased_at < timedelta(minutes=1)
    assert gone.is_settled
    assert events_since(order.version, gone) == []


def test_an_order_is_erased_once(order: Order) -> None:
    gone = erased(order)
    assert erased(gone) is gone


def test_an_order_that_is_not_settled_cannot_be_erased() -> None:
    with pytest.raises(ValueError, match="ORD-1 is not settled"):
        erased(a_confirmed_order())


@pytest.mark.parametrize(("amount", "agree"), [(5998, True), (5999, False)])
def test_the_books_of_an_erased_order_agree(order: Order, amount: int, *, agree: bool) -> None:
    money = Money(intent_id="pi_1", order_id="ORD-1", amount=amount, state=MoneyState.TAKEN)
    assert (payment_difference(money, erased(order)) is None) is agree
