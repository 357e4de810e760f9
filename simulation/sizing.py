"""The settings and quotas that a load needs: the arithmetic of `capacity`, turned round."""

from dataclasses import replace
from math import ceil, floor
from typing import Any, Final

from order_pipeline.domain.limits import MAX_STOCK_COUNTERS
from simulation.deployment import (
    ATTEMPTS_AT_A_CONFLICT,
    STREAM_BATCH,
    Deployment,
    Scaling,
)
from simulation.limits import (
    REQUESTS_OF_AN_ENVIRONMENT,
    UNITS_OF_A_NEW_TABLE,
    Account,
)
from simulation.service_times import TRANSACTION_HOLDS
from simulation.workforce import Workers
from stacks.order_cost import (
    EVENTS,
    PROVIDER_CALLS,
    WRITE_UNITS,
    Resource,
    Step,
    write_units,
)
from stacks.settings import UNRESERVED_CONCURRENCY, Environment

HEADROOM: Final = 1.25
"""How much more than the load everything is sized for: a queue that is full to the brim grows."""

PROVIDER_HEADROOM: Final = 1.1
"""How much more than the payment stage asks for the provider has to take: what it refuses is an
unknown outcome, and five in a row pause the stage."""

BACK_TO_THE_QUEUE: Final = 0.05
"""Of the orders for an item, the most that may meet others at each of their attempts."""

_MOST_CONFLICTING: Final[float] = BACK_TO_THE_QUEUE ** (1 / ATTEMPTS_AT_A_CONFLICT)
"""Of the attempts to reserve at a counter, so that no more orders than those go back."""

ATTEMPTS_OF_AN_ORDER: Final = 1 / (1 - _MOST_CONFLICTING)
"""Transactions that an order for a hot item takes then, on average."""

_BELOW_A_LIMIT: Final = 0.95
"""Of it: captures, voids and probes come on top."""

LEAST_WORKERS: Final = {
    "intake_drain": 50,
    "validation": 50,
    # Retries at a hot item keep it busy.
    "inventory": 100,
    "payment": 2,
    "notification": 100,
}
"""What prod has, or half of it where that is ten times what is needed."""


def sized_for(
    rate: float,
    *,
    payments_at_once: int = 1,
    payment_batch: int | None = None,
    provisioned: float = 0.0,
    hot_share: float = 0.0,
) -> Deployment:
    """Return prod as it would have to be for a load, and the account that it needs.

    Parameters
    ----------
    rate
        Orders a second.
    payments_at_once, payment_batch
        See `Deployment`.
    provisioned
        Invocations that every mapping has from the start, in provisioned mode; 0 for the ordinary
        mode, which begins with five.
    hot_share
        The share of orders for one item, at as many counters as are advised for it: they take some
        transactions more, for which the tables have to be warm.

    Raises
    ------
    pydantic.ValidationError
        If the settings cannot be so.
    """
    wanted = rate * HEADROOM
    prod = Deployment.of(Environment.PROD)
    workers = {
        name: max(least, ceil(wanted / rate_of_one(name, payments_at_once, payment_batch)))
        for name, least in LEAST_WORKERS.items()
    }
    seconds = prod.times.publisher_seconds(STREAM_BATCH, prod.traced)
    lanes = ceil(wanted * EVENTS / STREAM_BATCH * seconds)
    reserved = {
        **prod.settings.reserved_concurrency,
        **workers,
        "place_order": max(200, ceil(wanted / REQUESTS_OF_AN_ENVIRONMENT)),
        "event_publisher": max(100, lanes),
    }
    throttling = prod.settings.throttling
    changes: dict[str, Any] = {
        "maximum_concurrency": workers,
        "reserved_concurrency": reserved,
        "throttling": {
            "rate": max(throttling.rate, ceil(rate)),
            "burst": max(throttling.burst, ceil(2 * rate)),
        },
    }
    return Deployment.of(
        Environment.PROD,
        changes,
        account_concurrency=max(1000, sum(reserved.values()) + UNRESERVED_CONCURRENCY),
        account=account_for(rate, hot_share),
        payments_at_once=payments_at_once,
        payment_batch=payment_batch,
        scaling=Scaling.provisioned(provisioned) if provisioned else Scaling(),
    )


def account_for(rate: float, hot_share: float = 0.0) -> Account:
    """Return what quotas, tables and the payment provider have to let through for a load."""
    wanted = rate * HEADROOM
    again = wanted * hot_share * (ATTEMPTS_OF_AN_ORDER - 1)
    units = {
        resource: wanted * write_units(resource)
        + again * WRITE_UNITS[Step.RESERVE].get(resource, 0)
        for resource in Resource
    }
    return Account(
        publishes=wanted * EVENTS,
        provider_calls=wanted * PROVIDER_HEADROOM * len(PROVIDER_CALLS),
        provider_calls_of_an_endpoint=wanted * PROVIDER_HEADROOM,
        warm_units={
            resource: number for resource, number in units.items() if number > UNITS_OF_A_NEW_TABLE
        },
    )


def orders_of_a_counter(holds: float) -> float:
    """Return how many orders a second want one counter of an item when enough find it free.

    A counter that so many reserve at is taken for ``orders * holds`` of the time, and that is the
    share of attempts that conflict. Of orders that try `ATTEMPTS_AT_A_CONFLICT` times at once, as
    many go back to the queue as conflict each time. Those are to be one in twenty: the objective is
    for the others, and a pause of the queue is seconds.

    Parameters
    ----------
    holds
        Seconds that a transaction keeps others off its counter.
    """
    return _MOST_CONFLICTING / holds


def payments_that_fit(orders_a_second: float) -> int:
    """Return the concurrency of the payment stage that stays below a limit of the provider."""
    return floor(_BELOW_A_LIMIT * orders_a_second / rate_of_one("payment"))


def rate_of_one(worker: str, at_once: int = 1, payment_batch: int | None = None) -> float:
    """Return the messages a second that one environment of prod handles, in full batches."""
    prod = Deployment.of(Environment.PROD, payments_at_once=at_once, payment_batch=payment_batch)
    return replace(Workers.of(prod, worker), ceiling=1).greatest_rate


ORDERS_OF_A_COUNTER: Final = floor(orders_of_a_counter(TRANSACTION_HOLDS) / 5) * 5
"""What the documents advise: a counter for so many orders a second of one item, a round number."""

ORDERS_OF_A_NEW_TABLE: Final = floor(UNITS_OF_A_NEW_TABLE / max(map(write_units, Resource)))
"""Orders a second for which tables that nobody has warmed up suffice."""


def counters_for(orders_a_second: float) -> int:
    """Return the counters that are advised for an item that so many orders a second want."""
    return min(MAX_STOCK_COUNTERS, max(1, ceil(orders_a_second / ORDERS_OF_A_COUNTER)))
