"""How long the functions and the services under them take: assumed for AWS, or measured.

The assumptions are all here. None of them is measured on AWS: they say what the services promise or
what is commonly seen, and each says which. A measured run replaces them (`of_run`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Final

from simulation.latency import Duration
from simulation.limits import MESSAGES_OF_A_BATCH, STREAM_POLL_SECONDS
from simulation.measured import MeasuredRun

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

CODE_OF_A_MESSAGE: Final = 0.003
"""Seconds of processor for one message: parsing, models, log lines. An assumption for 1,024 MB."""

CODE_OF_A_RECORD: Final = 0.001
"""The same for one record of the stream, with a whole processor (1,769 MB)."""

INVOCATION: Final = 0.005
"""Seconds of an invocation besides its messages. An assumption."""

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


def _code(seconds: float) -> Duration:
    return Duration(seconds, seconds)


def assumed() -> ServiceTimes:
    """Return the assumptions about AWS.

    The calls of each stage are those of its code: validation reads the order and the items, and
    writes the order; inventory reads it and makes a transaction; payment reads it, creates an
    intent, stores its id, confirms it, reads again and writes; notification reads it, claims the
    message, sends it, and marks it.
    """
    code = _code(CODE_OF_A_MESSAGE)
    return ServiceTimes(
        source="assumptions about AWS (`simulation/service_times.py`)",
        functions={
            "place_order": FunctionTimes(INVOCATION, [code, DYNAMODB_CALL]),
            "intake_drain": FunctionTimes(INVOCATION, [code, DYNAMODB_CALL]),
            "event_publisher": FunctionTimes(INVOCATION, [_code(CODE_OF_A_RECORD)]),
            "validation": FunctionTimes(INVOCATION, [code, *[DYNAMODB_CALL] * 3]),
            "inventory": FunctionTimes(INVOCATION, [code, DYNAMODB_CALL, TRANSACTION]),
            "payment": FunctionTimes(
                INVOCATION, [code, *[DYNAMODB_CALL] * 4, *[PROVIDER_CALL] * 2]
            ),
            "notification": FunctionTimes(
                INVOCATION, [code, *[DYNAMODB_CALL] * 3, MESSAGE_TO_CUSTOMER]
            ),
        },
        publish=PUBLISH,
        stream_poll=STREAM_POLL_SECONDS,
        delivery=DELIVERY,
        cold_start=COLD_START,
        transaction_holds=TRANSACTION_HOLDS,
    )


LOCAL_POLL: Final = 0.1
"""Seconds between LocalStack's looks at a queue or a stream (`local/host.py`)."""


def of_run(run: MeasuredRun) -> ServiceTimes:
    """Return the times of a measured run on LocalStack.

    What is billed for an invocation is shared by its messages, as the run tells no more. The way
    between functions is not measured by itself: it is LocalStack's polling.
    """
    fallback = assumed().functions
    functions = dict(fallback)
    for folder, stage in run.stages.items():
        per_message = 1 / stage.batch_size.mean / 1000
        functions[folder] = FunctionTimes(
            0.0,
            [Duration(stage.billed_ms.p50 * per_message, stage.billed_ms.p95 * per_message)],
        )
    colds = sorted(stage.init_ms / 1000 for stage in run.stages.values())
    return ServiceTimes(
        source=f"the measured run of {run.date:%-d %B %Y} ({run.machine.description})",
        functions=functions,
        publish=None,
        stream_poll=LOCAL_POLL,
        delivery=Duration(LOCAL_POLL / 2, LOCAL_POLL),
        cold_start=colds[len(colds) // 2],
        transaction_holds=0.0,
    )
