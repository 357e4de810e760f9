"""What a function logs of an exception has nothing of what the exception was given."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
import stripe
from botocore.config import Config
from botocore.exceptions import ClientError

from order_pipeline.adapters.channels import EmailChannel, PushChannel, SmsChannel
from order_pipeline.adapters.observability import logger
from order_pipeline.adapters.orders_table import to_order
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.messages import Message
from order_pipeline.domain.order import Address, Contact
from order_pipeline.domain.ports import OrdersUnavailableError

EMAIL, PHONE, NAME = "ada@customer.example", "+447700900123", "Ada Lovelace"
ENDPOINTS = "arn:aws:sns:eu-west-2:123456789012:endpoint/"
DEVICE = f"{ENDPOINTS}GCM/app/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
TOKEN, KEY = "pm_1Q0PsIJvEtkwdCNYMSaVuRz6", "sk_live_51Q0PsIJvEtkwdCNY"
PERSONAL = (EMAIL, PHONE, NAME, DEVICE, TOKEN, KEY)

MESSAGE = Message("Your order ORD-1 is confirmed", "Thank you.")


def refused(code: str, operation: str, message: str) -> Mock:
    """Return a client whose calls AWS refuses."""
    error = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return Mock(publish=Mock(side_effect=error), send_email=Mock(side_effect=error))


def send_email_to_somebody_not_verified() -> None:
    text = f"Email address is not verified. The following identities failed the check: {EMAIL}"
    ses = refused("MessageRejected", "SendEmail", text)
    EmailChannel(ses, sender="shop@example.com").send(EMAIL, MESSAGE)


def send_sms_that_is_throttled() -> None:
    SmsChannel(refused("Throttled", "Publish", f"too many to {PHONE}")).send(PHONE, MESSAGE)


def send_push_that_is_not_allowed() -> None:
    sns = refused("AuthorizationError", "Publish", f"may not publish to {DEVICE}")
    PushChannel(sns, endpoints=ENDPOINTS).send(DEVICE, MESSAGE)


def send_what_botocore_refuses() -> None:
    sns = boto3.client(
        "sns", region_name="eu-west-2", config=Config(retries={"total_max_attempts": 1})
    )
    SmsChannel(sns).send([PHONE], MESSAGE)  # type: ignore[arg-type]


def read_an_event() -> None:
    OrderEvent.model_validate({"orderId": NAME, "eventType": EMAIL})


def read_an_order() -> None:
    to_order({"orderId": {"S": "ORD-1"}, "contact": {"M": {"email": {"S": EMAIL}}}})


def read_a_request() -> None:
    PlaceOrderRequest.model_validate({"contact": {"email": EMAIL, "phone": NAME}, "items": [NAME]})


def read_contact_data() -> None:
    Contact.model_validate({"email": [EMAIL], "phone": {"is": PHONE}})
    Address.model_validate({"name": NAME})


def ask_stripe_with_a_used_token() -> None:
    text = f"No such PaymentMethod: '{TOKEN}'"
    raise stripe.InvalidRequestError(text, "payment_method", "missing")  # type: ignore[no-untyped-call]


def ask_stripe_with_a_wrong_key() -> None:
    raise stripe.AuthenticationError(f"Invalid API Key provided: {KEY}")


def be_declined() -> None:
    text = f"The card {TOKEN} of {NAME} was declined."
    raise stripe.CardError(text, "", "card_declined")  # type: ignore[no-untyped-call]


def look_up_what_is_not_there() -> None:
    {"somebody": 1}[EMAIL]


def read_a_number() -> None:
    int(PHONE + NAME)


def fail_for_another_reason() -> None:
    try:
        send_email_to_somebody_not_verified()
    except ClientError as error:
        raise OrdersUnavailableError("MessageRejected") from error


def fail_while_failing() -> None:
    try:
        read_an_event()
    finally:
        ask_stripe_with_a_wrong_key()


def fail_several_times() -> None:
    failures = []
    for attempt in (send_email_to_somebody_not_verified, send_sms_that_is_throttled):
        try:
            attempt()
        except ClientError as error:
            error.add_note("channel: one of them")
            failures.append(error)
    raise ExceptionGroup("not sent on every channel", failures)


@pytest.mark.parametrize(
    ("fail", "says"),
    [
        (send_email_to_somebody_not_verified, "MessageRejected of SendEmail"),
        (send_sms_that_is_throttled, "Throttled of Publish"),
        (send_push_that_is_not_allowed, "AuthorizationError of Publish"),
        (send_what_botocore_refuses, "botocore.exceptions.ParamValidationError"),
        (read_an_event, "eventType enum"),
        (read_an_order, "customerId missing"),
        (read_a_request, "items.0"),
        (read_contact_data, "email string_type"),
        (ask_stripe_with_a_used_token, "code missing, param payment_method"),
        (ask_stripe_with_a_wrong_key, "AuthenticationError"),
        (be_declined, "code card_declined"),
        (look_up_what_is_not_there, "builtins.KeyError"),
        (read_a_number, "builtins.ValueError"),
        (fail_for_another_reason, "OrdersUnavailableError: MessageRejected"),
        (fail_while_failing, "which led to:"),
        (fail_several_times, "channel: one of them"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_log_tells_what_went_wrong_and_nothing_personal(
    log: StringIO, fail: Callable[[], None], says: str
) -> None:
    # given an exception that quotes what it was given, as an adapter lets it through
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each of its own kind
        fail()

    # when
    logger.error("failed", exc_info=raised.value)

    # then
    text = log.getvalue()
    for value in PERSONAL:
        assert value not in text
    line: dict[str, Any] = json.loads(text)
    assert says in line["exception"]
    assert line["exception_name"] == type(raised.value).__name__
    assert fail.__name__ in line["exception"], "where it was raised is told, too"


def test_messages_of_our_own_are_told(log: StringIO) -> None:
    # when
    logger.error("refused", exc_info=OrdersUnavailableError("ThrottlingException"))
    # then
    assert "OrdersUnavailableError: ThrottlingException" in json.loads(log.getvalue())["exception"]
