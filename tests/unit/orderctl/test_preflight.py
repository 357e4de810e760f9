import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber
from typer.testing import CliRunner

from orderctl.__main__ import app
from orderctl.preflight import Finding, State, look, needed_concurrency, quotas
from tests.stacks.synthesised import settings_of

type Answer = dict[str, Any] | str
"""What a service answers: its response, or the code of an error."""

QUOTA_CODES = ("L-F8E2BA85", "L-AB614373", "L-8A5B8E43", "L-CDF5615A")

READY: dict[str, dict[str, Answer]] = {
    "sts": {
        "get_caller_identity": {
            "Account": "123456789012",
            "Arn": "arn:aws:iam::123456789012:user/ann",
        }
    },
    "s3": {"head_bucket": {}},
    "iam": {"get_policy": {"Policy": {}}},
    "apigateway": {"get_account": {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/x"}},
    "ses": {
        "get_identity_verification_attributes": {
            "VerificationAttributes": {"orders@example.com": {"VerificationStatus": "Success"}}
        }
    },
    "sesv2": {
        "get_account": {
            "ProductionAccessEnabled": True,
            "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0},
        }
    },
    "sns": {
        "get_sms_sandbox_account_status": {"IsInSandbox": False},
        "get_sms_attributes": {"attributes": {"MonthlySpendLimit": "50"}},
    },
    "lambda": {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 1000}}},
    "service-quotas": {"get_service_quota": {"Quota": {"Value": 40_000.0}}},
    "secretsmanager": {"describe_secret": {"VersionIdsToStages": {"0" * 32: ["AWSCURRENT"]}}},
}
"""An account in which nothing is to be done."""


class FakeAccount:
    """An account whose services answer what they are told, through botocore."""

    def __init__(self, answers: Mapping[str, Mapping[str, Answer]]) -> None:
        self._answers = answers
        self.names = SimpleNamespace(account_id="123456789012", suffix="dev")

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        client = make(
            service,
            region_name="eu-west-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        return FakeService(client, self._answers[service])


class FakeService:
    """A client that answers each operation as it was told, in whatever order they come."""

    def __init__(self, client: Any, answers: Mapping[str, Answer]) -> None:
        self._client, self._answers = client, answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            stubber = Stubber(self._client)
            answer = self._answers[operation]
            if isinstance(answer, str):
                stubber.add_client_error(operation, answer, f"{answer} it is")
            else:
                stubber.add_response(operation, answer)
            with stubber:
                return getattr(self._client, operation)(**arguments)

        return call


def found(
    check: str, changed: Mapping[str, Mapping[str, Answer]], environment: str = "dev"
) -> Finding:
    """Return what one check finds in an account that is ready but for what is changed."""
    account = FakeAccount({**READY, **changed})
    (finding,) = [each for each in look(account, settings_of(environment)) if each.check == check]
    return finding


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_an_account_that_is_ready_has_nothing_to_do(environment: str) -> None:
    account = FakeAccount(
        READY
        | {"lambda": {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 9999}}}}
    )
    findings = list(look(account, settings_of(environment)))
    assert [each for each in findings if each.state is not State.OK] == []
    assert len({each.check for each in findings}) == len(findings) == 14


@pytest.mark.parametrize(
    ("check", "changed", "to_do"),
    [
        (
            "credentials",
            {
                "sts": {
                    "get_caller_identity": {
                        "Account": "999999999999",
                        "Arn": "arn:aws:iam::999999999999:user/ann",
                    }
                }
            },
            "AWS_ACCOUNT_ID is 123456789012",
        ),
        ("bootstrap: state bucket", {"s3": {"head_bucket": "404"}}, "make bootstrap"),
        ("bootstrap: boundary of roles", {"iam": {"get_policy": "NoSuchEntity"}}, "make bootstrap"),
        ("bootstrap: API Gateway's logs", {"apigateway": {"get_account": {}}}, "make bootstrap"),
        (
            "e-mail sender",
            {"ses": {"get_identity_verification_attributes": {"VerificationAttributes": {}}}},
            "make bootstrap ENVIRONMENT=dev",
        ),
        (
            "e-mail sender",
            {
                "ses": {
                    "get_identity_verification_attributes": {
                        "VerificationAttributes": {
                            "orders@example.com": {"VerificationStatus": "Pending"}
                        }
                    }
                }
            },
            "Follow the link",
        ),
        (
            "e-mail sandbox",
            {"sesv2": {"get_account": {"ProductionAccessEnabled": False}}},
            "Ask for production access",
        ),
        (
            "SMS sandbox",
            {"sns": READY["sns"] | {"get_sms_sandbox_account_status": {"IsInSandbox": True}}},
            "Ask to leave it",
        ),
        (
            "SMS spend limit",
            {"sns": READY["sns"] | {"get_sms_attributes": {"attributes": {}}}},
            "Ask for more",
        ),
        (
            "Lambda concurrency",
            {"lambda": {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 2}}}},
            "--service-code lambda --quota-code L-B99A9384",
        ),
        (
            "SNS publishes",
            {"service-quotas": {"get_service_quota": {"Quota": {"Value": 100.0}}}},
            "--service-code sns --quota-code L-F8E2BA85 --desired-value",
        ),
        (
            "payment secret",
            {"secretsmanager": {"describe_secret": {"VersionIdsToStages": {}}}},
            "put-secret-value",
        ),
        (
            "payment secret",
            {"secretsmanager": {"describe_secret": "ResourceNotFoundException"}},
            "make deploy",
        ),
    ],
)
def test_what_is_missing_says_what_to_do(
    check: str, changed: Mapping[str, Mapping[str, Answer]], to_do: str
) -> None:
    finding = found(check, changed)
    assert finding.state is State.TO_DO
    assert to_do in finding.to_do


def test_a_quota_that_was_never_changed_is_the_default_one() -> None:
    default: dict[str, Answer] = {
        "get_service_quota": "NoSuchResourceException",
        "get_aws_default_service_quota": {"Quota": {"Value": 300.0}},
    }
    assert found("SNS publishes", {"service-quotas": default}).state is State.OK
    finding = found("SNS publishes", {"service-quotas": default}, "prod")
    assert finding.state is State.TO_DO
    assert finding.to_do.endswith("--desired-value 4000")


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("e-mail sandbox", {"sesv2": {"get_account": "InternalFailure"}}),
        ("bootstrap: state bucket", {"s3": {"head_bucket": "403"}}),
        ("SNS publishes", {"service-quotas": {"get_service_quota": "AccessDeniedException"}}),
        ("payment secret", {"secretsmanager": {"describe_secret": "AccessDeniedException"}}),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_good(
    check: str, changed: Mapping[str, Mapping[str, Answer]]
) -> None:
    finding = found(check, changed)
    assert finding.state is State.UNREAD
    assert finding.found.startswith("could not be read: An error occurred")


def test_without_credentials_nothing_can_be_read() -> None:
    class Nobody:
        def client(self, _service: str) -> Any:
            raise NoCredentialsError

    findings = list(look(Nobody(), settings_of("dev")))
    assert {each.state for each in findings} == {State.UNREAD}
    assert len(findings) == 14


def test_what_is_needed_follows_from_the_settings() -> None:
    prod = settings_of("prod")
    needed = {quota.code: quota.needed for quota in quotas(prod)}
    assert tuple(needed) == QUOTA_CODES
    assert needed["L-8A5B8E43"] == prod.throttling.rate
    assert needed["L-CDF5615A"] == prod.throttling.burst
    # Four events of each order, and seven units of the orders table: test_order_cost.py counts.
    assert needed["L-F8E2BA85"] == 4 * prod.throttling.rate
    assert needed["L-AB614373"] == 7 * prod.throttling.rate
    assert needed_concurrency(prod) == sum(prod.reserved_concurrency.values()) + 100
    # A new account has ten executions in all.
    assert needed_concurrency(settings_of("dev")) <= 10


@pytest.mark.parametrize(
    ("unready", "status"),
    [({}, 0), ({"s3": {"head_bucket": "404"}}, 1), ({"sesv2": {"get_account": "501"}}, 3)],
    ids=["ready", "something to do", "something unread"],
)
def test_the_command_ends_with_what_it_found(
    unready: Mapping[str, Mapping[str, Answer]], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    account: Any = FakeAccount({**READY, **unready})
    monkeypatch.setattr(
        "orderctl.deployment.Deployment.from_environment", staticmethod(lambda: account)
    )
    variables = {
        "ENVIRONMENT": "dev",
        "AWS_ACCOUNT_ID": "123456789012",
        "EMAIL_SENDER": "orders@example.com",
        "COLUMNS": "200",
    }
    # when
    done = CliRunner(env=variables).invoke(app, ["preflight"])
    # then
    assert done.exit_code == status, done.output
    assert "Lambda concurrency: 1000 concurrent executions" in done.output
    assert "Traceback" not in done.output
    # and for a program
    done = CliRunner(env=variables).invoke(app, ["preflight", "--json"])
    assert done.exit_code == status
    found = {each["check"]: each for each in json.loads(done.stdout)}
    assert found["Lambda concurrency"]["state"] == "ok"


def test_a_setting_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    account: Any = FakeAccount(READY)
    monkeypatch.setattr(
        "orderctl.deployment.Deployment.from_environment", staticmethod(lambda: account)
    )
    done = CliRunner(env={"ENVIRONMENT": "dev", "EMAIL_SENDER": ""}).invoke(app, ["preflight"])
    assert done.exit_code == 2
    assert "EMAIL_SENDER is ''" in done.output
