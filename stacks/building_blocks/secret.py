"""Secrets: places for values that never pass through Terraform."""

from stacks.base import BaseStack
from stacks.building_blocks.policy import Grant, KeyUse, Statement
from stacks.cdk import SecretsmanagerSecret


class Secret:
    """A secret without a value: whoever owns the value puts it in, so that no state holds it."""

    def __init__(self, stack: BaseStack, resource: str, *, key_arn: str, description: str) -> None:
        """Make ``{resource}-secret``."""
        self._resource = resource
        self._secret = SecretsmanagerSecret(
            stack,
            f"{resource}-secret",
            name=stack.names.of(resource, "secret"),
            description=description,
            kms_key_id=key_arn,
            recovery_window_in_days=0,  # destroyed at once, so that the name is free again
        )

    @property
    def arn(self) -> str:
        """The secret's ARN, which only AWS knows: it ends with six random characters."""
        return str(self._secret.arn)

    @property
    def read(self) -> Grant:
        """Read the value."""
        return Grant(
            Statement(
                f"Read{self._resource.capitalize()}Secret",
                ("secretsmanager:GetSecretValue",),
                (self.arn,),
            ),
            KeyUse("secretsmanager"),
        )
