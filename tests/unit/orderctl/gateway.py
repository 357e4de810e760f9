"""An API in memory, as the tool's commands call it over HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest
from typer.testing import CliRunner, Result

from orderctl.__main__ import app
from orderctl.api import Api
from orderctl.deployment import Deployment
from stacks.names import Names

NAMES = Names("dev", "123456789012", "eu-west-2")
ADDRESS = "https://api.example/dev/"


@dataclass(frozen=True)
class Asked:
    """A call as it came in."""

    call: str
    """Method and path, such as ``GET orders/ORD-1``."""
    body: Any
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass
class Gateway:
    """Answers each call with what was prepared for it, one after the other; the last for good."""

    answers: dict[str, list[tuple[int, Any, Mapping[str, str]]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def will_answer(self, call: str, body: Any, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(call, []).append((status, body, named))

    def send(self, request: AWSPreparedRequest) -> Any:
        address = urlsplit(str(request.url))
        call = f"{request.method} {address.path.removeprefix('/dev/')}"
        body = cast("bytes | None", request.body)
        self.asked.append(
            Asked(
                call,
                json.loads(body) if body else None,
                {name: _text(value) for name, value in request.headers.items()},
                dict(parse_qsl(address.query)),
            )
        )
        answers = self.answers[call]
        status, answer, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return SimpleNamespace(status_code=status, content=content, headers=headers)

    @property
    def calls(self) -> list[str]:
        return [asked.call for asked in self.asked]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def run(
    monkeypatch: pytest.MonkeyPatch,
    gateway: Gateway,
    *arguments: str,
    answer: str | None = None,
    **more: Any,
) -> Result:
    """Run a command about a deployment that has just this API, and what is given beside it."""
    deployment = SimpleNamespace(names=NAMES, api=Api(ADDRESS, send=gateway.send), **more)
    monkeypatch.setattr(Deployment, "from_environment", lambda: deployment)
    monkeypatch.setattr("orderctl.following._PAUSE_SECONDS", 0)
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, arguments, input=answer)


def problem(kind: str, status: int, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:order-pipeline:problem:{kind}",
        "title": "The title",
        "status": status,
        "detail": detail,
    }
