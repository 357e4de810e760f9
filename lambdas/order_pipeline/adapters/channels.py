"""The channels on which customers are told something."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from order_pipeline.domain.messages import Message
from order_pipeline.domain.order import Channel, Contact
from order_pipeline.domain.ports import UndeliverableError

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sns import SNSClient

_FOR_EVER = frozenset(
    {
        "EndpointDisabled",  # SNS: the push endpoint's token is not valid any more
        "InvalidParameter",  # SNS: no number to send an SMS to, or an endpoint that was deleted
        "InvalidParameterValue",  # SES: no address to send mail to
        "NotFound",  # SNS: no such endpoint
        "ParameterValueInvalid",  # SNS: as InvalidParameter
    }
)
"""Errors that are about the customer's address; trying again would not change them.

Sources: Amazon SNS API Reference, "Publish", errors; Amazon SES Developer Guide, "API error codes
returned by Amazon SES". Errors that are about the shop are faults, which are tried again and end in
the dead-letter queue with its alarm: ``MessageRejected`` of SES (as often a sender that is not
verified as a mail that is not wanted), ``PlatformApplicationDisabled`` of SNS, and the like.
"""


class EmailChannel:
    """E-mail, through SES."""

    channel = Channel.EMAIL

    def __init__(self, client: "SESClient", *, sender: str) -> None:
        self._client = client
        self._sender = sender

    def address(self, contact: Contact) -> str | None:
        """Return the customer's e-mail address, if there is one."""
        return contact.email

    def send(self, address: str, message: Message) -> None:
        """Send the message as plain text."""
        with _telling_faults_from_addresses():
            self._client.send_email(
                Source=self._sender,
                Destination={"ToAddresses": [address]},
                Message={
                    "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": message.text, "Charset": "UTF-8"}},
                },
            )


class SmsChannel:
    """SMS, through SNS: the message's one sentence."""

    channel = Channel.SMS

    def __init__(self, client: "SNSClient") -> None:
        self._client = client

    def address(self, contact: Contact) -> str | None:
        """Return the customer's phone number, if there is one."""
        return contact.phone

    def send(self, address: str, message: Message) -> None:
        """Send the message as a transactional SMS."""
        with _telling_faults_from_addresses():
            self._client.publish(
                PhoneNumber=address,
                Message=f"{message.subject}.",
                MessageAttributes={
                    "AWS.SNS.SMS.SMSType": {
                        "DataType": "String",
                        "StringValue": "Transactional",
                    }
                },
            )


class PushChannel:
    """Mobile push, through the customer's SNS platform endpoint: the message's one sentence."""

    channel = Channel.PUSH

    def __init__(self, client: "SNSClient", *, endpoints: str) -> None:
        """`endpoints` is what the ARNs of this account's endpoints, in this region, begin with."""
        self._client = client
        self._endpoints = endpoints

    def address(self, contact: Contact) -> str | None:
        """Return the customer's platform endpoint, if there is one."""
        return contact.push_endpoint

    def send(self, address: str, message: Message) -> None:
        """Send the message to the endpoint.

        One of another account or region is undeliverable for ever. SNS is not asked about it: the
        answer would be ``AuthorizationError``, as where the function lacks a permission.
        """
        if not address.startswith(self._endpoints):
            raise UndeliverableError("EndpointElsewhere")
        with _telling_faults_from_addresses():
            self._client.publish(TargetArn=address, Message=f"{message.subject}.")


@contextmanager
def _telling_faults_from_addresses() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _FOR_EVER:
            raise UndeliverableError(code) from error
        raise
