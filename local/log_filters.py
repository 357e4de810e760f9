"""Metric filters count the lines that match: LocalStack's count every line of every function.

That would raise the alarms about them for nothing, and make a call to CloudWatch for each line and
filter, which delays what a busy function logs by minutes.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from localstack.runtime import hooks

Matches = Callable[[str, Mapping[str, Any]], bool]

FIELD_IS = re.compile(r'\{ \$\.(?P<field>\w+) = "(?P<value>[^"]*)" \}')
"""The patterns that this pipeline has: one field of a JSON document is a text.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def count_what_matches() -> None:
    """Give LocalStack the matcher that it leaves to plugins."""
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.logs import provider  # noqa: PLC0415

    every_line = provider.get_pattern_matcher

    def matcher(pattern: str) -> Matches:
        found = FIELD_IS.fullmatch(pattern)
        return field_is(found["field"], found["value"]) if found else every_line(pattern)

    provider.get_pattern_matcher = matcher


def field_is(field: str, value: str) -> Matches:
    """Return what tells whether a line is a JSON document whose field is that text."""

    def matches(_pattern: str, event: Mapping[str, Any]) -> bool:
        line: str = event["message"]
        if f'"{value}"' not in line:  # most lines: not worth parsing
            return False
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return isinstance(document, dict) and document.get(field) == value

    return matches
