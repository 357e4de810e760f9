"""orderctl looks at the deployment that the same variables deploy to."""

import pytest

from orderctl.deployment import Deployment
from stacks.settings import Settings

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
