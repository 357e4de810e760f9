"""One trace for each order: what is done for it is written on the trace that its request began.

A stream breaks traces, and so does a queue: the invocation at its end has a trace of its own. So
the order carries its trace header, the publisher has its messages carry it on, and whoever takes
one writes a segment on the order's trace (docs/adr/0016-an-order-has-one-trace.md).

An order that is not sampled costs nothing: X-Ray's library is imported (`xray`) when a function
meets its first sampled order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from order_pipeline.adapters.trace_headers import (
    fields_of,
    header_of_invocation,
    is_sampled,
    passing_on,
)
from order_pipeline.domain.ports import ServiceCall

if TYPE_CHECKING:
    from order_pipeline.adapters.xray import Segment

_segment: ContextVar["Segment | None"] = ContextVar("segment", default=None)


@contextmanager
def order_segment(
    header: str | None, *, answers: tuple[type[Exception], ...] = (), **annotations: str
) -> Iterator[None]:
    """Write a segment about what is done meanwhile on the trace of an order, if it is sampled.

    It has the invocation's own trace as the annotation `invocationTrace`, and an exception as a
    fault, without what the exception was given. What is called and sent meanwhile continues the
    order's trace.

    Parameters
    ----------
    header
        The order's trace header.
    answers
        Exceptions that are no faults: the caller is told what is wrong with its request.
    annotations
        What one can search traces for, such as ``orderId``.
    """
    if not is_sampled(header):
        yield
        return
    from order_pipeline.adapters import xray  # noqa: PLC0415 - see above

    fields = fields_of(header)
    segment = xray.begin_segment(fields["Root"], fields.get("Parent"))
    if segment is None:  # not on Lambda: whoever takes the messages continues the trace
        with passing_on(header):
            yield
        return
    if own := fields_of(header_of_invocation()).get("Root"):
        segment.annotate(invocationTrace=own)
    segment.annotate(**annotations)
    token = _segment.set(segment)
    try:
        with passing_on(segment.header):
            yield
    except answers:
        segment.mark_refused()
        raise
    except Exception as error:
        segment.mark_failed(error)
        raise
    finally:
        _segment.reset(token)
        segment.end()


def annotate(**annotations: str) -> None:
    """Add to the open segment what one can search traces for."""
    if segment := _segment.get():
        segment.annotate(**annotations)


def mark_failed() -> None:
    """Call what the open segment is about a fault, where no exception says so."""
    if segment := _segment.get():
        segment.mark_failed()


class CallTraces:
    """Writes the calls to a service outside AWS into the open segment; see `ports.CallMonitor`."""

    def __init__(self, service: str) -> None:
        """Call the service `service`: the node of that name in the map of a trace."""
        self._service = service

    def note(self, call: ServiceCall) -> None:
        """Write down a call that has just ended."""
        if segment := _segment.get():
            segment.add_call(self._service, call)
