"""Settings are valid once they exist; a wrong one is explained in a sentence."""

import runpy
from pathlib import Path

import pytest
from pydantic import ValidationError

from stacks.settings import Settings, SettingsError, Throttling
from tests.stacks.synthesised import ENVIRONMENTS, settings_of

PROJECT = Path(__file__).resolve().parents[2]
DEV = {
    "ENVIRONMENT": "dev",
    "AWS_ACCOUNT_ID": "123456789012",
    "EMAIL_SENDER": "orders@example.com",
}


def test_without_any_variable_the_environment_is_local() -> None:
    settings = Settings.from_environment({})
    assert settings.environment == "local"
    assert settings.suffix == "local"
    assert settings.account_id == "000000000000"
    assert settings.local_endpoint == "http://localhost:4566"
    assert settings.payment_api_url == "http://127.0.0.1:8420"


def test_local_is_always_localstacks_account() -> None:
    settings = Settings.from_environment({"AWS_ACCOUNT_ID": "123456789012"})
    assert settings.account_id == "000000000000"


def test_the_suffix_is_the_environment_unless_set() -> None:
    assert Settings.from_environment(DEV).suffix == "dev"
    assert Settings.from_environment(DEV | {"ENVIRONMENT_SUFFIX": "dev-ann"}).suffix == "dev-ann"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_stand_ins_are_not_even_read_outside_local(environment: str) -> None:
    settings = settings_of(
        environment, LOCAL_ENDPOINT="http://localhost:4566", PAYMENT_API_URL="http://localhost:1"
    )
    assert settings.local_endpoint == ""
    assert settings.payment_api_url == ""


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_local_and_dev_charge_a_default_method(environment: str) -> None:
    expected = "pm_card_visa" if environment in {"local", "dev"} else ""
    assert settings_of(environment).default_payment_method == expected


def test_prod_carries_the_shop_and_keeps_what_happened() -> None:
    prod = settings_of("prod")
    assert prod.throttling.rate >= 1000
    assert prod.throttling.burst >= 2000
    assert prod.point_in_time_recovery
    assert prod.log_retention_days > settings_of("dev").log_retention_days == 7
    assert set(prod.reserved_concurrency) > set(prod.maximum_concurrency)


def test_alarm_addresses_are_separated_by_commas() -> None:
    settings = settings_of("dev", ALARM_ADDRESSES="ops@example.com,shop@example.com")
    assert settings.alarm_addresses == ("ops@example.com", "shop@example.com")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings_of("dev").suffix = "prod"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"ENVIRONMENT": "production"},
            "ENVIRONMENT is 'production'; it must be one of local, dev, staging, prod.",
        ),
        (
            {"AWS_ACCOUNT_ID": ""},
            "AWS_ACCOUNT_ID is ''; it must be the 12 digits of the AWS account to deploy to.",
        ),
        (
            {"AWS_ACCOUNT_ID": "1234"},
            "AWS_ACCOUNT_ID is '1234'; it must be the 12 digits of the AWS account to deploy to.",
        ),
        (
            {"AWS_REGION": "us-east-1"},
            (
                "AWS_REGION is 'us-east-1'; it must be eu-west-2:"
                " the pipeline is deployed to London only."
            ),
        ),
        *(
            (
                {"ENVIRONMENT_SUFFIX": suffix},
                f"ENVIRONMENT_SUFFIX is '{suffix}'; it must be 1 to 20 lower-case letters,",
            )
            for suffix in ("Dev", "dev_ann", "-dev", "dev-", "dev--ann", "1dev", "d" * 21, "dév")
        ),
        (
            {"ENVIRONMENT_SUFFIX": "prod"},
            (
                "ENVIRONMENT_SUFFIX is 'prod' but ENVIRONMENT is 'dev';"
                " the suffix 'prod' is reserved for the environment 'prod'."
            ),
        ),
        (
            {"EMAIL_SENDER": "Orders"},
            "EMAIL_SENDER is 'Orders'; it must be an e-mail address, such as orders@example.com.",
        ),
        (
            {"SHOP_ADDRESSES": "shop@example.com,07700900123"},
            "SHOP_ADDRESSES is ('shop@example.com', '07700900123'); it must be e-mail addresses",
        ),
        (
            {"SHOP_ADDRESSES": "shop@"},
            "SHOP_ADDRESSES is ('shop@',); it must be an e-mail address",
        ),
        (
            {"EMAIL_SENDER": ""},
            "EMAIL_SENDER is ''; it must be an e-mail address, such as orders@example.com.",
        ),
        (
            {"SHOP_EVENTS": "OrderPlaced,OrderLost"},
            "SHOP_EVENTS is ('OrderPlaced', 'OrderLost'); it must be of OrderPlaced, OrderVal",
        ),
        (
            {"ALARM_ADDRESSES": "ops@example.com,ops"},
            "ALARM_ADDRESSES is ('ops@example.com', 'ops'); it must be an e-mail address",
        ),
        (
            {"ENVIRONMENT": "local", "LOCAL_ENDPOINT": "localhost:4566"},
            "LOCAL_ENDPOINT is 'localhost:4566'; it must be an address without a path",
        ),
        (
            {"ENVIRONMENT": "local", "PAYMENT_API_URL": "http://localhost:8420/v1"},
            "PAYMENT_API_URL is 'http://localhost:8420/v1'; it must be an address without a path",
        ),
    ],
)
def test_a_wrong_variable_is_explained(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(DEV | variables)
    assert sentence in str(raised.value)


def test_every_wrong_variable_is_explained_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(
            {"ENVIRONMENT": "dev", "AWS_REGION": "us-east-1", "ENVIRONMENT_SUFFIX": "x_y"}
        )
    assert [sentence.partition(" ")[0] for sentence in str(raised.value).splitlines()] == [
        "ENVIRONMENT_SUFFIX",
        "AWS_ACCOUNT_ID",
        "AWS_REGION",
        "EMAIL_SENDER",
    ]


@pytest.mark.parametrize(
    ("environment", "changes", "sentence"),
    [
        (
            "prod",
            {"throttling": Throttling(rate=999, burst=2000)},
            (
                "throttling is 999/s with a burst of 2000; in the environment 'prod' it must be at"
                " least 1000/s with a burst of 2000"
            ),
        ),
        (
            "staging",
            {"default_payment_method": "pm_card_visa"},
            (
                "default_payment_method is 'pm_card_visa'; in the environment 'staging' it must be"
                " empty (only local and dev have one)"
            ),
        ),
        (
            "dev",
            {"PAYMENT_API_URL": "http://127.0.0.1:8420"},
            "PAYMENT_API_URL is 'http://127.0.0.1:8420'; in the environment 'dev' it must be empty",
        ),
        (
            "local",
            {"LOCAL_ENDPOINT": ""},
            "LOCAL_ENDPOINT is ''; in the environment 'local' it must be an address",
        ),
        (
            "dev",
            {"maximum_concurrency": {"payment": 1}},
            "must be between 2 and 1000",
        ),
        (
            "prod",
            {"reserved_concurrency": {"payment": 59}},
            (
                "reserved_concurrency of payment is 59;"
                " it must be at least its maximum_concurrency, 60"
            ),
        ),
        (
            "prod",
            {"account_concurrency": 800},
            (
                "reserved_concurrency adds up to 834; it must be at most 700:"
                " the account's 800 less the 100 that AWS keeps unreserved"
            ),
        ),
        ("prod", {"log_retention_days": 8}, "log_retention_days"),
        ("prod", {"colour": "blue"}, "colour"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    environment: str, changes: dict[str, object], sentence: str
) -> None:
    # given
    values = settings_of(environment).model_dump(by_alias=True)
    # when, then
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate(values | changes)
    assert sentence in str(raised.value)


def test_somebody_hears_of_prods_alarms() -> None:
    with pytest.raises(SettingsError, match="ALARM_ADDRESSES is empty; in the environment 'prod'"):
        settings_of("prod", ALARM_ADDRESSES="")


def test_synthesis_stops_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("ENVIRONMENT", "prod")
    monkeypatch.setenv("EMAIL_SENDER", "orders@example.com")
    monkeypatch.setenv("ALARM_ADDRESSES", "ops@example.com")
    monkeypatch.delenv("AWS_ACCOUNT_ID", raising=False)
    # when
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(PROJECT / "main.py"), run_name="__main__")
    # then: Python prints it and exits with 1
    assert stopped.value.code == (
        "AWS_ACCOUNT_ID is ''; it must be the 12 digits of the AWS account to deploy to."
    )
