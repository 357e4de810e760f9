"""Services that some functions cannot reach for a while, broken and healed from outside."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.shop import Shop
from tests.e2e.versions import (
    configure,
    forget,
    live_version,
    make_live,
    release,
    variables_of,
)


@contextmanager
def unreachable(shop: Shop, service: str, *functions: str) -> Iterator[None]:
    """Let functions such as `place-order` find nobody where a service such as `dynamodb` was."""
    variable = f"AWS_ENDPOINT_URL_{service.upper()}"
    with socket.socket() as nobody, ExitStack() as broken:
        # Bound and not listening: connections are refused, and nobody else gets the port.
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for function in functions:
            broken.enter_context(_released(shop, function, {variable: address}))
        yield


@contextmanager
def _released(shop: Shop, function: str, changes: dict[str, str]) -> Iterator[None]:
    """Have a version called that has other variables, and afterwards the one before, as if never.

    The version is deleted then: a plan takes the newest for the one that should be live.
    """
    before, variables = live_version(shop, function), variables_of(shop, function)
    try:
        configure(shop, function, variables | changes)
        broken = release(shop, function)
        yield
    finally:
        make_live(shop, function, before)
        configure(shop, function, variables)
    forget(shop, function, broken)
