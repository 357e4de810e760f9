"""What functions were recorded to ask AWS for, reduced to what is told apart by permissions.

LocalStack records every call of a function (`local/aws_calls.py`). Of a run, `recorded_calls.json`
keeps each distinct pair of an operation and what it is about, per function, without the suffix of
the deployment; `make record-calls` writes it anew from the recording of the last run.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws import client
from local.settings import LocalSettings, settings_from_environment
from order_pipeline.domain.canary import ORDER_ID_PREFIX

FILE = Path(__file__).with_name("recorded_calls.json")

SMS = "phone number"
PUSH = "device"


@dataclass(frozen=True, order=True)
class RecordedCall:
    """A call that a function made at least once."""

    function: str
    """Without kind and suffix, such as `place-order`."""
    service: str
    operation: str
    """As AWS names it; of a transaction one for each kind of action: `TransactWriteItems/Put`."""
    resource: str
    """A name without its suffix: a table, or `table/index`, a queue, a topic, a mapping, …

    Of a call of the API: its method and path.
    """

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {self.resource}"


class UnexpectedCallError(Exception):
    """A recorded call that this module cannot tell what it is about."""


def read(file: Path = FILE) -> set[RecordedCall]:
    """Return the calls that are committed."""
    calls = set()
    for function, texts in json.loads(file.read_text()).items():
        for text in texts:
            call, _, resource = text.partition(" ")
            service, _, operation = call.partition(":")
            calls.add(RecordedCall(function, service, operation, resource))
    return calls


def write(calls: Iterable[RecordedCall], file: Path = FILE) -> None:
    """Write calls as they are committed."""
    by_function: dict[str, list[str]] = {}
    for call in sorted(calls):
        by_function.setdefault(call.function, []).append(str(call))
    file.write_text(json.dumps(by_function, indent=2) + "\n")


def reduced(lines: Iterable[str], suffix: str, mappings: Mapping[str, str]) -> set[RecordedCall]:
    """Return the distinct calls of a recording.

    Parameters
    ----------
    lines
        Of the recording, JSON each.
    suffix
        Of the deployment that was recorded.
    mappings
        UUID of an event source mapping → the name of its function.
    """
    calls = set()
    for line in lines:
        entry = json.loads(line)
        function = _without(suffix, entry["function"]).removesuffix("-function")
        for operation, resource in _about(entry, mappings):
            calls.add(
                RecordedCall(function, entry["service"], operation, _without(suffix, resource))
            )
    return calls


def _about(entry: dict[str, Any], mappings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the operation, and what it is about; more than once for several actions or tables."""
    operation, parameters = entry["operation"], entry["parameters"]
    if actions := parameters.get("TransactItems"):
        for action in actions:
            for kind, table in action.items():
                yield f"{operation}/{kind}", table
    elif tables := parameters.get("RequestItems"):
        for table in tables:
            yield operation, table
    elif uuid := parameters.get("UUID"):
        yield operation, f"mapping of {mappings[uuid]}"
    elif index := parameters.get("IndexName"):
        yield operation, f"{parameters['TableName']}/{index}"
    else:
        names = [name for name in _NAMES if name in parameters]
        if len(names) != 1:
            raise UnexpectedCallError(f"what is this call about? {entry}")
        yield operation, _NAMES[names[0]](parameters[names[0]])


_NAMES: Mapping[str, Callable[[str], str]] = {
    "TableName": str,
    "QueueUrl": lambda url: url.rpartition("/")[2],
    "TopicArn": lambda arn: arn.rpartition(":")[2],
    # AWS ends a secret's ARN with a hyphen and six characters of its own.
    "SecretId": lambda arn: re.sub(r"-\w{6}$", "", arn.rpartition(":")[2]),
    "Source": str,
    "PhoneNumber": lambda _: SMS,
    # Of an API's calls: with any of the canary's orders for the one that it was about.
    "Call": lambda call: re.sub(rf"/{ORDER_ID_PREFIX}[^/]+", f"/{ORDER_ID_PREFIX}*", call),
    "TargetArn": lambda _: PUSH,
}
"""A parameter that says alone what a call is about → the name of it."""


def _without(suffix: str, name: str) -> str:
    """Return a name, of a table also with an index behind it, without the deployment's suffix."""
    return re.sub(rf"-{re.escape(suffix)}(?=$|/)", "", name)


def recorded_on(settings: LocalSettings, suffix: str) -> set[RecordedCall]:
    """Return the calls recorded since the LocalStack of `settings`, which runs, was started."""
    listed = client("lambda", settings).list_event_source_mappings()["EventSourceMappings"]
    mappings = {each["UUID"]: function_of(each["FunctionArn"]) for each in listed}
    return reduced(settings.aws_calls.read_text().splitlines(), suffix, mappings)


def function_of(arn: str) -> str:
    """Return a function's name from its ARN, which may end with an alias."""
    return arn.split(":")[6]


def main() -> None:
    """Write `recorded_calls.json` anew from the recording of the LocalStack that runs."""
    settings = settings_from_environment()
    if not settings.aws_calls.exists():
        sys.exit(f"{settings.aws_calls} is not there: run `make local-deploy local-e2e local-life`")
    found = recorded_on(settings, "local")
    before = read()
    write(found)
    for sign, calls in (("+", found - before), ("-", before - found)):
        for call in sorted(calls):
            sys.stdout.write(f"{sign} {call.function}: {call}\n")


if __name__ == "__main__":
    main()
