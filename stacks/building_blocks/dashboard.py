"""Dashboards: rows of widgets, put below each other.

What a dashboard's body is made of:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from stacks.building_blocks.document import as_json
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import CloudwatchDashboard

COLUMNS = 24
"""How wide a dashboard is."""
PERIOD = 60
"""Seconds that one point of a graph stands for."""
SHOWN = "-PT3H"
"""How far back a dashboard looks when it is opened: three hours."""
MOST_ALARMS = 100
"""In one widget."""

type Json = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """A metric, and how it is drawn."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    label: str
    stat: str = "Sum"
    colour: str = ""

    def rendered(self) -> list[Any]:
        """Return the metric as a widget has it."""
        dimensions = [text for pair in self.dimensions.items() for text in pair]
        how = {"stat": self.stat, "label": self.label}
        if self.colour:
            how["color"] = self.colour
        return [self.namespace, self.name, *dimensions, how]


@dataclass(frozen=True)
class Search:
    """All metrics of one name and some dimensions, as one line (their sum) or each as its own.

    So a number does not depend on which functions measure it, nor a graph on which values a
    dimension has had. Alarms cannot search:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """

    namespace: str
    name: str
    dimensions: Sequence[str]
    """Exactly those that the metrics have."""
    label: str = ""
    """Of the sum; without one, each metric is a line that is called by its `each`."""
    each: str = ""
    """The dimension that tells the lines apart."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Values of dimensions."""
    stat: str = "Sum"
    colour: str = ""

    def rendered(self) -> list[Any]:
        """Return the expression as a widget has it."""
        schema = ",".join((f'"{self.namespace}"', *self.dimensions))
        terms = {"MetricName": self.name, **self.where}
        filters = " ".join(f'{name}="{value}"' for name, value in terms.items())
        search = f"SEARCH('{{{schema}}} {filters}', '{self.stat}')"
        if self.label:
            how = {"expression": f"SUM({search})", "label": self.label}
        else:
            # Two dollars: with one, Terraform would put something in.
            how = {"expression": search, "label": f"$${{PROP('Dim.{self.each}')}}"}
        if self.colour:
            how["color"] = self.colour
        return [how]


class Widget(Protocol):
    """Something on a dashboard."""

    def rendered(self, region: str) -> Json:
        """Return the widget's type and properties."""


@dataclass(frozen=True)
class Heading:
    """A line of text above what it is about."""

    markdown: str

    def rendered(self, region: str) -> Json:  # noqa: ARG002 - as every widget
        """Return the widget's type and properties."""
        properties = {"markdown": self.markdown, "background": "transparent"}
        return {"type": "text", "properties": properties}


@dataclass(frozen=True)
class Numbers:
    """A few numbers over the whole time that is shown."""

    title: str
    lines: Sequence[Metric | Search]

    def rendered(self, region: str) -> Json:
        """Return the widget's type and properties."""
        return {
            "type": "metric",
            "properties": {
                "title": self.title,
                "view": "singleValue",
                "setPeriodToTimeRange": True,
                "region": region,
                "period": PERIOD,
                "metrics": _with_ids(self.lines),
            },
        }


@dataclass(frozen=True)
class Limit:
    """A line across a graph that nothing should be above."""

    value: float
    label: str


@dataclass(frozen=True)
class Graph:
    """Lines over time."""

    title: str
    lines: Sequence[Metric | Search]
    axis: str
    """What the numbers are."""
    stacked: bool = False
    limit: Limit | None = None

    def rendered(self, region: str) -> Json:
        """Return the widget's type and properties."""
        properties = {
            "title": self.title,
            "view": "timeSeries",
            "stacked": self.stacked,
            "region": region,
            "period": PERIOD,
            "yAxis": {"left": {"min": 0, "label": self.axis, "showUnits": False}},
            "metrics": _with_ids(self.lines),
        }
        if self.limit:
            line = {"value": self.limit.value, "label": self.limit.label, "color": "#d62728"}
            properties["annotations"] = {"horizontal": [line]}
        return {"type": "metric", "properties": properties}


@dataclass(frozen=True)
class AlarmStates:
    """How alarms stand: those that are in alarm first."""

    title: str
    arns: Sequence[str]

    def rendered(self, region: str) -> Json:  # noqa: ARG002 - as every widget
        """Return the widget's type and properties."""
        properties = {
            "title": self.title,
            "alarms": list(self.arns),
            "sortBy": "stateUpdatedTimestamp",
        }
        return {"type": "alarm", "properties": properties}


@dataclass(frozen=True)
class Row:
    """Widgets beside each other, equally wide."""

    height: int
    widgets: Sequence[Widget]


class Dashboard:
    """A dashboard in the stack's region."""

    def __init__(self, stack: WorkloadStack, resource: str, rows: Sequence[Row]) -> None:
        """Make ``{resource}-dashboard``."""
        CloudwatchDashboard(
            stack,
            f"{resource}-dashboard",
            dashboard_name=stack.names.of(resource, "dashboard"),
            dashboard_body=as_json(
                {
                    "start": SHOWN,
                    "periodOverride": "inherit",
                    "widgets": _placed(rows, stack.names.region),
                }
            ),
        )


def rows_of_alarms(title: str, arns: Sequence[str], *, height: int) -> list[Row]:
    """Return as many rows as it takes to show all alarms."""
    parts = [arns[first : first + MOST_ALARMS] for first in range(0, len(arns), MOST_ALARMS)]
    return [Row(height, [AlarmStates(title, part)]) for part in parts]


def _placed(rows: Sequence[Row], region: str) -> list[Json]:
    placed = []
    y = 0
    for row in rows:
        width = COLUMNS // len(row.widgets)
        placed += [
            {"x": number * width, "y": y, "width": width, "height": row.height}
            | widget.rendered(region)
            for number, widget in enumerate(row.widgets)
        ]
        y += row.height
    return placed


def _with_ids(lines: Sequence[Metric | Search]) -> list[list[Any]]:
    """Render the lines; CloudWatch wants an id, of its own, for every expression."""
    rendered = [line.rendered() for line in lines]
    for number, line in enumerate(rendered):
        if "expression" in line[-1]:
            line[-1]["id"] = f"e{number}"
    return rendered
