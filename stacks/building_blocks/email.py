"""The address that e-mails to customers come from."""

from stacks.base import BaseStack
from stacks.building_blocks.policy import Grant, Statement


class EmailSender:
    """SES's identity of the settings' sender, which the bootstrap stack registers."""

    def __init__(self, stack: BaseStack) -> None:
        self._arn = stack.names.arn("ses", f"identity/{stack.settings.email_sender}")

    @property
    def send(self) -> Grant:
        """Send e-mails from the address."""
        return Grant(Statement("SendEmail", ("ses:SendEmail",), (self._arn,)))
