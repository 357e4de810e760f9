"""Whether a deployment is well, at a glance: queues, dead letters, stages, alarms, late orders.

What these credentials may not look at is told as such, and is not taken for well.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from orderctl.dead_letters import DEAD_LETTER_QUEUES
from orderctl.errors import sentence_of
from orderctl.overdue import OverdueOrder, look_at_overdue
from orderctl.queues import Queue
from orderctl.stages import DISABLED, ENABLED, StageError, StageName, mapping_of

if TYPE_CHECKING:
    from orderctl.deployment import Deployment

_METRICS_LOOK_BACK = timedelta(minutes=10)
"""SQS tells its metrics each minute, a queue that was idle for hours after up to fifteen:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

RUNNING, PAUSED = "working", "paused"


@dataclass(frozen=True)
class QueueHealth:
    """How much waits on a queue."""

    name: str
    """``payment``, for ``payment-queue-{suffix}`` or ``payment-dlq-{suffix}``."""
    waiting: int | None
    """None when there is no such queue."""
    in_flight: int | None
    oldest_seconds: int | None = None
    """As its metric says, which is a minute behind; None when it does not say."""


@dataclass(frozen=True)
class StageHealth:
    """Whether a stage works."""

    name: str
    state: str
    """``working``, ``paused``, or in Lambda's words what its mapping is on the way to."""
    reason: str | None = None


@dataclass(frozen=True)
class FiringAlarm:
    """An alarm in ALARM."""

    name: str
    since: datetime
    meaning: str


@dataclass
class Health:
    """What was seen."""

    at: datetime
    queues: list[QueueHealth] = field(default_factory=list)
    dead_letters: list[QueueHealth] = field(default_factory=list)
    stages: list[StageHealth] = field(default_factory=list)
    alarms: list[FiringAlarm] = field(default_factory=list)
    alarm_count: int | None = None
    """All that there are; None where nobody could look."""
    overdue: list[OverdueOrder] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    """What could not be looked at → why."""

    @property
    def problems(self) -> list[str]:
        """What is wrong, each in a sentence."""
        missing = [each.name for each in (*self.queues, *self.dead_letters) if each.waiting is None]
        return [
            *(f"{alarm.name} is in ALARM" for alarm in self.alarms),
            *(
                f"{each.waiting} on the dead-letter queue {each.name}"
                for each in self.dead_letters
                if each.waiting
            ),
            *(f"{stage.name} is {stage.state}" for stage in self.stages if stage.state != RUNNING),
            *([f"overdue orders: {len(self.overdue)}"] if self.overdue else []),
            *([f"not deployed: {', '.join(dict.fromkeys(missing))}"] if missing else []),
            *(["there are no alarms"] if self.alarm_count == 0 else []),
        ]


def look_at_health(deployment: "Deployment", *, now: datetime | None = None) -> Health:
    """Look at a deployment."""
    health = Health(now or datetime.now(UTC))
    parts: dict[str, Callable[[], None]] = {
        "queues": lambda: _queues(deployment, health),
        "stages": lambda: _stages(deployment, health),
        "alarms": lambda: _alarms(deployment, health),
        "overdue orders": lambda: _overdue(deployment, health),
    }
    for part, look in parts.items():
        try:
            look()
        except ClientError as error:
            health.unread[part] = sentence_of(error)
    return health


def _queues(deployment: "Deployment", health: Health) -> None:
    sources = dict.fromkeys(queue.source for queue in DEAD_LETTER_QUEUES.values() if queue.source)
    queues = {name: deployment.names.of(name, "queue") for name in sources}
    dead = {name: deployment.names.of(name, "dlq") for name in DEAD_LETTER_QUEUES}
    try:
        ages = _ages(deployment, [*queues.values(), *dead.values()], health.at)
    except ClientError as error:
        health.unread["ages of messages"] = sentence_of(error)
        ages = {}
    health.queues = [_queue(deployment, *named, ages) for named in queues.items()]
    health.dead_letters = [_queue(deployment, *named, ages) for named in dead.items()]


def _queue(
    deployment: "Deployment", name: str, full_name: str, ages: Mapping[str, int]
) -> QueueHealth:
    queue = Queue.named(deployment.sqs, full_name)
    if queue is None:
        return QueueHealth(name, None, None)
    depth = queue.depth()
    return QueueHealth(
        name, depth.visible, depth.in_flight, ages.get(full_name) if depth.total else None
    )


def _ages(deployment: "Deployment", queue_names: Iterable[str], now: datetime) -> dict[str, int]:
    """Return how many seconds the oldest message of each queue is old.

    By its metric, which costs no message a receive.
    """
    names = list(queue_names)
    pages = (
        deployment.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(
            StartTime=now - _METRICS_LOOK_BACK,
            EndTime=now,
            ScanBy="TimestampDescending",
            MetricDataQueries=[
                {
                    "Id": f"queue{number}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SQS",
                            "MetricName": "ApproximateAgeOfOldestMessage",
                            "Dimensions": [{"Name": "QueueName", "Value": name}],
                        },
                        "Period": 60,
                        "Stat": "Maximum",
                    },
                }
                for number, name in enumerate(names)
            ],
        )
    )
    ages: dict[str, int] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            if result["Values"]:
                name = names[int(result["Id"].removeprefix("queue"))]
                ages.setdefault(name, int(result["Values"][0]))
    return ages


def _stages(deployment: "Deployment", health: Health) -> None:
    for name in StageName:
        live = deployment.names.live_arn(deployment.names.of(name.value, "function"))
        try:
            state = mapping_of(deployment.functions, live).state
        except StageError as error:
            health.stages.append(StageHealth(name.value, "not there", str(error)))
            continue
        circuit = deployment.payment_circuit.look() if name is StageName.PAYMENT else None
        shown = {ENABLED: RUNNING, DISABLED: PAUSED}.get(state, state.lower())
        if circuit and shown == RUNNING:
            shown = "about to be paused"
        health.stages.append(StageHealth(name.value, shown, circuit.reason if circuit else None))


def _alarms(deployment: "Deployment", health: Health) -> None:
    """Look at every alarm of the deployment, whatever it is about: the name says whose it is."""
    ending = f"-alarm-{deployment.names.suffix}"
    pages = (
        deployment.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    alarms: list[Mapping[str, Any]] = [
        alarm
        for page in pages
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
        if alarm["AlarmName"].endswith(ending)
    ]
    health.alarm_count = len(alarms)
    health.alarms = [
        FiringAlarm(
            alarm["AlarmName"], alarm["StateUpdatedTimestamp"], alarm.get("AlarmDescription", "")
        )
        for alarm in sorted(alarms, key=lambda alarm: str(alarm["AlarmName"]))
        if alarm["StateValue"] == "ALARM"
    ]


def _overdue(deployment: "Deployment", health: Health) -> None:
    health.overdue = look_at_overdue(
        deployment.orders.overdue(health.at), deployment.dynamodb, deployment.orders_table_name
    )
