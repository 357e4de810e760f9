"""A person at a terminal: an order from its placement to its refund, with only `orderctl`."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.orderctl import command, orderctl
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for

HISTORY = ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]


def ask(shop: Shop, *arguments: str) -> Any:
    """Run a command that must go well, and return the JSON document that it prints."""
    done = orderctl(shop.deployment, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def item(shop: Shop) -> str:
    """An item that was put up for sale at the terminal."""
    item_id = shop.new_id("item")
    made = ask(
        shop, "stock", "set", item_id, "--name", "Tea pot", "--price", "29.99",
        "--available", "10", "--yes",
    )  # fmt: skip
    assert (made["version"], made["available"]) == (1, 10)
    return item_id


def request_for(
    shop: Shop, tmp_path: Path, item_id: str, quantity: int = 2, **more: object
) -> Path:
    """Write a request for an order into a file."""
    request = {
        "customerId": shop.new_id("customer"),
        "items": [{"itemId": item_id, "quantity": quantity}],
        **more,
    }
    file = tmp_path / "order.json"
    file.write_text(json.dumps(request))
    return file


def test_an_order_lives_its_whole_life_at_the_terminal(
    shop: Shop, tmp_path: Path, item: str
) -> None:
    # when it is placed and followed
    file = request_for(shop, tmp_path, item)
    customer_id = json.loads(file.read_text())["customerId"]
    done = orderctl(
        shop.deployment, "place", "--file", str(file), "--follow", "--yes", "--key", customer_id
    )

    # then
    assert done.returncode == 0, done.stdout + done.stderr
    order_id = done.stdout.split(":")[0]
    shop.story.tell(order_id, "placed, shipped and refunded at a terminal")
    for event in HISTORY:
        assert event in done.stdout
    assert f"{order_id} is CONFIRMED, 59.98 GBP." in done.stdout
    assert f"--key {customer_id}" in done.stderr

    # and with the same key it is the same order
    again = ask(shop, "place", "--file", str(file), "--yes", "--key", customer_id)
    assert again["orderId"] == order_id

    # and it is shown, listed and watched
    shown = ask(shop, "show", order_id)
    assert [entry["event"] for entry in shown["history"]] == HISTORY
    assert shown["payment"]["state"] == "AUTHORISED"
    table = orderctl(shop.deployment, "show", order_id).stdout
    for word in (order_id, "CONFIRMED", "59.98 GBP", customer_id, item, *HISTORY):
        assert word in table
    assert [each["orderId"] for each in ask(shop, "list", "--customer", customer_id)] == [order_id]
    assert ask(shop, "list", "--customer", customer_id, "--status", "SHIPPED") == []
    frame = ask(shop, "watch", "--once")
    assert frame["counts"]["CONFIRMED"] >= 1
    assert order_id in [each["orderId"] for each in frame["orders"]]
    theirs = ask(shop, "watch", "--once", "--customer", customer_id)
    assert [each["status"] for each in theirs["orders"]] == ["CONFIRMED"]

    # when it is shipped, in two parcels
    for parcel_id, line in (("parcel-1", ["--line", f"{item}=1"]), ("parcel-2", [])):
        parcel = ask(
            shop, "ship", order_id, "--carrier", "Royal Mail", "--tracking", "RM 1",
            "--parcel", parcel_id, *line, "--yes",
        )  # fmt: skip
        assert parcel["lines"] == [{"itemId": item, "quantity": 1}]
        shop.until_event(order_id, "PaymentCaptured")
    for parcel_id in ("parcel-1", "parcel-2"):
        assert ask(shop, "deliver", order_id, parcel_id, "--yes")["deliveredAt"]

    # then nothing can be cancelled any more
    refused = orderctl(shop.deployment, "cancel", order_id, "--reason", "other", "--yes")
    assert refused.returncode == 1
    assert "The order's current state does not allow this" in refused.stderr

    # when money is given back
    line = ["--line", f"{item}=1", "--restock", "--refund-id", "refund-1", "--yes"]
    assert ask(shop, "refund", order_id, *line)["amount"] == "29.99"
    shop.until_event(order_id, "PaymentRefunded", "StockRestocked")

    # then
    assert shop.payments.given_back(order_id) == {"refund-1": 2999}
    assert ask(shop, "stock", "show", item)["available"] == 9
    table = orderctl(shop.deployment, "show", order_id).stdout
    for word in ("DELIVERED", "parcel-2", "Royal Mail", "refund-1", "StockRestocked"):
        assert word in table


def test_an_order_is_cancelled(shop: Shop, tmp_path: Path, item: str) -> None:
    # given
    file = request_for(shop, tmp_path, item, orderId=(order_id := shop.new_id("order")))
    placed = ask(shop, "place", "--file", str(file), "--follow", "--yes")
    shop.story.tell(order_id, "cancelled at a terminal")
    assert (placed["orderId"], placed["status"]) == (order_id, "CONFIRMED")
    # when
    cancelled = ask(shop, "cancel", order_id, "--reason", "changed_mind", "--yes")
    # then
    assert cancelled["status"] == "CANCELLED"
    shop.until_event(order_id, "StockReleased", "PaymentVoided")


def test_an_order_that_fails_ends_the_command_with_1(shop: Shop, tmp_path: Path, item: str) -> None:
    file = request_for(shop, tmp_path, item, 10_000, orderId=(order_id := shop.new_id("order")))
    done = orderctl(shop.deployment, "place", "--file", str(file), "--follow", "--yes")
    shop.story.tell(order_id, "more than there is, placed at a terminal")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{order_id} is OUT_OF_STOCK" in done.stdout


def test_stock_is_set_and_adjusted(shop: Shop, item: str) -> None:
    # given
    before = ask(shop, "stock", "show", item)
    # when
    changed = ask(shop, "stock", "set", item, "--price", "31.50", "--yes")
    # then the rest stays
    assert changed["price"] == "31.50"
    assert changed["version"] > before["version"]
    assert (changed["name"], changed["available"]) == ("Tea pot", before["available"])
    # when
    for _ in range(2):
        adjusted = ask(shop, "stock", "adjust", item, "-3", "--id", "count-1", "--yes")
        assert adjusted["delta"] == -3
    # then it was adjusted once
    assert ask(shop, "stock", "show", item)["available"] == before["available"] - 3
    # and sold for the price it had before, for the other tests
    ask(shop, "stock", "set", item, "--price", "29.99", "--yes")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["show", "no-such-order"], 2, "There is no order no-such-order."),
        (["stock", "show", "no-such-item"], 2, "no-such-item"),
        (["ship", "no-such-order", "--carrier", "C", "--tracking", "T", "--yes"], 2, "no order"),
        (["stock", "set", "new-item", "--name", "X", "--price", "1.999", "--available", "1",
          "--yes"], 2, "price"),
        (["cancel", "no-such-order", "--reason", "other"], 2, "--yes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence(
    shop: Shop, arguments: list[str], status: int, said: str
) -> None:
    done = orderctl(shop.deployment, *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_health_tells_of_queues_stages_and_alarms(shop: Shop) -> None:
    # when
    done = orderctl(shop.deployment, "health", "--json")
    # then: other tests leave dead letters on purpose, so that it need not be well
    seen = json.loads(done.stdout)
    assert done.returncode == (1 if seen["problems"] else 0), done.stdout + done.stderr
    assert seen["unread"] == {}
    assert {stage["state"] for stage in seen["stages"]} == {"working"}
    assert None not in [queue["waiting"] for queue in (*seen["queues"], *seen["deadLetterQueues"])]
    assert seen["alarms"]["total"] > len(seen["deadLetterQueues"])
    table = orderctl(shop.deployment, "health").stdout
    for word in ("intake-overflow", "audit-subscription", "notification", "working"):
        assert word in table


@pytest.fixture
def watching(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """A watch that goes on: a line of JSON for each look."""
    arguments, options = command(shop.deployment, "watch", "--json", "--every", "0.2")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, **options) as watch:
        yield watch
        watch.kill()


def test_a_watch_sees_an_order_until_it_has_ended(
    shop: Shop, watching: subprocess.Popen[str], item: str
) -> None:
    # given
    assert watching.stdout is not None
    lines = iter(watching.stdout)
    assert json.loads(next(lines))["at"]
    order_id = shop.place(
        {"orderId": shop.new_id("order"), "customerId": shop.new_id("customer"),
         "items": [{"itemId": item, "quantity": 1}]},
        shows="watched at a terminal until it was cancelled",
    )  # fmt: skip

    # when it has come to rest, and is cancelled
    def status() -> object:
        frame = json.loads(next(lines))
        return {each["orderId"]: each["status"] for each in frame["orders"]}.get(order_id)

    wait_for(status, lambda seen: seen == "CONFIRMED", f"{order_id} confirmed on the board")
    assert shop.cancel(order_id).is_success

    # then its end is seen
    wait_for(status, lambda seen: seen == "CANCELLED", f"{order_id} cancelled on the board")

    # and Ctrl-C is how a watch ends
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=30) == 0
