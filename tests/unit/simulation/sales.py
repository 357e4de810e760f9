"""Short sales and small deployments that the model's tests share."""

from dataclasses import replace
from typing import Any

from simulation.deployment import Deployment
from simulation.latency import Duration
from simulation.limits import Account
from simulation.outcome import Outcome
from simulation.pipeline import Pipeline
from simulation.sale import Sale
from simulation.service_times import FunctionTimes
from stacks.order_cost import Resource
from stacks.settings import Environment

UNLIMITED = 1e9

NO_LIMITS = Account(
    publishes=UNLIMITED,
    provider_calls=UNLIMITED,
    provider_calls_of_an_endpoint=UNLIMITED,
    warm_units=dict.fromkeys(Resource, UNLIMITED),
)
"""An account and a provider that let everything through."""


def deployment(**changes: Any) -> Deployment:
    """Return prod without limits but those of its settings, its mappings scaled up already."""
    defaults: dict[str, Any] = {"account": NO_LIMITS, "warm": True}
    return replace(Deployment.of(Environment.PROD), **(defaults | changes))


def limited(**limits: Any) -> Account:
    """Return an account that has only these limits."""
    return replace(NO_LIMITS, **limits)


def with_payment(concurrency: float, seconds: float, **changes: Any) -> Deployment:
    """Return a deployment whose payment stage takes so many seconds for a message, always."""
    to = deployment(concurrency={"payment": concurrency}, **changes)
    functions = {
        **to.times.functions,
        "payment": FunctionTimes(0.0, [Duration(seconds, seconds)]),
    }
    return replace(to, times=replace(to.times, functions=functions))


def sell(
    to: Deployment, rate: float, *, seconds: float = 60.0, horizon: float = 600.0, **sale: Any
) -> Outcome:
    """Return what comes of orders at a steady rate from the first second on."""
    return Pipeline(to, Sale(rate, plateau=seconds, rise=0.0, **sale), horizon=horizon).run()
