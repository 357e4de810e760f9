"""Firehose assumes its role once: LocalStack's does for each record, and makes a client with it.

That took a quarter of LocalStack's time under load, more than the records themselves.
"""

from functools import cache
from typing import Any

from localstack.runtime import hooks


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def assume_firehoses_role_once() -> None:
    """Give Firehose clients that remember the roles they have assumed."""
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.firehose import provider  # noqa: PLC0415

    provider.connect_to = RememberedRoles(provider.connect_to)


class RememberedRoles:
    """Makes clients as LocalStack does, with the same ones for the same role."""

    def __init__(self, connect_to: Any) -> None:
        self._connect_to = connect_to
        self.with_assumed_role = cache(connect_to.with_assumed_role)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Make clients without a role."""
        return self._connect_to(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connect_to, name)
