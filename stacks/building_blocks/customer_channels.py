"""The channels on which customers are told something: e-mail, SMS and mobile push."""

from stacks.base import BaseStack
from stacks.building_blocks.policy import Grant, Statement


class CustomerChannels:
    """What sending on each channel takes.

    SES's identity of the settings' sender is registered by the bootstrap stack.
    """

    def __init__(self, stack: BaseStack) -> None:
        self._names = stack.names
        self._sender = stack.settings.email_sender

    @property
    def send_email(self) -> Grant:
        """Send e-mails from the shop's address."""
        identity = self._names.arn("ses", f"identity/{self._sender}")
        return Grant(Statement("SendEmail", ("ses:SendEmail",), (identity,)))

    @property
    def send_sms(self) -> Grant:
        """Send SMS.

        A phone number has no ARN, so the statement is about what is no topic and no endpoint:
        https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        """
        return Grant(
            Statement("SendSms", ("sns:Publish",), ("arn:aws:sns:*:*:*",), all_but_these=True)
        )

    @property
    def push_endpoints(self) -> str:
        """What the ARNs of this account's push endpoints begin with; the function is told it."""
        return self._names.arn("sns", "endpoint/")

    @property
    def send_push(self) -> Grant:
        """Send push messages to the endpoints of this account's mobile apps."""
        return Grant(Statement("SendPush", ("sns:Publish",), (f"{self.push_endpoints}*",)))
