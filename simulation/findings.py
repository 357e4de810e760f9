"""Which sales the report is about, and what came of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.deployment import Deployment
from simulation.limits import PROVIDER_CALLS_A_SECOND, PROVIDER_CALLS_OF_AN_ENDPOINT
from simulation.outcome import Outcome
from simulation.sale import Sale
from simulation.scenarios import (
    LOADS,
    STANDARD_LOAD,
    STOCK_COUNTERS,
    first_day,
    hot_item,
    payments,
    quotas_raised,
    roomy,
    sized,
)
from simulation.sizing import payments_that_fit
from simulation.validation import Comparison
from stacks.order_cost import PROVIDER_CALLS

LARGE_LOAD = 1000.0
"""The largest load, in orders a second, that anything is sized for here."""

CALLS_OF_A_KIND = (PROVIDER_CALLS_OF_AN_ENDPOINT, PROVIDER_CALLS_A_SECOND)
"""The two readings of the provider's page: a limit for each operation, or only one for all."""

COUNTERS_WITHOUT_CONFLICTS = (1, 2)
"""By write units alone, more than these make no difference."""

type Key = tuple[str | float, ...]
"""What tells one sale from the others; its parts are also how it is called."""


@dataclass(frozen=True)
class Payments:
    """One sale at a concurrency of the payment stage and a limit of the provider."""

    concurrency: int
    endpoint: float
    outcome: Outcome


@dataclass(frozen=True)
class Findings:
    """Everything that the report shows."""

    sales: Mapping[tuple[str, float], Outcome]
    """By situation and load."""
    sized: Mapping[float, Outcome]
    """Sales at what was sized for them, by load."""
    five_at_a_time: Outcome
    """The standard load at what was sized for it, with more payments in a batch than fit."""
    refusing: Outcome
    """Ten times the load that the largest of them was sized for."""
    payments: Sequence[Payments]
    hot: Mapping[int, Outcome]
    """Sales of a hot item, by the counters that its stock is split over."""
    hot_without_conflicts: Mapping[int, Outcome]
    """The same for the first of them, if transactions kept no others off."""
    comparison: Sequence[Comparison] | None
    """With a measured run; None where there is none."""
    why_no_comparison: str


def plan() -> dict[Key, tuple[Deployment, Sale]]:
    """Return every sale that there is to run."""
    sales: dict[Key, tuple[Deployment, Sale]] = {}
    for situation in (first_day(), quotas_raised()):
        for load in LOADS:
            sales[situation.name, load] = situation.deployment, Sale(load)
    standard, large = sized(STANDARD_LOAD).deployment, roomy(LARGE_LOAD).deployment
    sales["sized", STANDARD_LOAD] = standard, Sale(STANDARD_LOAD)
    sales["sized", LARGE_LOAD] = large, Sale(LARGE_LOAD)
    sales["five at a time", STANDARD_LOAD] = (
        sized(STANDARD_LOAD, payment_batch=5).deployment,
        Sale(STANDARD_LOAD),
    )
    sales["refusing", LOADS[-1]] = large, Sale(LOADS[-1])
    for endpoint in CALLS_OF_A_KIND:
        for concurrency in payment_concurrencies():
            deployment = payments(concurrency, endpoint)
            sales["payment", concurrency, endpoint] = deployment, Sale(STANDARD_LOAD)
    for counters in STOCK_COUNTERS:
        sales["hot", counters] = hot_item(counters)
    for counters in COUNTERS_WITHOUT_CONFLICTS:
        sales["hot without conflicts", counters] = hot_item(counters, holds=0.0)
    return sales


def payment_concurrencies() -> tuple[int, ...]:
    """Return those that fit below the provider's limits, by either reading, and prod's."""
    return (
        payments_that_fit(PROVIDER_CALLS_OF_AN_ENDPOINT),
        payments_that_fit(PROVIDER_CALLS_A_SECOND / len(PROVIDER_CALLS)),
        first_day().deployment.settings.maximum_concurrency["payment"],
    )


def assemble(
    outcomes: Mapping[Key, Outcome],
    comparison: Sequence[Comparison] | None,
    why_no_comparison: str,
) -> Findings:
    """Return the findings of the sales of `plan`."""
    return Findings(
        sales={
            (situation.name, load): outcomes[situation.name, load]
            for load in LOADS
            for situation in (first_day(), quotas_raised())
        },
        sized={load: outcomes["sized", load] for load in (STANDARD_LOAD, LARGE_LOAD)},
        five_at_a_time=outcomes["five at a time", STANDARD_LOAD],
        refusing=outcomes["refusing", LOADS[-1]],
        payments=[
            Payments(concurrency, endpoint, outcomes["payment", concurrency, endpoint])
            for endpoint in CALLS_OF_A_KIND
            for concurrency in payment_concurrencies()
        ],
        hot={counters: outcomes["hot", counters] for counters in STOCK_COUNTERS},
        hot_without_conflicts={
            counters: outcomes["hot without conflicts", counters]
            for counters in COUNTERS_WITHOUT_CONFLICTS
        },
        comparison=comparison,
        why_no_comparison=why_no_comparison,
    )
