"""How long the functions and the services under them take: assumed for AWS, or measured.

The assumptions are all here. None of them is measured on AWS: they say what the services promise or
what is commonly seen, and each says which. How long code takes follows from the memory that the
settings give its function. A measured run replaces them (`of_run`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from types import MappingProxyType
from typing import Final

from simulation.latency import Duration
from simulation.limits import MESSAGES_OF_A_BATCH, STREAM_POLL_SECONDS
from simulation.measured import MeasuredRun, MeasuredStage
from stacks.settings import Settings

DYNAMODB_CALL: Final = Duration(0.005, 0.010)
"""A read or a write of one item: "single-digit millisecond performance at any scale".

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html
"""

TRANSACTION: Final = Duration(0.015, 0.030)
"""Two rounds of writes, to prepare and to commit, and their coordination: three of the above."""

TRANSACTION_HOLDS: Final = 0.010
"""Seconds that a transaction keeps others off its items, from preparing to committing: two rounds.

AWS publishes no such number; what it says is that the other transaction is cancelled meanwhile
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html). The report
shows what it means for a hot item with this number and without it.
"""

PUBLISH: Final = Duration(0.020, 0.060)
"""A request to SNS, of one message or of ten. An assumption: twice a queue's or table's call."""

DELIVERY: Final = Duration(0.050, 0.200)
"""From the topic to the queue, and from there to a free environment that polls for it. Seen for all
but the stream's part of the way on LocalStack: 0.2 s from the write to the stage; assumed here."""

PROVIDER_CALL: Final = Duration(0.45, 1.0)
"""A call of the payment provider: half a second on average, as the settings assume for payment's
concurrency. The provider publishes no number."""

MESSAGE_TO_CUSTOMER: Final = Duration(0.050, 0.150)
"""A request to SES: an assumption, as for SNS but with more to send."""

WHOLE_PROCESSOR_MB: Final = 1769
"""The memory with which a function has one; with less it has a part in proportion.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

CODE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "place_order": 0.002,
        "intake_drain": 0.002,
        "event_publisher": 0.001,
        "validation": 0.002,
        "inventory": 0.002,
        "payment": 0.002,
        "notification": 0.002,
    }
)
"""Seconds of a whole processor for one message, request or record: parsing, models, log lines.

Assumptions, by the function's folder.
"""

CODE_OF_AN_INVOCATION: Final = 0.002
"""Seconds of a whole processor for an invocation besides its messages. An assumption."""

COLD_START: Final = 1.0
"""Seconds until a new environment is at work: pydantic, boto3, clients. An assumption."""


@dataclass(frozen=True)
class FunctionTimes:
    """How long a function takes: for an invocation, and for each message or record in it."""

    invocation: float
    """Seconds."""
    message: Sequence[Duration]
    """One after another."""

    @cached_property
    def of_message(self) -> float:
        """Seconds of one message, on average."""
        return sum(each.mean for each in self.message)


@dataclass(frozen=True)
class ServiceTimes:
    """Every time that the model needs."""

    source: str
    """Where the numbers are from, for the report."""
    functions: Mapping[str, FunctionTimes]
    """By folder. A record of event-publisher's has its share of the requests in it, if `publish` is
    none."""
    publish: Duration | None
    """A request to the topic."""
    stream_poll: float
    """Seconds between looks at a shard."""
    delivery: Duration
    """From the topic to the function behind a queue that is empty."""
    cold_start: float
    transaction: Duration
    """Also of one that is cancelled, as another is at the item."""
    transaction_holds: float

    def publisher_seconds(self, records: float, traced: float) -> float:
        """Return how long event-publisher takes for a batch.

        `traced` is the share of records whose orders are sampled: those are published one by one.
        """
        times = self.functions["event_publisher"]
        seconds = times.invocation + records * times.of_message
        if self.publish is not None:
            seconds += self.publish.mean * publish_requests(records, traced)
        return seconds


def publish_requests(events: float, traced: float) -> float:
    """Return the requests to the topic for so many events (see `adapters/event_topic.py`)."""
    return ceil(events * (1 - traced) / MESSAGES_OF_A_BATCH) + events * traced


CALLS: Final[Mapping[str, Sequence[Duration]]] = MappingProxyType(
    {
        "place_order": [DYNAMODB_CALL],
        "intake_drain": [DYNAMODB_CALL],
        # Its requests are of whole batches: `ServiceTimes.publish`.
        "event_publisher": [],
        # Reads the order and the items, and writes the order.
        "validation": [DYNAMODB_CALL] * 3,
        # Reads the order, and makes the transaction.
        "inventory": [DYNAMODB_CALL, TRANSACTION],
        # Reads the order, creates an intent, stores its id, confirms it, and writes the order.
        "payment": [*[DYNAMODB_CALL] * 3, *[PROVIDER_CALL] * 2],
        # Reads the order, claims the message, sends it, and marks it.
        "notification": [*[DYNAMODB_CALL] * 3, MESSAGE_TO_CUSTOMER],
    }
)
"""The calls that a function makes for one message, one after another, by its folder.

`tests/unit/simulation/test_order_cost.py` counts them in the code.
"""


def processor(memory: int) -> float:
    """Return the part of a processor that a function with so many megabytes has, at most one.

    With more memory it has a second one, which code that does one thing at a time does not use.
    """
    return min(1.0, memory / WHOLE_PROCESSOR_MB)


def assumed(settings: Settings) -> ServiceTimes:
    """Return the assumptions about AWS, for functions with the memory that settings give them."""

    def times(folder: str) -> FunctionTimes:
        part = processor(settings.memory_of(folder))
        code = CODE[folder] / part
        return FunctionTimes(CODE_OF_AN_INVOCATION / part, [Duration(code, code), *CALLS[folder]])

    return ServiceTimes(
        source="assumptions about AWS (`simulation/service_times.py`)",
        functions={folder: times(folder) for folder in CODE},
        publish=PUBLISH,
        stream_poll=STREAM_POLL_SECONDS,
        delivery=DELIVERY,
        cold_start=COLD_START,
        transaction=TRANSACTION,
        transaction_holds=TRANSACTION_HOLDS,
    )


LOCAL_POLL: Final = 0.1
"""Seconds between LocalStack's looks at a queue or a stream (`local/host.py`)."""


BACKLOG_BATCHES: Final = 10
"""Full batches in a queue that make a backlog of it: its stage never waited for messages."""


def of_run(run: MeasuredRun, settings: Settings) -> ServiceTimes:
    """Return the times of a measured run on LocalStack.

    A stage with a backlog works as fast as it can, so what a message takes is what the run's
    throughput says, LocalStack's way from one invocation to the next with it. Elsewhere what is
    billed for an invocation is shared by its messages. The way between functions is not measured by
    itself: it is LocalStack's polling.
    """
    functions = dict(assumed(settings).functions)
    for folder, stage in run.stages.items():
        functions[folder] = FunctionTimes(0.0, [_of_message(stage)])
    colds = sorted(stage.init_ms / 1000 for stage in run.stages.values())
    return ServiceTimes(
        source=f"the measured run of {run.date:%-d %B %Y} ({run.machine.description})",
        functions=functions,
        publish=None,
        stream_poll=LOCAL_POLL,
        delivery=Duration(LOCAL_POLL / 2, LOCAL_POLL),
        cold_start=colds[len(colds) // 2],
        transaction=Duration(0.0, 0.0),
        transaction_holds=0.0,
    )


def _of_message(stage: MeasuredStage) -> Duration:
    per_message = 1 / stage.batch_size.mean / 1000
    billed = Duration(stage.billed_ms.p50 * per_message, stage.billed_ms.p95 * per_message)
    if (stage.peak_queue_depth or 0) < BACKLOG_BATCHES * stage.batch_size.max:
        return billed
    seconds = stage.concurrency / stage.throughput_per_second
    return Duration(seconds, seconds)
