"""Event patterns as Lambda's mappings filter by them, as far as the stacks use them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Tell whether an event fits a pattern.

    Raises
    ------
    ValueError
        If the pattern has an operator that is not known here.
    """
    return all(_fits(wanted, event.get(name, _ABSENT)) for name, wanted in pattern.items())


def _fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return matches(wanted, found if isinstance(found, Mapping) else {})
    return any(_is(each, found) for each in wanted)


def _is(wanted: Any, found: Any) -> bool:
    match wanted:
        case str():
            return bool(found == wanted)
        case {"exists": must}:
            # Of leaves only: what has parts is none.
            return bool(must) is not (found is _ABSENT or isinstance(found, Mapping))
        case {"anything-but": [*others]}:
            return found is not _ABSENT and found not in others
        case _:
            raise ValueError(f"an operator that is not known here: {wanted}")
