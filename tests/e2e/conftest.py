"""The shop that every end-to-end test drives, and the table of its orders at the end of a run."""

import shutil
from collections.abc import Iterator

import httpx
import pytest
from rich.console import Console

from tests.e2e.deployment import OUTPUTS, Deployment
from tests.e2e.shop import Json, Shop

WIDTH_OF_A_LOG = 160
"""Columns, where no terminal says how many it has."""

LOOK_BACK = ("last", "undisturbed", "whole")
"""Markers of tests that need what others have left behind."""

SHOP = pytest.StashKey[Shop]()


@pytest.fixture(scope="session")
def shop(request: pytest.FixtureRequest) -> Shop:
    """The deployed shop. It is closed with the session, after its table is printed."""
    if not OUTPUTS.exists():
        pytest.exit("nothing is deployed: `make local-deploy` deploys to LocalStack", returncode=1)
    shop = Shop(Deployment.read())
    request.config.stash[SHOP] = shop
    return shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that look back at the whole run behind all others."""
    items.sort(key=lambda item: any(map(item.get_closest_marker, LOOK_BACK)))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what became of each order."""
    shop = config.stash.get(SHOP, None)
    if shop is None or not shop.story.shows:
        return
    console = Console(
        width=shutil.get_terminal_size((WIDTH_OF_A_LOG, 0)).columns,
        force_terminal=terminalreporter.hasmarkup,
    )
    with console.capture() as capture:
        console.print()
        try:
            console.print(shop.story.table(dict(_orders(shop)), shop.payments.intents()))
        except httpx.HTTPError as error:
            console.print(f"what became of each order cannot be told: {error}")
    terminalreporter.write(capture.get())


def pytest_unconfigure(config: pytest.Config) -> None:
    if SHOP in config.stash:
        config.stash[SHOP].close()


def _orders(shop: Shop) -> Iterator[tuple[str, Json]]:
    for order_id in shop.story.shows:
        answer = shop.api.get(f"orders/{order_id}")
        if answer.status_code == httpx.codes.OK:
            yield order_id, answer.json()
