import os
from pathlib import Path

import psutil
import pytest

from local.backends import choose_backend
from local.host import HostBackend
from local.processes import LocalError
from local.settings import LocalSettings, settings_from_environment

WITH_PROXIES = LocalSettings(port=4666, payment_port=8520, with_proxies=True)


def test_proxies_listen_on_ports_of_their_own() -> None:
    urls = WITH_PROXIES.proxy_urls
    ports = [int(url.rpartition(":")[2]) for url in (urls.aws, urls.payment, urls.stream)]

    others = {WITH_PROXIES.port, WITH_PROXIES.dynamodb_port, WITH_PROXIES.traces_port}
    assert len({*others, *ports}) == 6


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), ("", False)])
def test_variable_asks_for_proxies(
    value: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WITH_PROXIES", value)

    assert settings_from_environment().with_proxies is expected


def test_functions_find_the_payment_server_through_the_proxy() -> None:
    assert HostBackend(WITH_PROXIES).payment_url_for_functions == WITH_PROXIES.proxy_urls.payment
    without = LocalSettings(port=4666, payment_port=8520)
    assert HostBackend(without).payment_url_for_functions == without.payment_url


def test_proxies_are_not_for_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_BACKEND", "docker")

    with pytest.raises(LocalError, match="leave LOCAL_BACKEND out"):
        choose_backend(WITH_PROXIES)

    monkeypatch.delenv("LOCAL_BACKEND")
    assert isinstance(choose_backend(WITH_PROXIES), HostBackend)


def test_localstack_that_runs_without_proxies_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    this_process = psutil.Process(os.getpid())
    settings = LocalSettings(port=4666, folder=tmp_path, with_proxies=True)
    monkeypatch.setattr("local.processes.BackgroundProgram.process", lambda _self: this_process)

    with pytest.raises(LocalError, match="runs without the proxies"):
        HostBackend(settings).start()
