"""orderctl looks at the deployment that the same variables deploy to."""

from unittest.mock import Mock

import boto3
import pytest

from orderctl.deployment import Deployment
from stacks.names import Names
from stacks.settings import Settings
from tests.unit.adapters.tracing import SAMPLED
from tests.unit.builders import a_placed_order, latest_event

VARIABLES = ("ENVIRONMENT", "ENVIRONMENT_SUFFIX", "LOCAL_PORT", "PAYMENT_PORT")


@pytest.mark.parametrize(
    ("variables", "suffix"),
    [
        ({}, "local"),
        ({"ENVIRONMENT": ""}, "local"),
        ({"ENVIRONMENT": "", "ENVIRONMENT_SUFFIX": ""}, "local"),
        ({"ENVIRONMENT": "local", "ENVIRONMENT_SUFFIX": ""}, "local"),
        ({"ENVIRONMENT": "", "ENVIRONMENT_SUFFIX": "ann"}, "ann"),
    ],
)
def test_empty_variables_mean_localstack_as_they_do_for_the_stacks(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], suffix: str
) -> None:
    # given
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # when
    deployment = Deployment.from_environment()
    # then
    settings = Settings.from_environment(variables)
    assert deployment.names.suffix == settings.suffix == suffix
    assert deployment.names.account_id == settings.account_id
    assert deployment.endpoint == settings.local_endpoint


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("suffix", ["", "ann"])
def test_an_empty_suffix_is_the_environments_own_name(
    monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    # given
    monkeypatch.setenv("ENVIRONMENT", "dev")
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", suffix)
    # when
    deployment = Deployment.from_environment()
    # then
    assert deployment.names.suffix == (suffix or "dev")
    assert deployment.endpoint is None


def test_empty_ports_are_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    monkeypatch.setenv("LOCAL_PORT", "")
    monkeypatch.setenv("PAYMENT_PORT", "")
    # when
    deployment = Deployment.from_environment()
    # then
    assert deployment.endpoint == "http://localhost:4566"
    assert deployment.payment_api_url == "http://localhost:8420"


@pytest.mark.usefixtures("aws")
def test_an_event_that_is_published_again_continues_its_orders_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    for name in ("_X_AMZN_TRACE_ID", "LAMBDA_TASK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    boto3.client("sns").create_topic(Name="order-events-topic-test")
    names = Names("test", "123456789012", "eu-west-2")
    topic = Deployment(names, boto3.Session(region_name="eu-west-2")).topic
    sent: list[str | bytes | None] = []
    topic._client.meta.events.register_first(
        "before-send", lambda request, **_: sent.append(request.headers.get("X-Amzn-Trace-Id"))
    )
    # when
    orders = (a_placed_order(trace_header=SAMPLED), a_placed_order(order_id="ORD-2"))
    refused = topic.publish([latest_event(order) for order in orders])
    # then
    assert refused == set()
    assert sent == [SAMPLED.encode(), None]


def test_the_payments_on_record_are_those_of_the_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    provider, session = Mock(), Mock()
    session.client.return_value.get_secret_value.return_value = {"SecretString": "sk_test_1"}
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    # when
    records = Deployment(Names("dev-ann", "123456789012", "eu-west-2"), session).payment_records
    # then
    assert records is provider.return_value
    assert provider.call_args.kwargs["deployment"] == "dev-ann"
