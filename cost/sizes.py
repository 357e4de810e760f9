"""What a deployment's settings make of an order's cost: memory, traces, lines of the platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from stacks.settings import FUNCTIONS, Settings


@dataclass(frozen=True)
class Sizes:
    """The sizes of an environment."""

    memory_mb: Mapping[str, int]
    """By function, such as `place-order`."""
    traced_share: float
    platform_lines: bool
    """Whether Lambda logs each invocation's beginning and end."""
    has_firewall: bool

    @classmethod
    def of(cls, environment: str) -> Self:
        """Return the sizes of an environment such as ``prod``."""
        settings = Settings.from_environment(
            {
                "ENVIRONMENT": environment,
                "AWS_ACCOUNT_ID": "123456789012",
                "EMAIL_SENDER": "orders@example.com",
                "ALARM_ADDRESSES": "ops@example.com",
            }
        )
        sampling = settings.trace_sampling
        return cls(
            memory_mb={
                folder.replace("_", "-"): settings.memory_of(folder) for folder in FUNCTIONS
            },
            traced_share=sampling.rate if sampling else 0,
            platform_lines=settings.platform_log_level == "INFO",
            has_firewall=settings.firewall is not None,
        )
