"""Services that some functions cannot reach for a while, broken and healed from outside."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for


@contextmanager
def unreachable(shop: Shop, service: str, *functions: str) -> Iterator[None]:
    """Let functions such as `place-order` find nobody where a service such as `dynamodb` was."""
    variable = f"AWS_ENDPOINT_URL_{service.upper()}"
    with socket.socket() as nobody, ExitStack() as broken:
        # Bound and not listening: connections are refused, and nobody else gets the port.
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for function in functions:
            name = shop.deployment.function_name(function)
            variables = _variables(shop, name)
            broken.callback(_configure, shop, name, variables)
            _configure(shop, name, variables | {variable: address})
        yield


def _variables(shop: Shop, name: str) -> dict[str, str]:
    configuration = shop.functions.get_function_configuration(FunctionName=name)
    return dict(configuration["Environment"]["Variables"])


def _configure(shop: Shop, name: str, variables: dict[str, str]) -> None:
    shop.functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}
    )
    wait_for(
        lambda: shop.functions.get_function_configuration(FunctionName=name)["LastUpdateStatus"],
        lambda status: status == "Successful",
        f"{name} configured",
    )
