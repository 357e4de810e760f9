"""A function's settings: its environment variables, validated when it starts."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class FunctionSettings(BaseModel):
    """Base of every function's settings: the field `orders_table_name` is ORDERS_TABLE_NAME."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises
        ------
        pydantic.ValidationError
            Naming each variable that is missing or wrong; the function then fails to start.
        """
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})


class ProviderSettings(FunctionSettings):
    """What every function that asks the payment provider needs."""

    payment_secret_arn: str
    payment_api_url: str = ""
    """A server that stands in for Stripe; empty: Stripe itself."""
    deployment_name: str
    """Tells this deployment's payments from those of others that share the provider's account."""


class WorkerSettings(FunctionSettings):
    """What every function behind a queue needs."""

    queue_url: str
    dead_letter_queue_url: str
    retry_first_delay_seconds: int
    retry_longest_delay_seconds: int
