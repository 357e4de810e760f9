"""The program of docs/api.md runs as it is; LocalStack takes the signature without checking it.

That it signs rightly is checked in tests/unit/api_document/test_signed_examples.py; the page's
commands for curl run in test_api_guide.py.
"""

import json

from tests.docs.api_guide import published, read, run_program
from tests.e2e.shop import Shop


def test_program_places_an_order(shop: Shop) -> None:
    # given
    [program] = read(published()).programs

    # when
    done = run_program(program, shop.deployment.api_endpoint)

    # then
    assert done.returncode == 0, done.stdout + done.stderr
    order_id = json.loads(done.stdout)["orderId"]
    assert shop.look_at(order_id)["customerId"] == "CUST-12345"
