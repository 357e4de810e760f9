"""X-Ray, by Powertools' Tracer: the only module that knows Tracer and the library under it.

The library is in maintenance: it gets security fixes, and one day this module a successor.
https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-daemon-timeline.html

On Lambda the library writes only into the segment of the invocation, which Lambda itself makes. An
order's segment is on another trace, so the recorder gets the context that it has elsewhere.
"""

import logging
import os
import traceback
from functools import cache
from pathlib import Path

from aws_lambda_powertools import Tracer
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.entity import Entity
from aws_xray_sdk.core.models.segment import Segment as SdkSegment
from aws_xray_sdk.core.models.throwable import Throwable

from order_pipeline.adapters.redaction import safe_text
from order_pipeline.domain.ports import CallOutcome, ServiceCall

_FRAMES = 10
"""The innermost, which tell where it went wrong."""

# AWS calls outside a segment, those for orders that are not sampled, are nothing to warn of.
logging.getLogger("aws_xray_sdk").setLevel(logging.ERROR)


class Segment:
    """An open segment on an order's trace. AWS calls become its subsegments by themselves."""

    def __init__(self, segment: SdkSegment) -> None:
        self._segment = segment

    @property
    def header(self) -> str:
        """What continues the trace from here."""
        return f"Root={self._segment.trace_id};Parent={self._segment.id};Sampled=1"

    def annotate(self, **annotations: str) -> None:
        """Add what one can search traces for."""
        for name, value in annotations.items():
            self._segment.put_annotation(name, value)

    def add_call(self, service: str, call: ServiceCall) -> None:
        """Write down a call to a service outside AWS that has just ended."""
        subsegment = xray_recorder.begin_subsegment(service, namespace="remote")
        assert subsegment is not None  # there is a segment, which is this one
        subsegment.start_time -= call.seconds
        subsegment.put_annotation("call", call.name)
        subsegment.put_annotation("outcome", call.outcome.value)
        if call.outcome is CallOutcome.UNKNOWN:
            subsegment.add_fault_flag()
        elif call.outcome is CallOutcome.REFUSED:
            subsegment.add_error_flag()
        xray_recorder.end_subsegment()

    def mark_refused(self) -> None:
        """Say that what was asked for is refused, which is the asker's error."""
        self._segment.add_error_flag()

    def mark_failed(self, error: Exception | None = None) -> None:
        """Say that it failed, and of an exception what the logs say as well."""
        self._segment.add_fault_flag()
        if error:
            self._segment.cause = {
                "working_directory": str(Path.cwd()),
                "exceptions": [_Told(error)],
            }

    def end(self) -> None:
        """Send it to the daemon, which Lambda runs beside the function."""
        xray_recorder.end_segment()


def begin_segment(trace_id: str, parent_id: str | None) -> Segment | None:
    """Begin a segment on a trace; None where nothing is recorded: Tracer is off outside Lambda."""
    if not _is_recording():
        return None
    # The function's name: it tells copies of the pipeline apart in the account's map.
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    return Segment(xray_recorder.begin_segment(name, trace_id, parent_id, sampling=True))


@cache
def _is_recording() -> bool:
    """Set the recorder up, and tell whether it records."""
    tracer = Tracer(auto_patch=False)
    if tracer.disabled:
        return False
    context = Context()
    context.context_missing = "IGNORE_ERROR"  # as above; Lambda's variable says LOG_ERROR
    xray_recorder.configure(context=context, emitter=_RedactingEmitter())
    tracer.patch(["botocore"])
    return True


class _Told(Throwable):
    """An exception as the logs tell it: what it was given may be personal."""

    def __init__(self, error: Exception) -> None:
        innermost = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
        super().__init__(error, innermost)
        self.message = safe_text(error)


class _RedactingEmitter(UDPEmitter):
    """Sends segments without the messages of exceptions that the library itself has recorded."""

    def send_entity(self, entity: Entity) -> None:
        """Send a segment or subsegment with all that is in it."""
        _redact(entity)
        super().send_entity(entity)


def _redact(entity: Entity) -> None:
    # A cause that is no dictionary is the id of one in another segment.
    causes = entity.cause.get("exceptions", ()) if isinstance(entity.cause, dict) else ()
    for cause in causes:
        if isinstance(cause, Throwable) and not isinstance(cause, _Told):
            cause.message = ""  # which leaves it out: its type and the answer's status stay
    for subsegment in entity.subsegments:
        _redact(subsegment)
