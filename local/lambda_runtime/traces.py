"""The trace that an invocation is part of."""

import json


def trace_header(payload: str, own: str) -> str:
    """Return the trace header of an invocation, given its event and what LocalStack says it is.

    On AWS a function that API Gateway calls goes on with the trace of the request, and records it
    if API Gateway does. LocalStack's API Gateway has the request's trace too, sampled where the
    caller has sampled it, but it is in the event only: every invocation begins a trace of its own.

    Examples
    --------
    >>> trace_header('{"httpMethod": "GET", "headers": {"X-Amzn-Trace-Id": "Root=1"}}', "Root=2")
    'Root=1'
    >>> trace_header('{"Records": []}', "Root=2")
    'Root=2'
    """
    event = json.loads(payload or "null")
    if not isinstance(event, dict) or "httpMethod" not in event:
        return own
    headers = event.get("headers") or {}
    return str(headers.get("X-Amzn-Trace-Id") or own)
