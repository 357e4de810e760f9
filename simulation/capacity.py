"""How many orders a second each part carries by itself: arithmetic, without a clock."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulation.deployment import Deployment
from simulation.limits import (
    AUDIT_BYTES,
    INDEX_PARTITIONS,
    REQUESTS_OF_AN_ENVIRONMENT,
    UNITS_OF_A_PARTITION,
)
from simulation.workforce import Publishers, Workers
from stacks.order_cost import EVENT_BYTES, EVENTS, PROVIDER_CALLS, Resource, write_units


@dataclass(frozen=True)
class Capacity:
    """What one part carries."""

    part: str
    orders_a_second: float
    why: str


def capacities(deployment: Deployment) -> Iterator[Capacity]:
    """Yield what each part carries, in the order in which an order meets them."""
    settings, account = deployment.settings, deployment.account
    yield Capacity(
        "API throttle", settings.throttling.rate, "the setting; a burst comes on top of it"
    )
    times = deployment.times.functions["place_order"]
    seconds = times.invocation + times.of_message
    reserved = deployment.reserved("place_order")
    yield Capacity(
        "place-order",
        reserved * min(REQUESTS_OF_AN_ENVIRONMENT, 1 / seconds),
        f"{reserved:.0f} environments, each given 10 requests a second at the most",
    )
    for resource in Resource:
        units, each = account.units(resource), write_units(resource)
        why = f"{units:,.0f} write units a second, {each} an order"
        if resource is Resource.OPEN_ORDERS_INDEX:
            units = min(units, INDEX_PARTITIONS * UNITS_OF_A_PARTITION)
            why = f"{units:,.0f} write units a second (never more than 16,000), {each} an order"
        yield Capacity(resource.value, units / each, why)
    publishers = Publishers(deployment)
    yield Capacity(
        "event-publisher",
        publishers.greatest_rate / EVENTS,
        f"{deployment.lanes:.0f} batches of the stream at once",
    )
    yield Capacity(
        "topic's quota", account.publishes / EVENTS, f"{account.publishes:,.0f} messages a second"
    )
    for worker in ("validation", "inventory", "payment", "notification"):
        workers = Workers.of(deployment, worker)
        why = f"{workers.ceiling:.0f} at once, {workers.times.of_message * 1000:,.0f} ms a message"
        if workers.handled < workers.mapping.batch_size:
            why += f"; of a batch of {workers.mapping.batch_size} the time suffices for "
            why += f"{workers.handled:.0f}, the rest is put back"
        yield Capacity(worker, workers.greatest_rate, why)
        if worker == "payment":
            yield Capacity("payment provider", provider_rate(deployment), _provider(deployment))
    yield Capacity(
        "audit stream",
        AUDIT_BYTES / EVENT_BYTES,
        "1 MiB a second unless raised; beside the way to the confirmation",
    )


def provider_rate(deployment: Deployment) -> float:
    """Return how many orders a second the payment provider authorises."""
    account = deployment.account
    return min(account.provider_calls / len(PROVIDER_CALLS), account.provider_calls_of_an_endpoint)


def _provider(deployment: Deployment) -> str:
    account = deployment.account
    return (
        f"{account.provider_calls:,.0f} calls a second in all,"
        f" {account.provider_calls_of_an_endpoint:,.0f} of one operation; an order makes two"
    )
