import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from local import __main__ as commands
from local.__main__ import INTERRUPTIONS, stopping_what_it_starts
from local.one_at_a_time import one_at_a_time
from local.processes import LocalError
from local.settings import ROOT, LocalSettings
from tests.unit.local.fakes import FakeBackend


def run(backend: FakeBackend, problem: type[BaseException], *, always: bool = False) -> None:
    """Run a command that fails once it has started the backend."""
    with stopping_what_it_starts(backend, always=always):
        backend.start()
        raise problem


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Being stopped, a command ignores further signals; the test run does not."""
    handlers = {number: signal.getsignal(number) for number in INTERRUPTIONS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_what_a_command_started_is_left_running() -> None:
    backend = FakeBackend()

    with stopping_what_it_starts(backend):
        backend.start()

    assert backend.running


def test_what_an_interrupted_command_started_is_stopped() -> None:
    backend = FakeBackend()

    with pytest.raises(KeyboardInterrupt):
        run(backend, KeyboardInterrupt)

    assert not backend.running


@pytest.mark.parametrize("problem", [KeyboardInterrupt, LocalError])
def test_what_ran_before_is_left_running(problem: type[BaseException]) -> None:
    backend = FakeBackend(running=True)

    with pytest.raises(problem):
        run(backend, problem, always=True)

    assert backend.running


@pytest.mark.parametrize("problem", [KeyboardInterrupt, LocalError])
def test_what_the_tests_started_is_always_stopped(problem: type[BaseException]) -> None:
    backend = FakeBackend()

    with pytest.raises(problem):
        run(backend, problem, always=True)

    assert not backend.running


def test_a_failed_deploy_leaves_localstack_to_look_into() -> None:
    backend = FakeBackend()

    with pytest.raises(LocalError):
        run(backend, LocalError)

    assert backend.running


def test_what_ran_before_is_said_to_be_left_running(capsys: pytest.CaptureFixture[str]) -> None:
    with stopping_what_it_starts(FakeBackend(running=True), always=True):
        pass

    assert capsys.readouterr().out == (
        "LocalStack runs already: it is used, and left running (to stop it: make local-down)\n"
    )


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the commands keep what they keep; LocalStack runs."""
    settings = LocalSettings(folder=tmp_path / "4566")
    monkeypatch.setattr(commands, "STATE", tmp_path)
    monkeypatch.setattr(commands, "settings_from_environment", lambda: settings)
    monkeypatch.setattr(commands, "choose_backend", lambda _: FakeBackend(running=True))
    return tmp_path


@pytest.mark.parametrize("command", ["up", "down", "deploy", "destroy", "e2e", "faults"])
def test_a_second_command_is_told_of_the_first_and_does_nothing(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["local", command])

    with one_at_a_time(folder / "4566"):
        assert commands.main() == 1

    said = capsys.readouterr()
    assert said.err.startswith("error: Another command is at work in this folder")
    assert said.out == ""


def test_a_localstack_that_does_not_answer_is_told_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object) -> int:
        raise EndpointConnectionError(endpoint_url="http://localhost:4566/")

    monkeypatch.setattr(commands, "destroy", gone)
    monkeypatch.setattr(sys, "argv", ["local", "destroy"])

    assert commands.main() == 1
    assert capsys.readouterr().err == (
        'error: Could not connect to the endpoint URL: "http://localhost:4566/"\n'
    )


# Says when it can be interrupted, and waits for it.
WAITING = """
import signal, sys
from local import __main__ as commands
def wait(*_):
    print("waiting", flush=True)
    sys.stdin.read()
    return 0
commands.run = wait
sys.argv = ["local", "up"]
sys.exit(commands.main())
"""


@pytest.mark.parametrize(
    ("number", "launcher", "status"),
    [
        (signal.SIGINT, [], 130),
        (signal.SIGTERM, [], 130),
        (signal.SIGHUP, [], 130),  # the terminal was closed
        (signal.SIGHUP, ["nohup"], 0),
    ],
)
def test_an_interruption_ends_a_command_in_order(
    number: signal.Signals, launcher: list[str], status: int
) -> None:
    # Whoever started the tests may have used nohup, which is inherited.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(
        [*launcher, sys.executable, "-c", WAITING],
        cwd=ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "waiting\n"
        command.send_signal(number)
        if status:
            command.wait(30)
        _, errors = command.communicate()  # ends its input

    assert command.returncode == status
    assert errors == (
        "interrupted: run the same again, it goes on or begins anew\n" if status else ""
    )
