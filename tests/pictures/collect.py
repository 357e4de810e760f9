"""Collects what the deployed dashboard shows of a run on LocalStack, for `draw.py`.

The dashboard is read from CloudWatch as it was deployed. What the functions embed in their logs is
taken from there, since LocalStack makes no metrics of it; so are the functions' runs (the
platform's reports) and the calls of the API (its access log). The rest is asked of LocalStack's
CloudWatch, which has the queues; what it lacks stays empty.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import EndpointConnectionError

from tests.e2e.deployment import AWS_CONFIG, Deployment
from tests.embedded_metrics import embedded_metrics
from tests.pictures.series import Value, lines
from tests.stacks.dashboards import Shown, Widget, widgets

type Json = dict[str, Any]


class Run:
    """All values that a run has left."""

    def __init__(self, deployment: Deployment) -> None:
        session = deployment.session()
        self._cloudwatch = session.client(
            "cloudwatch", endpoint_url=deployment.endpoint, config=AWS_CONFIG
        )
        self._logs = session.client("logs", endpoint_url=deployment.endpoint, config=AWS_CONFIG)
        self._suffix = deployment.suffix
        self._logged = list(self._of_logs())
        self._logged += at_once(self._logged)
        times = [each.at for each in self._logged]
        self.began, self.ended = min(times), max(times)

    def picture(self) -> Json:
        """Return every widget with its place, its lines and their points."""
        answer = self._cloudwatch.get_dashboard(DashboardName=f"orders-dashboard-{self._suffix}")
        return {
            "from": self.began,
            "to": self.ended,
            "widgets": [self._drawn(widget) for widget in widgets(answer["DashboardBody"])],
        }

    # ------------------------------------------------------------------ widgets

    def _drawn(self, widget: Widget) -> Json:
        properties = widget.properties
        drawn: Json = {
            "kind": widget.kind,
            "place": [widget.x, widget.y, widget.width, widget.height],
            "title": widget.title,
        }
        if widget.kind == "alarm":
            return drawn | {"alarms": self._alarms(properties["alarms"])}
        if widget.kind == "text":
            return drawn
        is_number = properties["view"] == "singleValue"
        span = int(self.ended - self.began) + 1
        period = span * 2 if is_number else properties["period"]
        series: list[Json] = [
            {"label": label, "colour": shown.colour, "points": sorted(found.items())}
            for shown in widget.shows
            for label, found in lines(shown, self._values_of(shown), period)
        ]
        if is_number:
            for each in series:
                each["number"] = sum(value for _, value in each["points"])
        return drawn | {
            "view": properties["view"],
            "stacked": properties.get("stacked", False),
            "axis": properties.get("yAxis", {}).get("left", {}).get("label", ""),
            "limits": [
                [each["value"], each["label"]]
                for each in properties.get("annotations", {}).get("horizontal", [])
            ],
            "series": series,
        }

    def _alarms(self, arns: Sequence[str]) -> list[list[str]]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate()
        states = {
            alarm["AlarmArn"]: [alarm["AlarmName"], alarm["StateValue"]]
            for page in pages
            for alarm in (*page["MetricAlarms"], *page["CompositeAlarms"])
        }
        return [states[arn] for arn in arns]

    # ------------------------------------------------------------------ values

    def _values_of(self, shown: Shown) -> list[Value]:
        found = [
            each for each in self._logged if shown.takes(each.namespace, each.name, each.dimensions)
        ]
        return found if found or shown.is_search else list(self._asked(shown))

    def _asked(self, shown: Shown) -> Iterator[Value]:
        """Ask CloudWatch for one metric."""
        answer = self._cloudwatch.get_metric_statistics(
            Namespace=shown.namespace,
            MetricName=shown.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in shown.where.items()],
            StartTime=datetime.fromtimestamp(self.began, tz=UTC) - timedelta(minutes=1),
            EndTime=datetime.fromtimestamp(self.ended, tz=UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum" if shown.stat == "Sum" else "Maximum"],
        )
        for point in answer["Datapoints"]:
            value = point["Sum" if shown.stat == "Sum" else "Maximum"]
            yield Value(
                shown.namespace, shown.name, shown.where, point["Timestamp"].timestamp(), value
            )

    def _of_logs(self) -> Iterator[Value]:
        for group, at, message in self._events():
            for metric in embedded_metrics([message]):
                for value in metric.values:
                    yield Value(metric.namespace, metric.name, dict(metric.dimensions), at, value)
            yield from _of_line(group, at, message)

    def _events(self) -> Iterator[tuple[str, float, str]]:
        read = self._logs.get_paginator("filter_log_events")
        for groups in self._logs.get_paginator("describe_log_groups").paginate():
            for group in groups["logGroups"]:
                for page in read.paginate(logGroupName=group["logGroupName"]):
                    for event in page["events"]:
                        yield group["logGroupName"], event["timestamp"] / 1000, event["message"]


def at_once(values: Sequence[Value]) -> list[Value]:
    """Return how many runs of a function were under way when each of its runs began."""
    runs: dict[str, list[tuple[float, float]]] = {}
    for each in values:
        if each.name == "Duration":
            began = each.at - each.value / 1000
            runs.setdefault(each.dimensions["FunctionName"], []).append((began, each.at))
    return [
        Value(
            "AWS/Lambda",
            "ConcurrentExecutions",
            {"FunctionName": function},
            began,
            sum(other <= began < ended for other, ended in spans),
        )
        for function, spans in runs.items()
        for began, _ in spans
    ]


def _of_line(group: str, at: float, message: str) -> Iterator[Value]:
    """Yield what a line of the platform or of the API's access log says."""
    try:
        line = json.loads(message)
    except ValueError:
        return
    if not isinstance(line, dict):
        return
    if line.get("type") == "platform.report":
        name = {"FunctionName": group.removeprefix("/aws/lambda/")}
        record = line["record"]
        yield Value("AWS/Lambda", "Duration", name, at, record["metrics"]["durationMs"])
        yield Value("AWS/Lambda", "Errors", name, at, record["status"] != "success")
        yield Value("AWS/Lambda", "Throttles", name, at, 0)
    elif group.startswith("/aws/apigateway/") and "status" in line:
        api = group.removeprefix("/aws/apigateway/")
        name = {"ApiName": api, "Stage": api.removeprefix("orders-api-")}
        status = int(line["status"])
        yield Value("AWS/ApiGateway", "Count", name, at, 1)
        yield Value("AWS/ApiGateway", "4XXError", name, at, 400 <= status < 500)
        yield Value("AWS/ApiGateway", "5XXError", name, at, status >= 500)
        if str(line.get("latency", "")).isdigit():
            yield Value("AWS/ApiGateway", "Latency", name, at, int(line["latency"]))


def main() -> None:
    """Write what is drawn to the file that is named."""
    try:
        run = Run(Deployment.read())
    except (FileNotFoundError, EndpointConnectionError):
        sys.exit("error: there is no run to draw: KEEP=1 make local-e2e leaves one")
    Path(sys.argv[1]).write_text(json.dumps(run.picture()))


if __name__ == "__main__":
    main()
