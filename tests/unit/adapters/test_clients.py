"""The clients of AWS: which there are, how long they wait, and what is not looked for in vain."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from order_pipeline.adapters import clients

CLIENTS = {
    "dynamodb": (clients.dynamodb, 2),
    "lambda": (clients.lambda_, 2),
    "secretsmanager": (clients.secrets_manager, 2),
    "ses": (clients.ses, 1),
    "sns": (clients.sns, 2),
    "sqs": (clients.sqs, 2),
}


@pytest.mark.parametrize("service", CLIENTS)
def test_a_client_is_of_its_service_and_gives_up_in_time(aws: None, service: str) -> None:
    make: Callable[[], Any]
    make, attempts = CLIENTS[service]
    client = make()
    config: Any = client.meta.config
    assert client.meta.service_model.service_name == service
    assert client.meta.region_name == "eu-west-2"
    assert config.retries["total_max_attempts"] == attempts
    assert config.read_timeout == 2
    assert make() is client


def test_what_customers_are_sent_is_sent_once(aws: None) -> None:
    config: Any = clients.sns_to_customers().meta.config
    assert config.retries == {
        "mode": "standard",
        "total_max_attempts": 1,
    }


def test_every_service_that_the_session_knows_has_a_client(aws: None) -> None:
    assert set(clients.session().get_available_services()) == CLIENTS.keys()


def test_a_client_is_made_without_a_look_at_all_services(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    listed: list[str] = []
    list_folder = os.listdir

    def note(path: str) -> list[str]:
        listed.append(Path(path).name)
        return list_folder(path)

    monkeypatch.setattr("os.listdir", note)
    # when
    clients.dynamodb()
    # then
    assert set(listed) == {"dynamodb"}
