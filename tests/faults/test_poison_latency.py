"""One poisoned message among a thousand does not hold the others back."""

import math
from datetime import datetime

from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Line, place
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for
from tests.faults.conftest import Proxies
from tests.faults.dead_letters import DeadLetters
from tests.faults.flow import read_orders
from tests.faults.table import Report

ORDERS = 1000
AT_MOST = 1.5
"""Times the control run's p99. A message that waits behind the poison waits for 2 s and more."""
AT_ONCE = 20
"""Orders on their way at once: few enough that none waits for its turn, poison or not."""
PATIENCE = 120
"""Seconds without any order being rejected."""
SLACK = 1.0
"""Seconds: two runs of the same kind on a busy machine differ."""


def test_poisoned_message_among_a_thousand(shop: Shop, proxies: Proxies, report: Report) -> None:
    # given
    poison = "{ this is no event"
    dead_letters = DeadLetters(shop)

    # when
    control = latencies(shop, poison=None)
    poisoned = latencies(shop, poison=poison)

    # then
    parked = dead_letters.take("validation-dlq")
    assert [message["Body"] for message in parked].count(poison) == 1
    without, with_it = p99(control), p99(poisoned)
    report.numbers.append(
        f"One poisoned message among {ORDERS:,}: the others' p99 from OrderPlaced to OrderRejected "
        f"is {with_it:.2f} s, and {without:.2f} s without it."
    )
    assert with_it <= AT_MOST * without + SLACK


def latencies(shop: Shop, *, poison: str | None) -> list[float]:
    """Write orders for an item that does not exist, a few at once; return each one's latency."""
    run = shop.new_id("order")
    table = OrdersTable(shop.dynamodb, shop.deployment.orders_table_name)
    rejected: dict[str, float] = {}
    waiting: list[str] = []
    for number in range(ORDERS):
        if poison is not None and len(rejected) + len(waiting) == ORDERS // 2:
            queue_url = DeadLetters(shop).url("validation-queue")
            shop.sqs.send_message(QueueUrl=queue_url, MessageBody=poison)
        order = place(
            order_id=f"{run}-{number}",
            customer_id="customer",
            currency=Currency.GBP,
            lines=(Line(item_id="nothing", quantity=1),),
            payment_method="pm_card_visa",
            payload_hash="none",
            by="place-order",
        )
        table.add(order)
        waiting.append(order.order_id)
        if len(waiting) == AT_ONCE:
            wait_for(
                lambda: _take_rejected(shop, waiting, rejected),
                bool,
                "a rejection",
                within=PATIENCE,
            )
    while waiting:
        wait_for(
            lambda: _take_rejected(shop, waiting, rejected), bool, "the last ones", within=PATIENCE
        )
    assert len(rejected) == ORDERS
    return list(rejected.values())


def _take_rejected(shop: Shop, waiting: list[str], rejected: dict[str, float]) -> int:
    """Move what has been rejected out of those that wait; return how many there were."""
    before = len(rejected)
    for order_id, order in read_orders(shop, list(waiting)).items():
        if len(order["history"]) > 1:
            rejected[order_id] = seconds(*order["history"])
            waiting.remove(order_id)
    return len(rejected) - before


def seconds(placed: dict[str, str], rejected: dict[str, str]) -> float:
    assert (placed["event"], rejected["event"]) == ("OrderPlaced", "OrderRejected")
    taken = datetime.fromisoformat(rejected["at"]) - datetime.fromisoformat(placed["at"])
    return taken.total_seconds()


def p99(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
