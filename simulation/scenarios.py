"""The sales that the report is about."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from simulation.deployment import Deployment
from simulation.limits import Account
from simulation.sale import Sale
from simulation.sizing import account_for, sized_for
from stacks.order_cost import EVENTS
from stacks.settings import Environment

LOADS: Final = (100.0, 1000.0, 10_000.0)
"""Orders a second."""

STANDARD_LOAD: Final = 100.0
"""The load that the objective is held to here: 360,000 orders an hour."""

HOT_SHARE: Final = 0.6
"""Of the orders of a flash sale that want its one item."""

STOCK_COUNTERS: Final = (1, 4, 8, 12, 14, 16, 18, 32)
"""The objective is first met with 14; 18 are advised (`sizing.counters_for`)."""


@dataclass(frozen=True)
class Situation:
    """A deployment, and how the report calls it."""

    name: str
    deployment: Deployment


def first_day() -> Situation:
    """Return prod as its settings say, in an account that nobody has asked anything for."""
    return Situation("first day", Deployment.of(Environment.PROD))


def quotas_raised() -> Situation:
    """Return prod with the quotas that preflight asks for: the topic's, for the throttle's rate.

    Tables are new, and the payment provider is as it is by default.
    """
    deployment = Deployment.of(Environment.PROD)
    account = Account(publishes=deployment.settings.throttling.rate * EVENTS)
    return Situation("quotas raised", replace(deployment, account=account))


def sized(rate: float, **arguments: Any) -> Situation:
    """Return prod sized for a load; see `sizing.sized_for`."""
    return Situation(f"sized for {rate:,.0f}/s", sized_for(rate, **arguments))


def payments(concurrency: int, endpoint: float) -> Deployment:
    """Return prod with the topic's quota raised, for another concurrency of the payment stage.

    `endpoint` is what the payment provider lets through of one kind of call, a second.
    """
    prod = Deployment.of(Environment.PROD)
    changes = {
        name: {**getattr(prod.settings, name), "payment": concurrency}
        for name in ("maximum_concurrency", "reserved_concurrency")
    }
    account = replace(
        account_for(STANDARD_LOAD),
        provider_calls=Account().provider_calls,
        provider_calls_of_an_endpoint=endpoint,
    )
    return Deployment.of(Environment.PROD, changes, account=account)


def hot_item(
    counters: int, *, holds: float | None = None, rate: float = 1000.0
) -> tuple[Deployment, Sale]:
    """Return a sale of which a share wants one item, at a deployment that is sized for the rest.

    The tables are warm for the transactions that conflict at as many counters as are advised.
    """
    deployment = replace(roomy(rate, hot_share=HOT_SHARE).deployment, stock_counters=counters)
    if holds is not None:
        deployment = replace(deployment, times=replace(deployment.times, transaction_holds=holds))
    return deployment, Sale(rate, hot_share=HOT_SHARE)


def roomy(rate: float, **arguments: Any) -> Situation:
    """Return what a large load needs, beyond settings: see the report."""
    return sized(rate, payments_at_once=5, payment_batch=5, provisioned=100.0, **arguments)


def changes(deployment: Deployment) -> Mapping[str, tuple[object, object]]:
    """Return the settings that differ from prod's, by name: prod's, and the deployment's."""
    prod, other = Deployment.of(Environment.PROD).settings, deployment.settings
    differing: dict[str, tuple[object, object]] = {}
    for name in type(prod).model_fields:
        before, after = getattr(prod, name), getattr(other, name)
        if isinstance(before, Mapping):
            for key in before:
                if before[key] != after[key]:
                    differing[f"{name}.{key}"] = (before[key], after[key])
        elif before != after:
            differing[name] = (before, after)
    return differing
