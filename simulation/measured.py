"""What a measured run looks like: the schema of docs/benchmarks/local-load.json.

`make bench` writes the file. Where it is there, the model is held against it (`validation`).
Times are milliseconds, as they are measured and shown.
"""

from datetime import datetime
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

LOCAL_LOAD: Final = Path(__file__).resolve().parent.parent / "docs/benchmarks/local-load.json"

STAGES: Final = ("place_order", "event_publisher", "validation", "inventory", "payment")
"""The functions that an order passes on its way to the confirmation; the rest may be absent."""


class MeasurementError(Exception):
    """There is no measured run, or not one that can be read; the message says what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Percentiles(_Part):
    """Milliseconds."""

    p50: float = Field(ge=0)
    p95: float = Field(ge=0)
    p99: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.p50 <= self.p95 <= (self.p99 or self.p95):
            raise ValueError("p50 must not be above p95, nor p95 above p99")
        return self


class BatchSizes(_Part):
    """How many messages or records the invocations had."""

    mean: float = Field(ge=1)
    max: int = Field(ge=1)


class MeasuredStage(_Part):
    """One function under the load."""

    billed_ms: Percentiles
    """Of warm invocations."""
    init_ms: float = Field(ge=0)
    """Of a cold start, the median; 0 if there was none."""
    batch_size: BatchSizes
    throughput_per_second: float = Field(gt=0)
    """Messages, records or requests done, on average over the run."""
    peak_queue_depth: int | None = Field(default=None, ge=0)
    """The most messages, waiting and in flight; None where there is no queue."""
    concurrency: int = Field(ge=1)
    """The most invocations that ran at once."""


class Machine(_Part):
    """Where it was measured."""

    description: str
    cores: int = Field(ge=1)


class MeasuredRun(_Part):
    """One run of the load test."""

    machine: Machine
    date: datetime
    clients: int = Field(ge=1)
    """That placed orders, each the next one when the last was answered."""
    orders: int = Field(ge=1)
    """That were accepted."""
    placing_seconds: float = Field(gt=0)
    """From the first order's acceptance to the last one's."""
    ack_ms: Percentiles
    time_to_confirm_ms: Percentiles
    """From the acceptance of an order to its confirmation."""
    stages: dict[str, MeasuredStage]
    """By the folder of the function."""

    @model_validator(mode="after")
    def _has_the_way_to_the_confirmation(self) -> Self:
        if missing := [name for name in STAGES if name not in self.stages]:
            raise ValueError(f"stages lacks {', '.join(missing)}")
        return self

    @property
    def rate(self) -> float:
        """Orders placed a second."""
        return self.orders / self.placing_seconds


def measured_run(path: Path = LOCAL_LOAD) -> MeasuredRun:
    """Return the measured run.

    Raises
    ------
    MeasurementError
        If there is none, or it is not as the schema says.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise MeasurementError(f"{path.name} is not there: `make bench` writes it") from None
    try:
        return MeasuredRun.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the run'}: {each['msg']}"
            for each in error.errors()
        )
        raise MeasurementError(f"{path.name} cannot be read: {wrong}") from None
