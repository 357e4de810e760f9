"""Following one order through the API until the pipeline has led it to where it rests."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from order_pipeline.domain.transitions import Status
from orderctl.api import Answer, ApiError, Json
from orderctl.errors import OrderctlError

ON_ITS_WAY = frozenset({Status.PLACED, Status.VALIDATED, Status.RESERVED})
"""What the pipeline leads an order out of by itself."""

_PAUSE_SECONDS = 0.5


class TakesLongError(OrderctlError):
    """The order has not come to rest in time."""


class Calls(Protocol):
    """The API."""

    def call(self, operation: str, **ids: Any) -> Answer:
        """Make a call."""


def follow(
    api: Calls,
    order_id: str,
    *,
    within_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Json]:
    """Yield the order whenever something has happened to it, the last time where it rests.

    A deferred order is not there yet, and a busy API answers in a moment: both are waited for.

    Raises
    ------
    TakesLongError
        If it has not come to rest in time.
    orderctl.api.ApiError
        If the API refuses to show it.
    """
    ends, seen = clock() + within_seconds, 0
    while True:
        order = _look(api, order_id)
        if order and order["version"] > seen:
            seen = order["version"]
            yield order
            if order["status"] not in ON_ITS_WAY:
                return
        if clock() > ends:
            where = f"still {order['status']}" if order else "not stored yet"
            raise TakesLongError(
                f"Order {order_id} is {where} after {within_seconds:.0f} s. It is not lost: "
                f"see `orderctl show {order_id}` and `orderctl health`."
            )
        wait(_PAUSE_SECONDS)


def _look(api: Calls, order_id: str) -> Json | None:
    try:
        return api.call("getOrder", orderId=order_id).body
    except ApiError as error:
        if error.is_not_found or error.passes:
            return None
        raise
