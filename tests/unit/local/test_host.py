"""Two servers as LocalStack and the payment server: real processes on real ports."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local import host
from local.host import HostBackend
from local.processes import LocalError, wait_for
from local.settings import MORE_PORTS, ROOT, LocalSettings
from tests.ports import free_ports

# Serves once there is a file `ready` in the folder above its own, as LocalStack takes a while.
SERVER = """
import http.server, os, pathlib, sys, time
class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
port = int(os.environ["GATEWAY_LISTEN"].partition(":")[2] if "-m" in sys.argv else sys.argv[-1])
while not pathlib.Path("../ready").exists():
    time.sleep(0.01)
http.server.HTTPServer(("127.0.0.1", port), Yes).serve_forever()
"""


@pytest.fixture
def ports() -> tuple[int, int]:
    """A port for LocalStack, free as those that belong to it, and one for the payment server."""
    first, *_, last = free_ports(MORE_PORTS + 2)
    return first, last


@pytest.fixture(autouse=True)
def _servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(host, "LOCALSTACK_PYTHON", python)
    monkeypatch.setattr(host, "PAYMENT_SERVER_PYTHON", python)


@pytest.fixture
def backend(ports: tuple[int, int], tmp_path: Path) -> Iterator[HostBackend]:
    backend = HostBackend(LocalSettings(*ports, folder=tmp_path / "here"))
    yield backend
    backend.stop()


def processes(backend: HostBackend) -> list[psutil.Process | None]:
    return [backend.localstack.process(), backend.payment_server.process()]


def test_what_is_started_answers_and_is_used_again(backend: HostBackend, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()

    backend.start()
    running = processes(backend)
    backend.start()

    assert processes(backend) == running
    assert None not in running
    assert host.answers(f"{backend.settings.endpoint}/_localstack/health")


def test_a_start_that_was_killed_is_gone_on_with(backend: HostBackend, tmp_path: Path) -> None:
    # given
    start = (
        "import sys; from pathlib import Path; from local import host; "
        "from local.settings import LocalSettings; "
        "host.LOCALSTACK_PYTHON = host.PAYMENT_SERVER_PYTHON = Path(sys.argv[1]); "
        "host.HostBackend(LocalSettings(*map(int, sys.argv[2:4]), Path(sys.argv[4]))).start()"
    )
    settings = backend.settings
    ports = [str(settings.port), str(settings.payment_port)]
    with subprocess.Popen(
        [sys.executable, "-c", start, tmp_path / "python", *ports, settings.folder],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as command:
        try:
            assert wait_for(lambda: None not in processes(backend), 60)
        finally:
            command.kill()
    running = processes(backend)
    # when
    assert not host.answers(settings.payment_url)
    (tmp_path / "ready").touch()
    backend.start()
    # then
    assert processes(backend) == running
    assert host.answers(f"{settings.endpoint}/_localstack/health")


def test_only_what_was_killed_is_started_again(backend: HostBackend, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    backend.start()
    localstack, payment_server = processes(backend)
    assert localstack is not None
    localstack.kill()
    assert wait_for(lambda: not backend.is_running(), 30)

    backend.start()

    assert processes(backend)[0] not in (None, localstack)
    assert processes(backend)[1] == payment_server


def test_the_run_of_another_folder_is_named_and_left_alone(
    backend: HostBackend, tmp_path: Path
) -> None:
    # given
    (tmp_path / "ready").touch()
    backend.start()
    running = processes(backend)
    there = HostBackend(
        LocalSettings(
            backend.settings.port, backend.settings.payment_port, folder=tmp_path / "there"
        )
    )
    # when
    with pytest.raises(LocalError) as refused:
        there.start()
    # then
    assert running[1] is not None
    assert (
        f"Port {backend.settings.payment_port}, which payment-server needs, is taken by "
        f"{running[1].name()} (process {running[1].pid}, in {tmp_path / 'here'})"
    ) in str(refused.value)
    assert processes(there) == [None, None]
    assert not there.stop()
    assert processes(backend) == running


@pytest.mark.parametrize("taken", ["port", "payment_port"])
def test_nothing_is_left_running_where_a_port_is_taken(backend: HostBackend, taken: str) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", getattr(backend.settings, taken)))
        somebody.listen()

        with pytest.raises(LocalError, match=rf"is taken by .* \(process {os.getpid()}, in "):
            backend.start()

    assert processes(backend) == [None, None]


def test_every_port_that_is_taken_is_told_at_once(backend: HostBackend) -> None:
    settings = backend.settings
    with socket.socket() as one, socket.socket() as other:
        for somebody, port in ((one, settings.port), (other, settings.payment_port)):
            somebody.bind(("127.0.0.1", port))
            somebody.listen()

        with pytest.raises(LocalError) as refused:
            backend.start()

    first, second = str(refused.value).splitlines()
    assert first.startswith(f"Port {settings.port}, which localstack needs, is taken")
    assert second.startswith(f"Port {settings.payment_port}, which payment-server needs, is taken")


@pytest.mark.parametrize("number", range(1, MORE_PORTS))
def test_the_fault_suite_needs_the_ports_after_localstacks(
    ports: tuple[int, int], tmp_path: Path, number: int
) -> None:
    settings = LocalSettings(*ports, folder=tmp_path / "here", with_proxies=True)
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", settings.port + number))
        somebody.listen()

        with pytest.raises(LocalError) as refused:
            HostBackend(settings).start()

    said = str(refused.value)
    assert said.startswith(f"Port {settings.port + number}, which the fault suite needs, is taken")
    assert said.endswith("stop that program or choose another port with LOCAL_PORT.")
