"""X-Ray's trace headers: which trace something is done for, and what messages say of it.

An invocation of a function has a trace of its own, which botocore puts into every request. That is
wrong for messages about orders: whoever takes one would go on with the trace of a batch, sampled by
another rule, instead of the order's. So the clients for queues and topics send what is said here.

The header: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
Messages carry it on: https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from botocore.client import BaseClient

NAME = "X-Amzn-Trace-Id"

_passed_on: ContextVar[str | None] = ContextVar("trace_header", default=None)


def fields_of(header: str | None) -> Mapping[str, str]:
    """Return the fields of a trace header, whatever else is in it.

    Examples
    --------
    >>> fields_of("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    {'Root': '1-5759e988-bd862e3fe1be46a994272793', 'Sampled': '1'}
    """
    pairs = (field.strip().partition("=") for field in (header or "").split(";"))
    return {name: value for name, _, value in pairs if value}


def is_sampled(header: str | None) -> bool:
    """Tell whether what is done under a header is to be recorded."""
    fields = fields_of(header)
    return "Root" in fields and fields.get("Sampled") == "1"


def header_of_invocation() -> str | None:
    """Return the header of the trace that this invocation of the function is part of."""
    return os.environ.get("_X_AMZN_TRACE_ID")


def trace_header() -> str | None:
    """Return what continues the present trace: the order's, or else the invocation's."""
    return _passed_on.get() or header_of_invocation()


def sampled_header() -> str | None:
    """Return what continues the present trace if it is sampled: there is no other trace to keep."""
    header = trace_header()
    return header if is_sampled(header) else None


@contextmanager
def passing_on(header: str | None) -> Iterator[None]:
    """Let what is sent meanwhile carry this header."""
    token = _passed_on.set(header)
    try:
        yield
    finally:
        _passed_on.reset(token)


def continuing_traces[T: "BaseClient"](client: T) -> T:
    """Have a client send the header that is passed on, and say "not sampled" where there is none.

    The event comes after botocore has put its own into the request, and the header is not signed.
    """
    client.meta.events.register("before-sign", _set_header)
    return client


def _set_header(request: "AWSRequest", **_: Any) -> None:
    del request.headers[NAME]  # setting a header adds another one
    root = fields_of(header_of_invocation()).get("Root")
    if header := _passed_on.get() or (f"Root={root};Sampled=0" if root else None):
        request.headers[NAME] = header
