"""Runs queries of CloudWatch Logs Insights, which LocalStack lacks, as far as the saved ones go.

Of the language it knows `fields`, `filter` (=, in, like, and, or, parentheses), `sort`, `limit` and
`stats` (count, max, min; by), and refuses the rest:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT_LIMIT = 10_000

type Row = dict[str, Any]
type Condition = Callable[[Mapping[str, Any]], bool]
type Step = Callable[[list[Row]], list[Row]]


class UnknownSyntaxError(ValueError):
    """A query uses something that is not known here; it may well be right."""


@dataclass(frozen=True)
class LogEvent:
    """One event of a log group."""

    log_group: str
    timestamp: int
    """Milliseconds since 1970."""
    message: str
    account_id: str = "000000000000"

    def fields(self) -> Row:
        """Return what Insights discovers: its own fields, and those of a JSON document."""
        found: Row = {}
        try:
            document = json.loads(self.message)
        except ValueError:
            document = None
        if isinstance(document, dict):
            found.update(_flattened(document))
        return found | {
            "@timestamp": self.timestamp,
            "@message": self.message,
            "@log": f"{self.account_id}:{self.log_group}",
        }


def _flattened(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a document; one in another is named with a dot."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value


def run(query: str, events: Iterable[LogEvent]) -> list[Row]:
    """Return the rows that a query gives of events, each with the fields asked for that it has.

    Raises
    ------
    UnknownSyntaxError
        If the query has anything that is not known here.
    """
    rows = [event.fields() for event in events]
    shown: Sequence[str] = ("@timestamp", "@message")
    is_limited = False
    for text in _commands(query):
        command = _Command(_tokens(text))
        name = command.take()
        match name:
            case "fields":
                shown = command.names()
            case "filter":
                condition = command.condition()
                rows = [row for row in rows if condition(row)]
            case "sort":
                rows = _sorted(rows, command.order())
            case "limit":
                rows = rows[: int(command.take())]
                is_limited = True
            case "stats":
                aggregates, by = command.stats()
                rows = _stats(rows, aggregates, by)
                shown = [*by, *(each.name for each in aggregates)]
            case _:
                raise UnknownSyntaxError(f"the command {name!r} in: {text}")
        command.end()
    rows = rows if is_limited else rows[:DEFAULT_LIMIT]
    return [{name: row[name] for name in shown if name in row} for row in rows]


# ------------------------------------------------------------------ reading a query

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<regex>/(?:[^/\\]|\\.)+/)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>[@A-Za-z_][\w.@]*)|(?P<sign>[=,()\[\]*]))"""
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _commands(query: str) -> list[str]:
    """Split a query at its pipes, but for those in strings and regular expressions."""
    parts = re.findall(r"""(?:"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/|[^|"/])+""", query)
    if "|".join(parts) != query:
        raise UnknownSyntaxError(query)
    return [part.strip() for part in parts]


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnknownSyntaxError(f"{text[at:]!r} in: {text}")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind]))
        at = match.end()
    return tokens


@dataclass(frozen=True)
class _Aggregate:
    function: str
    of: str
    name: str


@dataclass
class _Command:
    """One command, taken token by token."""

    tokens: list[_Token]
    taken: int = field(default=0)

    def next(self) -> _Token:
        """Return the next token without taking it."""
        at_end = _Token("end", "the end")
        return self.tokens[self.taken] if self.taken < len(self.tokens) else at_end

    def take(self, *expected: str) -> str:
        """Take the next token, which must be one of `expected`, if any are given."""
        token = self.next()
        if token.kind == "end" or (expected and token.text not in expected):
            raise UnknownSyntaxError(f"{token.text!r} instead of {expected or 'more'}")
        self.taken += 1
        return token.text

    def is_next(self, *texts: str) -> bool:
        """Take the next token if it is one of `texts`, and tell whether it was."""
        if self.next().text in texts and self.next().kind in {"word", "sign"}:
            self.taken += 1
            return True
        return False

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.next().kind != "end":
            raise UnknownSyntaxError(f"{self.next().text!r}")

    def name(self) -> str:
        """Take the name of a field."""
        if self.next().kind != "word":
            raise UnknownSyntaxError(f"{self.next().text!r} instead of a field")
        return self.take()

    def names(self) -> list[str]:
        """Take names of fields, separated by commas."""
        names = [self.name()]
        while self.is_next(","):
            names.append(self.name())
        return names

    def literal(self) -> Any:
        """Take a string or a number."""
        token = self.next()
        if token.kind not in {"string", "number"}:
            raise UnknownSyntaxError(f"{token.text!r} instead of a string or a number")
        return json.loads(self.take())

    def order(self) -> list[tuple[str, bool]]:
        """Take fields to sort by, and whether each descends."""
        fields = [(self.name(), self._descends())]
        while self.is_next(","):
            fields.append((self.name(), self._descends()))
        return fields

    def _descends(self) -> bool:
        return self.take("asc", "desc") == "desc"

    def condition(self) -> Condition:
        """Take a condition; `and` binds closer than `or`."""
        either = [self._all()]
        while self.is_next("or"):
            either.append(self._all())
        return lambda row: any(each(row) for each in either)

    def _all(self) -> Condition:
        every = [self._comparison()]
        while self.is_next("and"):
            every.append(self._comparison())
        return lambda row: all(each(row) for each in every)

    def _comparison(self) -> Condition:
        if self.is_next("("):
            inner = self.condition()
            self.take(")")
            return inner
        name = self.name()
        match self.take("=", "in", "like"):
            case "=":
                value = self.literal()
                return lambda row: name in row and row[name] == value
            case "in":
                values = self._list()
                return lambda row: row.get(name) in values
            case _:
                pattern = self._pattern()
                return lambda row: name in row and bool(pattern.search(str(row[name])))

    def _list(self) -> list[Any]:
        self.take("[")
        values = [self.literal()]
        while self.is_next(","):
            values.append(self.literal())
        self.take("]")
        return values

    def _pattern(self) -> re.Pattern[str]:
        if self.next().kind == "regex":
            return re.compile(self.take()[1:-1])
        return re.compile(re.escape(str(self.literal())))

    def stats(self) -> tuple[list[_Aggregate], list[str]]:
        """Take aggregates, each with a name, and the fields that they are by."""
        aggregates = [self._aggregate()]
        while self.is_next(","):
            aggregates.append(self._aggregate())
        return aggregates, (self.names() if self.is_next("by") else [])

    def _aggregate(self) -> _Aggregate:
        function = self.take("count", "max", "min")
        self.take("(")
        of = self.take("*") if function == "count" else self.name()
        self.take(")")
        self.take("as")
        return _Aggregate(function, of, self.name())


# ------------------------------------------------------------------ what commands do


def _sorted(rows: list[Row], order: list[tuple[str, bool]]) -> list[Row]:
    """Sort by the fields in turn; what lacks a field comes last."""
    for name, descends in reversed(order):
        with_it = sorted(
            (row for row in rows if name in row), key=lambda row: row[name], reverse=descends
        )
        rows = with_it + [row for row in rows if name not in row]
    return rows


def _stats(rows: list[Row], aggregates: list[_Aggregate], by: list[str]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    return [
        {name: value for name, value in zip(by, key, strict=True) if value is not None}
        | dict(_aggregated(group, aggregates))
        for key, group in groups.items()
    ]


def _aggregated(group: list[Row], aggregates: list[_Aggregate]) -> Iterator[tuple[str, Any]]:
    for each in aggregates:
        if each.function == "count":
            yield each.name, len(group)
        elif values := [row[each.of] for row in group if each.of in row]:
            yield each.name, max(values) if each.function == "max" else min(values)
