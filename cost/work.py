"""The work that an order makes, as docs/benchmarks/work-per-order.json keeps it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).resolve().parent.parent / "docs/benchmarks/work-per-order.json"


class Work(BaseModel):
    """A part of what was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(Work):
    """What one function asks AWS for in one way."""

    function: str
    """Such as `place-order`."""
    service: str
    operation: str
    tables: tuple[str, ...]
    """Of a request to DynamoDB: the tables, one for each action of a transaction."""
    times: float
    entries: float
    """Items or messages, of a batch; else the same as `times`."""


class TableWrite(Work):
    """A write of an item of the orders table: what it was before and after."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


class Invocations(Work):
    """The invocations of a function."""

    times: float
    processor_ms: float
    """Of one, on the machine that measured."""
    local_ms: float
    """How long one took there, with LocalStack's answers: shown, and not used."""


class Log(Work):
    """What a function logs itself; Lambda's lines are not in it."""

    lines: float
    bytes: float


class LinesOf(Work):
    """What one order of some number of lines makes, in the mean."""

    requests: Sequence[Request]
    writes: Sequence[TableWrite]
    """Of one of the orders."""
    invocations: Mapping[str, Invocations]
    logs: Mapping[str, Log]
    stored: Mapping[str, Mapping[str, Any]]
    """An item of each kind that there is when the order is confirmed."""
    events: Mapping[str, int]
    """The bytes of each event, by its type."""


class Measured(Work):
    """All that was measured."""

    date: str
    machine: str
    orders: int
    """Of each number of lines."""
    starts_ms: Mapping[str, float]
    """How long a cold start of each function took on that machine."""
    runs_ms: Mapping[str, float]
    """How long a run of each function took there that runs by the clock."""
    by_lines: Mapping[int, LinesOf]

    @classmethod
    def read(cls, file: Path = FILE) -> Self:
        """Read what was measured last."""
        return cls.model_validate_json(file.read_text(encoding="utf-8"))

    def write(self, file: Path = FILE) -> None:
        """Keep it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
