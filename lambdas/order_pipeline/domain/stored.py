"""What the models that are stored or published have in common: immutable, camelCase outside."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel


def now() -> datetime:
    """Return the time to the millisecond, which is how exactly times are stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """Write a time in UTC with milliseconds, so that text order is time order.

    Examples
    --------
    >>> rfc3339(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    '2026-01-31T09:30:00.000Z'
    """
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


Timestamp = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A time, stored and published as RFC 3339 in UTC."""


class Record(BaseModel):
    """A value that is stored or published.

    Attributes that this version of the code does not know are kept: while two versions run during
    a deploy, the older one must not drop what the newer one wrote.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,  # errors are logged; contact data is not
        # With the first value of the kind: many kinds are never met where their module is imported.
        defer_build=True,
    )
