"""Exceptions as they may be logged: where they were raised, and what is safe to say of them.

Others' messages may quote what they were given: SES names the address that it refuses, a validator
the value, a provider the token. Of an exception that is not this project's own only the type and
the codes are logged, which is what one looks for in the other's documentation.
"""

import os
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from botocore.exceptions import ClientError
from pydantic import ValidationError

from order_pipeline.adapters.trace_headers import is_sampled, trace_header

type ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)

_STRIPE_CODES = ("code", "param", "http_status", "request_id")


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' formatter, with exceptions told by `told`, and without what leads nowhere.

    Half of what an order costs in logs is what every line repeats. So the trace is named where
    there is one, and the place in the code is not: what is said tells it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **options
            | {
                # Its `stack_trace` has the exception's message.
                "serialize_stacktrace": False,
                # Lambda takes a line's level only with a timestamp in RFC 3339:
                # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
                "use_rfc3339": True,
                "utc": True,
                "location": None,
            }
        )

    def serialize(self, log: Any) -> str:
        """Return the line."""
        if not is_sampled(trace_header()):
            log.pop("xray_trace_id", None)
        return super().serialize(log)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the library's name
        """Return the text of the field `exception`."""
        return "\n".join(told(ei[1])) if ei[1] else ""


def told(error: BaseException) -> Iterator[str]:
    """Yield the lines for an exception, what caused it first, and what is in a group last."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from told(cause)
        yield "which led to:"
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    yield f"{name}: {safe_text(error)}".removesuffix(": ")
    yield from getattr(error, "__notes__", ())
    if isinstance(error, BaseExceptionGroup):
        for number, each in enumerate(error.exceptions, start=1):
            yield f"{number} of {len(error.exceptions)}:"
            yield from (f"  {line}" for line in told(each))


def safe_text(error: BaseException) -> str:
    """Return what an exception says that is no part of what it was given."""
    package = type(error).__module__.partition(".")[0]
    if package in {"order_pipeline", os.environ.get("POWERTOOLS_SERVICE_NAME")}:
        return str(error)
    if isinstance(error, ClientError):
        return f"{error.response.get('Error', {}).get('Code')} of {error.operation_name}"
    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        return ", ".join(f"{'.'.join(map(str, each['loc']))} {each['type']}" for each in problems)
    if package == "stripe":
        codes = {name: getattr(error, name, None) for name in _STRIPE_CODES}
        return ", ".join(f"{name} {value}" for name, value in codes.items() if value is not None)
    if isinstance(error, BaseExceptionGroup):
        return error.message
    return ""
