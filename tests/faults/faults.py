"""What can happen to a call, and to which calls it happens."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from tests.faults import callers
from tests.faults.calls import Call

PAUSE = 0.05


@dataclass(frozen=True)
class Answer:
    """What a caller gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Exchange(Protocol):
    """One call on its way through a proxy."""

    call: Call
    healed: asyncio.Event
    """Set when the fault that struck the call is over."""

    async def forward(self) -> Answer:
        """Have the server do what is asked, and return its answer."""

    @property
    def caller_has_gone(self) -> bool:
        """Whether nobody waits for the answer any more."""


type Behaviour = Callable[[Exchange], Awaitable[Answer | None]]
"""What a fault does to a call; None cuts the connection."""

type Strikes = Callable[[Call], bool]
"""Tells whether a fault is for a call."""


@dataclass
class Fault:
    """Something that goes wrong with calls, until it is healed or has struck often enough."""

    name: str
    behaviour: Behaviour
    strikes: Strikes
    times: int | None = None
    struck: list[Call] = field(default_factory=list)

    def takes(self, call: Call) -> bool:
        """Say whether the fault strikes this call, and count it if so."""
        if (self.times is not None and len(self.struck) >= self.times) or not self.strikes(call):
            return False
        self.struck.append(call)
        return True


def calls(
    service: str = "",
    *actions: str,
    function: str = "",
    detail: str = "",
    about: str = "",
) -> Strikes:
    """Return which calls are struck: all that agree with what is given.

    `detail` need only be part of the call's; `about` is an id that the call names.
    """

    def strikes(call: Call) -> bool:
        return (
            (not service or call.service == service)
            and (not actions or call.action in actions)
            and (not function or call.caller.function == function)
            and detail in call.detail
            and (not about or about in call.words)
        )

    return strikes


def refuse(status: int, body: bytes = b"", content_type: str = "application/json") -> Behaviour:
    """Answer with an error, and have nothing done."""

    async def behaviour(_exchange: Exchange) -> Answer:
        return Answer(status, (("Content-Type", content_type),), body)

    return behaviour


def aws_json_error(code: str, status: int = HTTPStatus.BAD_REQUEST) -> Behaviour:
    """Answer as DynamoDB or SQS refuse a call."""
    body = json.dumps({"__type": f"com.amazonaws.faults#{code}", "message": "broken on purpose"})
    return refuse(status, body.encode(), "application/x-amz-json-1.0")


def aws_xml_error(code: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> Behaviour:
    """Answer as SNS or SES refuse a call."""
    body = (
        f"<ErrorResponse><Error><Type>Receiver</Type><Code>{code}</Code>"
        "<Message>broken on purpose</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )
    return refuse(status, body.encode(), "text/xml")


def garbage() -> Behaviour:
    """Answer with something that makes no sense, as if all were well."""
    return refuse(HTTPStatus.OK, b"<html>it works!</html>", "text/html")


async def drop(_exchange: Exchange) -> None:
    """Cut the connection, as a server that is down does."""


async def hang(exchange: Exchange) -> None:
    """Let the caller wait until it gives up or the fault is over."""
    while not (exchange.healed.is_set() or exchange.caller_has_gone):
        await asyncio.sleep(PAUSE)


async def answer_too_late(exchange: Exchange) -> Answer:
    """Have the work done, and hold the answer until nobody waits for it."""
    answer = await exchange.forward()
    await hang(exchange)
    return answer


async def do_twice(exchange: Exchange) -> Answer:
    """Have the work done twice."""
    await exchange.forward()
    return await exchange.forward()


async def kill_before(exchange: Exchange) -> None:
    """Kill the caller before its call is made."""
    callers.kill(exchange.call.caller)


async def kill_after(exchange: Exchange) -> None:
    """Kill the caller when its call has done its work, and before it hears of that."""
    await exchange.forward()
    callers.kill(exchange.call.caller)
