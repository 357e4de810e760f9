"""Saved log queries over the logs of a run: what an operator sees of an order, and of errors."""

from collections import Counter
from collections.abc import Sequence

import pytest

from stacks.building_blocks.queries import (
    ERRORS_BY_STAGE,
    LIFE_OF_AN_ORDER,
    ORDER_ID,
    SLOWEST_ORDERS,
)
from tests.e2e import purchases
from tests.e2e.logs import CHANNELS, LOGGED_WITHIN, complete_events, stored_orders
from tests.e2e.shop import Json, Shop, quantities
from tests.e2e.test_whole_life import LIFE
from tests.e2e.waiting import wait_for
from tests.log_insights import Row, run

CANCELLED = {
    "OrderPlaced",
    "OrderValidated",
    "StockReserved",
    "OrderConfirmed",
    "OrderCancelled",
    "StockReleased",
    "PaymentVoided",
}

SERVICES = {
    "place-order": "place_order",
    "orders-api": "orders_api",
}
"""Who an event is by → what that function calls itself in its log."""

AT_ONCE_MS = 1000
"""What two functions record within this time they may log in the other order: each logs what it has
written, when it has the table's answer."""


def life(shop: Shop, order: Json, told: Sequence[str]) -> list[Row]:
    """Wait until all functions have logged what they did; return the rows of the saved query.

    The customer is told of the events `told` by each channel.
    """
    query = LIFE_OF_AN_ORDER.text.replace(ORDER_ID, order["orderId"])
    versions = set(range(1, len(order["history"]) + 1))
    return wait_for(
        lambda: run(query, shop.logged(mentioning=order["orderId"])),
        lambda rows: (
            versions <= {row["version"] for row in rows if row["message"] == "published"}
            and versions <= {row["version"] for row in rows if row["message"] == "recorded"}
            and messages(told) <= sent(rows)
        ),
        f"the whole life of {order['orderId']} in the functions' logs",
        within=LOGGED_WITHIN,
    )


def messages(told: Sequence[str]) -> Counter[str]:
    """Count the messages to the customer by the events that they tell of."""
    return Counter([*told] * len(CHANNELS))


def sent(rows: list[Row]) -> Counter[str]:
    """Count the messages that notification has logged."""
    return Counter(row["event_type"] for row in rows if row["message"] == "sent")


def assert_tells(rows: list[Row], order: Json) -> None:
    """Assert that the rows have every transition of the order once, by whom, and in order."""
    recorded = [row for row in rows if row["message"] == "recorded"]
    by_version = sorted(recorded, key=lambda row: row["version"])
    assert [(row["version"], row["recorded"], row["service"]) for row in by_version] == [
        (entry["version"], entry["event"], SERVICES.get(entry["by"], entry["by"]))
        for entry in order["history"]
    ]
    for number, row in enumerate(recorded):
        for later in recorded[number + 1 :]:
            if later["version"] < row["version"]:
                assert row["since_placed_ms"] - later["since_placed_ms"] < AT_ONCE_MS, recorded

    published = {row["version"]: row["event_type"] for row in rows if row["message"] == "published"}
    assert published == {entry["version"]: entry["event"] for entry in order["history"]}


def test_life_of_an_order_from_its_placement_to_a_refund(shop: Shop) -> None:
    # given
    purchase = purchases.buy_and_deliver(shop, shows="its life as the logs tell it: refunded")
    asked = shop.refund(
        purchase.order_id, "refund-1", lines=quantities([(purchase.tea_pot, 1)]), restock=True
    )
    assert asked.status_code == 202, asked.text
    order = shop.until_event(purchase.order_id, "StockRestocked")
    shop.told(purchase.customer, f"We have refunded 29.99 GBP for your order {purchase.order_id}")
    shop.until_worked_off()

    # when
    told = (
        "OrderConfirmed",
        "ParcelShipped",
        "PaymentCaptured",
        "OrderDelivered",
        "PaymentRefunded",
    )
    rows = life(shop, order, told)

    # then
    assert [entry["event"] for entry in order["history"]] == LIFE
    assert_tells(rows, order)
    assert sent(rows) == messages(told)
    assert {row["channel"] for row in rows if row["message"] == "sent"} == set(CHANNELS)
    assert {row["service"] for row in rows} == {
        "place_order",
        "event_publisher",
        "validation",
        "inventory",
        "payment",
        "notification",
        "orders_api",
    }


def test_life_of_a_cancelled_order(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="its life as the logs tell it: cancelled")
    assert shop.cancel(purchase.order_id).status_code == 200
    order = shop.until_event(purchase.order_id, "StockReleased", "PaymentVoided")
    shop.until_worked_off()

    # when
    told = ("OrderConfirmed", "OrderCancelled")
    rows = life(shop, order, told)

    # then
    assert {entry["event"] for entry in order["history"]} == CANCELLED
    assert_tells(rows, order)
    assert sent(rows) == messages(told)


@pytest.mark.undisturbed
def test_slowest_orders_are_those_that_took_longest_to_be_confirmed(shop: Shop) -> None:
    # given
    logged = complete_events(shop)
    took = [
        row["since_placed_ms"]
        for row in run('fields since_placed_ms | filter recorded = "OrderConfirmed"', logged)
    ]

    # when
    rows = run(SLOWEST_ORDERS.text, logged)

    # then
    confirmed = {
        order["orderId"]
        for order in stored_orders(shop)
        if any(entry["event"] == "OrderConfirmed" for entry in order["history"])
    }
    assert {row["order_id"] for row in rows} <= confirmed
    assert [row["since_placed_ms"] for row in rows] == sorted(took, reverse=True)[:20]
    assert len(rows) == min(20, len(took))
    assert len(took) == len(confirmed)


@pytest.mark.last
def test_errors_are_counted_by_function_and_kind(shop: Shop) -> None:
    # given
    logged = list(shop.logged())
    expected = Counter(
        (event.log_group, level, fields.get("message"))
        for event in logged
        if (fields := event.fields())
        and (level := fields.get("level")) in {"WARNING", "ERROR", "CRITICAL"}
    )

    # when
    rows = run(ERRORS_BY_STAGE.text, logged)

    # then
    found: Counter[tuple[str, str, str | None]] = Counter()
    for row in rows:
        if "level" in row:
            group = row["@log"].partition(":")[2]
            found[group, row["level"], row.get("message")] += row["times"]
    assert found == expected
    assert [row["times"] for row in rows] == sorted((row["times"] for row in rows), reverse=True)
    assert all("latest" in row or "latest_end" in row for row in rows)
