"""What is simulated: the settings of an environment, its account, and the mappings of its queues.

The sizes are those of `stacks.settings`. Batch sizes, timeouts and retries are not settings but
arguments of the building blocks, whose modules need CDKTF: they are repeated here, and
`tests/stacks/test_simulated_mappings.py` holds them to the synthesised stacks.
"""

from collections.abc import Mapping as FrozenMapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Self

from order_pipeline.adapters.backoff import Backoff
from simulation.limits import (
    FIRST_INVOCATIONS,
    INVOCATIONS_MORE_A_SECOND,
    MOST_INVOCATIONS,
    PROVISIONED_MORE_A_SECOND,
    UNITS_OF_A_PARTITION,
    Account,
)
from simulation.service_times import ServiceTimes, assumed
from stacks.order_cost import Resource
from stacks.settings import Environment, Settings

# What stands for the variables that have no default.
_VARIABLES: Final = MappingProxyType(
    {
        "AWS_ACCOUNT_ID": "123456789012",
        "EMAIL_SENDER": "orders@shop.example",
        "ALARM_ADDRESSES": "ops@shop.example",
    }
)


@dataclass(frozen=True)
class Mapping:
    """How a queue's messages come to its function."""

    batch_size: int
    timeout: float
    """Of the function, in seconds."""
    seconds_needed: float
    """With less time left, a function puts a message back (`adapters/queue_processor.py`)."""
    max_receives: int | None
    """After so many receives a message is given up; None: never."""


MAPPINGS: Final = MappingProxyType(
    {
        "intake_drain": Mapping(10, timeout=10, seconds_needed=7, max_receives=None),
        "validation": Mapping(10, timeout=10, seconds_needed=3, max_receives=10),
        "inventory": Mapping(10, timeout=10, seconds_needed=3, max_receives=10),
        "payment": Mapping(3, timeout=20, seconds_needed=17, max_receives=21),
        "notification": Mapping(10, timeout=25, seconds_needed=16, max_receives=10),
    }
)
"""By the worker's folder."""

RETRY_FIRST_SECONDS: Final = 2
RETRY_LONGEST_SECONDS_OF_INTAKE: Final = 30

ATTEMPTS_AT_A_CONFLICT: Final = 3
PAUSE_AT_A_CONFLICT: Final = (0.010, 0.050)
"""Of a transaction within a function, and seconds between two (`adapters/transactions.py`)."""

STREAM_BATCH: Final = 100
STREAM_PARALLELISATION: Final = 10
"""Of event-publisher's mapping: batches of one shard at once."""

CALLS_TO_OPEN_CIRCUIT: Final = 5
"""In a row, of one environment, without an answer (`adapters/circuit.py`)."""

BREAKER_SECONDS: Final = 60
"""How often payment-breaker runs."""


@dataclass(frozen=True)
class Scaling:
    """How a mapping comes to more invocations at once."""

    first: float = FIRST_INVOCATIONS
    more_a_second: float = INVOCATIONS_MORE_A_SECOND

    @classmethod
    def provisioned(cls, first: float) -> Self:
        """Return the scaling of a mapping in provisioned mode with pollers for `first` at once."""
        return cls(first, PROVISIONED_MORE_A_SECOND)


@dataclass(frozen=True)
class Deployment:
    """One environment as the model sees it."""

    settings: Settings
    times: ServiceTimes
    account: Account = field(default_factory=Account)
    scaling: Scaling = field(default_factory=Scaling)
    stock_counters: int = 1
    """Over how many counters the hot item's stock is split (`stockCounters` of an item)."""
    payments_at_once: int = 1
    """Messages of one batch that the payment stage would handle at once. The code does one."""
    payment_batch: int | None = None
    """Messages in a batch of the payment stage; None: as many as the code asks for."""
    concurrency: FrozenMapping[str, float] = field(default_factory=dict)
    """How many invocations a function really has at once, where that was measured."""
    warm: bool = False
    """Whether every mapping has its full concurrency from the start, as after a while of load."""

    @classmethod
    def of(
        cls,
        environment: Environment,
        changes: dict[str, Any] | None = None,
        *,
        account_concurrency: int | None = None,
        **arguments: Any,
    ) -> Self:
        """Return an environment, with some of its settings changed and checked as ever.

        Raises
        ------
        pydantic.ValidationError
            If the settings would not be accepted.
        """
        settings = Settings.from_environment({"ENVIRONMENT": environment.value, **_VARIABLES})
        values = settings.model_dump(by_alias=True) | (changes or {})
        if account_concurrency is not None:
            values["ACCOUNT_CONCURRENCY"] = account_concurrency
        return cls.of_settings(Settings.model_validate(values), **arguments)

    @classmethod
    def of_settings(cls, settings: Settings, **arguments: Any) -> Self:
        """Return what settings say, with the service times that are assumed for them."""
        return cls(settings, assumed(settings), **arguments)

    def mapping(self, worker: str) -> Mapping:
        """Return how a worker's messages come to it."""
        mapping = MAPPINGS[worker]
        if worker == "payment" and self.payment_batch is not None:
            return replace(mapping, batch_size=self.payment_batch)
        return mapping

    def backoff(self, worker: str) -> Backoff:
        """Return how long a worker's failed messages wait: the code's own rule."""
        longest = {
            "intake_drain": RETRY_LONGEST_SECONDS_OF_INTAKE,
            "payment": self.settings.payment_retry_longest_delay_seconds,
        }.get(worker, self.settings.retry_longest_delay_seconds)
        return Backoff(RETRY_FIRST_SECONDS, longest)

    def ceiling(self, worker: str) -> float:
        """Return how many batches of its queue a worker handles at once at the most."""
        if measured := self.concurrency.get(worker):
            return measured
        return min(float(self.settings.maximum_concurrency[worker]), MOST_INVOCATIONS)

    def reserved(self, function: str) -> float:
        """Return how many environments a function that is no worker has at the most."""
        if measured := self.concurrency.get(function):
            return measured
        settings = self.settings
        unreserved = settings.account_concurrency - sum(settings.reserved_concurrency.values())
        return float(settings.reserved_concurrency.get(function, unreserved))

    @property
    def traced(self) -> float:
        """The share of orders whose events are published one by one."""
        sampling = self.settings.trace_sampling
        return sampling.rate if sampling else 0.0

    @cached_property
    def lanes(self) -> float:
        """Batches of the stream that are published at once.

        A shard stands for a partition of the table.
        """
        if measured := self.concurrency.get("event_publisher"):
            return measured
        shards = max(1.0, self.account.units(Resource.ORDERS) / UNITS_OF_A_PARTITION)
        return min(shards * STREAM_PARALLELISATION, self.reserved("event_publisher"))
