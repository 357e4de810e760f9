"""docs/api.md is walked through as a reader does, from its first command to its last."""

from dataclasses import replace
from functools import partial

import pytest

from tests.docs.answers import GATEWAYS_OWN, Answer, differences
from tests.docs.api_guide import (
    PAGE,
    Example,
    Guide,
    published,
    read,
    run_script,
    with_ids_of_its_own,
)
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for

PATIENCE = 60
"""Seconds for what happens by itself, such as an order that is confirmed "a second later". They
leave room for functions that start cold."""


@pytest.fixture
def guide(shop: Shop) -> Guide:
    return read(with_ids_of_its_own(published(), shop.new_id("guide")))


def test_every_command_gets_the_answer_that_is_shown(shop: Shop, guide: Guide) -> None:
    for example in guide.examples:
        wait_for(
            partial(try_out, example, shop),
            lambda found: not found,
            f"the answer below line {example.line} of {PAGE}",
            within=PATIENCE if example.only_looks else 0,
        )


def try_out(example: Example, shop: Shop) -> list[str]:
    """Run a command, and return where its answer is not as it is shown."""
    done = run_script(example.script, shop.deployment.api_endpoint)
    assert done.returncode == 0, (example, done.stderr)
    seen = Answer.parse(done.stdout)
    if example.call == ("POST", "/orders") and seen.status == 202:
        shop.story.tell(seen.body["orderId"], "the API's guide, walked through")
    shown = example.answer
    if GATEWAYS_OWN in shown.headers:
        # LocalStack leaves the document's response templates out; tests/docs holds the guide to
        # them.
        shown = replace(shown, body=seen.body)
    return differences(shown, seen)
