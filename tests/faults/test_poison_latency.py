"""One poisoned message among a thousand does not hold the others back."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.money import Currency
from order_pipeline.order import Line, place
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for
from tests.faults.conftest import Proxies
from tests.faults.dead_letters import DeadLetters
from tests.faults.flow import read_orders
from tests.faults.table import Report

ORDERS = 1000
AT_MOST = 1.5
"""Times the control run's p99. A message that waits behind the poison waits for 2 s and more."""
PATIENCE = 900
"""Seconds. Two idle cores need about a minute."""
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
    """Write orders for an item that does not exist; return how long each took to be rejected."""
    run = shop.new_id("order")
    table = OrdersTable(shop.dynamodb, shop.deployment.orders_table_name)
    orders = [
        place(
            order_id=f"{run}-{number}",
            customer_id="customer",
            currency=Currency.GBP,
            lines=(Line(item_id="nothing", quantity=1),),
            payment_method="pm_card_visa",
            payload_hash="none",
            by="place-order",
        )
        for number in range(ORDERS)
    ]
    with ThreadPoolExecutor(2) as writers:
        list(writers.map(table.add, orders[: ORDERS // 2]))
        if poison is not None:
            queue_url = DeadLetters(shop).url("validation-queue")
            shop.sqs.send_message(QueueUrl=queue_url, MessageBody=poison)
        list(writers.map(table.add, orders[ORDERS // 2 :]))
    ids = [order.order_id for order in orders]

    def rejected() -> list[float]:
        histories = [order["history"] for order in read_orders(shop, ids).values()]
        return [seconds(*history) for history in histories if len(history) == 2]

    return wait_for(
        rejected, lambda all_: len(all_) == ORDERS, "a thousand rejections", within=PATIENCE
    )


def seconds(placed: dict[str, str], rejected: dict[str, str]) -> float:
    assert (placed["event"], rejected["event"]) == ("OrderPlaced", "OrderRejected")
    taken = datetime.fromisoformat(rejected["at"]) - datetime.fromisoformat(placed["at"])
    return taken.total_seconds()


def p99(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
