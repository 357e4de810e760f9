"""The model against a measured run: the same load and the same concurrency, with its times.

As concurrency and service times are the run's own, what this tests is the queueing: whether queues,
batches and hops add up to what orders waited. It tests none of the assumptions about AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from simulation.deployment import MAPPINGS, Deployment
from simulation.limits import Account
from simulation.measured import MeasuredRun
from simulation.outcome import Outcome
from simulation.pipeline import Pipeline
from simulation.sale import Clients, Sale
from simulation.service_times import of_run
from stacks.order_cost import Resource
from stacks.settings import Environment

TOLERANCE: Final = 2.0
"""By what factor the model may be above or below the measured run.

The model has one pace for the whole run. On two cores the stages take time from each other: in the
run that is kept payment was slower as long as validation had a backlog, and faster after.

It holds for the median and the 95th percentile of the time to confirm, and for the orders confirmed
a second. The 99th percentile and the fullest queues are shown and not held: they are a few orders
of one run, and the model has no chance in it (ADR 18).
"""

# LocalStack throttles nothing.
_UNLIMITED = 1e9


@dataclass(frozen=True)
class Comparison:
    """One number of the run and of the model."""

    what: str
    unit: str
    measured: float
    modelled: float | None
    """None when not enough orders were confirmed in the time that the model was watched for."""
    is_held: bool = False
    """Whether the model has to be within `TOLERANCE` of it."""

    @property
    def is_close(self) -> bool:
        """Whether the model is as close as it has to be."""
        return not self.is_held or 1 / TOLERANCE <= self.ratio <= TOLERANCE

    @property
    def ratio(self) -> float:
        """The model's number divided by the measured one."""
        if self.modelled is None:
            return inf
        return self.modelled / self.measured if self.measured else inf


def local_deployment(run: MeasuredRun) -> Deployment:
    """Return LocalStack as the run found it: no quotas, and so many invocations at once."""
    local = Deployment.of(
        Environment.LOCAL,
        {"throttling": {"rate": int(_UNLIMITED), "burst": int(_UNLIMITED)}},
        account=Account(
            publishes=_UNLIMITED,
            provider_calls=_UNLIMITED,
            provider_calls_of_an_endpoint=_UNLIMITED,
            warm_units=dict.fromkeys(Resource, _UNLIMITED),
        ),
        concurrency={name: float(stage.concurrency) for name, stage in run.stages.items()},
        warm=True,
    )
    return replace(local, times=of_run(run, local.settings))


def model_of(run: MeasuredRun) -> Outcome:
    """Return what the model makes of the run's load.

    Orders come at the run's rate, evenly: its clients wait for each answer, so they cannot come
    faster than they are accepted.
    """
    sale = Sale(run.rate, plateau=run.placing_seconds, rise=0.0, clients=Clients(attempts=1))
    return Pipeline(local_deployment(run), sale).run()


def compare(run: MeasuredRun) -> list[Comparison]:
    """Return the run and the model side by side."""
    outcome = model_of(run)
    times = run.time_to_confirm_ms
    comparisons = [
        Comparison(
            "time to confirm, p50", "ms", times.p50, _milliseconds(outcome, 0.50), is_held=True
        ),
        Comparison(
            "time to confirm, p95", "ms", times.p95, _milliseconds(outcome, 0.95), is_held=True
        ),
    ]
    if times.p99 is not None:
        comparisons.append(
            Comparison("time to confirm, p99", "ms", times.p99, _milliseconds(outcome, 0.99))
        )
    for name in MAPPINGS:
        stage = run.stages.get(name)
        if stage and stage.peak_queue_depth:
            comparisons.append(
                Comparison(
                    f"fullest queue of {name}",
                    "messages",
                    float(stage.peak_queue_depth),
                    outcome.deepest(name),
                )
            )
    comparisons.append(
        Comparison(
            "orders confirmed",
            "a second",
            _rates(run)["payment"],
            _confirmed_rate(outcome),
            is_held=True,
        )
    )
    return comparisons


def _rates(run: MeasuredRun) -> Mapping[str, float]:
    return {name: stage.throughput_per_second for name, stage in run.stages.items()}


def _confirmed_rate(outcome: Outcome) -> float:
    first = min(each.first for each in outcome.confirmations)
    last = max(each.last for each in outcome.confirmations)
    return outcome.confirmed / (last - first)


def _milliseconds(outcome: Outcome, share: float) -> float | None:
    seconds = outcome.percentile(share)
    return None if seconds is None else seconds * 1000
