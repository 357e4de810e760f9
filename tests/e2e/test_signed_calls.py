"""The examples of docs/api.md run as they are; LocalStack takes the signature without checking it.

That they sign rightly is checked in tests/unit/api_document/test_signed_examples.py.
"""

import json

import pytest

from tests.e2e.shop import Shop
from tests.unit.api_document.examples import LANGUAGES, run_example


@pytest.mark.parametrize("language", LANGUAGES)
def test_signed_example_places_an_order(shop: Shop, language: str) -> None:
    # when
    done = run_example(language, shop.deployment.api_endpoint)

    # then
    assert done.returncode == 0, done.stdout + done.stderr
    order_id = json.loads(done.stdout)["orderId"]
    assert shop.look_at(order_id)["customerId"] == "CUST-12345"
