"""Says in a sentence what is wrong with a document, in the words of who wrote it."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

_TABLE, _LIST, _DAY = "must be a table", "must be a list", "must be a day such as 2026-03-10"
_WHAT_IS_ALLOWED: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "date_from_datetime_inexact": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_parsing": _DAY,
    "date_type": _DAY,
    "dict_type": _TABLE,
    "extra_forbidden": "is not known here",
    "list_type": _LIST,
    "mapping_type": _TABLE,
    "missing": "is missing",
    "model_type": _TABLE,
    "string_pattern_mismatch": lambda context: f"must look like {context['pattern']}",
    "string_too_short": lambda context: f"must have at least {context['min_length']} characters",
    "string_type": "must be text",
    "tuple_type": _LIST,
}
"""Kind of error (https://docs.pydantic.dev/latest/errors/validation_errors/) → what is allowed."""


def first_fault(error: ValidationError) -> str:
    """Return where the first error is and what is allowed there; never the value itself."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    allowed = _WHAT_IS_ALLOWED.get(first["type"], "is not of the kind that belongs here")
    if callable(allowed):
        allowed = allowed(first.get("ctx", {}))
    return f"{place} {allowed}"
