"""What keeps working while something is down: docs/degradation.md, each cell tried."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests.e2e.shop import Item, Shop
from tests.e2e.waiting import wait_for
from tests.faults import faults
from tests.faults.calls import Call
from tests.faults.conftest import Proxies, settled
from tests.faults.faults import Behaviour, Fault, Strikes
from tests.faults.flow import Flow, Purchase, read_orders
from tests.faults.kinds import (
    CANCELLED,
    CONFIRMED,
    SHIPPED,
    TO_SHIPPED,
    Kind,
    cancel,
    deliver,
    refund,
    ship,
)
from tests.faults.proxy import Proxy
from tests.faults.table import Report

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/degradation.md"
FIRST_COLUMN, LAST_COLUMN = "while this is down", "a new order gets to"
UNAVAILABLE = "urn:order-pipeline:problem:unavailable"
NOT_STORED = ("the overflow queue", "nowhere")
UNUSED = ("SQS",)
"""What no function needs while all else works, which is why nothing stops without it."""
STAYS = 3
"""Seconds for which an order must stay where it has got to."""

JSON_ERROR = faults.aws_json_error("InternalServerError", HTTPStatus.INTERNAL_SERVER_ERROR)
XML_ERROR = faults.aws_xml_error("InternalError")

DELIVERED = Kind(
    "delivered",
    (*TO_SHIPPED, "ParcelDelivered", "OrderDelivered"),
    steps={"PaymentCaptured": deliver},
    money="taken",
)
REFUNDED = Kind(
    "refunded",
    (*TO_SHIPPED, "RefundRequested", "PaymentRefunded", "StockRestocked"),
    steps={"PaymentCaptured": refund},
    money="returned",
)


def table() -> tuple[list[str], dict[str, dict[str, str]]]:
    """Read the document's table: its columns, and dependency → column → cell."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    header, _ruler, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return header, {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}


COLUMNS, ROWS = table()


@dataclass(frozen=True)
class Ready:
    """Orders and an item that each call finds as it needs them."""

    confirmed: Purchase
    to_cancel: Purchase
    shipped: Purchase
    to_refund: Purchase
    item: Item


def dynamodb(table_name: str, *, actions: tuple[str, ...] = ()) -> Strikes:
    """Return what strikes calls to a table or an index, or only those of some kinds."""

    def strikes(call: Call) -> bool:
        return (
            call.service == "dynamodb"
            and table_name in call.detail.split()
            and (not actions or call.action in actions)
        )

    return strikes


def broken(name: str, proxies: Proxies) -> list[tuple[Proxy, Behaviour, Strikes]]:
    """Return what is to break so that a dependency is down."""
    orders = (proxies.aws, JSON_ERROR, dynamodb("orders-table"))
    writes = dynamodb("orders-table", actions=("PutItem", "UpdateItem", "TransactWriteItems"))
    what: dict[str, list[tuple[Proxy, Behaviour, Strikes]]] = {
        "nothing": [],
        "orders table: writes": [(proxies.aws, JSON_ERROR, writes)],
        "orders table": [orders],
        "orders table and overflow queue": [
            orders,
            (proxies.aws, JSON_ERROR, faults.calls("sqs", detail="intake-overflow-queue")),
        ],
        "customer index": [(proxies.aws, JSON_ERROR, dynamodb("customer-index"))],
        "inventory table": [(proxies.aws, JSON_ERROR, dynamodb("inventory-table"))],
        "idempotency table": [(proxies.aws, JSON_ERROR, dynamodb("idempotency-table"))],
        "the table's stream": [(proxies.stream, JSON_ERROR, faults.calls("", "GetRecords"))],
        "SNS": [(proxies.aws, XML_ERROR, faults.calls("sns"))],
        "SQS": [(proxies.aws, JSON_ERROR, faults.calls("sqs"))],
        "payment provider": [(proxies.payment, faults.drop, faults.calls())],
        "SES": [(proxies.aws, XML_ERROR, faults.calls("ses"))],
    }
    return what[name]


@pytest.fixture(scope="module")
def flow_of_all(shop: Shop, report: Report) -> Iterator[Flow]:
    """The orders of all rows, whose books are balanced after the last."""
    with Flow(shop) as flow:
        yield flow
        flow.mark_healed()
        settled("each dependency in turn, see docs/degradation.md", flow, report, within=300)


@pytest.fixture(scope="module")
def ready(shop: Shop, flow_of_all: Flow) -> Mapping[str, Ready]:
    """For each row, orders that are CONFIRMED or SHIPPED."""
    kinds = (CONFIRMED, CONFIRMED, SHIPPED, SHIPPED)
    orders = {name: flow_of_all.place(*kinds) for name in ROWS}
    flow_of_all.until("ready", lambda each: each.has_ended, within=240)
    return {
        name: Ready(confirmed, to_cancel, shipped, to_refund, item=shop.stocked_item())
        for name, (confirmed, to_cancel, shipped, to_refund) in orders.items()
    }


@pytest.mark.parametrize("name", ROWS)
def test_what_keeps_working(
    name: str, shop: Shop, proxies: Proxies, flow_of_all: Flow, ready: Mapping[str, Ready]
) -> None:
    # given
    expected = dict(ROWS[name])
    gets_to = expected.pop(LAST_COLUMN)
    orders = ready[name]
    new = flow_of_all.prepare(CONFIRMED)

    # when
    with breaking(broken(name, proxies), unused=name in UNUSED):
        answers = {call: said(ask()) for call, ask in the_calls(shop, orders, new).items()}

        # then
        assert answers == expected
        assert where(shop, new, gets_to) == gets_to

    # and what was accepted goes on, and what was refused can be repeated
    for purchase, kind in (
        (orders.to_cancel, CANCELLED),
        (orders.confirmed, SHIPPED),
        (orders.shipped, DELIVERED),
        (orders.to_refund, REFUNDED),
    ):
        purchase.kind, purchase.ended_at = kind, 0
    flow_of_all.place_prepared(new)


def the_calls(shop: Shop, ready: Ready, new: Purchase) -> dict[str, Callable[[], httpx.Response]]:
    """Return every call of the API, by the column that it stands in."""
    new_item = {"name": "Kettle", "price": 5, "currency": "GBP", "available": 1}
    calls: dict[str, Callable[[], httpx.Response]] = {
        "POST order": lambda: shop.post_order(new.request),
        "GET order": lambda: shop.api.get(f"orders/{ready.shipped.order_id}"),
        "GET address": lambda: shop.api.get(f"shipping-addresses/{ready.shipped.order_id}"),
        "list orders": lambda: shop.orders_of(ready.shipped.customer.customer_id),
        "cancel": lambda: cancel(shop, ready.to_cancel),
        "ship": lambda: ship(shop, ready.confirmed),
        "deliver": lambda: deliver(shop, ready.shipped),
        "refund": lambda: refund(shop, ready.to_refund),
        "GET item": lambda: shop.api.get(f"inventory/{ready.item.item_id}"),
        "PUT item": lambda: shop.put_item(shop.new_id("item"), new_item),
        "adjust": lambda: shop.adjust(ready.item.item_id, "adjustment-1", 1),
    }
    assert [FIRST_COLUMN, *calls, LAST_COLUMN] == COLUMNS
    return calls


def said(answer: httpx.Response) -> str:
    """Return an answer as the document puts it."""
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        assert answer.headers["Retry-After"]
        assert answer.json()["type"] == UNAVAILABLE
        return str(answer.status_code)
    deferred = " deferred" if answer.json().get("deferred") else ""
    return f"{answer.status_code}{deferred}"


def where(shop: Shop, new: Purchase, expected: str) -> str:
    """Wait until the order is where it should get to, and see that it goes no further."""

    def status() -> str:
        stored = read_orders(shop, [new.order_id])
        return str(stored[new.order_id]["status"]) if stored else expected_without(expected)

    # So long it may take until the stage goes on that the provider's outage, before, has paused.
    wait_for(status, lambda seen: seen == expected, f"{new.order_id} {expected}", within=180)
    time.sleep(STAYS)
    return status()


def expected_without(expected: str) -> str:
    """Return where an order is that is not in the table."""
    return expected if expected in NOT_STORED else "not in the table"


@contextmanager
def breaking(
    what: list[tuple[Proxy, Behaviour, Strikes]], *, unused: bool = False
) -> Iterator[None]:
    """Break all of it, and heal it at the end; it must have been needed, or not at all."""
    installed = [(proxy, Fault("down", behaviour, strikes)) for proxy, behaviour, strikes in what]
    for proxy, fault in installed:
        proxy.install(fault)
    try:
        yield
    finally:
        for proxy, fault in installed:
            proxy.heal(fault)
    for _, fault in installed:
        assert bool(fault.struck) is not unused, f"struck {len(fault.struck)} times"
