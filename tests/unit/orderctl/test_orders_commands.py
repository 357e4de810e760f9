"""The commands about orders and stock, over an API in memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import EventType
from orders_api.views import order_view
from tests.unit.builders import (
    a_confirmed_order,
    a_declined_order,
    a_partly_shipped_order,
    a_placed_order,
    a_refund,
    a_reserved_order,
)
from tests.unit.orderctl.gateway import Gateway, problem, run

ACCEPTED = {
    "orderId": "ORD-1",
    "status": "PLACED",
    "message": "The order is accepted.",
    "links": {"self": "orders/ORD-1"},
}
REQUEST = {"customerId": "CUST-1", "items": [{"itemId": "ITEM-001", "quantity": 2}]}
LINKS = {"self": "orders/ORD-1"}
CANCELLED = {"orderId": "ORD-1", "status": "CANCELLED", "message": "It is.", "links": LINKS}
SHIPPED = {
    "orderId": "ORD-1",
    "parcelId": "P",
    "lines": [{"itemId": "TEA", "quantity": 1}],
    "links": LINKS,
}
DELIVERED = {
    "orderId": "ORD-1",
    "parcelId": "P",
    "deliveredAt": "2026-01-31T12:00:00.000Z",
    "links": LINKS,
}
REFUNDED = {"orderId": "ORD-1", "refundId": "R", "amount": "10.00", "lines": [], "links": LINKS}
ADJUSTED = {"itemId": "TEA", "adjustmentId": "A", "delta": -3, "links": LINKS}
ITEM = {
    "itemId": "TEA",
    "name": "Tea pot",
    "price": "29.99",
    "currency": "GBP",
    "available": 10,
    "active": True,
    "stockCounters": 1,
    "version": 3,
}


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def shown(order: Order) -> Any:
    return order_view(order).model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(REQUEST))
    return str(file)


# ------------------------------------------------------------------ place


def test_an_order_is_placed_with_a_key_that_is_told(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    done = run(monkeypatch, gateway, "place", "--file", request_file, "--yes")
    assert done.exit_code == 0, done.output
    [asked] = gateway.asked
    assert asked.body == REQUEST
    assert f"--key {asked.headers['Idempotency-Key']}" in done.stderr
    assert done.stdout == "ORD-1: The order is accepted.\n"


def test_a_retry_uses_the_key_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    done = run(monkeypatch, gateway, "place", "-f", request_file, "--key", "K", "-y", "--json")
    assert json.loads(done.stdout) == ACCEPTED
    assert gateway.asked[0].headers["Idempotency-Key"] == "K"


def test_an_order_with_its_own_id_needs_no_key(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    body = json.dumps({**REQUEST, "orderId": "ORD-1"})
    done = run(monkeypatch, gateway, "place", "--file", "-", "--yes", answer=body)
    assert done.exit_code == 0, done.output
    assert "Idempotency-Key" not in gateway.asked[0].headers
    assert done.stderr == ""


@pytest.mark.usefixtures("somebody_to_ask")
def test_what_is_not_in_a_file_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    typed = "CUST-1\nTEA\nTEA=2\nSET=1\n\ny\n"
    done = run(monkeypatch, gateway, "place", answer=typed)
    assert done.exit_code == 0, done.output
    assert gateway.asked[0].body == {
        "customerId": "CUST-1",
        "items": [{"itemId": "TEA", "quantity": 2}, {"itemId": "SET", "quantity": 1}],
    }
    assert "'TEA' is not an item and a quantity" in done.output
    assert "Place an order of CUST-1 in dev: 2 of TEA, 1 of SET?" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("[]", "is not a JSON object"),
        (b"\xff", "is not JSON"),
    ],
)
def test_a_file_that_is_no_request_is_told(
    monkeypatch: pytest.MonkeyPatch,
    gateway: Gateway,
    tmp_path: Path,
    text: str | bytes,
    said: str,
) -> None:
    file = tmp_path / "order.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run(monkeypatch, gateway, "place", "--file", str(file), "--yes")
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert gateway.asked == []


def test_an_order_is_followed_until_it_rests(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    # given an order that is deferred first, and a busy API
    gateway.will_answer("POST orders", ACCEPTED, 202)
    gateway.will_answer("GET orders/ORD-1", problem("not-found", 404, "There is no order."), 404)
    gateway.will_answer("GET orders/ORD-1", shown(a_placed_order()))
    gateway.will_answer("GET orders/ORD-1", problem("too-many-requests", 429, "Wait."), 429)
    gateway.will_answer("GET orders/ORD-1", shown(a_reserved_order()))
    gateway.will_answer("GET orders/ORD-1", shown(a_confirmed_order()))
    # when
    done = run(monkeypatch, gateway, "place", "--file", request_file, "--follow", "--yes")
    # then each event is told once
    assert done.exit_code == 0, done.output
    told = [word for word in done.stdout.split() if word in set(EventType)]
    assert told == ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]
    assert "ORD-1 is CONFIRMED" in done.stdout


def test_an_order_that_fails_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    gateway.will_answer("GET orders/ORD-1", shown(a_declined_order()))
    done = run(monkeypatch, gateway, "place", "-f", request_file, "--follow", "--yes", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == "PAYMENT_DECLINED"


def test_an_order_that_takes_long_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    gateway.will_answer("POST orders", ACCEPTED, 202)
    gateway.will_answer("GET orders/ORD-1", shown(a_placed_order()))
    done = run(
        monkeypatch, gateway, "place", "-f", request_file, "--follow", "--within", "1", "--yes"
    )
    assert done.exit_code == 1
    assert "Order ORD-1 is still PLACED after 1 s. It is not lost" in done.stderr


def test_an_order_that_was_placed_is_told_to_a_program_even_if_it_cannot_be_followed(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, request_file: str
) -> None:
    # given an API that is hidden behind something else once the order is placed
    gateway.will_answer("POST orders", ACCEPTED, 202)
    gateway.will_answer("GET orders/ORD-1", b"<html>Not here</html>", 404)
    # when
    done = run(monkeypatch, gateway, "place", "-f", request_file, "--follow", "--yes", "--json")
    # then it is not waited for as for one that is not stored yet
    assert done.exit_code == 1
    assert "getOrder was answered with 404, and no reason given" in done.stderr
    assert json.loads(done.stdout) == ACCEPTED
    assert len(gateway.asked) == 2


# ------------------------------------------------------------------ show and list


def test_an_order_is_shown_with_all_that_happened_to_it(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    order = a_partly_shipped_order().model_copy(update={"refunds": (a_refund(),)})
    gateway.will_answer("GET orders/ORD-1", shown(order))
    done = run(monkeypatch, gateway, "show", "ORD-1")
    assert done.exit_code == 0, done.output
    for word in ("CUST-1", "CONFIRMED", "GBP", "StockReserved", "refund", "parcel", "+0.00 s"):
        assert word in done.stdout
    assert "ada@example.com" not in done.stdout
    done = run(monkeypatch, gateway, "show", "ORD-1", "--json")
    assert json.loads(done.stdout) == shown(order)


def test_a_customers_orders_are_listed_page_by_page(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    # given
    entry = {
        "orderId": "ORD-1",
        "status": "CONFIRMED",
        "placedAt": "2026-01-31T12:00:00.000Z",
        "currency": "GBP",
        "links": LINKS,
    }
    page = [{**entry, "orderId": f"ORD-{number}"} for number in range(100)]
    gateway.will_answer("GET customers/C/orders", {"orders": page, "cursor": "next"})
    gateway.will_answer("GET customers/C/orders", {"orders": page[:50], "cursor": "more"})
    # when
    arguments = ["list", "--customer", "C", "--limit", "150", "--status", "CONFIRMED", "--json"]
    done = run(monkeypatch, gateway, *arguments)
    # then
    assert len(json.loads(done.stdout)) == 150
    first, second = (asked.query for asked in gateway.asked)
    assert first == {"status": "CONFIRMED", "limit": "100"}
    assert second == {"status": "CONFIRMED", "limit": "50", "cursor": "next"}


def test_a_customer_without_orders_is_told(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    gateway.will_answer("GET customers/C/orders", {"orders": []})
    done = run(monkeypatch, gateway, "list", "--customer", "C")
    assert done.stdout == "C has no orders.\n"


# ------------------------------------------------------------------ what changes an order


@pytest.mark.parametrize(
    ("arguments", "call", "status", "answer", "body"),
    [
        (
            ["cancel", "ORD-1", "--reason", "changed_mind"],
            "POST orders/ORD-1/cancel",
            200,
            CANCELLED,
            {"reason": "changed_mind"},
        ),
        (
            ["ship", "ORD-1", "--carrier", "RM", "--tracking", "1", "--parcel", "P",
             "--line", "TEA=1"],
            "POST orders/ORD-1/shipments",
            201,
            SHIPPED,
            {"parcelId": "P", "carrier": "RM", "trackingNumber": "1",
             "lines": [{"itemId": "TEA", "quantity": 1}]},
        ),
        (
            ["deliver", "ORD-1", "P"],
            "POST orders/ORD-1/shipments/P/delivery",
            200,
            DELIVERED,
            None,
        ),
        (
            ["refund", "ORD-1", "--amount", "10.00", "--refund-id", "R"],
            "POST orders/ORD-1/refunds",
            202,
            REFUNDED,
            {"refundId": "R", "amount": "10.00"},
        ),
        (
            ["refund", "ORD-1", "--line", "TEA=1", "--line", "SET=2", "--restock",
             "--refund-id", "R"],
            "POST orders/ORD-1/refunds",
            202,
            REFUNDED,
            {"refundId": "R", "restock": True, "lines": [
                {"itemId": "TEA", "quantity": 1}, {"itemId": "SET", "quantity": 2}]},
        ),
        (
            ["stock", "adjust", "TEA", "-3", "--id", "A"],
            "POST inventory/TEA/adjustments",
            200,
            ADJUSTED,
            {"adjustmentId": "A", "delta": -3},
        ),
    ],
    ids=["cancel", "ship", "deliver", "refund an amount", "refund lines", "adjust"],
)  # fmt: skip
def test_a_change_asks_first_and_is_made_once(
    monkeypatch: pytest.MonkeyPatch,
    gateway: Gateway,
    *,
    arguments: list[str],
    call: str,
    status: int,
    answer: dict[str, Any],
    body: Any,
) -> None:
    gateway.will_answer(call, answer, status)
    # when nobody can be asked
    done = run(monkeypatch, gateway, *arguments)
    # then
    assert done.exit_code == 2
    assert "use --yes to confirm" in done.stderr
    assert gateway.asked == []
    # when it is meant
    done = run(monkeypatch, gateway, *arguments, "--yes", "--json")
    # then
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == answer
    [asked] = gateway.asked
    assert (asked.call, asked.body) == (call, body)


@pytest.mark.usefixtures("somebody_to_ask")
@pytest.mark.parametrize(("typed", "status"), [("n\n", 1), ("y\n", 0)])
def test_the_answer_decides(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, typed: str, status: int
) -> None:
    gateway.will_answer("POST orders/ORD-1/cancel", CANCELLED)
    done = run(monkeypatch, gateway, "cancel", "ORD-1", "--reason", "other", answer=typed)
    assert done.exit_code == status
    assert "Cancel ORD-1 in dev: other?" in done.output
    assert len(gateway.asked) == 1 - status


@pytest.mark.parametrize(
    ("arguments", "call", "status", "answer", "option", "field"),
    [
        (
            ["ship", "ORD-1", "--carrier", "RM", "--tracking", "1"],
            "POST orders/ORD-1/shipments",
            201,
            SHIPPED,
            "--parcel",
            "parcelId",
        ),
        (
            ["refund", "ORD-1", "--amount", "1"],
            "POST orders/ORD-1/refunds",
            202,
            REFUNDED,
            "--refund-id",
            "refundId",
        ),
        (
            ["stock", "adjust", "TEA", "5"],
            "POST inventory/TEA/adjustments",
            200,
            ADJUSTED,
            "--id",
            "adjustmentId",
        ),
    ],
)
def test_an_id_that_is_made_is_told_before_so_that_it_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
    gateway: Gateway,
    *,
    arguments: list[str],
    call: str,
    status: int,
    answer: dict[str, Any],
    option: str,
    field: str,
) -> None:
    # given that the answer is lost
    gateway.will_answer(call, problem("unavailable", 503, "Try again."), 503)
    gateway.will_answer(call, answer, status)
    gateway.will_answer("GET inventory/TEA", ITEM)
    # when
    lost = run(monkeypatch, gateway, *arguments, "--yes")
    # then
    assert lost.exit_code == 1
    made = gateway.asked[0].body[field]
    assert f"To repeat this safely: {option} {made}" in lost.stderr
    # when it is repeated
    done = run(monkeypatch, gateway, *arguments, option, made, "--yes")
    # then
    assert done.exit_code == 0, done.output
    assert gateway.asked[1].body == gateway.asked[0].body


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["refund", "ORD-1"], "give either --amount, or --line"),
        (
            ["refund", "ORD-1", "--amount", "1", "--line", "TEA=1"],
            "give either --amount, or --line",
        ),
        (["refund", "ORD-1", "--amount", "1", "--restock"], "--restock goes with --line"),
        (["ship", "ORD-1", "--carrier", "C"], "--tracking"),
        (["ship", "ORD-1", "--carrier", "C", "--tracking", "T", "--line", "TEA"], "ITEM-001=2"),
        (["ship", "ORD-1", "--carrier", "C", "--tracking", "T", "--line", "TEA=0"], "ITEM-001=2"),
        (["cancel", "ORD-1", "--reason", "bored"], "changed_mind"),
        (["cancel", "../x", "--reason", "other"], "is not an id"),
        (["list", "--customer", "C", "--limit", "0"], "greater than or equal to 1"),
        (["place"], "there is no terminal to ask on"),
        (["place", "--file", "/no/such/file"], "No such file"),
    ],
)
def test_wrong_usage_is_2_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, arguments: list[str], said: str
) -> None:
    more = ["--yes"] if arguments[0] in ("cancel", "ship", "refund", "place") else []
    done = run(monkeypatch, gateway, *arguments, *more)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert gateway.asked == []


# ------------------------------------------------------------------ stock


def test_an_item_is_changed_as_it_was_read(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    # given
    gateway.will_answer("GET inventory/TEA", ITEM, 200, ETag='"3"')
    gateway.will_answer("PUT inventory/TEA", {**ITEM, "price": "31.50", "version": 4})
    # when
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--price", "31.50", "--yes")
    # then
    assert done.exit_code == 0, done.output
    _, asked = gateway.asked
    assert asked.headers["If-Match"] == '"3"'
    assert asked.body == {
        "name": "Tea pot",
        "price": "31.50",
        "currency": "GBP",
        "available": 10,
        "active": True,
        "stockCounters": 1,
    }
    assert "31.50 GBP" in done.stdout


def test_an_item_gets_counters_and_keeps_them(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    # given
    hot = {**ITEM, "stockCounters": 8, "version": 4}
    gateway.will_answer("GET inventory/TEA", ITEM, 200, ETag='"3"')
    gateway.will_answer("PUT inventory/TEA", hot)
    gateway.will_answer("GET inventory/TEA", hot, 200, ETag='"4"')
    gateway.will_answer("PUT inventory/TEA", {**hot, "price": "31.50", "version": 5})
    # when
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--counters", "8", "--yes")
    again = run(monkeypatch, gateway, "stock", "set", "TEA", "--price", "31.50", "--yes")
    # then
    assert (done.exit_code, again.exit_code) == (0, 0), done.output + again.output
    asked = [each.body for each in gateway.asked if each.body]
    assert [body["stockCounters"] for body in asked] == [8, 8]
    assert "8" in again.stdout


@pytest.mark.parametrize("counters", ["0", "33", "many"])
def test_no_item_has_more_counters_than_it_may(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, counters: str
) -> None:
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--counters", counters, "--yes")
    assert done.exit_code == 2
    assert gateway.asked == []


def test_an_api_that_knows_of_no_counters_is_told_of_none(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    older = {key: value for key, value in ITEM.items() if key != "stockCounters"}
    gateway.will_answer("GET inventory/TEA", older, 200, ETag='"3"')
    gateway.will_answer("PUT inventory/TEA", older)
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--available", "5", "--yes")
    assert done.exit_code == 0, done.output
    assert "stockCounters" not in gateway.asked[-1].body


@pytest.mark.usefixtures("somebody_to_ask")
def test_what_would_change_is_shown(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    gateway.will_answer("GET inventory/TEA", ITEM, 200, ETag='"3"')
    arguments = ["stock", "set", "TEA", "--price", "31.50", "--inactive", "--available", "10"]
    done = run(monkeypatch, gateway, *arguments, answer="n\n")
    assert done.exit_code == 1
    assert "Set TEA in dev: price 29.99 → 31.50, active True → False?" in done.output
    assert gateway.calls == ["GET inventory/TEA"]


def test_an_item_is_changed_as_it_was_read_where_the_header_is_lost_on_the_way(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    gateway.will_answer("GET inventory/TEA", ITEM)
    gateway.will_answer("PUT inventory/TEA", ITEM)
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--available", "5", "--yes")
    assert done.exit_code == 0, done.output
    assert gateway.asked[1].headers["If-Match"] == '"3"'


def test_an_item_is_not_made_because_something_else_does_not_know_it(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    gateway.will_answer("GET inventory/TEA", b"<html>Not here</html>", 404)
    arguments = ["--name", "Tea", "--price", "1", "--available", "0", "--yes"]
    done = run(monkeypatch, gateway, "stock", "set", "TEA", *arguments)
    assert done.exit_code == 1
    assert gateway.calls == ["GET inventory/TEA"]


def test_somebody_else_was_first(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    gateway.will_answer("GET inventory/TEA", ITEM, 200, ETag='"3"')
    gateway.will_answer("PUT inventory/TEA", problem("item-changed", 412, "It is at 4."), 412)
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--available", "5", "--yes")
    assert done.exit_code == 1
    assert done.stderr == "The title: It is at 4.\n"


def test_a_new_item_takes_all_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    # given
    gateway.will_answer("GET inventory/TEA", problem("not-found", 404, "No item TEA."), 404)
    gateway.will_answer("PUT inventory/TEA", ITEM, 201)
    # when
    done = run(monkeypatch, gateway, "stock", "set", "TEA", "--name", "Tea", "--yes")
    # then
    assert done.exit_code == 2
    assert "--price and --available" in done.output
    # when
    arguments = ["stock", "set", "TEA", "--name", "Tea", "--price", "1", "--available", "0"]
    done = run(monkeypatch, gateway, *arguments, "--yes", "--json")
    # then
    assert json.loads(done.stdout) == ITEM
    assert gateway.asked[-1].body == {"name": "Tea", "price": "1", "available": 0}
    assert "If-Match" not in gateway.asked[-1].headers


def test_an_item_is_shown(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    gateway.will_answer("GET inventory/TEA", ITEM)
    assert "Tea pot" in run(monkeypatch, gateway, "stock", "show", "TEA").stdout
    done = run(monkeypatch, gateway, "stock", "show", "TEA", "--json")
    assert json.loads(done.stdout) == ITEM
