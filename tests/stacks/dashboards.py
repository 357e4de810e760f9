"""A dashboard as CloudWatch reads it: its widgets, and every metric that they show."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SEARCH = re.compile(
    r"(?P<sum>SUM\()?SEARCH\('\{(?P<schema>[^}]+)\} (?P<terms>.*)', '(?P<stat>\w+)'\)(?(sum)\))"
)
_TERM = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Shown:
    """What one entry of a widget's metrics shows: one metric, or those that a search finds."""

    namespace: str
    name: str
    dimensions: frozenset[str]
    """The names of all dimensions that the metrics have."""
    where: Mapping[str, str]
    """Values of dimensions; of a single metric, of all."""
    stat: str
    label: str
    colour: str | None
    is_search: bool = False
    is_sum: bool = False

    def takes(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> bool:
        """Tell whether a metric is shown, or found."""
        return (
            (namespace, name) == (self.namespace, self.name)
            and set(dimensions) == self.dimensions
            and self.where.items() <= dimensions.items()
        )


@dataclass(frozen=True)
class Widget:
    """One widget and its place."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The title, or a text's first line."""
        return str(self.properties.get("title") or self.properties["markdown"].splitlines()[0])

    @property
    def shows(self) -> list[Shown]:
        """What is drawn."""
        return [_shown(entry) for entry in self.properties.get("metrics", [])]


def widgets(body: str) -> list[Widget]:
    """Return the widgets of a dashboard's body, as Terraform hands it to CloudWatch."""
    return [
        Widget(
            each["type"], each["x"], each["y"], each["width"], each["height"], each["properties"]
        )
        for each in json.loads(body.replace("$${", "${"))["widgets"]
    ]


def _shown(entry: list[Any]) -> Shown:
    *metric, how = entry
    label, colour = how["label"], how.get("color")
    if not metric:
        return _searched(how["expression"], label, colour)
    namespace, name, *pairs = metric
    where = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return Shown(namespace, name, frozenset(where), where, how["stat"], label, colour)


def _searched(expression: str, label: str, colour: str | None) -> Shown:
    match = _SEARCH.fullmatch(expression)
    if match is None:
        raise ValueError(f"an expression that these tests do not know: {expression}")
    namespace, *dimensions = _unquoted(match["schema"])
    terms = dict(_TERM.findall(match["terms"]))
    return Shown(
        namespace,
        terms.pop("MetricName"),
        frozenset(dimensions),
        terms,
        match["stat"],
        label,
        colour,
        is_search=True,
        is_sum=bool(match["sum"]),
    )


def _unquoted(schema: str) -> Iterator[str]:
    for part in schema.split(","):
        yield part.strip().strip('"')
