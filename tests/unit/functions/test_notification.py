import pytest

from notification.stage import notify_customer
from order_pipeline.erasure import erased
from order_pipeline.order import Channel, Contact, Order
from order_pipeline.ports import ClaimTakenError
from order_pipeline.transitions import EventType
from tests.unit.builders import BY, a_confirmed_order, a_placed_order, latest_event
from tests.unit.functions.in_memory import Claims, Mailbox, Orders


class Customer:
    """An order whose customer is told, and the mailbox where that arrives."""

    def __init__(self, contact: Contact | None) -> None:
        self.order: Order = a_confirmed_order(contact=contact)
        self.claims = Claims()
        self.mailbox = Mailbox()

    def is_told(self) -> None:
        notify_customer(
            latest_event(self.order),
            orders=Orders(self.order),
            claims=self.claims,
            messengers=[self.mailbox],
        )


@pytest.fixture
def ada() -> Customer:
    return Customer(Contact(email="ada@example.com"))


def test_the_customer_is_told(ada: Customer) -> None:
    ada.is_told()
    (address, message), *more = ada.mailbox.sent
    assert more == []
    assert address == "ada@example.com"
    assert message.subject == "Your order ORD-1 is confirmed"


def test_the_customer_is_told_once(ada: Customer) -> None:
    ada.is_told()
    ada.is_told()
    assert len(ada.mailbox.sent) == 1
    assert ada.claims.keys == {"notification#ORD-1#4#email": True}


def test_a_message_that_could_not_be_sent_is_sent_later(ada: Customer) -> None:
    ada.mailbox.out_of_order = True
    with pytest.raises(ConnectionError):
        ada.is_told()
    ada.mailbox.out_of_order = False
    ada.is_told()
    assert len(ada.mailbox.sent) == 1


def test_a_message_that_can_never_be_delivered_is_not_tried_again(ada: Customer) -> None:
    ada.mailbox.refuses = True
    ada.is_told()
    ada.mailbox.refuses = False
    ada.is_told()
    assert ada.mailbox.sent == []


def test_a_message_that_another_process_is_sending_waits(ada: Customer) -> None:
    ada.claims.claim("notification#ORD-1#4#email")
    with pytest.raises(ClaimTakenError):
        ada.is_told()
    assert ada.mailbox.sent == []


def test_nobody_is_told_about_an_order_that_was_erased_meanwhile(ada: Customer) -> None:
    ada.order = a_placed_order(contact=ada.order.contact).after(EventType.ORDER_REJECTED, by=BY)
    ada.order = erased(ada.order)
    ada.is_told()
    assert ada.mailbox.sent == []
    assert ada.claims.keys == {}


@pytest.mark.parametrize(
    "contact",
    [
        None,
        Contact(),
        Contact(phone="+447700900123"),
        Contact(email="ada@example.com", channels=(Channel.SMS,)),
        Contact(email="ada@example.com", channels=()),
    ],
)
def test_nobody_is_told_who_does_not_want_it(contact: Contact | None) -> None:
    customer = Customer(contact)
    customer.is_told()
    assert customer.mailbox.sent == []
    assert customer.claims.keys == {}


def test_a_customer_who_wants_mail_gets_it() -> None:
    customer = Customer(Contact(email="ada@example.com", channels=(Channel.EMAIL,)))
    customer.is_told()
    assert len(customer.mailbox.sent) == 1
