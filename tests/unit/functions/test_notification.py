from datetime import timedelta

import pytest

from notification.stage import notify_customer
from order_pipeline.domain.erasure import erased
from order_pipeline.domain.order import Channel, Contact, Order
from order_pipeline.domain.ports import ClaimTakenError
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType
from tests.embedded_metrics import embedded_metrics
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
    with pytest.RaisesGroup(ConnectionError):
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


def test_messages_are_counted_by_channel_and_outcome(
    ada: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    # given one attempt that fails, and one that succeeds
    ada.mailbox.out_of_order = True
    with pytest.RaisesGroup(ConnectionError):
        ada.is_told()
    ada.mailbox.out_of_order = False
    ada.is_told()

    # when the next message can never be delivered
    grace = Customer(Contact(email="grace@example.com"))
    grace.mailbox.refuses = True
    grace.is_told()

    # then
    lines = capsys.readouterr().out.splitlines()
    counted = [each for each in embedded_metrics(lines) if each.name == "Notifications"]
    assert {(each.name, each.values) for each in counted} == {("Notifications", (1,))}
    assert [dict(each.dimensions)["outcome"] for each in counted] == [
        "failed",
        "sent",
        "undeliverable",
    ]
    assert {dict(each.dimensions)["channel"] for each in counted} == {"email"}


def test_a_stage_latency_counts_from_the_event_to_the_last_message(
    ada: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    # given an attempt that fails
    ada.mailbox.out_of_order = True
    with pytest.RaisesGroup(ConnectionError):
        ada.is_told()
    ada.mailbox.out_of_order = False
    assert "StageLatency" not in capsys.readouterr().out

    # when it is told, and the event comes once more
    before = now() - ada.order.history[-1].at
    ada.is_told()
    ada.is_told()
    after = now() - ada.order.history[-1].at

    # then
    found = embedded_metrics(capsys.readouterr().out.splitlines())
    (latency,) = (each for each in found if each.name == "StageLatency")
    assert latency.unit == "Milliseconds"
    (value,) = latency.values
    assert before <= timedelta(milliseconds=value) <= after


def test_a_message_that_another_process_is_sending_waits(ada: Customer) -> None:
    ada.claims.claim("notification#ORD-1#4#email")
    with pytest.RaisesGroup(ClaimTakenError):
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


EVERYWHERE = Contact(
    email="ada@example.com",
    phone="+447700900123",
    push_endpoint="arn:aws:sns:eu-west-2:000000000000:endpoint/GCM/shop/1",
)


class Channels:
    """A customer who is told on every channel."""

    def __init__(self) -> None:
        self.order = a_confirmed_order(contact=EVERYWHERE)
        self.claims = Claims()
        self.messengers = {channel: Mailbox(channel) for channel in Channel}

    def are_used(self) -> None:
        notify_customer(
            latest_event(self.order),
            orders=Orders(self.order),
            claims=self.claims,
            messengers=list(self.messengers.values()),
        )

    @property
    def sent(self) -> dict[Channel, int]:
        return {channel: len(each.sent) for channel, each in self.messengers.items()}


@pytest.fixture
def channels() -> Channels:
    return Channels()


@pytest.mark.parametrize("broken", Channel)
def test_a_channel_that_fails_silences_no_other(channels: Channels, broken: Channel) -> None:
    # given
    channels.messengers[broken].out_of_order = True

    # when the message is tried three times
    for _ in range(3):
        with pytest.RaisesGroup(pytest.RaisesExc(ConnectionError, match=broken)):
            channels.are_used()

    # then the others have it once
    assert channels.sent == {channel: int(channel is not broken) for channel in Channel}

    # and the channel has it, too, as soon as it works again
    channels.messengers[broken].out_of_order = False
    channels.are_used()
    assert channels.sent == dict.fromkeys(Channel, 1)


def test_every_failure_is_told(channels: Channels) -> None:
    channels.messengers[Channel.EMAIL].out_of_order = True
    channels.messengers[Channel.PUSH].out_of_order = True
    with pytest.raises(ExceptionGroup) as group:
        channels.are_used()
    assert [str(failure) for failure in group.value.exceptions] == ["email", "push"]
    assert [failure.__notes__ for failure in group.value.exceptions] == [
        ["channel: email"],
        ["channel: push"],
    ]
    assert channels.sent == {Channel.EMAIL: 0, Channel.SMS: 1, Channel.PUSH: 0}


def test_a_channel_that_another_process_uses_holds_no_other_back(channels: Channels) -> None:
    channels.claims.claim("notification#ORD-1#4#email")
    with pytest.RaisesGroup(ClaimTakenError):
        channels.are_used()
    assert channels.sent == {Channel.EMAIL: 0, Channel.SMS: 1, Channel.PUSH: 1}


def test_an_address_that_cannot_be_reached_holds_no_other_back(channels: Channels) -> None:
    channels.messengers[Channel.SMS].refuses = True
    channels.are_used()
    channels.messengers[Channel.SMS].refuses = False
    channels.are_used()
    assert channels.sent == {Channel.EMAIL: 1, Channel.SMS: 0, Channel.PUSH: 1}
