from collections.abc import Callable
from pathlib import Path

import pytest

from local.backends import choose_backend
from local.docker import COMPOSE_FILE, DockerBackend, docker_answers
from local.host import HostBackend
from local.processes import LocalError
from local.settings import ROOT, LocalSettings

SETTINGS = LocalSettings(port=4666, payment_port=8520, folder=Path("/nowhere"))

type Docker = Callable[[str], Callable[[], list[str]]]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """Put a program `docker` on PATH that runs a script; what it was called with comes back."""

    def install(script: str) -> Callable[[], list[str]]:
        calls = tmp_path / "calls"
        program = tmp_path / "docker"
        without_file = f'sed "s# --file={COMPOSE_FILE}##"'
        note = f'echo "$@ # $LOCAL_PORT $PAYMENT_PORT" | {without_file} >> "{calls}"'
        program.write_text(f"#!/bin/sh\n{note}\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return lambda: calls.read_text().splitlines()

    return install


@pytest.fixture(autouse=True)
def _free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ports be free, whoever uses them on this machine."""
    monkeypatch.setattr("local.docker.refuse_taken_ports", lambda _needed: None)


def test_start_waits_until_both_are_healthy(docker: Docker) -> None:
    calls = docker("")

    DockerBackend(SETTINGS).start()

    assert calls()[-1] == "compose up --detach --wait --wait-timeout=300 # 4666 8520"


def test_stop_removes_the_containers_of_functions_too(docker: Docker) -> None:
    calls = docker('case "$*" in *ps*) echo c1; echo c2;; esac')

    assert DockerBackend(SETTINGS).stop()

    assert calls()[1:] == [
        "compose stop --timeout=20 # 4666 8520",
        "ps --all --quiet --filter network=order-pipeline-4666 # 4666 8520",
        "rm --force c1 c2 # 4666 8520",
        "compose down --volumes # 4666 8520",
    ]


def test_stop_does_nothing_where_nothing_runs(docker: Docker) -> None:
    calls = docker("")

    assert not DockerBackend(SETTINGS).stop()

    assert len(calls()) == 1


def test_containers_of_another_folder_are_left_alone(docker: Docker) -> None:
    docker(f'case "$*" in *working_dir={ROOT}*) ;; *ps*) echo c1;; esac')

    assert not DockerBackend(SETTINGS).is_running()
    assert not DockerBackend(SETTINGS).stop()


def test_only_the_ports_of_what_does_not_run_have_to_be_free(
    docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = list[int]()
    monkeypatch.setattr("local.docker.refuse_taken_ports", looked_at.extend)
    docker('case "$*" in *service=payment-server*) echo c1;; esac')

    DockerBackend(SETTINGS).start()

    assert looked_at == [SETTINGS.port]


def test_a_failure_of_docker_is_reported(docker: Docker) -> None:
    docker('case "$*" in *up*) exit 1;; esac')

    with pytest.raises(LocalError, match=r"docker compose .* up .* failed"):
        DockerBackend(SETTINGS).start()


@pytest.mark.parametrize(
    ("script", "seconds", "answers"),
    [
        ("exit 0", 60, True),
        ("exit 1", 60, False),  # the client is there, its engine is not
        ('[ "$1" = version ]', 60, False),  # there is no Docker Compose
        ("sleep 60", 0.3, False),  # it does not answer
    ],
)
def test_docker_is_used_only_where_it_answers(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, script: str, seconds: float, answers: bool
) -> None:
    docker(script)
    monkeypatch.setattr("local.docker.ANSWER_SECONDS", seconds)
    monkeypatch.delenv("LOCAL_BACKEND", raising=False)

    assert docker_answers() is answers
    assert isinstance(choose_backend(SETTINGS), DockerBackend if answers else HostBackend)


def test_a_machine_without_docker_uses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not docker_answers()


def test_the_choice_can_be_made_by_hand(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    docker("exit 0")

    monkeypatch.setenv("LOCAL_BACKEND", "host")
    assert isinstance(choose_backend(SETTINGS), HostBackend)
    monkeypatch.setenv("LOCAL_BACKEND", "docker")
    assert isinstance(choose_backend(SETTINGS), DockerBackend)
    monkeypatch.setenv("LOCAL_BACKEND", "podman")
    with pytest.raises(LocalError, match="podman"):
        choose_backend(SETTINGS)
