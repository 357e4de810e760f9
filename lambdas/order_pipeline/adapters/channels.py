"""The channels on which customers are told something."""

from typing import TYPE_CHECKING

from order_pipeline.messages import Message
from order_pipeline.order import Channel, Contact

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient


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
        self._client.send_email(
            Source=self._sender,
            Destination={"ToAddresses": [address]},
            Message={
                "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": message.text, "Charset": "UTF-8"}},
            },
        )
