"""Metrics as functions embed them in their logs (CloudWatch's embedded metric format)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Embedded(NamedTuple):
    """A metric's values from one document."""

    namespace: str
    name: str
    unit: str
    dimensions: frozenset[tuple[str, str]]
    values: tuple[float, ...]


def embedded_metrics(lines: Iterable[str]) -> Iterator[Embedded]:
    """Yield the metrics of the lines that are documents of the format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    for line in lines:
        try:
            document: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and "_aws" in document:
            yield from _of_document(document)


def _of_document(document: dict[str, Any]) -> Iterator[Embedded]:
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            told_apart = frozenset((name, document[name]) for name in dimensions)
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                yield Embedded(
                    directive["Namespace"],
                    metric["Name"],
                    metric["Unit"],
                    told_apart,
                    tuple(values) if isinstance(values, list) else (values,),
                )


def sums(lines: Iterable[str]) -> dict[str, float]:
    """Return the sum of each metric's values, whatever it is told apart by."""
    found: dict[str, float] = {}
    for metric in embedded_metrics(lines):
        found[metric.name] = found.get(metric.name, 0) + sum(metric.values)
    return found
