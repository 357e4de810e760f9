"""Settings are valid once they exist; a wrong one is explained in a sentence."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from stacks import settings
from stacks.settings import FUNCTIONS, WORKERS, Alarms, Settings, SettingsError, about
from stacks.settings_reference import REFERENCE, reference
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ENVIRONMENTS, Deployment, settings_of

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
    assert settings.local_endpoint == settings.functions_endpoint == "http://localhost:4566"
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
        environment,
        LOCAL_ENDPOINT="http://localhost:4566",
        LOCAL_FUNCTIONS_ENDPOINT="http://localstack:4566",
        PAYMENT_API_URL="http://localhost:1",
    )
    assert settings.local_endpoint == settings.functions_endpoint == ""
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


def test_spaces_after_commas_are_no_part_of_what_is_separated() -> None:
    settings = settings_of(
        "dev",
        ALARM_ADDRESSES="ops@example.com, shop@example.com ",
        SHOP_ADDRESSES="o'brien+shop@mail.example.com, +447700900123",
        SHOP_EVENTS="OrderPlaced, OrderShipped",
    )
    assert settings.alarm_addresses == ("ops@example.com", "shop@example.com")
    assert settings.shop_addresses == ("o'brien+shop@mail.example.com", "+447700900123")
    assert settings.shop_events == ("OrderPlaced", "OrderShipped")


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
        *(
            (
                {"GITHUB_REPOSITORY_NAME": name},
                f"GITHUB_REPOSITORY_NAME is '{name}'; it must be one repository of GitHub",
            )
            for name in ("shop", "example/*", "example/shop:ref", "*/shop", "example/shop/more")
        ),
        (
            {"GITHUB_OIDC_PROVIDER": "yes"},
            "GITHUB_OIDC_PROVIDER is 'yes'; it must be new, or existing where the account has",
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
            "SHOP_ADDRESSES has '07700900123', which must be an e-mail address or a phone number",
        ),
        (
            {"SHOP_ADDRESSES": "shop@"},
            "SHOP_ADDRESSES has 'shop@', which must be an e-mail address, such as",
        ),
        *(
            (
                {"RUNBOOK_URL": address},
                f"RUNBOOK_URL is {address!r}; it must be an address or a path without spaces and #",
            )
            for address in ("docs/my runbook.md", "https://x/runbook#top", "https://x/${y}")
        ),
        (
            {"EMAIL_SENDER": ""},
            "EMAIL_SENDER is ''; it must be an e-mail address, such as orders@example.com.",
        ),
        (
            {"SHOP_EVENTS": "OrderPlaced,OrderLost"},
            "SHOP_EVENTS has 'OrderLost', which must be of OrderPlaced, OrderValidated,",
        ),
        (
            {"ALARM_ADDRESSES": "ops@example.com,ops"},
            "ALARM_ADDRESSES has 'ops', which must be an e-mail address, such as orders@",
        ),
        (
            {"ALARM_ADDRESSES": "ops@example.com,"},
            "ALARM_ADDRESSES has '', which must be an e-mail address, such as orders@",
        ),
        *(
            (
                {"EMAIL_SENDER": address},
                f"EMAIL_SENDER is {address!r}; it must be an e-mail address, such as orders@",
            )
            for address in (
                "*@shop.example",
                "orders?@shop.example",
                "orders@*.example",
                "${foo}@shop.example",
                "%{foo}@shop.example",
                "orders@${foo}.example",
                "orders/x@shop.example",
                'or"ders@shop.example',
                "orders@shop.example\n",
            )
        ),
        (
            {"AWS_ACCOUNT_ID": "000000000000"},
            (
                "AWS_ACCOUNT_ID is '000000000000'; in the environment 'dev' it must be the 12"
                " digits of an AWS account, and that is LocalStack's."
            ),
        ),
        *(
            (
                {"ACCOUNT_CONCURRENCY": quota},
                f"ACCOUNT_CONCURRENCY is '{quota}'; it must be a whole number, 10 to 1000000: the",
            )
            for quota in ("9", "many", "1000.5", "-1", "1000001")
        ),
        (
            {"CANARY_ITEM": "tea pot"},
            "CANARY_ITEM is 'tea pot'; it must be the id of an item, such as canary, or nothing.",
        ),
        (
            {"CANARY_ITEM": "canary", "CANARY_PAYMENT_METHOD": "4242424242424242"},
            "CANARY_PAYMENT_METHOD is '4242424242424242'; it must be a payment method's token such",
        ),
        (
            {"CANARY_PAYMENT_METHOD": "pm_card_visa"},
            (
                "CANARY_PAYMENT_METHOD is 'pm_card_visa' but CANARY_ITEM is empty; there is no"
                " canary without an item to order."
            ),
        ),
        (
            {"ENVIRONMENT": "local", "LOCAL_FUNCTIONS_ENDPOINT": "localstack:4566"},
            "LOCAL_FUNCTIONS_ENDPOINT is 'localstack:4566'; it must be an address without a path",
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


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_is_a_canary_where_an_item_is_set_aside_for_it(environment: str) -> None:
    # given: nothing said about it
    untold = Settings.from_environment(
        DEV | {"ENVIRONMENT": environment, "ALARM_ADDRESSES": "ops@example.com"}
    )
    # then
    assert untold.canary_item == ("canary" if environment == "local" else "")
    assert settings_of(environment, CANARY_ITEM="TEA-1").canary_item == "TEA-1"
    assert settings_of(environment, CANARY_ITEM="", CANARY_PAYMENT_METHOD="").canary_item == ""


def test_where_there_is_a_default_method_the_canary_needs_none() -> None:
    settings = Settings.from_environment(DEV | {"CANARY_ITEM": "canary"})
    assert (settings.canary_item, settings.canary_payment_method) == ("canary", "")


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_where_there_is_no_default_method_the_canary_needs_one(environment: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_of(environment, CANARY_PAYMENT_METHOD="")
    assert str(raised.value) == (
        "CANARY_PAYMENT_METHOD is empty but CANARY_ITEM is 'canary'; in the environment"
        f" '{environment}', which has no default payment method, it must be what the canary pays"
        " with."
    )


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


WORKERS_OF_PROD = settings_of("prod").maximum_concurrency


@pytest.mark.parametrize(
    ("environment", "changes", "sentence"),
    [
        (
            "prod",
            {"throttling": {"rate": 999, "burst": 2000}},
            (
                "throttling is 999/s with a burst of 2000; in the environment 'prod' it must be at"
                " least 1000/s with a burst of 2000."
            ),
        ),
        (
            "prod",
            {"throttling": {"rate": 1000, "burst": 1999}},
            "throttling is 1000/s with a burst of 1999; in the environment 'prod' it must be",
        ),
        (
            "dev",
            {"throttling": {"rate": 0, "burst": 10}},
            "throttling.rate is 0; it must be a rate per second and a burst above 0;",
        ),
        (
            "staging",
            {"default_payment_method": "pm_card_visa"},
            (
                "default_payment_method is 'pm_card_visa'; in the environment 'staging' it must be"
                " empty (only local and dev have one)."
            ),
        ),
        (
            "prod",
            {"default_payment_method": "pm_card_visa"},
            "default_payment_method is 'pm_card_visa'; in the environment 'prod' it must be empty",
        ),
        (
            "dev",
            {"PAYMENT_API_URL": "http://127.0.0.1:8420"},
            "PAYMENT_API_URL is 'http://127.0.0.1:8420'; in the environment 'dev' it must be empty",
        ),
        (
            "prod",
            {"maximum_concurrency": {**WORKERS_OF_PROD, "payment": 1}},
            "it of payment must be between 2 and 1000.",
        ),
        (
            "prod",
            {"maximum_concurrency": {"payment": 5}},
            f"must have exactly {', '.join(WORKERS)}.",
        ),
        (
            "prod",
            {"maximum_concurrency": {**WORKERS_OF_PROD, "shipping": 5}},
            "must not name shipping: there are canary, event_publisher,",
        ),
        (
            "dev",
            {"ACCOUNT_CONCURRENCY": 10, "maximum_concurrency": dict.fromkeys(WORKERS_OF_PROD, 3)},
            (
                "maximum_concurrency adds up to 15; it must be at most the account's 10"
                " (ACCOUNT_CONCURRENCY). Have the quota raised, or let the workers take less."
            ),
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
            {"reserved_concurrency": {"place_order": 0}},
            "it of place_order must be at least 1: with 0 it never runs.",
        ),
        (
            "prod",
            {"reserved_concurrency": {"shipping": 5}},
            "must not name shipping: there are canary, event_publisher,",
        ),
        (
            "prod",
            {"ACCOUNT_CONCURRENCY": 800},
            (
                "reserved_concurrency adds up to 835; it must be at most 700: the account's 800"
                " (ACCOUNT_CONCURRENCY) less the 100 that AWS keeps unreserved. Have the quota"
                " raised, or reserve less."
            ),
        ),
        (
            "prod",
            {"log_retention_days": 8},
            "log_retention_days is 8; it must be one of 1, 3, 5, 7, 14, 30, 60,",
        ),
        ("prod", {"log_level": "LOUD"}, "log_level is 'LOUD'; it must be DEBUG or INFO."),
        (
            "prod",
            {"function_memory_mb": 64},
            "function_memory_mb is 64; it must be 128 to 10240 MB.",
        ),
        (
            "prod",
            {"memory_mb_of": {"payment": 20_000}},
            "memory_mb_of is {'payment': 20000}; it of payment must be 128 to 10240 MB.",
        ),
        (
            "prod",
            {"memory_mb_of": {"shipping": 512}},
            "memory_mb_of is {'shipping': 512}; it must not name shipping: there are",
        ),
        (
            "prod",
            {"point_in_time_recovery": False},
            "point_in_time_recovery is False; in the environment 'prod' it must be True.",
        ),
        (
            "dev",
            {"point_in_time_recovery": "perhaps"},
            "point_in_time_recovery is 'perhaps'; it must be true or false; true in staging and",
        ),
        (
            "prod",
            {"firewall": {"rate_per_address": 9}},
            "firewall.rate_per_address is 9; it must be none, or 10 to 2000000000 requests",
        ),
        (
            "prod",
            {"firewall": {"rate_per_address": 300_001}},
            (
                "firewall.rate_per_address is 300001; it must be at most 300000, what the API lets"
                " through in the same five minutes."
            ),
        ),
        (
            "local",
            {"firewall": {"rate_per_address": 100}},
            "firewall is set; in the environment 'local' it must be none: LocalStack has no WAF.",
        ),
        (
            "prod",
            {"trace_sampling": {"reservoir": 1, "rate": 5}},
            "trace_sampling.rate is 5; it must be none, or a reservoir of 0 or more requests a",
        ),
        (
            "prod",
            {"trace_sampling": {"reservoir": -1, "rate": 0.05}},
            "trace_sampling.reservoir is -1; it must be none, or a reservoir of 0 or more",
        ),
        (
            "local",
            {"trace_sampling": {"reservoir": 1, "rate": 1}},
            "trace_sampling is set; in the environment 'local' it must be none: LocalStack has no",
        ),
        ("prod", {"canary_minutes": 4}, "canary_minutes is 4; it must be 5 to 1440 minutes."),
        ("prod", {"canary_minutes": 1441}, "canary_minutes is 1441; it must be 5 to 1440 minutes."),
        ("prod", {"alarms": "some"}, "alarms is 'some'; it must be one of faults, all."),
        (
            "local",
            {"alarm_period_seconds": 20},
            "alarm_period_seconds is 20; it must be none, or 10 or 30 seconds.",
        ),
        (
            "prod",
            {"alarm_period_seconds": 10},
            "alarm_period_seconds is 10; in the environment 'prod' it must be none: AWS's metrics",
        ),
        ("prod", {"queue_depth": 0}, "queue_depth is 0; it must be a whole number above 0."),
        (
            "prod",
            {"least_orders": {"orders": 1, "minutes": 1441}},
            "least_orders.minutes is 1441; it must be none, or a number of orders above 0 in 1 to",
        ),
        (
            "prod",
            {"least_orders": {"orders": 0, "minutes": 5}},
            "least_orders.orders is 0; it must be none, or a number of orders above 0 in 1 to",
        ),
        (
            "prod",
            {"retry_longest_delay_seconds": 1},
            "retry_longest_delay_seconds is 1; it must be 2 to 43200 seconds.",
        ),
        (
            "prod",
            {"payment_retry_longest_delay_seconds": 50_000},
            "payment_retry_longest_delay_seconds is 50000; it must be 2 to 43200 seconds.",
        ),
        ("prod", {"colour": "blue"}, "colour is 'blue'; there is no such setting."),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    monkeypatch: pytest.MonkeyPatch, environment: str, changes: dict[str, object], sentence: str
) -> None:
    # given
    monkeypatch.setitem(settings._SIZES, environment, {**settings._SIZES[environment], **changes})
    # when, then
    with pytest.raises(SettingsError) as raised:
        settings_of(environment)
    assert sentence in str(raised.value)


def test_local_has_stand_ins() -> None:
    values = settings_of("local").model_dump(by_alias=True)
    with pytest.raises(
        ValidationError,
        match="LOCAL_ENDPOINT is ''; in the environment 'local' it must be an address",
    ):
        Settings.model_validate(values | {"LOCAL_ENDPOINT": ""})


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_may_be_and_why_it_is_so(name: str) -> None:
    assert about(name).allowed
    assert about(name).why.endswith(".")


def test_a_size_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {k: v for k, v in settings._SIZES["dev"].items() if k != "log_retention_days"}
    monkeypatch.setitem(settings._SIZES, "dev", sizes)
    with pytest.raises(SettingsError, match="log_retention_days is missing; it must be one of 1,"):
        settings_of("dev")


def test_the_quota_of_the_account_comes_from_the_environment() -> None:
    assert settings_of("prod").account_concurrency == 1000
    assert settings_of("prod", ACCOUNT_CONCURRENCY="5000").account_concurrency == 5000


def test_dev_is_cheap() -> None:
    dev = settings_of("dev")
    assert dev.firewall is None
    assert dev.alarms is Alarms.FAULTS
    assert not dev.reserved_concurrency
    # A new account has no more.
    assert settings_of("dev", ACCOUNT_CONCURRENCY="10").account_concurrency == 10


def test_dev_traces_every_order_and_the_others_a_share() -> None:
    rates = {
        name: sampling.rate if (sampling := settings_of(name).trace_sampling) else None
        for name in ("local", "dev", "staging", "prod")
    }
    assert rates == {"local": None, "dev": 1, "staging": 0.05, "prod": 0.05}


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_a_firewall_stands_in_front_of_staging_and_prod(environment: str) -> None:
    assert settings_of(environment).firewall is not None


def test_the_reference_is_what_make_settings_writes() -> None:
    assert REFERENCE.read_text() == reference()


def test_the_settings_name_all_functions_and_workers_and_no_others(prod: Deployment) -> None:
    functions = {
        function["handler"].partition(".")[0] for function in prod.all("aws_lambda_function")
    }
    workers = {
        mapping.id.removesuffix("-mapping").replace("-", "_")
        for mapping in prod.all("aws_lambda_event_source_mapping")
        if "starting_position" not in mapping.body
    }
    assert set(FUNCTIONS) == functions
    assert set(WORKERS) == workers


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


WRONG = {"ENVIRONMENT": "prod", "AWS_REGION": "us-east-1", "EMAIL_SENDER": "orders@example.com"}
SENTENCES = (
    "AWS_ACCOUNT_ID is ''; it must be the 12 digits of the AWS account to deploy to.",
    "AWS_REGION is 'us-east-1'; it must be eu-west-2: the pipeline is deployed to London only.",
)


def test_main_says_what_is_wrong_and_nothing_else() -> None:
    done = synthesis([sys.executable, "main.py"])
    assert (done.returncode, done.stdout) == (1, "")
    assert tuple(done.stderr.splitlines()) == SENTENCES


def test_cdktf_synth_stops_with_the_sentences(tmp_path: Path) -> None:
    done = synthesis([PROJECT / "node_modules/.bin/cdktf", "synth", "--output", tmp_path])
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for sentence in SENTENCES:
        assert sentence in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def synthesis(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a command with wrong settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=kept | WRONG | {"CI": "1", "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_prod_logs_of_invocations_only_what_did_not_end_well(deployments: Deployments) -> None:
    for environment in ENVIRONMENTS:
        deployment = deployments(environment)
        expected = "WARN" if environment == "prod" else "INFO"
        for function in deployment.all("aws_lambda_function"):
            assert function["logging_config"]["system_log_level"] == expected
