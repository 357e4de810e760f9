"""What a function asks of AWS or of the payment server, read from the request itself."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from tests.faults.callers import UNKNOWN, Caller

_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/(?P<service>[^/]+)/")
_PAYMENT_ID = re.compile(r"\b(pi|re|ch|pm)_[A-Za-z0-9]+")
_WORD = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PAYMENT = "payment-server"
"""The payment server's name among the services."""


@dataclass(frozen=True)
class Call:
    """One request."""

    service: str
    """Such as `dynamodb`, or PAYMENT."""
    action: str
    """Such as `PutItem`, or `POST /v1/payment_intents/{id}/confirm`."""
    detail: str
    """What tells calls of one action apart, such as a table and what is written to it."""
    text: str = field(repr=False)
    """Path and body, to look for an id in."""
    caller: Caller = UNKNOWN

    @cached_property
    def words(self) -> frozenset[str]:
        """Everything in the text that may be an id."""
        return frozenset(_WORD.findall(self.text))

    @property
    def place(self) -> "Place":
        """Where in the functions' code the call is made, as far as it shows from outside."""
        return Place(self.caller.function, self.service, self.action, self.detail)


@dataclass(frozen=True, order=True)
class Place:
    """A function's call, whatever it is about."""

    function: str
    service: str
    action: str
    detail: str

    def __str__(self) -> str:
        return f"{self.function}: {self.service} {self.action} {self.detail}".strip()


def aws_call(
    method: str, path: str, headers: Mapping[str, str], body: bytes, *, suffix: str
) -> Call:
    """Read a request to AWS; `suffix` is what the deployment's names end with."""
    found = _SERVICE.search(headers.get("Authorization", ""))
    service = found["service"] if found else ""
    text = body.decode(errors="replace")
    if target := headers.get("X-Amz-Target"):
        action = target.rpartition(".")[2]
        asked = json.loads(text)
        detail = _DETAILS.get(service, _no_detail)(asked)
    elif "x-www-form-urlencoded" in headers.get("Content-Type", ""):
        form = parse_qs(text)
        (action,) = form["Action"]
        detail = "to a phone number" if "PhoneNumber" in form else ""
        detail = "to an app" if "TargetArn" in form else detail
        text = unquote_plus(text)
    else:
        action, detail = f"{method} {_UUID.sub('{id}', path)}", ""
    return Call(service, action, detail.replace(f"-{suffix}", ""), f"{path} {text}")


class PaymentCalls:
    """Reads requests to the payment server, and remembers which order each intent is for."""

    def __init__(self) -> None:
        self._order_of: dict[str, str] = {}

    def read(self, method: str, path: str, _headers: Mapping[str, str], body: bytes) -> Call:
        """Read a request; its text names the order as well, where it names an intent."""
        text = f"{path} {unquote_plus(body.decode(errors='replace'))}"
        route = _PAYMENT_ID.sub("{id}", path.partition("?")[0])
        orders = {self._order_of.get(found[0], "") for found in _PAYMENT_ID.finditer(text)}
        return Call(PAYMENT, f"{method} {route}", "", " ".join([text, *orders]))

    def learn(self, call: Call, answer: bytes) -> None:
        """Remember the order of an intent that was made."""
        if call.action == "POST /v1/payment_intents":
            intent = json.loads(answer)
            if "metadata" in intent:
                self._order_of[intent["id"]] = intent["metadata"]["orderId"]


def _no_detail(_asked: Mapping[str, Any]) -> str:
    return ""


def _of_dynamodb(asked: Mapping[str, Any]) -> str:
    """Name the tables, what happens to an order by the call, and how a claim changes."""
    tables = sorted(set(_named(asked, "TableName")) | set(asked.get("RequestItems", {})))
    tables += _named(asked, "IndexName")
    events = [event for event in _events(asked) if event]
    claims = [
        expression
        for expression in _named(asked, "UpdateExpression")
        if "orders" not in "".join(tables)
    ]
    return " ".join([*tables, *(events or claims)])


def _of_sqs(asked: Mapping[str, Any]) -> str:
    return str(asked.get("QueueUrl", "")).rpartition("/")[2]


_DETAILS = {"dynamodb": _of_dynamodb, "sqs": _of_sqs}


def _named(value: object, name: str) -> Iterator[str]:
    """Find every text of a name, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, str):
                yield inner
            else:
                yield from _named(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, name)


def _events(asked: Mapping[str, Any]) -> Iterator[str]:
    """Find the events that a write appends to an order's history."""
    for actions in [asked, *asked.get("TransactItems", [])]:
        writes = [actions, *(inner for inner in actions.values() if isinstance(inner, dict))]
        for write in writes:
            values = write.get("ExpressionAttributeValues", {})
            history = values.get(":appended") or write.get("Item", {}).get("history") or {}
            for entry in history.get("L", []):
                yield entry["M"]["event"]["S"]
