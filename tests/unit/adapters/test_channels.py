from collections.abc import Callable
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.channels import EmailChannel, PushChannel, SmsChannel
from order_pipeline.domain.messages import Message
from order_pipeline.domain.order import Channel, Contact
from order_pipeline.domain.ports import Messenger, UndeliverableError

ENDPOINTS = "arn:aws:sns:eu-west-2:000000000000:endpoint/"
ENDPOINT = f"{ENDPOINTS}GCM/shop/1"
ADA = Contact(email="ada@example.com", phone="+447700900123", push_endpoint=ENDPOINT)
HELLO = Message("Hello Ada", "A longer text.")


def test_an_email_has_a_subject_and_a_text() -> None:
    client = Mock()
    channel = EmailChannel(client, sender="shop@example.com")
    assert channel.channel is Channel.EMAIL
    assert channel.address(ADA) == "ada@example.com"
    channel.send("ada@example.com", HELLO)
    client.send_email.assert_called_once_with(
        Source="shop@example.com",
        Destination={"ToAddresses": ["ada@example.com"]},
        Message={
            "Subject": {"Data": "Hello Ada", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "A longer text.", "Charset": "UTF-8"}},
        },
    )


def test_an_sms_is_one_sentence() -> None:
    client = Mock()
    channel = SmsChannel(client)
    assert channel.channel is Channel.SMS
    assert channel.address(ADA) == "+447700900123"
    channel.send("+447700900123", HELLO)
    client.publish.assert_called_once_with(
        PhoneNumber="+447700900123",
        Message="Hello Ada.",
        MessageAttributes={
            "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}
        },
    )


def test_a_push_message_is_one_sentence() -> None:
    client = Mock()
    channel = PushChannel(client, endpoints=ENDPOINTS)
    assert channel.channel is Channel.PUSH
    assert channel.address(ADA) == ENDPOINT
    channel.send(ENDPOINT, HELLO)
    client.publish.assert_called_once_with(TargetArn=ENDPOINT, Message="Hello Ada.")


@pytest.mark.parametrize(
    "endpoint",
    [
        "arn:aws:sns:eu-west-2:123456789012:endpoint/GCM/shop/1",
        "arn:aws:sns:eu-west-1:000000000000:endpoint/GCM/shop/1",
    ],
    ids=["account", "region"],
)
def test_an_endpoint_of_another_account_or_region_is_given_up_without_a_call(endpoint: str) -> None:
    client = Mock()
    channel = PushChannel(client, endpoints=ENDPOINTS)
    with pytest.raises(UndeliverableError, match=r"^EndpointElsewhere$"):
        channel.send(endpoint, HELLO)
    client.publish.assert_not_called()


CHANNELS: list[Callable[[Mock], Messenger]] = [
    lambda client: EmailChannel(client, sender="shop@example.com"),
    SmsChannel,
    lambda client: PushChannel(client, endpoints=ENDPOINTS),
]


def failing(code: str) -> Mock:
    error = ClientError({"Error": {"Code": code}}, "Send")
    return Mock(send_email=Mock(side_effect=error), publish=Mock(side_effect=error))


@pytest.mark.parametrize("channel", CHANNELS, ids=["email", "sms", "push"])
def test_an_address_that_cannot_be_reached_is_told_from_a_fault(
    channel: Callable[[Mock], Messenger],
) -> None:
    for code in (
        "EndpointDisabled",
        "InvalidParameter",
        "InvalidParameterValue",
        "NotFound",
        "ParameterValueInvalid",
    ):
        with pytest.raises(UndeliverableError, match=f"^{code}$"):
            channel(failing(code)).send(ENDPOINT, HELLO)
    for code in (
        "AuthorizationError",
        "InternalFailure",
        "MessageRejected",
        "PlatformApplicationDisabled",
        "Throttling",
    ):
        with pytest.raises(ClientError):
            channel(failing(code)).send(ENDPOINT, HELLO)
