"""The deployed canary, run once as its schedule does, and what its order leaves behind: nothing."""

import json
from typing import Any

import pytest

from order_pipeline.domain.canary import CUSTOMER_ID
from tests.e2e import purchases
from tests.e2e.shop import Shop, history
from tests.e2e.waiting import wait_for
from tests.embedded_metrics import Embedded, embedded_metrics

pytestmark = pytest.mark.life

ITEM = "canary"
"""What the canary orders on LocalStack (stacks/settings.py)."""

UNITS = 10


@pytest.fixture
def item(shop: Shop) -> str:
    """The canary's item, which operations put into the inventory once."""
    answer = shop.put_item(ITEM, {"name": "Canary", "price": "1.00", "available": UNITS})
    if answer.status_code == 428:  # it is there from an earlier run, by `If-Match` only
        return ITEM
    assert answer.status_code == 201, answer.text
    return ITEM


def run(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    """Run the canary once, as its schedule does; return what it has logged, oldest first."""
    time = order_id.removeprefix("canary-")
    answer = shop.functions.invoke(
        FunctionName=shop.deployment.live("canary"), Payload=json.dumps({"time": time}).encode()
    )
    assert "FunctionError" not in answer, json.loads(answer["Payload"].read())
    return wait_for(
        lambda: [each for each in logged(shop) if each.get("order_id") == order_id],
        lambda lines: any(str(line["message"]).startswith("the canary") for line in lines),
        f"the canary's story of {order_id}",
    )


def logged(shop: Shop) -> list[dict[str, Any]]:
    """Return the JSON documents in the canary's log."""
    pages = shop.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{shop.deployment.function_name('canary')}"
    )
    return [
        json.loads(event["message"])
        for page in pages
        for event in page["events"]
        if event["message"].startswith("{")
    ]


def measured(shop: Shop) -> list[Embedded]:
    """Return the metrics in the canary's log."""
    return list(embedded_metrics(json.dumps(each) for each in logged(shop)))


def available(shop: Shop) -> int:
    answer = shop.api.get(f"inventory/{ITEM}")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["available"])


def test_a_run_takes_an_order_all_the_way_and_leaves_nothing_behind(shop: Shop, item: str) -> None:
    # given
    order_id = shop.new_id("canary-run")
    before, measured_before = available(shop), len(measured(shop))

    # when
    lines = run(shop, order_id)

    # then
    story = lines[-1]
    assert (story["level"], story["message"]) == (
        "INFO",
        "the canary placed an order, saw it confirmed, cancelled it, and left nothing behind",
    )
    shop.story.tell(order_id, "placed, confirmed and cancelled by the canary")
    order = shop.look_at(order_id)
    assert order["customerId"] == CUSTOMER_ID
    assert [line["itemId"] for line in order["items"]] == [item]
    assert history(order)[:5] == [
        "OrderPlaced",
        "OrderValidated",
        "StockReserved",
        "OrderConfirmed",
        "OrderCancelled",
    ]
    assert set(history(order)[5:]) == {"StockReleased", "PaymentVoided"}

    # and nothing is held
    assert available(shop) == before
    (intent,) = shop.payments.intents_of(order_id)
    assert intent["status"] == "canceled"

    # and it is the canary's metrics that tell of it
    metrics = {metric.name: metric for metric in measured(shop)[measured_before:]}
    assert metrics["CanarySucceeded"].values == (1.0,)
    assert metrics["CanaryFailed"].values == (0.0,)
    (milliseconds,) = metrics["CanaryTimeToConfirm"].values
    assert milliseconds == pytest.approx(story["seconds_to_confirm"] * 1000)
    assert metrics["CanaryTimeToConfirm"].dimensions == {("service", "canary")}

    # and the audit has all of it
    shop.audited(order)


def test_the_warehouse_is_not_told_of_the_canarys_orders(shop: Shop, item: str) -> None:
    # given an order of a customer, placed after the canary's
    order_id = shop.new_id("canary-run")
    run(shop, order_id)
    shop.story.tell(order_id, "kept from the warehouse, as it is the canary's")
    purchase = purchases.buy(shop, shows="handed over, as it is a customer's")

    # when the warehouse has heard of that one
    shop.handed_over(purchase.order_id)

    # then
    shop.until_worked_off()
    assert "OrderConfirmed" in history(shop.look_at(order_id))
    assert shop.warehouse.messages_about(order_id) == []


def test_the_next_run_cancels_what_one_that_died_has_left(shop: Shop, item: str) -> None:
    # given an order that nobody has cancelled
    before = available(shop)
    left = shop.place(
        {
            "orderId": shop.new_id("canary-run"),
            "customerId": CUSTOMER_ID,
            "items": [{"itemId": item, "quantity": 1}],
        },
        shows="left by a run of the canary that died, cancelled by the next one",
    )
    shop.until(left, "CONFIRMED")

    # when
    order_id = shop.new_id("canary-run")
    lines = run(shop, order_id)

    # then
    assert lines[-1]["level"] == "INFO"
    shop.story.tell(order_id, "placed by the canary after it has cancelled an earlier order")
    shop.until_event(left, "OrderCancelled", "StockReleased", "PaymentVoided")
    assert available(shop) == before


def test_nobody_else_orders_in_the_canarys_name(shop: Shop, item: str) -> None:
    answer = shop.post_order(
        {
            "orderId": shop.new_id("order"),
            "customerId": CUSTOMER_ID,
            "items": [{"itemId": item, "quantity": 1}],
        }
    )
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["customerId"]
