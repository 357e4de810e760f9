"""What an account still lacks: its quotas, its sandboxes, and what bootstrap makes.

Every check asks one service one thing. A check that gets no answer says so, and is not taken for a
good one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from stacks.base import boundary_name, state_bucket_name
from stacks.names import Names
from stacks.order_cost import EVENTS, MOST_WRITE_UNITS
from stacks.settings import UNRESERVED_CONCURRENCY, Settings


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    TO_DO = "to do"
    UNREAD = "?"


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    check: str
    state: State
    found: str
    to_do: str = ""


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas, and what this environment needs of it.

    The codes are the same in every region; ``aws service-quotas list-service-quotas
    --service-code sns`` lists them.
    """

    check: str
    service: str
    code: str
    needed: float
    unit: str


class Account(Protocol):
    """The account that is looked at."""

    def client(self, service: str, /) -> Any:
        """Return a client of a service, by boto3's name."""


def look(account: Account, settings: Settings) -> Iterator[Finding]:
    """Check an account against what an environment needs, one finding for each check."""
    names = Names(settings.suffix, settings.account_id, settings.region)
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("credentials", lambda: _credentials(account, settings)),
        ("bootstrap: state bucket", lambda: _state_bucket(account, settings)),
        ("bootstrap: boundary of roles", lambda: _boundary(account, settings)),
        ("bootstrap: API Gateway's logs", lambda: _api_logging(account, settings)),
        ("e-mail sender", lambda: _sender(account, settings)),
        ("e-mail sandbox", lambda: _mail_sandbox(account)),
        ("SMS sandbox", lambda: _sms_sandbox(account)),
        ("SMS spend limit", lambda: _sms_spend(account)),
        ("Lambda concurrency", lambda: _concurrency(account, settings)),
        *((quota.check, _reader(account, quota)) for quota in quotas(settings)),
        ("payment secret", lambda: _payment_secret(account, names)),
    ]
    for name, check in checks:
        try:
            yield check()
        except (ClientError, BotoCoreError) as error:
            yield Finding(name, State.UNREAD, f"could not be read: {error}")


def quotas(settings: Settings) -> tuple[Quota, ...]:
    """Return the quotas to raise before anything else, and what an environment needs of each."""
    rate, burst = settings.throttling.rate, settings.throttling.burst
    return (
        Quota("SNS publishes", "sns", "L-F8E2BA85", rate * EVENTS, "messages/s"),
        Quota(
            "DynamoDB writes of a table",
            "dynamodb",
            "L-AB614373",
            rate * MOST_WRITE_UNITS,
            "write units/s",
        ),
        Quota("API Gateway rate", "apigateway", "L-8A5B8E43", rate, "requests/s"),
        Quota("API Gateway burst", "apigateway", "L-CDF5615A", burst, "requests"),
    )


def needed_concurrency(settings: Settings) -> int:
    """Return how many concurrent executions an environment needs in all."""
    reserved = sum(settings.reserved_concurrency.values())
    if reserved:
        return reserved + UNRESERVED_CONCURRENCY
    return sum(settings.maximum_concurrency.values())


def _credentials(account: Account, settings: Settings) -> Finding:
    caller = account.client("sts").get_caller_identity()
    found = f"{caller['Arn']} in {settings.region}"
    if caller["Account"] == settings.account_id:
        return Finding("credentials", State.OK, found)
    return Finding(
        "credentials",
        State.TO_DO,
        found,
        f"AWS_ACCOUNT_ID is {settings.account_id}: use credentials of that account, or correct it.",
    )


def _state_bucket(account: Account, settings: Settings) -> Finding:
    bucket = state_bucket_name(settings)
    return _there(
        "bootstrap: state bucket",
        bucket,
        lambda: account.client("s3").head_bucket(Bucket=bucket),
        _bootstrap(settings),
    )


def _boundary(account: Account, settings: Settings) -> Finding:
    name = boundary_name(settings)
    arn = f"arn:aws:iam::{settings.account_id}:policy/{name}"
    return _there(
        "bootstrap: boundary of roles",
        name,
        lambda: account.client("iam").get_policy(PolicyArn=arn),
        _bootstrap(settings),
    )


def _api_logging(account: Account, settings: Settings) -> Finding:
    role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    if role:
        return Finding("bootstrap: API Gateway's logs", State.OK, f"written as {role}")
    return Finding(
        "bootstrap: API Gateway's logs", State.TO_DO, "there is no role", _bootstrap(settings)
    )


def _sender(account: Account, settings: Settings) -> Finding:
    sender = settings.email_sender
    attributes = account.client("ses").get_identity_verification_attributes(Identities=[sender])
    status = attributes["VerificationAttributes"].get(sender, {}).get("VerificationStatus")
    match status:
        case "Success":
            return Finding("e-mail sender", State.OK, f"{sender} is verified")
        case None:
            return Finding(
                "e-mail sender", State.TO_DO, f"{sender} is not registered", _bootstrap(settings)
            )
    return Finding(
        "e-mail sender",
        State.TO_DO,
        f"{sender}: {status}",
        "Follow the link in the e-mail that SES sent there.",
    )


def _mail_sandbox(account: Account) -> Finding:
    sending = account.client("sesv2").get_account()
    if sending["ProductionAccessEnabled"]:
        quota = sending["SendQuota"]
        found = f"{quota['Max24HourSend']:.0f} a day, {quota['MaxSendRate']:.0f} a second"
        return Finding("e-mail sandbox", State.OK, f"left; {found}")
    return Finding(
        "e-mail sandbox",
        State.TO_DO,
        "e-mails reach verified addresses only, 200 a day",
        "Ask for production access: SES console, Account dashboard (about a day).",
    )


def _sms_sandbox(account: Account) -> Finding:
    if not account.client("sns").get_sms_sandbox_account_status()["IsInSandbox"]:
        return Finding("SMS sandbox", State.OK, "left")
    return Finding(
        "SMS sandbox",
        State.TO_DO,
        "messages reach verified numbers only",
        "Ask to leave it: SNS console, Text messaging (about a day).",
    )


def _sms_spend(account: Account) -> Finding:
    found = account.client("sns").get_sms_attributes(attributes=["MonthlySpendLimit"])
    limit = found["attributes"].get("MonthlySpendLimit")
    # What an account begins with; enough for about 25 messages to the United Kingdom.
    if limit is not None and float(limit) > 1:
        return Finding("SMS spend limit", State.OK, f"{limit} USD a month")
    return Finding(
        "SMS spend limit",
        State.TO_DO,
        f"{limit or 1} USD a month, as in every new account",
        "Ask for more in the Support Center (SNS Text Messaging), then set MonthlySpendLimit.",
    )


def _concurrency(account: Account, settings: Settings) -> Finding:
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    has, needed = limits["ConcurrentExecutions"], needed_concurrency(settings)
    found = f"{has} concurrent executions; {settings.environment} needs {needed}"
    if has >= needed:
        return Finding("Lambda concurrency", State.OK, found)
    return Finding("Lambda concurrency", State.TO_DO, found, _raise("lambda", "L-B99A9384", needed))


def _reader(account: Account, quota: Quota) -> Callable[[], Finding]:
    return lambda: _quota(account, quota)


def _quota(account: Account, quota: Quota) -> Finding:
    """Compare a quota with what is needed; one that was never changed is AWS's default."""
    client = account.client("service-quotas")
    wanted = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        value = client.get_service_quota(**wanted)["Quota"]["Value"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NoSuchResourceException":
            raise
        value = client.get_aws_default_service_quota(**wanted)["Quota"]["Value"]
    found = f"{value:.0f} {quota.unit}; {quota.needed:.0f} are needed at peak"
    if value >= quota.needed:
        return Finding(quota.check, State.OK, found)
    return Finding(quota.check, State.TO_DO, found, _raise(quota.service, quota.code, quota.needed))


def _payment_secret(account: Account, names: Names) -> Finding:
    """Say whether the secret has a value, without reading it."""
    secret = names.of("payment", "secret")
    client = account.client("secretsmanager")
    try:
        versions = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return Finding(
            "payment secret", State.TO_DO, f"{secret} does not exist", "Deploy: make deploy."
        )
    if any("AWSCURRENT" in stages for stages in versions.values()):
        return Finding("payment secret", State.OK, f"{secret} has a value")
    return Finding(
        "payment secret",
        State.TO_DO,
        f"{secret} is empty",
        "Put the provider's key in: aws secretsmanager put-secret-value (docs/deploying.md).",
    )


def _there(check: str, name: str, ask: Callable[[], object], to_do: str) -> Finding:
    try:
        ask()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in {
            "404",
            "NoSuchBucket",
            "NoSuchEntity",
        }:
            raise
        return Finding(check, State.TO_DO, f"{name} does not exist", to_do)
    return Finding(check, State.OK, name)


def _bootstrap(settings: Settings) -> str:
    return f"make bootstrap ENVIRONMENT={settings.environment}"


def _raise(service: str, code: str, needed: float) -> str:
    return (
        "aws service-quotas request-service-quota-increase"
        f" --service-code {service} --quota-code {code} --desired-value {needed:.0f}"
    )
