"""Answers of the API as a document shows them and as curl prints them, and where the two differ."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

GATEWAYS_OWN = "x-amzn-errortype"
"""The header by which API Gateway marks the answers that are not a function's."""

ANYTHING = "…"
"""What stands in an answer for some characters that the server makes."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STATUS_LINE = re.compile(r"HTTP/[\d.]+ (?P<status>\d{3})( .*)?")


class FormError(ValueError):
    """A guide, or an answer, that is not in its form: the message says how."""


@dataclass(frozen=True)
class Answer:
    """An answer, as the guide shows it or as curl prints it with `--include`."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Of the JSON; None if there is no body."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the answer that a text is.

        Raises
        ------
        FormError
            If it is none.
        """
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.splitlines() or [""]
        match = _STATUS_LINE.fullmatch(first)
        if match is None:
            raise FormError(f"no status line: {first!r}")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise FormError(f"no header: {line!r}")
            headers[name.lower()] = value.strip()
        try:
            content = json.loads(body) if body.strip() else None
        except ValueError as error:
            raise FormError(f"no JSON: {error}") from None
        return cls(int(match["status"]), headers, content)


def differences(shown: Answer, seen: Answer) -> list[str]:
    """Return where an answer is not as the guide shows it, one sentence for each.

    A time is as good as any other, and `…` stands for some characters. All else must be the same,
    but for headers that are not shown.
    """
    found = []
    if seen.status != shown.status:
        found.append(f"the status is {seen.status}, not {shown.status}")
    for name, value in shown.headers.items():
        if name not in seen.headers:
            found.append(f"the header {name} is missing")
        elif not _stands_for(value, seen.headers[name]):
            found.append(f"the header {name} is {seen.headers[name]!r}, not {value!r}")
    return [*found, *_in_value(shown.body, seen.body, "the body")]


def _in_value(shown: Any, seen: Any, where: str) -> Iterator[str]:
    match shown, seen:
        case dict(), dict():
            for name in {**shown, **seen}:
                place = f"{where}'s {name}"
                if name not in seen:
                    yield f"{place} is missing"
                elif name not in shown:
                    yield f"{place} is not shown"
                else:
                    yield from _in_value(shown[name], seen[name], place)
        case list(), list() if len(shown) == len(seen):
            for position, (one, other) in enumerate(zip(shown, seen, strict=True)):
                yield from _in_value(one, other, f"{where}[{position}]")
        case str(), str() if _stands_for(shown, seen):
            pass
        case _ if type(shown) is not type(seen) or shown != seen:  # to Python, 1 is True
            yield f"{where} is {seen!r}, not {shown!r}"


def _stands_for(shown: str, seen: str) -> bool:
    if _TIME.fullmatch(shown):
        return bool(_TIME.fullmatch(seen))
    return bool(re.fullmatch(".+".join(map(re.escape, shown.split(ANYTHING))), seen))
