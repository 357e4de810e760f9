"""Functions to run on LocalStack: make one from its code, invoke it, read its log stream."""

import base64
import io
import json
import textwrap
import uuid
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.config import Config

from local.aws import client
from local.processes import wait_for
from local.settings import LocalSettings

# A call that fails is a finding, not something to try again.
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=50)


@dataclass(frozen=True)
class Invoked:
    """What the caller of a function got."""

    answer: Any
    is_error: bool
    request_id: str
    tail: str

    @property
    def own_lines(self) -> list[str]:
        """The lines between START and END."""
        lines = self.tail.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("START "))
        end = next(i for i, line in enumerate(lines) if line.startswith("END "))
        return lines[start + 1 : end]

    @property
    def report(self) -> dict[str, str]:
        """The fields of the REPORT line."""
        line = next(line for line in self.tail.splitlines() if line.startswith("REPORT "))
        return dict(field.split(": ", 1) for field in line.strip().split("\t"))


@dataclass(frozen=True)
class Function:
    """A function on LocalStack."""

    settings: LocalSettings
    name: str

    @cached_property
    def _lambda(self) -> Any:
        return client("lambda", self.settings, ONCE)

    def create(self, code: str, **arguments: Any) -> "Function":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app/handler.py", textwrap.dedent(code))
        self._lambda.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Handler="app.handler.handler",
            Role="arn:aws:iam::000000000000:role/any",
            Code={"ZipFile": archive.getvalue()},
            **{"Timeout": 30, **arguments},
        )
        return self

    def invoke(self, payload: Any = None) -> Invoked:
        response = self._lambda.invoke(
            FunctionName=self.name, Payload=json.dumps(payload).encode(), LogType="Tail"
        )
        return Invoked(
            answer=json.loads(response["Payload"].read()),
            is_error=response.get("FunctionError") == "Unhandled",
            request_id=response["ResponseMetadata"]["RequestId"],
            tail=base64.b64decode(response["LogResult"]).decode(),
        )

    def invoke_event(self, payload: Any = None) -> None:
        self._lambda.invoke(
            FunctionName=self.name, Payload=json.dumps(payload).encode(), InvocationType="Event"
        )

    def delete(self) -> None:
        self._lambda.delete_function(FunctionName=self.name)

    def log_lines(self, *, until: str) -> list[str]:
        """Return the lines in CloudWatch, once one of them has `until` in it."""
        logs = client("logs", self.settings)
        lines: list[str] = []

        def arrived() -> bool:
            try:
                events = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"]
            except logs.exceptions.ResourceNotFoundException:
                return False
            lines[:] = [event["message"] for event in events]
            return any(until in line for line in lines)

        assert wait_for(arrived, 30), f"no line with {until!r} in {lines}"
        return lines


def new_function(settings: LocalSettings, code: str, **arguments: Any) -> Function:
    """Create a function with a name of its own, whose handler is in `app/handler.py`."""
    return Function(settings, f"function-{uuid.uuid4().hex[:8]}").create(code, **arguments)
