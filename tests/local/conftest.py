from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.host import HostBackend
from local.settings import MORE_PORTS, LocalSettings
from tests.local.functions import Function, new_function
from tests.ports import free_ports


def settings_in(folder: Path) -> LocalSettings:
    port, *_, payment_port = free_ports(MORE_PORTS + 2)
    return LocalSettings(port, payment_port, folder)


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSettings]:
    """A LocalStack for the tests alone, on ports of its own."""
    settings = settings_in(tmp_path_factory.mktemp("local stack"))
    backend = HostBackend(settings)
    backend.start()
    yield settings
    backend.stop()


@pytest.fixture
def function(localstack: LocalSettings) -> Iterator[Callable[..., Function]]:
    """Create functions that are deleted after the test."""
    created = []

    def create(code: str, **arguments: Any) -> Function:
        created.append(new_function(localstack, code, **arguments))
        return created[-1]

    yield create
    for one in created:
        one.delete()
