"""The catalogue of metrics is what the code measures, and what the document shows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from order_pipeline.domain.metric_catalogue import METRICS, SERVICE, Metric
from stacks.metrics_reference import DOCUMENT, with_table

LAMBDAS = Path(__file__).parents[3] / "lambdas"

MEASURES = {"Measurement", "_money", "add_metric"}
"""What takes the name of a metric as its first argument."""
CALLS = "CallMetrics"
"""What takes the name of a service, and measures its calls."""

FEW = {"call", "channel", "currency", "outcome", "reason", "step"}
"""Dimensions that code limits to a handful of values: every value is a metric that is paid for."""


def measured() -> Iterator[tuple[str, str]]:
    """Yield each metric that the functions' code names, and where."""
    for file in sorted(LAMBDAS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            name = node.func.attr if isinstance(node.func, ast.Attribute) else name
            first = node.args[0]
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            if name in MEASURES:
                yield first.value, file.name
            elif name == CALLS:
                yield f"{first.value}Calls", file.name
                yield f"{first.value}CallLatency", file.name


def test_every_metric_that_is_measured_is_in_the_catalogue() -> None:
    assert [(name, file) for name, file in measured() if name not in METRICS] == []


def test_every_metric_of_the_catalogue_is_measured() -> None:
    assert set(METRICS) == {name for name, _ in measured()}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_told_apart_by_what_there_are_a_handful_of(metric: Metric) -> None:
    assert metric.dimensions <= {SERVICE, *FEW}


def test_the_document_has_the_catalogue() -> None:
    document = DOCUMENT.read_text()
    assert document == with_table(document), "run: make metrics"
