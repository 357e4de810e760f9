"""The request in the design's description of the API, sent with curl as a reader would."""

import json
import subprocess
from typing import Any

from tests.e2e.shop import Shop, history

DOCUMENTED = """{"orderId": "ORD-1", "customerId": "CUST-12345",
 "items": [{"itemId": "ITEM-001", "quantity": 2, "price": 29.99},
           {"itemId": "ITEM-002", "quantity": 1, "price": 49.99}]}"""


def test_documented_request_ends_confirmed(shop: Shop) -> None:
    # given (the ids are fixed, so both items may be there from another run, and the order too)
    for item_id, price in (("ITEM-001", 29.99), ("ITEM-002", 49.99)):
        put_in_stock(shop, item_id, price)
    orders = f"{shop.deployment.api_endpoint}orders"

    # when
    answer = curl("--header", "Content-Type: application/json", "--data", DOCUMENTED, orders)

    # then
    assert answer["orderId"] == "ORD-1"
    assert answer["status"] == "PLACED"
    shop.story.tell("ORD-1", "the documented request, sent with curl: confirmed")
    shop.until("ORD-1", "CONFIRMED")
    order = curl(f"{orders}/ORD-1")
    assert order["total"] == "109.97"
    assert history(order) == ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]


def put_in_stock(shop: Shop, item_id: str, price: float) -> None:
    """Make the item, or give it back its price and stock."""
    there = shop.api.get(f"inventory/{item_id}")
    if_match = {"If-Match": there.headers["ETag"]} if there.status_code == 200 else {}
    item = {"name": f"Item {item_id}", "price": price, "available": 100}
    assert shop.put_item(item_id, item, if_match).is_success


def curl(*arguments: str) -> Any:
    command = ["curl", "--fail-with-body", "--silent", "--show-error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
