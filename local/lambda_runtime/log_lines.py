"""The lines that the platform itself writes to a function's log stream, as text or as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Report:
    """What an invocation took; `init_seconds` only for the one that started the process."""

    request_id: str
    seconds: float
    init_seconds: float | None
    memory_size: int
    peak_memory: int
    status: str
    error_type: str | None

    @property
    def milliseconds(self) -> float:
        """The time from handing the invocation over to its answer."""
        return round(self.seconds * 1000, 2)

    @property
    def init_milliseconds(self) -> float | None:
        """The time from starting the process to its first request for an invocation."""
        return None if self.init_seconds is None else round(self.init_seconds * 1000, 2)

    @property
    def billed_milliseconds(self) -> int:
        """AWS bills the initialisation too, since August 2025."""
        return math.ceil(self.milliseconds + (self.init_milliseconds or 0))


class TextLines:
    """The log format `Text`."""

    def start(self, request_id: str, version: str) -> str:
        """Return the line before an invocation's own."""
        return f"START RequestId: {request_id} Version: {version}\n"

    def end(self, report: Report, problem: str) -> str:
        """Return the lines after an invocation's own; `problem` is why it got no answer."""
        fields = [
            f"REPORT RequestId: {report.request_id}",
            f"Duration: {report.milliseconds:.2f} ms",
            f"Billed Duration: {report.billed_milliseconds} ms",
            f"Memory Size: {report.memory_size} MB",
            f"Max Memory Used: {report.peak_memory} MB",
        ]
        if report.init_milliseconds is not None:
            fields.append(f"Init Duration: {report.init_milliseconds:.2f} ms")
        if report.status != "success":
            fields.append(f"Status: {report.status}")
        if report.error_type:
            fields.append(f"Error Type: {report.error_type}")
        if problem:
            problem = f"{_now()} {report.request_id} {problem}\n"
        return problem + f"END RequestId: {report.request_id}\n" + "\t".join(fields) + "\n"


class JsonLines:
    """The log format `JSON`, with the platform's events at their default level."""

    def start(self, request_id: str, version: str) -> str:
        """Return the line before an invocation's own."""
        return _event("platform.start", {"requestId": request_id, "version": version})

    def end(self, report: Report, problem: str) -> str:  # noqa: ARG002 - the report says it
        """Return the line after an invocation's own."""
        metrics: dict[str, float] = {
            "durationMs": report.milliseconds,
            "billedDurationMs": report.billed_milliseconds,
            "memorySizeMB": report.memory_size,
            "maxMemoryUsedMB": report.peak_memory,
        }
        if report.init_milliseconds is not None:
            metrics["initDurationMs"] = report.init_milliseconds
        record = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
        if report.error_type:
            record["errorType"] = report.error_type
        return _event("platform.report", record)


def _event(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record}) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
