"""The settings of one deployment: what differs between local, dev, staging and prod.

Sizes are code, reviewed like code, in the table at the end. What depends on who deploys comes from
environment variables. Everything is checked before anything is synthesised.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from order_pipeline.transitions import EventType

REGION: Final = "eu-west-2"
# What LocalStack makes of the access key "test".
LOCAL_ACCOUNT_ID: Final = "000000000000"
LONGEST_SUFFIX = 20

# AWS keeps this much of an account's concurrency for functions that reserve none.
UNRESERVED_CONCURRENCY = 100
# The bounds of maximum_concurrency on an SQS mapping.
LEAST_MAXIMUM_CONCURRENCY, GREATEST_MAXIMUM_CONCURRENCY = 2, 1000
# What the shop needs at its busiest hour.
LEAST_PROD_RATE, LEAST_PROD_BURST = 1000, 2000

# What the shop hears of unless it asks for more.
FAILURES: Final = (
    EventType.ORDER_REJECTED,
    EventType.STOCK_UNAVAILABLE,
    EventType.PAYMENT_DECLINED,
    EventType.PAYMENT_CAPTURE_FAILED,
    EventType.REFUND_FAILED,
    EventType.PAYMENT_EXPIRED,
)

type LogRetention = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what is allowed."""


class Environment(StrEnum):
    """Where the pipeline can be deployed to."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class Throttling(BaseModel):
    """How many requests the API lets through: a steady rate per second, and a burst."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: int = Field(gt=0)
    burst: int = Field(gt=0)


class Settings(BaseModel):
    """Everything a deployment is told; frozen, and valid once it exists.

    Fields with an alias come from the environment variable of that name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Environment = Field(alias="ENVIRONMENT")
    suffix: str = Field(alias="ENVIRONMENT_SUFFIX")
    account_id: str = Field(alias="AWS_ACCOUNT_ID")
    region: str = Field(default=REGION, alias="AWS_REGION")

    local_endpoint: str = Field(default="", alias="LOCAL_ENDPOINT")
    """Where LocalStack answers; empty everywhere but in ``local``."""
    payment_api_url: str = Field(default="", alias="PAYMENT_API_URL")
    """A server that stands in for Stripe; empty everywhere but in ``local``: Stripe itself."""

    email_sender: str = Field(alias="EMAIL_SENDER")
    """Who e-mails to customers come from: an identity that SES has verified."""
    alarm_addresses: tuple[str, ...] = Field(alias="ALARM_ADDRESSES")
    """Who is told about alarms, by e-mail."""

    shop_addresses: tuple[str, ...] = Field(default=(), alias="SHOP_ADDRESSES")
    """Who of the shop is told about events: e-mail addresses and phone numbers (E.164)."""
    shop_events: tuple[EventType, ...] = Field(default=FAILURES, alias="SHOP_EVENTS")
    """What they are told about. SNS stops an e-mail subscription above 10 messages a second."""

    default_payment_method: str = ""
    """Charged when an order names no method; empty: such an order is refused."""
    log_level: Literal["DEBUG", "INFO"] = "INFO"
    log_retention_days: LogRetention
    function_memory_mb: int = Field(ge=128, le=10240)
    point_in_time_recovery: bool
    throttling: Throttling
    maximum_concurrency: Mapping[str, int]
    """Per worker: how many batches of its queue are handled at once."""
    reserved_concurrency: Mapping[str, int] = Field(default_factory=dict)
    """Per function folder; a function that is not listed shares what is left of the quota."""
    retry_longest_delay_seconds: int = Field(default=300, ge=2, le=43200)
    """Where the doubling of a failed message's delays ends."""
    payment_retry_longest_delay_seconds: int = Field(default=600, ge=2, le=43200)
    """The same for the payment stage, which is to outlast an outage of the provider."""
    account_concurrency: int = 1000
    """The account's quota "Concurrent executions" of Lambda."""

    @property
    def is_local(self) -> bool:
        """Whether this is a deployment to LocalStack."""
        return self.environment is Environment.LOCAL

    @field_validator("environment", mode="before")
    @classmethod
    def _known_environment(cls, value: str) -> str:
        if value not in list(Environment):
            raise ValueError(f"must be one of {', '.join(Environment)}")
        return value

    @field_validator("suffix")
    @classmethod
    def _usable_suffix(cls, value: str) -> str:
        if len(value) > LONGEST_SUFFIX or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise ValueError(
                f"must be 1 to {LONGEST_SUFFIX} lower-case letters, digits and single hyphens,"
                " starting with a letter and not ending with a hyphen (it is part of every name)"
            )
        return value

    @field_validator("account_id")
    @classmethod
    def _twelve_digits(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]{12}", value):
            raise ValueError("must be the 12 digits of the AWS account to deploy to")
        return value

    @field_validator("region")
    @classmethod
    def _london(cls, value: str) -> str:
        if value != REGION:
            raise ValueError(f"must be {REGION}: the pipeline is deployed to London only")
        return value

    @field_validator("local_endpoint", "payment_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/]+", value):
            raise ValueError("must be an address without a path, such as http://localhost:4566")
        return value

    @field_validator("email_sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        return _email_address(value)

    @field_validator("alarm_addresses")
    @classmethod
    def _alarm_receivers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_email_address(address) for address in value)

    @field_validator("shop_addresses")
    @classmethod
    def _shop_receivers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if "@" in address:
                _email_address(address)
            elif not re.fullmatch(r"\+[1-9][0-9]{6,14}", address):
                raise ValueError("must be e-mail addresses or phone numbers such as +447700900123")
        return value

    @field_validator("shop_events", mode="before")
    @classmethod
    def _known_events(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for event in value:
            if event not in list(EventType):
                raise ValueError(f"must be of {', '.join(EventType)}")
        return value

    @field_validator("maximum_concurrency")
    @classmethod
    def _within_lambda_bounds(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        for worker, maximum in value.items():
            if not LEAST_MAXIMUM_CONCURRENCY <= maximum <= GREATEST_MAXIMUM_CONCURRENCY:
                raise ValueError(
                    f"of {worker} must be between {LEAST_MAXIMUM_CONCURRENCY}"
                    f" and {GREATEST_MAXIMUM_CONCURRENCY}"
                )
        return value

    @model_validator(mode="after")
    def _environment_names_are_reserved(self) -> Self:
        if self.suffix in list(Environment) and self.suffix != self.environment:
            raise ValueError(
                f"ENVIRONMENT_SUFFIX is {self.suffix!r} but ENVIRONMENT is"
                f" {self.environment.value!r}; the suffix {self.suffix!r} is reserved for the"
                f" environment {self.suffix!r}"
            )
        return self

    @model_validator(mode="after")
    def _stand_ins_are_local(self) -> Self:
        for variable, value in (
            ("LOCAL_ENDPOINT", self.local_endpoint),
            ("PAYMENT_API_URL", self.payment_api_url),
        ):
            if bool(value) != self.is_local:
                allowed = "an address" if self.is_local else "empty"
                raise ValueError(
                    f"{variable} is {value!r}; in the environment"
                    f" {self.environment.value!r} it must be {allowed}"
                )
        return self

    @model_validator(mode="after")
    def _default_method_is_for_trying_out(self) -> Self:
        if self.default_payment_method and self.environment not in {
            Environment.LOCAL,
            Environment.DEV,
        }:
            raise ValueError(
                f"default_payment_method is {self.default_payment_method!r}; in the environment"
                f" {self.environment.value!r} it must be empty (only local and dev have one)"
            )
        return self

    @model_validator(mode="after")
    def _prod_carries_the_shop(self) -> Self:
        if self.environment is Environment.PROD and (
            self.throttling.rate < LEAST_PROD_RATE or self.throttling.burst < LEAST_PROD_BURST
        ):
            raise ValueError(
                f"throttling is {self.throttling.rate}/s with a burst of {self.throttling.burst};"
                f" in the environment 'prod' it must be at least {LEAST_PROD_RATE}/s with a burst"
                f" of {LEAST_PROD_BURST}"
            )
        return self

    @model_validator(mode="after")
    def _somebody_hears_of_alarms(self) -> Self:
        if self.environment is Environment.PROD and not self.alarm_addresses:
            raise ValueError(
                "ALARM_ADDRESSES is empty; in the environment 'prod' it must be the e-mail"
                " addresses of those who answer alarms"
            )
        return self

    @model_validator(mode="after")
    def _reservations_fit(self) -> Self:
        for worker, maximum in self.maximum_concurrency.items():
            reserved = self.reserved_concurrency.get(worker, maximum)
            if reserved < maximum:
                raise ValueError(
                    f"reserved_concurrency of {worker} is {reserved}; it must be at least its"
                    f" maximum_concurrency, {maximum} (less over-polls into the dead-letter queue)"
                )
        reserved = sum(self.reserved_concurrency.values())
        reservable = self.account_concurrency - UNRESERVED_CONCURRENCY
        if reserved > max(reservable, 0):
            raise ValueError(
                f"reserved_concurrency adds up to {reserved}; it must be at most {reservable}: the"
                f" account's {self.account_concurrency} less the {UNRESERVED_CONCURRENCY} that AWS"
                " keeps unreserved"
            )
        return self

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Read the settings of the environment that `variables` name.

        ``ENVIRONMENT`` is ``local`` unless set, ``ENVIRONMENT_SUFFIX`` the environment's name.
        ``AWS_ACCOUNT_ID`` must be set, except for ``local``, where it is LocalStack's.
        ``EMAIL_SENDER`` must be set, except for ``local``, and ``ALARM_ADDRESSES`` for ``prod``.
        ``AWS_REGION`` is optional, and so are ``SHOP_ADDRESSES`` and ``SHOP_EVENTS``. Addresses and
        events are lists separated by commas.
        ``LOCAL_ENDPOINT`` and ``PAYMENT_API_URL`` are read for ``local`` only.

        Raises
        ------
        SettingsError
            When a setting is missing or wrong, with one line for each.
        """
        environment = variables.get("ENVIRONMENT") or Environment.LOCAL.value
        values: dict[str, Any] = {
            "ENVIRONMENT": environment,
            "ENVIRONMENT_SUFFIX": variables.get("ENVIRONMENT_SUFFIX") or environment,
            "AWS_ACCOUNT_ID": variables.get("AWS_ACCOUNT_ID", ""),
            "AWS_REGION": variables.get("AWS_REGION") or REGION,
            "EMAIL_SENDER": variables.get("EMAIL_SENDER") or _LOCAL_SENDER.get(environment, ""),
            "ALARM_ADDRESSES": _separated(variables.get("ALARM_ADDRESSES")),
            "SHOP_ADDRESSES": _separated(variables.get("SHOP_ADDRESSES")),
            "SHOP_EVENTS": _separated(variables.get("SHOP_EVENTS")) or FAILURES,
            # An environment that does not exist is reported as such, whatever its sizes.
            **_SIZES.get(environment, _SIZES[Environment.DEV]),
        }
        if environment == Environment.LOCAL:
            values |= {
                "AWS_ACCOUNT_ID": LOCAL_ACCOUNT_ID,
                "LOCAL_ENDPOINT": variables.get("LOCAL_ENDPOINT") or "http://localhost:4566",
                "PAYMENT_API_URL": variables.get("PAYMENT_API_URL") or "http://127.0.0.1:8420",
            }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explained(error)) from None


_LOCAL_SENDER = {Environment.LOCAL.value: "orders@example.com"}


def _separated(value: str | None) -> tuple[str, ...]:
    return tuple(value.split(",")) if value else ()


def _email_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+", value):
        raise ValueError("must be an e-mail address, such as orders@example.com")
    return value


def _explained(error: ValidationError) -> str:
    """Return one sentence per mistake: the setting, its value, what is allowed."""
    sentences = []
    for mistake in error.errors():
        setting = ".".join(str(part) for part in mistake["loc"])
        allowed = mistake["msg"].removeprefix("Value error, ")
        if setting:
            sentences.append(f"{setting} is {mistake['input']!r}; it {allowed}.")
        else:  # found by comparing settings, which the message names
            sentences.append(f"{allowed}.")
    return "\n".join(sentences)


_SIZES: Mapping[str, Mapping[str, Any]] = {
    Environment.LOCAL: {
        "default_payment_method": "pm_card_visa",
        "log_retention_days": 1,
        "function_memory_mb": 512,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        # A schedule scaled down: what was broken on purpose heals in seconds.
        "retry_longest_delay_seconds": 20,
        "payment_retry_longest_delay_seconds": 20,
        "maximum_concurrency": {
            "intake_drain": 5,
            "validation": 5,
            "inventory": 5,
            "payment": 5,
            "notification": 5,
        },
    },
    Environment.DEV: {
        "default_payment_method": "pm_card_visa",
        "log_retention_days": 7,
        "function_memory_mb": 512,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=50, burst=100),
        # A new account has 10 concurrent executions in all.
        "maximum_concurrency": {
            "intake_drain": 2,
            "validation": 2,
            "inventory": 2,
            "payment": 2,
            "notification": 2,
        },
    },
    Environment.STAGING: {
        "log_retention_days": 14,
        "function_memory_mb": 1024,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        "maximum_concurrency": {
            "intake_drain": 50,
            "validation": 50,
            "inventory": 50,
            "payment": 50,
            "notification": 50,
        },
    },
    Environment.PROD: {
        "log_retention_days": 90,
        "function_memory_mb": 1024,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        "maximum_concurrency": {
            "intake_drain": 50,
            "validation": 100,
            "inventory": 100,
            # Stripe takes about 100 calls a second; an authorisation is three of half a second.
            "payment": 60,
            "notification": 100,
        },
        "reserved_concurrency": {
            "place_order": 200,
            "intake_drain": 50,
            "orders_api": 100,
            "inventory_api": 20,
            "event_publisher": 100,
            "reconciler": 2,
            "payment_breaker": 2,
            "validation": 100,
            "inventory": 100,
            "payment": 60,
            "notification": 100,
        },
    },
}
