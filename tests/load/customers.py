"""The customers of the load test, for Locust: each places order after order, until all are placed.

``LOAD_ORDERS`` names a file with one request a line; every request is sent once, by whichever
customer is free. ``LOAD_ANSWERS`` names the file for what was answered, one JSON document a line:
``orderId``, ``status`` (0 without an answer), ``sentAt`` (seconds since 1970), ``ms``.

It runs in Locust's own environment and imports nothing of the project.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from gevent.event import Event
from locust import FastHttpUser, events, task
from locust.env import Environment
from locust.exception import StopUser


class Orders:
    """The requests that are left, and the answers so far."""

    def __init__(self, requests: Path, answers: Path) -> None:
        self._requests: Iterator[str] = iter(requests.read_text().splitlines())
        self._answers: TextIO = answers.open("w", encoding="utf-8")
        self._customers = 0
        self.all_served = Event()

    def next(self) -> str | None:
        """Return a request that nobody has sent, or None."""
        return next(self._requests, None)

    def answered(self, order_id: str, status: int, sent_at: float, seconds: float) -> None:
        """Note what was answered."""
        answer = {
            "orderId": order_id,
            "status": status,
            "sentAt": sent_at,
            "ms": round(seconds * 1000, 2),
        }
        self._answers.write(f"{json.dumps(answer)}\n")

    def came(self) -> None:
        """Count a customer."""
        self._customers += 1

    def left(self) -> None:
        """Count one who has no more to order; after the last, the test is over."""
        self._customers -= 1
        if not self._customers:
            self._answers.close()
            self.all_served.set()


class Customer(FastHttpUser):  # type: ignore[misc]  # untyped here
    """Somebody who orders as fast as they are answered."""

    network_timeout = 120.0
    connection_timeout = 120.0

    def on_start(self) -> None:
        """Join the others."""
        orders.came()

    @task  # type: ignore[untyped-decorator]
    def place_an_order(self) -> None:
        """Send one request."""
        body = orders.next()
        if body is None:
            orders.left()
            raise StopUser
        sent_at, began = time.time(), time.perf_counter()
        answer = self.client.post(
            "/orders", data=body, headers={"Content-Type": "application/json"}
        )
        orders.answered(
            json.loads(body)["orderId"],
            answer.status_code,
            sent_at,
            time.perf_counter() - began,
        )


orders = Orders(Path(os.environ["LOAD_ORDERS"]), Path(os.environ["LOAD_ANSWERS"]))


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def stop_when_all_are_served(environment: Environment, **_: object) -> None:
    """End the test with its last order, not after a time."""
    assert environment.runner
    environment.runner.greenlet.spawn(_stop, environment)


def _stop(environment: Environment) -> None:
    orders.all_served.wait()
    assert environment.runner
    environment.runner.quit()
