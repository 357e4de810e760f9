"""The settings of one deployment: what differs between local, dev, staging and prod.

Sizes are code, reviewed like code, in the table at the end. What depends on who deploys comes from
environment variables. Everything is checked before anything is synthesised.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from order_pipeline.domain.limits import ID_PATTERN, PAYMENT_METHOD_PATTERN
from order_pipeline.domain.transitions import EventType

REGION: Final = "eu-west-2"
# What LocalStack makes of the access key "test".
LOCAL_ACCOUNT_ID: Final = "000000000000"
LONGEST_SUFFIX = 20

LEAST_MEMORY, GREATEST_MEMORY = 128, 10240
# AWS keeps this much of an account's concurrency for functions that reserve none.
UNRESERVED_CONCURRENCY = 100
# The bounds of maximum_concurrency on an SQS mapping.
LEAST_MAXIMUM_CONCURRENCY, GREATEST_MAXIMUM_CONCURRENCY = 2, 1000
DEFAULT_ACCOUNT_CONCURRENCY = 1000
# What is accepted at the busiest hour; what is confirmed: docs/benchmarks/simulation.md.
LEAST_PROD_RATE, LEAST_PROD_BURST = 1000, 2000

STAGES = ("validation", "inventory", "payment", "notification")
"""The functions that act on events, each with a queue of its own, by their folders."""
WORKERS = ("intake_drain", *STAGES)
"""The functions that work off a queue."""
FUNCTIONS = (
    *WORKERS,
    "canary",
    "event_publisher",
    "inventory_api",
    "orders_api",
    "payment_breaker",
    "place_order",
    "reconciler",
)

# The window of the firewall's rate rule.
FIREWALL_WINDOW_SECONDS = 300

LEAST_CANARY_MINUTES = 5

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


@dataclass(frozen=True)
class About:
    """What a person who sets something is told: in the errors, and in docs/settings.md."""

    allowed: str
    """What it may be, after "it must be"."""
    why: str


class Throttling(BaseModel):
    """How many requests the API lets through: a steady rate per second, and a burst."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: int = Field(gt=0)
    burst: int = Field(gt=0)


class Firewall(BaseModel):
    """The web firewall in front of the API: AWS's managed rules, and a rate for each address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The bounds of a rate rule:
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    rate_per_address: int = Field(ge=10, le=2_000_000_000)
    """How many requests one address may send in five minutes."""


class TraceSampling(BaseModel):
    """Which requests to the API are traced: some every second, and a share of the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The bounds of a sampling rule:
    # https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html
    reservoir: int = Field(ge=0)
    """How many are traced every second, before the share counts."""
    rate: float = Field(ge=0, le=1)
    """The share of the others."""


class LeastOrders(BaseModel):
    """How many orders there always are in so many minutes, whatever the hour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    orders: int = Field(gt=0)
    # A day is the most that an alarm looks back:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    minutes: int = Field(gt=0, le=1440)


class Alarms(StrEnum):
    """Which alarms there are."""

    FAULTS = "faults"
    """Of what does not repair itself: dead letters, and failed runs of what runs by the clock."""
    ALL = "all"
    """Also what AWS recommends for each resource, orders, money and service levels."""


def _email_address(value: str) -> str:
    # Fewer characters than mail allows: addresses become part of policies, where * stands for
    # anything, and of Terraform's configuration, where ${ and %{ begin an expression.
    if not re.fullmatch(r"[A-Za-z0-9.&'+=_~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise ValueError("must be an e-mail address, such as orders@example.com")
    return value


def _email_address_or_phone_number(value: str) -> str:
    if "@" in value:
        return _email_address(value)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
        raise ValueError("must be an e-mail address or a phone number such as +447700900123")
    return value


def _id_of_an_item(value: str) -> str:
    if value and not re.fullmatch(ID_PATTERN, value):
        raise ValueError("must be the id of an item, such as canary, or nothing")
    return value


def _payment_method(value: str) -> str:
    if value and not re.fullmatch(PAYMENT_METHOD_PATTERN, value):
        raise ValueError("must be a payment method's token such as pm_card_visa, or nothing")
    return value


def _known_event(value: str) -> str:
    if value not in list(EventType):
        raise ValueError(f"must be of {', '.join(EventType)}")
    return value


class Settings(BaseModel):
    """Everything a deployment is told; frozen, and valid once it exists.

    Fields with an alias come from the environment variable of that name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Annotated[
        Environment,
        About(
            f"one of {', '.join(Environment)}",
            "Chooses the sizes: the other columns of this table.",
        ),
    ] = Field(alias="ENVIRONMENT")
    suffix: Annotated[
        str,
        About(
            f"1 to {LONGEST_SUFFIX} lower-case letters, digits and single hyphens, starting with a"
            " letter and not ending with a hyphen (it is part of every name), and not the name of"
            " another environment",
            "Every name ends with it, so that copies of an environment live side by side.",
        ),
    ] = Field(alias="ENVIRONMENT_SUFFIX")
    account_id: Annotated[
        str,
        About(
            "the 12 digits of the AWS account to deploy to",
            "Nothing is deployed to another account by mistake: the provider compares.",
        ),
    ] = Field(alias="AWS_ACCOUNT_ID")
    region: Annotated[
        str,
        About(REGION, "The pipeline is deployed to London only."),
    ] = Field(default=REGION, alias="AWS_REGION")
    account_concurrency: Annotated[
        int,
        About(
            'a whole number, 10 to 1000000: the account\'s quota "Concurrent executions" of Lambda',
            "What the functions reserve and take at once is checked against it. A new account may"
            " have 10.",
        ),
    ] = Field(default=DEFAULT_ACCOUNT_CONCURRENCY, ge=10, le=1_000_000, alias="ACCOUNT_CONCURRENCY")

    local_endpoint: Annotated[
        str,
        About(
            "an address without a path, such as http://localhost:4566; read for local only",
            "Where LocalStack answers.",
        ),
    ] = Field(default="", alias="LOCAL_ENDPOINT")
    functions_endpoint: Annotated[
        str,
        About(
            "an address without a path, such as http://localstack:4566; read for local only",
            "Where functions find LocalStack: with Docker, by its name in their network.",
        ),
    ] = Field(default="", alias="LOCAL_FUNCTIONS_ENDPOINT")
    payment_api_url: Annotated[
        str,
        About(
            "an address without a path, such as http://127.0.0.1:8420; read for local only",
            "A server that stands in for Stripe; everywhere else it is Stripe itself.",
        ),
    ] = Field(default="", alias="PAYMENT_API_URL")

    email_sender: Annotated[
        str,
        AfterValidator(_email_address),
        About(
            "an e-mail address, such as orders@example.com",
            "Who e-mails to customers come from: an identity that SES has verified.",
        ),
    ] = Field(alias="EMAIL_SENDER")
    alarm_addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_email_address)], ...],
        About(
            "e-mail addresses, separated by commas; at least one in prod",
            "Who is told about alarms.",
        ),
    ] = Field(alias="ALARM_ADDRESSES")
    runbook_url: Annotated[
        str,
        About(
            "an address or a path without spaces and #, such as"
            " https://git.example/order-pipeline/docs/runbook.md",
            "Where docs/runbook.md can be read: every alarm's text links to its section.",
        ),
    ] = Field(default="docs/runbook.md", alias="RUNBOOK_URL")
    shop_addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_email_address_or_phone_number)], ...],
        About(
            "e-mail addresses and phone numbers such as +447700900123, separated by commas",
            "Who of the shop is told about events.",
        ),
    ] = Field(default=(), alias="SHOP_ADDRESSES")
    shop_events: Annotated[
        tuple[Annotated[EventType, BeforeValidator(_known_event)], ...],
        About(
            f"of {', '.join(EventType)}, separated by commas",
            "What they are told about. It replaces the failures that it is by default: name those"
            " of them, too, that are still wanted. SNS stops an e-mail subscription above 10"
            " messages a second.",
        ),
    ] = Field(default=FAILURES, alias="SHOP_EVENTS")

    canary_item: Annotated[
        str,
        AfterValidator(_id_of_an_item),
        About(
            "the id of an item that is there for it and for nobody else, or nothing",
            "What the canary orders: one unit, every few minutes, cancelled as soon as it is"
            " confirmed. Empty: there is no canary.",
        ),
    ] = Field(default="", alias="CANARY_ITEM")
    canary_payment_method: Annotated[
        str,
        AfterValidator(_payment_method),
        About(
            "the payment provider's token for a method that can be charged again and again, such"
            " as pm_card_visa in its test mode; or nothing, where there is a default method",
            "What the canary pays with. The money is held for seconds and never taken.",
        ),
    ] = Field(default="", alias="CANARY_PAYMENT_METHOD")

    github_repository: Annotated[
        str,
        About(
            "one repository of GitHub as owner/name, without wildcards; or nothing",
            "Whose workflows may plan and deploy: bootstrap makes their roles. Empty: nobody's.",
        ),
    ] = Field(default="", alias="GITHUB_REPOSITORY_NAME")
    github_provider: Annotated[
        Literal["new", "existing"],
        About(
            "new, or existing where the account has GitHub's provider",
            "Whether bootstrap registers GitHub with the account, or finds it registered.",
        ),
    ] = Field(default="new", alias="GITHUB_OIDC_PROVIDER")

    default_payment_method: Annotated[
        str,
        About(
            "a payment method of the provider's test mode in local and dev, empty elsewhere",
            "Charged when an order names no method, to try things out. Where it is empty, such an"
            " order is refused.",
        ),
    ] = ""
    log_level: Annotated[
        Literal["DEBUG", "INFO"],
        About("DEBUG or INFO", "Each step of an order is logged at INFO."),
    ] = "INFO"
    platform_log_level: Annotated[
        Literal["INFO", "WARN"],
        About(
            "INFO or WARN",
            "What Lambda itself logs: at INFO the beginning and the end of each invocation, with"
            " the time and memory that it took; at WARN only what did not end well. In prod the"
            " former would be half of all logs, and the time is a metric as well.",
        ),
    ] = "INFO"
    log_retention_days: Annotated[
        LogRetention,
        About(
            f"one of {', '.join(str(days) for days in get_args(LogRetention.__value__))} days",
            "CloudWatch bills stored logs by the month; the audit bucket keeps the history.",
        ),
    ]
    function_memory_mb: Annotated[
        int,
        About(
            f"{LEAST_MEMORY} to {GREATEST_MEMORY} MB",
            "Lambda gives processor time by memory. 512 MB are four times what a function uses;"
            " less would make starts slow (docs/benchmarks/cost.md).",
        ),
    ] = Field(ge=LEAST_MEMORY, le=GREATEST_MEMORY)
    memory_mb_of: Annotated[
        Mapping[str, int],
        About(
            f"{LEAST_MEMORY} to {GREATEST_MEMORY} MB for functions, by the name of their folder",
            "Where it differs. From 1,769 MB on, a function has a whole processor: for those that"
            " a caller waits for. Those that wait themselves are paid for by memory.",
        ),
    ] = Field(default_factory=dict)
    point_in_time_recovery: Annotated[
        bool,
        About(
            "true or false; true in staging and prod",
            "Tables can be restored to any second of the last 35 days.",
        ),
    ]
    throttling: Annotated[
        Throttling,
        About(
            "a rate per second and a burst above 0; in prod at least"
            f" {LEAST_PROD_RATE}/s with a burst of {LEAST_PROD_BURST}",
            "What the API lets through: prod's is the shop's busiest hour, staging's the same, so"
            " that it can be tried there.",
        ),
    ]
    firewall: Annotated[
        Firewall | None,
        About(
            "none, or 10 to 2000000000 requests of one address in five minutes, and never more"
            " than the API lets through in that time",
            "AWS WAF. None in dev, where it would cost more than all else, and on LocalStack,"
            " which has no WAF. The callers are a few servers: in prod, one address may take half"
            " of what the API lets through, and in staging all, for load from one machine.",
        ),
    ] = None
    trace_sampling: Annotated[
        TraceSampling | None,
        About(
            "none, or a reservoir of 0 or more requests a second and a rate from 0 to 1",
            "Which requests to the API X-Ray follows, with all that comes of them: a million traces"
            " cost 5 dollars. None on LocalStack, which has no sampling rules and traces what its"
            " caller asks it to.",
        ),
    ] = None
    alarms: Annotated[
        Alarms,
        About(
            f"one of {', '.join(Alarms)}",
            "With faults: dead letters, and failed runs of what runs by the clock. With all: also"
            " what AWS recommends for each resource, orders, money and service levels. Ten alarms"
            " cost a dollar a month.",
        ),
    ] = Alarms.ALL
    dashboard: Annotated[
        bool,
        About(
            "true or false",
            "A dashboard of orders, stages and resources, for 3 dollars a month. Not in dev, where"
            " there is mostly nothing to see.",
        ),
    ] = True
    alarm_period_seconds: Annotated[
        Literal[10, 30] | None,
        About(
            "none, or 10 or 30 seconds",
            "Every alarm's period, in place of its own of one minute or more: so that on LocalStack"
            " alarms are seen to come and go within a test. Those about what does not happen are"
            " left out, for in so short a time nothing has to. On AWS its metrics have no values"
            " of less than a minute.",
        ),
    ] = None
    queue_depth: Annotated[
        int,
        About(
            "a whole number above 0",
            "How many messages may be on a queue for ten minutes without an alarm.",
        ),
    ] = Field(default=1000, gt=0)
    least_orders: Annotated[
        LeastOrders | None,
        About(
            "none, or a number of orders above 0 in 1 to 1440 minutes",
            "Fewer are an alarm: nothing is placed when something should be. None where there may"
            " be no orders for hours, as in a shop with quiet nights.",
        ),
    ] = None
    canary_minutes: Annotated[
        int,
        About(
            f"{LEAST_CANARY_MINUTES} to 1440 minutes",
            "How often the canary runs, where there is one. A run has to end before the next one."
            " On LocalStack the tests run it.",
        ),
    ] = Field(default=5, ge=LEAST_CANARY_MINUTES, le=1440)
    maximum_concurrency: Annotated[
        Mapping[str, int],
        About(
            f"{LEAST_MAXIMUM_CONCURRENCY} to {GREATEST_MAXIMUM_CONCURRENCY} for each of"
            f" {', '.join(WORKERS)}, and no more in all than the account's concurrency",
            "How many batches of its queue a worker handles at once. Stripe takes about 100 calls"
            " a second, and an authorisation is two of half a second.",
        ),
    ]
    reserved_concurrency: Annotated[
        Mapping[str, int],
        About(
            "at least 1 for functions, by the name of their folder; for a worker at least its"
            " maximum concurrency; in all at most the account's concurrency less"
            f" {UNRESERVED_CONCURRENCY}",
            "So that no function takes another's share. What is not listed shares the rest.",
        ),
    ] = Field(default_factory=dict)
    retry_longest_delay_seconds: Annotated[
        int,
        About(
            "2 to 43200 seconds",
            "Where the doubling of a failed message's delays ends. On LocalStack what was broken"
            " on purpose heals in seconds.",
        ),
    ] = Field(default=300, ge=2, le=43200)
    payment_retry_longest_delay_seconds: Annotated[
        int,
        About(
            "2 to 43200 seconds",
            "The same for the payment stage, which is to outlast an outage of the provider.",
        ),
    ] = Field(default=600, ge=2, le=43200)

    def memory_of(self, folder: str) -> int:
        """Return the memory of the function in ``lambdas/{folder}``, in megabytes."""
        return self.memory_mb_of.get(folder, self.function_memory_mb)

    @property
    def is_local(self) -> bool:
        """Whether this is a deployment to LocalStack."""
        return self.environment is Environment.LOCAL

    @field_validator("environment", mode="before")
    @classmethod
    def _known_environment(cls, value: str) -> str:
        if value not in list(Environment):
            raise ValueError(f"must be {about('environment').allowed}")
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

    @field_validator("local_endpoint", "functions_endpoint", "payment_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/]+", value):
            raise ValueError("must be an address without a path, such as http://localhost:4566")
        return value

    @field_validator("runbook_url")
    @classmethod
    def _address_or_path(cls, value: str) -> str:
        # Of the characters of addresses, without those that mean something to Terraform.
        if not re.fullmatch(r"[A-Za-z0-9.:/_~?&=@-]{1,300}", value):
            raise ValueError(f"must be {about('runbook_url').allowed}")
        return value

    @model_validator(mode="after")
    def _periods_are_short_on_localstack_only(self) -> Self:
        if self.alarm_period_seconds and not self.is_local:
            raise ValueError(
                f"alarm_period_seconds is {self.alarm_period_seconds}; in the environment"
                f" {self.environment.value!r} it must be none: AWS's metrics have no values of"
                " less than a minute"
            )
        return self

    @field_validator("github_repository")
    @classmethod
    def _one_repository(cls, value: str) -> str:
        # With the ids that GitHub adds to the names of newer repositories in its tokens' subjects:
        # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
        if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@-]*/[A-Za-z0-9._@-]+", value):
            raise ValueError("must be one repository of GitHub as owner/name, without wildcards")
        return value

    @field_validator("memory_mb_of", "maximum_concurrency", "reserved_concurrency")
    @classmethod
    def _of_functions_there_are(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        if unknown := sorted(set(value) - set(FUNCTIONS)):
            raise ValueError(
                f"must not name {', '.join(unknown)}: there are {', '.join(sorted(FUNCTIONS))}"
            )
        return value

    @field_validator("memory_mb_of")
    @classmethod
    def _within_bounds_of_memory(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        for folder, memory in value.items():
            if not LEAST_MEMORY <= memory <= GREATEST_MEMORY:
                raise ValueError(f"of {folder} must be {LEAST_MEMORY} to {GREATEST_MEMORY} MB")
        return value

    @field_validator("maximum_concurrency")
    @classmethod
    def _within_lambda_bounds(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        if set(value) != set(WORKERS):
            raise ValueError(f"must have exactly {', '.join(WORKERS)}")
        for worker, maximum in value.items():
            if not LEAST_MAXIMUM_CONCURRENCY <= maximum <= GREATEST_MAXIMUM_CONCURRENCY:
                raise ValueError(
                    f"of {worker} must be between {LEAST_MAXIMUM_CONCURRENCY}"
                    f" and {GREATEST_MAXIMUM_CONCURRENCY}"
                )
        return value

    @field_validator("reserved_concurrency")
    @classmethod
    def _reserves_something(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        for folder, reserved in value.items():
            if reserved < 1:
                raise ValueError(f"of {folder} must be at least 1: with 0 it never runs")
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
            ("LOCAL_FUNCTIONS_ENDPOINT", self.functions_endpoint),
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
    def _localstacks_account_is_local(self) -> Self:
        if self.account_id == LOCAL_ACCOUNT_ID and not self.is_local:
            raise ValueError(
                f"AWS_ACCOUNT_ID is {self.account_id!r}; in the environment"
                f" {self.environment.value!r} it must be the 12 digits of an AWS account, and that"
                " is LocalStack's"
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
    def _the_canary_can_pay(self) -> Self:
        if self.canary_payment_method and not self.canary_item:
            raise ValueError(
                f"CANARY_PAYMENT_METHOD is {self.canary_payment_method!r} but CANARY_ITEM is empty;"
                " there is no canary without an item to order"
            )
        if self.canary_item and not (self.canary_payment_method or self.default_payment_method):
            raise ValueError(
                f"CANARY_PAYMENT_METHOD is empty but CANARY_ITEM is {self.canary_item!r}; in the"
                f" environment {self.environment.value!r}, which has no default payment method, it"
                " must be what the canary pays with"
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
    def _what_matters_can_be_restored(self) -> Self:
        if self.environment in {Environment.STAGING, Environment.PROD} and not (
            self.point_in_time_recovery
        ):
            raise ValueError(
                "point_in_time_recovery is False; in the environment"
                f" {self.environment.value!r} it must be True"
            )
        return self

    @model_validator(mode="after")
    def _the_firewall_says_no_before_the_api_does(self) -> Self:
        through = self.throttling.rate * FIREWALL_WINDOW_SECONDS
        if self.firewall and self.firewall.rate_per_address > through:
            raise ValueError(
                f"firewall.rate_per_address is {self.firewall.rate_per_address}; it must be at"
                f" most {through}, what the API lets through in the same five minutes"
            )
        if self.firewall and self.is_local:
            raise ValueError(
                "firewall is set; in the environment 'local' it must be none: LocalStack has no WAF"
            )
        return self

    @model_validator(mode="after")
    def _localstack_has_no_sampling_rules(self) -> Self:
        if self.trace_sampling and self.is_local:
            raise ValueError(
                "trace_sampling is set; in the environment 'local' it must be none: LocalStack has"
                " no sampling rules"
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
        reservable = max(self.account_concurrency - UNRESERVED_CONCURRENCY, 0)
        if reserved > reservable:
            raise ValueError(
                f"reserved_concurrency adds up to {reserved}; it must be at most"
                f" {reservable}: the account's {self.account_concurrency}"
                f" (ACCOUNT_CONCURRENCY) less the {UNRESERVED_CONCURRENCY} that AWS keeps"
                " unreserved. Have the quota raised, or reserve less"
            )
        at_once = sum(self.maximum_concurrency.values())
        if at_once > self.account_concurrency:
            raise ValueError(
                f"maximum_concurrency adds up to {at_once}; it must be at most the account's"
                f" {self.account_concurrency} (ACCOUNT_CONCURRENCY). Have the quota raised, or"
                " let the workers take less"
            )
        return self

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Read the settings of the environment that `variables` name.

        ``ENVIRONMENT`` is ``local`` unless set, ``ENVIRONMENT_SUFFIX`` the environment's name.
        ``AWS_ACCOUNT_ID`` must be set, except for ``local``, where it is LocalStack's.
        ``EMAIL_SENDER`` must be set, except for ``local``, and ``ALARM_ADDRESSES`` for ``prod``.
        ``AWS_REGION`` is optional, and so are ``ACCOUNT_CONCURRENCY``, ``RUNBOOK_URL``,
        ``SHOP_ADDRESSES`` and ``SHOP_EVENTS``. Addresses and events are lists separated by commas.
        ``GITHUB_REPOSITORY_NAME`` and ``GITHUB_OIDC_PROVIDER`` are for the bootstrap stack.
        ``LOCAL_ENDPOINT``, ``LOCAL_FUNCTIONS_ENDPOINT`` and ``PAYMENT_API_URL`` are read for
        ``local`` only. There is a canary where ``CANARY_ITEM`` is set (in ``local``, unless it is
        empty); ``CANARY_PAYMENT_METHOD`` goes with it where there is no default method.

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
            "ACCOUNT_CONCURRENCY": variables.get("ACCOUNT_CONCURRENCY")
            or DEFAULT_ACCOUNT_CONCURRENCY,
            "EMAIL_SENDER": variables.get("EMAIL_SENDER") or _LOCAL_SENDER.get(environment, ""),
            "ALARM_ADDRESSES": _separated(variables.get("ALARM_ADDRESSES")),
            "RUNBOOK_URL": variables.get("RUNBOOK_URL") or "docs/runbook.md",
            "SHOP_ADDRESSES": _separated(variables.get("SHOP_ADDRESSES")),
            "SHOP_EVENTS": _separated(variables.get("SHOP_EVENTS")) or FAILURES,
            "CANARY_ITEM": variables.get("CANARY_ITEM", _LOCAL_CANARY_ITEM.get(environment, "")),
            "CANARY_PAYMENT_METHOD": variables.get("CANARY_PAYMENT_METHOD", ""),
            "GITHUB_REPOSITORY_NAME": variables.get("GITHUB_REPOSITORY_NAME")
            or _LOCAL_REPOSITORY.get(environment, ""),
            "GITHUB_OIDC_PROVIDER": variables.get("GITHUB_OIDC_PROVIDER") or "new",
            # An environment that does not exist is reported as such, whatever its sizes.
            **_SIZES.get(environment, _SIZES[Environment.DEV]),
        }
        if environment == Environment.LOCAL:
            endpoint = variables.get("LOCAL_ENDPOINT") or "http://localhost:4566"
            values |= {
                "AWS_ACCOUNT_ID": LOCAL_ACCOUNT_ID,
                "LOCAL_ENDPOINT": endpoint,
                "LOCAL_FUNCTIONS_ENDPOINT": variables.get("LOCAL_FUNCTIONS_ENDPOINT") or endpoint,
                "PAYMENT_API_URL": variables.get("PAYMENT_API_URL") or "http://127.0.0.1:8420",
            }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explained(error)) from None


_LOCAL_SENDER = {Environment.LOCAL.value: "orders@example.com"}
# So that the canary is deployed with the rest, too.
_LOCAL_CANARY_ITEM = {Environment.LOCAL.value: "canary"}
# So that the roles of CI are deployed with the rest wherever that is tried.
_LOCAL_REPOSITORY = {Environment.LOCAL.value: "example/order-pipeline"}


def _separated(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",")) if value else ()


def about(field: str) -> About:
    """Return what there is to know about a setting."""
    (found,) = (each for each in Settings.model_fields[field].metadata if isinstance(each, About))
    return found


def _explained(error: ValidationError) -> str:
    """Return one sentence per mistake: the setting, its value, what is allowed."""
    sentences = []
    for mistake in error.errors():
        setting = ".".join(str(part) for part in mistake["loc"])
        value = mistake["input"]
        if mistake["type"] == "extra_forbidden":
            sentences.append(f"{setting} is {value!r}; there is no such setting.")
        elif mistake["type"] == "missing":
            sentences.append(f"{setting} is missing; it must be {_allowed(mistake['loc'])}.")
        elif not setting:  # found by comparing settings, which the message names
            sentences.append(f"{mistake['msg'].removeprefix('Value error, ')}.")
        elif mistake["type"] == "value_error":
            allowed = mistake["msg"].removeprefix("Value error, ")
            if isinstance(mistake["loc"][-1], int):  # of a list
                sentences.append(f"{mistake['loc'][0]} has {value!r}, which {allowed}.")
            else:
                sentences.append(f"{setting} is {value!r}; it {allowed}.")
        else:
            sentences.append(f"{setting} is {value!r}; it must be {_allowed(mistake['loc'])}.")
    return "\n".join(sentences)


def _allowed(location: tuple[int | str, ...]) -> str:
    """Return what the setting at a location, by name or variable, may be."""
    (field,) = (
        name
        for name, information in Settings.model_fields.items()
        if location[0] in (name, information.alias)
    )
    return about(field).allowed


# A whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_FAST = dict.fromkeys(("place_order", "orders_api", "inventory_api"), 1769)
# What they do is wait, for the payment provider and for SES.
_WAITING = dict.fromkeys(("payment", "notification"), 256)

_SIZES: Mapping[str, Mapping[str, Any]] = {
    Environment.LOCAL: {
        "default_payment_method": "pm_card_visa",
        "log_retention_days": 1,
        "function_memory_mb": 512,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        # Each evaluation is a call that LocalStack makes of itself, one after the other.
        "alarm_period_seconds": 30,
        "queue_depth": 10,
        "canary_minutes": 1440,
        # A schedule scaled down: what was broken on purpose heals in seconds.
        "retry_longest_delay_seconds": 20,
        "payment_retry_longest_delay_seconds": 20,
        "maximum_concurrency": dict.fromkeys(WORKERS, 5),
    },
    Environment.DEV: {
        "default_payment_method": "pm_card_visa",
        "log_retention_days": 7,
        "function_memory_mb": 512,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=50, burst=100),
        "trace_sampling": TraceSampling(reservoir=1, rate=1),
        "alarms": Alarms.FAULTS,
        "dashboard": False,
        # A new account has 10 concurrent executions in all.
        "maximum_concurrency": dict.fromkeys(WORKERS, 2),
    },
    Environment.STAGING: {
        "log_retention_days": 14,
        "function_memory_mb": 512,
        "memory_mb_of": _FAST | _WAITING,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        "firewall": Firewall(rate_per_address=300_000),
        "trace_sampling": TraceSampling(reservoir=0, rate=0.05),
        "maximum_concurrency": dict.fromkeys(WORKERS, 50),
    },
    Environment.PROD: {
        "platform_log_level": "WARN",
        "log_retention_days": 90,
        "function_memory_mb": 512,
        "memory_mb_of": _FAST | _WAITING,
        "point_in_time_recovery": True,
        "throttling": Throttling(rate=1000, burst=2000),
        "firewall": Firewall(rate_per_address=150_000),
        "trace_sampling": TraceSampling(reservoir=0, rate=0.05),
        # In the quietest half hour of the night there is one.
        "least_orders": LeastOrders(orders=1, minutes=30),
        "maximum_concurrency": {
            "intake_drain": 50,
            "validation": 100,
            "inventory": 100,
            # An authorisation is two calls of half a second; by default Stripe takes 100 calls a
            # second, perhaps 25 of each kind: docs/benchmarks/simulation.md has what fits to that.
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
            # One run at a time: the next one cancels what it finds open.
            "canary": 1,
            "validation": 100,
            "inventory": 100,
            "payment": 60,
            "notification": 100,
        },
    },
}
