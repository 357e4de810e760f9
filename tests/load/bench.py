"""`python -m tests.load.bench RESULT`: many customers at once, against the deployed pipeline.

Three parts, on one deployment and one after the other: a few orders one at a time, each when the
one before is confirmed; a warm-up, in which functions start cold for as many customers as come; and
the load, until its last order is at rest. What is measured goes into RESULT as JSON; `report.py`
and `draw.py` show it, and the model of a flash sale is held against it (`simulation.measured` says
what it needs).

It fails if an order is not accepted, does not come to rest as CONFIRMED, or stock is not what the
orders leave. Also then the result is written, with what went wrong; times to confirm are of the
orders that were confirmed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.reading import read_items
from tests.e2e.deployment import Deployment
from tests.e2e.shop import ON_ITS_WAY, Json, Shop
from tests.e2e.waiting import wait_for
from tests.load.runs import Run, most_at_once, runs_of
from tests.load.watching import Depths
from timing.machine import description

ROOT = Path(__file__).resolve().parents[2]
LOCUST = ROOT / ".venvs/load/bin/locust"
CUSTOMERS = Path(__file__).with_name("customers.py")

CLIENTS, ORDERS = 100, 1000
WARM_UP_ORDERS = 300
"""Three for each client: by then as many functions run as clients want at once."""
FIRST_ORDERS, SINGLE_ORDERS = 5, 40
"""Placed one at a time: until each stage has started, and measured."""
CUSTOMERS_A_SECOND = 10
"""How fast they come: an environment starts for each, and this machine starts no more than that."""
ITEMS = 50
"""That orders are spread over, two lines each: no item is a hot one."""
STOCK = 10_000
AT_REST_WITHIN = 1800
"""Seconds, from the last answer to the last order's rest."""

LOGGED_WITHIN = 120
"""Seconds, from the last queue's last message to the last line in a log."""

FIRST_STAGE = "place_order"
CONFIRMED = "CONFIRMED"
ACCEPTED = 202
SHOWN = (50, 95, 99)
"""Percentiles."""


def main() -> int:
    """Measure, write the result, and say what it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    options = parser.parse_args()
    with closing(Shop(Deployment.read())) as shop:
        bench = Bench(shop)
        try:
            result = bench.run(options.clients, options.orders)
        except NoLoadError as error:
            sys.exit(f"error: {error}")
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    for problem in bench.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if bench.problems else 0


class NoLoadError(RuntimeError):
    """Locust did not send the orders; the message says how many it did."""


class Bench:
    """A load test of one deployment, and what went wrong in it."""

    def __init__(self, shop: Shop) -> None:
        self.problems: list[str] = []
        self._shop = shop
        self._items = [shop.stocked_item(available=STOCK) for _ in range(ITEMS)]
        self._made: list[Json] = []
        """All requests."""

    def run(self, clients: int, orders: int) -> Json:
        """Run the three parts, and return what they took."""
        say(f"one at a time: {SINGLE_ORDERS} orders")
        singles = [
            single
            for request in self._requests(FIRST_ORDERS + SINGLE_ORDERS)
            if (single := self._one(request)) is not None
        ][FIRST_ORDERS:]
        say(f"warming up: {WARM_UP_ORDERS} orders of {clients} clients")
        self._at_rest(self._sent(clients, self._requests(WARM_UP_ORDERS)))
        self._seen(self._shop.until_worked_off)
        say(f"the load: {orders} orders of {clients} clients")
        began = time.time()
        deployment = self._shop.deployment
        queues = {
            "validation": deployment.validation_queue_url,
            "inventory": deployment.inventory_queue_url,
            "payment": deployment.payment_queue_url,
            "notification": deployment.notification_queue_url,
        }
        with Depths(self._shop, queues) as depths:
            answers = self._sent(clients, self._requests(orders))
            refused = Counter(each["status"] for each in answers if each["status"] != ACCEPTED)
            self._note(bool(refused), f"not accepted, by status: {dict(refused)}")
            stored = self._at_rest(answers)
            self._seen(self._shop.until_worked_off)
        self._check_stock()
        runs = self._runs_since(began, len(answers))
        return {
            "command": "make bench",
            "machine": {"description": description(), "cores": os.cpu_count()},
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "warm_up_orders": WARM_UP_ORDERS,
            "unloaded": {
                "orders": len(singles),
                "ack_ms": percentiles([answer["ms"] for answer, _ in singles]),
                "sent_to_confirmed_ms": percentiles(
                    [sent_to_confirmed(answer, order) for answer, order in singles]
                ),
            },
            "clients": clients,
            **what_came_of(answers, stored),
            "deferred": sum(run.deferred for run in runs),
            "stages": {
                stage: stage_of([run for run in runs if run.function == stage])
                | ({"peak_queue_depth": depths.peaks[stage]} if stage in queues else {})
                for stage in ("place_order", "event_publisher", *queues)
            },
            "series": series(began, stored, depths),
            "problems": self.problems,
        }

    # ------------------------------------------------------------------ orders

    def _requests(self, count: int) -> list[Json]:
        """Make requests of two lines, spread over the items."""
        made = []
        for number in range(count):
            first, second = (self._items[(number + step) % ITEMS] for step in (0, ITEMS // 2))
            contact = {"email": f"{self._shop.new_id('customer')}@shop.example"}
            made.append(self._shop.order((first, 1), (second, 2), contact=contact))
        self._made += made
        return made

    def _sent(self, clients: int, requests: Sequence[Json]) -> list[Json]:
        """Have Locust's customers send requests; return the answers."""
        with tempfile.TemporaryDirectory() as folder:
            orders, answers = Path(folder, "orders"), Path(folder, "answers")
            orders.write_text("".join(f"{json.dumps(request)}\n" for request in requests))
            subprocess.run(
                [
                    LOCUST,
                    f"--locustfile={CUSTOMERS}",
                    "--headless",
                    "--only-summary",
                    f"--users={clients}",
                    f"--spawn-rate={min(clients, CUSTOMERS_A_SECOND)}",
                    f"--host={self._shop.deployment.api_endpoint.rstrip('/')}",
                ],
                env={
                    **os.environ,
                    "LOAD_ORDERS": str(orders),
                    "LOAD_ANSWERS": str(answers),
                    "LOCUST_SKIP_LOG_SETUP": "true",  # errors only, on its error output
                },
                check=False,  # what was not accepted is among the answers
            )
            found: list[Json] = [json.loads(line) for line in answers.read_text().splitlines()]
        if len(found) != len(requests):
            raise NoLoadError(f"Locust tells of {len(found)} answers to {len(requests)} orders")
        return found

    def _one(self, request: Json) -> tuple[Json, Json] | None:
        """Place an order and wait until it is at rest; return the answer and the order.

        None if it is not confirmed.
        """
        sent_at, began = time.time(), time.perf_counter()
        answer = self._shop.post_order(request)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != ACCEPTED:
            self._note(True, f"not accepted: {answer.status_code} {answer.text}")
            return None
        order_id = request["orderId"]
        order = self._seen(lambda: self._shop.at_rest(order_id))
        if order is None or order["status"] != CONFIRMED:
            status = order["status"] if order else "not at rest"
            self._note(True, f"an order by itself is not confirmed: {order_id} is {status}")
            return None
        return {"orderId": order_id, "status": ACCEPTED, "sentAt": sent_at, "ms": took}, order

    def _at_rest(self, answers: Sequence[Json]) -> dict[str, Json]:
        """Wait until all that was accepted is at rest; return the orders as the table has them."""
        waiting = {answer["orderId"] for answer in answers if answer["status"] == ACCEPTED}
        found: dict[str, Json] = {}
        deadline = time.monotonic() + AT_REST_WITHIN
        while waiting and time.monotonic() < deadline:
            for order in self._stored(sorted(waiting)):
                if order["status"] not in ON_ITS_WAY:
                    found[order["orderId"]] = order
                    waiting.discard(order["orderId"])
            time.sleep(1)
        self._note(bool(waiting), f"not at rest within {AT_REST_WITHIN} s: {len(waiting)} orders")
        statuses = Counter(order["status"] for order in found.values())
        self._note(
            set(statuses) - {CONFIRMED} != set(),
            f"orders that are not confirmed: {dict(statuses)}",
        )
        return found

    def _stored(self, order_ids: Iterable[str]) -> Iterator[Json]:
        return read_items(
            self._shop.dynamodb,
            self._shop.deployment.orders_table_name,
            [to_item({"orderId": each}) for each in order_ids],
            {"ConsistentRead": True},
        )

    def _check_stock(self) -> None:
        """Compare the stock with the orders that there are, whatever their customers were told."""
        sold: Counter[str] = Counter()
        for order in self._stored([request["orderId"] for request in self._made]):
            for line in order["lines"]:
                sold[line["itemId"]] += line["quantity"]
        for item in self._items:
            left, due = self._shop.available(item), STOCK - sold[item.item_id]
            self._note(left != due, f"{item.item_id}: {left} units left instead of {due}")

    def _note(self, is_one: bool, problem: str) -> None:
        if is_one:
            self.problems.append(problem)

    def _seen[T](self, wait: Callable[[], T]) -> T | None:
        """Wait for something; note it and return None if it is not seen in time."""
        try:
            return wait()
        except pytest.fail.Exception as late:
            self._note(True, str(late))
            return None

    # ------------------------------------------------------------------ stages

    def _runs_since(self, began: float, orders: int) -> list[Run]:
        """Wait until the logs have all that came of so many requests; return all runs.

        Each request is a run of the first stage. How many runs the others make of them is known
        when no more are logged.
        """

        def look() -> list[Run]:
            logged = (each for each in self._shop.logged() if each.timestamp >= began * 1000)
            return list(runs_of(logged, self._shop.deployment.suffix))

        def counted() -> tuple[int, int]:
            runs = look()
            return sum(run.function == FIRST_STAGE for run in runs), len(runs)

        self._seen(
            lambda: wait_for(
                lambda: (counted(), counted()),
                lambda looks: looks[0] == looks[1] and looks[1][0] >= orders,
                f"the logs of {orders} requests, and then no more (runs of {FIRST_STAGE}, of all)",
                within=LOGGED_WITHIN,
            )
        )
        return look()


def what_came_of(answers: Sequence[Json], stored: Mapping[str, Json]) -> Json:
    """Return how many orders were accepted and confirmed, and how long that took.

    Parameters
    ----------
    answers
        To all requests.
    stored
        The orders that are at rest, by id, as the table has them. Times to confirm are of those
        among them that are confirmed.
    """
    accepted = [answer for answer in answers if answer["status"] == ACCEPTED]
    confirmed = {
        order_id: order for order_id, order in stored.items() if order["status"] == CONFIRMED
    }
    placed = [at(order, "OrderPlaced").timestamp() for order in stored.values()]
    return {
        "orders": len(accepted),
        "errors": len(answers) - len(accepted),
        "statuses": Counter(order["status"] for order in stored.values()),
        "placing_seconds": round(max(placed) - min(placed), 2) if placed else 0,
        "ack_ms": percentiles([answer["ms"] for answer in answers]),
        "sent_to_confirmed_ms": percentiles(
            [
                sent_to_confirmed(answer, confirmed[answer["orderId"]])
                for answer in accepted
                if answer["orderId"] in confirmed
            ]
        ),
        "time_to_confirm_ms": percentiles([time_to_confirm(order) for order in confirmed.values()]),
    }


def stage_of(runs: Sequence[Run]) -> Json:
    """Return what a stage did in the load, by its runs."""
    cold = [run.init_ms for run in runs if run.init_ms is not None]
    handled = [run.handled for run in runs if run.handled]
    seconds = max(run.ended for run in runs) - min(run.began for run in runs) if runs else 0
    return {
        "runs": len(runs),
        "cold_starts": len(cold),
        "billed_ms": percentiles([run.billed_ms for run in runs if run.init_ms is None]),
        "init_ms": round(statistics.median(cold), 1) if cold else 0,
        "batch_size": {
            "mean": round(statistics.mean(handled), 2) if handled else 0,
            "max": max(handled, default=0),
        },
        "throughput_per_second": round(sum(handled) / seconds, 2) if seconds else 0,
        "concurrency": most_at_once(runs),
    }


def at(order: Json, event: str) -> datetime:
    """Return when something happened to an order, by its history."""
    (entry,) = (entry for entry in order["history"] if entry["event"] == event)
    return datetime.fromisoformat(entry["at"])


def time_to_confirm(order: Json) -> float:
    """Return the milliseconds from an order's placement to its confirmation, by its history."""
    taken = at(order, "OrderConfirmed") - at(order, "OrderPlaced")
    return taken.total_seconds() * 1000


def sent_to_confirmed(answer: Json, order: Json) -> float:
    """Return the milliseconds from sending the request to the confirmation."""
    return (at(order, "OrderConfirmed").timestamp() - float(answer["sentAt"])) * 1000


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return the percentiles that are shown, and the largest value; None where there are none."""
    if not values:
        return dict.fromkeys([*(f"p{each}" for each in SHOWN), "max"])
    cuts = statistics.quantiles(values, n=100, method="inclusive") if len(values) > 1 else []
    return {
        **{f"p{each}": round(cuts[each - 1] if cuts else values[0], 1) for each in SHOWN},
        "max": round(max(values), 1),
    }


def series(began: float, stored: Mapping[str, Json], depths: Depths) -> Json:
    """Return what was in the queues at each look, and how far the orders were by then."""
    looks = [moment for moment, _ in depths.seen]

    def so_far(event: str) -> list[int]:
        moments = [
            datetime.fromisoformat(entry["at"]).timestamp()
            for order in stored.values()
            for entry in order["history"]
            if entry["event"] == event
        ]
        return [sum(moment <= look for moment in moments) for look in looks]

    return {
        "seconds": [round(look - began, 1) for look in looks],
        "placed": so_far("OrderPlaced"),
        "confirmed": so_far("OrderConfirmed"),
        "queueDepth": {
            stage: [counted[stage] for _, counted in depths.seen] for stage in depths.queues
        },
    }


def say(what: str) -> None:
    """Tell a person how far it is."""
    print(f"{what} …", flush=True)


if __name__ == "__main__":
    sys.exit(main())
