"""The deployed API, called as any caller calls it; what it refuses is a sentence for a person."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session
from pydantic import BaseModel, ValidationError

from order_pipeline.adapters.http import validated
from order_pipeline.api.calls import CALLS, Call
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.domain.limits import ID_PATTERN
from orderctl.errors import FAILED, NOT_THERE, OrderctlError

if TYPE_CHECKING:
    import boto3
    from botocore.awsrequest import AWSPreparedRequest

type Json = dict[str, Any]
type Sign = Callable[[AWSRequest], None]

_CALLS = {call.operation: call for call in CALLS}
_ANSWER_SECONDS = 30
"""API Gateway answers within 29."""

_ASKED_WRONGLY = frozenset(
    {ProblemType.INVALID_REQUEST.uri, ProblemType.BODY_TOO_LARGE.uri, ProblemType.NOT_FOUND.uri}
)
_MOST_NAMED = 3
_PASSES_BY_ITSELF = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True)
class Answer:
    """What a call that went well has answered."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


class WrongIdError(OrderctlError):
    """An id that cannot be one."""

    exit_code = NOT_THERE


class WrongBodyError(OrderctlError):
    """A body that the API refuses; the message names the fields that are wrong."""

    exit_code = NOT_THERE


class NotTheApiError(OrderctlError):
    """What has answered is not the API: something in front of it, or something in its place."""


class ApiError(OrderctlError):
    """The API has refused a call, or cannot answer it; the message says why, for a person."""

    def __init__(
        self, call: Call, status: int, body: bytes, *, address: str, retry_after: str | None
    ) -> None:
        self.status = status
        problem = _object(body) or {}
        self._type = str(problem.get("type"))
        super().__init__(
            _sentence(call, status, problem, retry_after)
            if problem.get("detail")
            else f"{_answered(call, status)}, and no reason given: {_is_it(address)}?"
        )
        self.exit_code = NOT_THERE if self._type in _ASKED_WRONGLY else FAILED

    @property
    def is_not_found(self) -> bool:
        """Tell whether there is no such thing, as far as the API knows by now."""
        return self._type == ProblemType.NOT_FOUND.uri

    @property
    def passes(self) -> bool:
        """Tell whether the same call may be answered in a moment."""
        return self.status in _PASSES_BY_ITSELF


class Api:
    """The API of one deployment."""

    def __init__(
        self,
        address: str,
        *,
        sign: Sign | None = None,
        send: "Callable[[AWSPreparedRequest], Any] | None" = None,
    ) -> None:
        """Take the API's address, with a slash at its end, and what signs calls if need be."""
        self.address = address
        self._sign = sign
        self._send = send or URLLib3Session(timeout=_ANSWER_SECONDS).send

    def call(
        self,
        operation: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **ids: str,
    ) -> Answer:
        """Make a call.

        Parameters
        ----------
        operation
            As the API's document names it, such as ``cancelOrder``.
        body, query, headers
            What is sent.
        ids
            What stands in the path, by name, such as ``orderId``.

        Raises
        ------
        ApiError
            If it is refused.
        NotTheApiError
            If it is answered as the API does not answer.
        WrongBodyError
            If the body cannot be what is sent.
        WrongIdError
            If an id cannot be one.
        """
        call = _CALLS[operation]
        if body is not None:
            _check(call, body)
        url = self.address + _path(call, ids) + (f"?{urlencode(query)}" if query else "")
        request = AWSRequest(
            call.method,
            url,
            headers={
                **({"Content-Type": "application/json"} if body is not None else {}),
                **(headers or {}),
            },
            data=json.dumps(body).encode() if body is not None else None,
        )
        if self._sign:
            self._sign(request)
        answer = self._send(request.prepare())
        given = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise ApiError(
                call,
                answer.status_code,
                answer.content,
                address=self.address,
                retry_after=given.get("retry-after"),
            )
        body = _body(call, answer.status_code, answer.content, self.address)
        return Answer(answer.status_code, body, given)


def signer(session: "boto3.Session", region: str) -> Sign:
    """Return what signs calls (Signature Version 4) with the credentials of a session."""

    def sign(request: AWSRequest) -> None:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        # Frozen anew each time: those of a role are renewed while a watch goes on.
        frozen = credentials.get_frozen_credentials()
        SigV4Auth(frozen, "execute-api", region).add_auth(request)

    return sign


def _check(call: Call, body: Mapping[str, Any]) -> None:
    """Refuse what the API would refuse: its gateway does not always say which field is wrong."""
    assert call.request, call.operation
    try:
        validated(call.request, body)
    except ProblemError as error:
        raise WrongBodyError(f"The request is not valid: {error.detail}.") from None


def _path(call: Call, ids: Mapping[str, str]) -> str:
    for name, value in ids.items():
        if not re.fullmatch(ID_PATTERN, value):
            raise WrongIdError(f"{name} {value!r} is not an id: use 1 to 64 of A-Z a-z 0-9 . _ -.")
    return call.path.removeprefix("/").format_map(dict(ids))


def _object(content: bytes) -> Json | None:
    """Return an answer's JSON object, such as a problem document (RFC 9457); None if it is none."""
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _body(call: Call, status: int, content: bytes, address: str) -> Json:
    """Return an answer's body.

    Raises
    ------
    NotTheApiError
        If the API's document does not know such an answer.
    """
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise NotTheApiError(f"{_answered(call, status)}, a redirect: {_is_it(address)}?")
    body = _object(content)
    if body is None:
        raise NotTheApiError(f"{_answered(call, status)} and no JSON: {_is_it(address)}?")
    if status not in call.answers:
        own = " or ".join(map(str, call.answers))
        raise NotTheApiError(f"{_answered(call, status)}, not {own}: {_is_it(address)}?")
    if wrong := _wrong_fields(call.answers[status].model, content):
        raise NotTheApiError(
            f"{_answered(call, status)} and unexpected JSON (see {wrong}): "
            f"{_is_it(address)}, and is its code as new as this tool?"
        )
    return body


def _wrong_fields(model: type[BaseModel], content: bytes) -> str:
    """Name what an answer lacks, or has otherwise than its model says; empty if all fits.

    What is newer than this tool is not wrong: fields, statuses and events that it does not know.
    """
    try:
        model.model_validate_json(content, strict=True, extra="ignore")
    except ValidationError as error:
        wrong = [each["loc"] for each in error.errors() if each["type"] != "enum"]
        named = [".".join(map(str, place)) or "all of it" for place in wrong[:_MOST_NAMED]]
        return ", ".join(named) + (" and others" if len(wrong) > _MOST_NAMED else "")
    return ""


def _answered(call: Call, status: int) -> str:
    return f"{call.operation} was answered with {status}"


def _is_it(address: str) -> str:
    return f"is {address} the API's address"


def _sentence(call: Call, status: int, problem: Json, retry_after: str | None) -> str:
    kind, detail = problem.get("type"), " ".join(str(problem["detail"]).split()).rstrip(".")
    if kind == ProblemType.NOT_FOUND.uri:
        return f"{detail}."
    sentence = f"{problem.get('title', status)}: {detail}."
    if kind == ProblemType.FORBIDDEN.uri:
        return f"{sentence} It needs the {call.caller} policy (docs/api.md)."
    if retry_after:
        return f"{sentence} Repeating it is safe; wait {retry_after} s."
    return sentence
