"""Versions of functions, published and made live as a deploy does it, only sooner."""

from stacks.names import LIVE
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for


def live_version(shop: Shop, function: str) -> str:
    """Return the version that is called of a function such as `place-order`."""
    name = shop.deployment.function_name(function)
    alias = shop.functions.get_alias(FunctionName=name, Name=LIVE)
    return str(alias["FunctionVersion"])


def release(shop: Shop, function: str) -> str:
    """Publish a function as it is configured now, make it live, and return the version."""
    name = shop.deployment.function_name(function)
    _wait_until_updated(shop, name)
    version = str(shop.functions.publish_version(FunctionName=name)["Version"])
    wait_for(
        lambda: shop.functions.get_function_configuration(FunctionName=name, Qualifier=version),
        lambda configuration: configuration["State"] == "Active",
        f"version {version} of {name} published",
    )
    make_live(shop, function, version)
    return version


def make_live(shop: Shop, function: str, version: str) -> None:
    """Have a version called."""
    name = shop.deployment.function_name(function)
    shop.functions.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)


def forget(shop: Shop, function: str, version: str) -> None:
    """Delete a version that is not live."""
    name = shop.deployment.function_name(function)
    shop.functions.delete_function(FunctionName=name, Qualifier=version)


def configure(shop: Shop, function: str, variables: dict[str, str]) -> None:
    """Give a function other environment variables; only what is released later has them."""
    name = shop.deployment.function_name(function)
    shop.functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}
    )
    _wait_until_updated(shop, name)


def variables_of(shop: Shop, function: str) -> dict[str, str]:
    """Return a function's environment variables."""
    name = shop.deployment.function_name(function)
    configuration = shop.functions.get_function_configuration(FunctionName=name)
    return dict(configuration["Environment"]["Variables"])


def _wait_until_updated(shop: Shop, name: str) -> None:
    wait_for(
        lambda: shop.functions.get_function_configuration(FunctionName=name)["LastUpdateStatus"],
        lambda status: status == "Successful",
        f"{name} configured",
    )
