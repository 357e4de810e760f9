"""The traces of orders, put together from what functions send to X-Ray's daemon."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from tests.trace_daemon import Document, TraceDaemon


def new_trace() -> str:
    """Return a trace id of now."""
    return f"1-{int(time.time()):08x}-{token_hex(12)}"


def sampled(trace_id: str) -> dict[str, str]:
    """Return the headers of a request whose sender traces it.

    On AWS, API Gateway samples what comes without such a header; LocalStack's samples nothing else.
    """
    return {"X-Amzn-Trace-Id": f"Root={trace_id};Parent={token_hex(8)};Sampled=1"}


@dataclass(frozen=True)
class Part:
    """A segment or subsegment."""

    id: str
    parent_id: str | None
    name: str
    annotations: Mapping[str, str]
    document: Document

    @property
    def function(self) -> str:
        """The function whose segment it is, such as `place-order`."""
        return self.name.partition("-function-")[0]


class Trace:
    """What has come of one trace until now."""

    def __init__(self, daemon: TraceDaemon, trace_id: str) -> None:
        documents = [each for each in daemon.documents() if each["trace_id"] == trace_id]
        self.parts = {part.id: part for document in documents for part in _parts(document)}

    def segments(self, function: str, event_type: str | None = None) -> list[Part]:
        """Return the segments of a function, those about an event of one type."""
        return [
            part
            for part in self.parts.values()
            if part.document.get("type") != "subsegment"
            and part.function == function
            and part.annotations.get("eventType") == event_type
        ]

    def calls(self, segment: Part) -> list[Part]:
        """Return the calls that were made in a segment, in their order."""
        calls = [part for part in self.parts.values() if part.parent_id == segment.id]
        return sorted(
            (call for call in calls if "namespace" in call.document),
            key=lambda call: float(call.document["start_time"]),
        )

    def way(self, part: Part) -> list[str]:
        """Return the names from the trace's first part to this one."""
        before = self.parts.get(part.parent_id or "")
        name = part.function or part.name
        return [*(self.way(before) if before else []), name]

    def orphans(self) -> list[Part]:
        """Return the parts whose parent is nowhere in the trace."""
        return [part for part in self.parts.values() if part.parent_id not in self.parts]


def _parts(document: Any, parent_id: str | None = None) -> Iterator[Part]:
    own = document.get("parent_id", parent_id)
    yield Part(document["id"], own, document["name"], document.get("annotations", {}), document)
    for subsegment in document.get("subsegments", ()):
        yield from _parts({"type": "subsegment", **subsegment}, document["id"])
