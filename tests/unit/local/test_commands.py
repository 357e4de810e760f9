import signal
from collections.abc import Iterator

import pytest

from local.__main__ import INTERRUPTIONS, stopping_what_it_starts
from local.processes import LocalError
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
