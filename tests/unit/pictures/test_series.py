"""What a widget's entry makes of the values of a run."""

import pytest

from tests.pictures.collect import at_once
from tests.pictures.series import Value, lines, points, statistic
from tests.stacks.dashboards import Shown

NAMESPACE = "OrderPipeline/local"

FAILED = [
    Value(NAMESPACE, "OrdersFailed", {"service": "payment", "reason": "card_declined"}, 60, 1),
    Value(NAMESPACE, "OrdersFailed", {"service": "reconciler", "reason": "card_declined"}, 61, 1),
    Value(NAMESPACE, "OrdersFailed", {"service": "inventory", "reason": "out_of_stock"}, 130, 1),
    Value(NAMESPACE, "OrdersPlaced", {"service": "place_order"}, 60, 1),
]


def entry(**changes: object) -> Shown:
    values: dict[str, object] = {
        "namespace": NAMESPACE,
        "name": "OrdersFailed",
        "dimensions": frozenset({"service", "reason"}),
        "where": {},
        "stat": "Sum",
        "label": "failed",
        "colour": None,
        "is_search": True,
        "is_sum": True,
    }
    return Shown(**(values | changes))  # type: ignore[arg-type]


def test_a_sum_of_a_search_is_one_line_of_all_that_was_found() -> None:
    assert list(lines(entry(), FAILED, 60)) == [("failed", {60: 2, 120: 1})]


def test_a_search_makes_a_line_of_each_value_of_its_dimension() -> None:
    each = entry(is_sum=False, label="${PROP('Dim.reason')}")
    assert list(lines(each, FAILED, 60)) == [
        ("card_declined", {60: 2}),
        ("out_of_stock", {120: 1}),
    ]


def test_a_search_is_narrowed_by_values() -> None:
    assert list(lines(entry(where={"reason": "out_of_stock"}), FAILED, 60)) == [
        ("failed", {120: 1})
    ]


def test_a_metric_is_the_one_with_just_its_dimensions() -> None:
    other = entry(dimensions=frozenset({"service"}), where={"service": "payment"}, is_search=False)
    assert list(lines(other, FAILED, 60)) == [("failed", {})]


def test_points_are_the_statistic_of_a_period() -> None:
    values = [Value("N", "M", {}, at, at) for at in (0, 59.9, 60)]
    assert points(values, "Maximum", 60) == {0: 59.9, 60: 60}


@pytest.mark.parametrize(
    ("stat", "value"), [("Sum", 55), ("Maximum", 10), ("p50", 5), ("p95", 10), ("p99", 10)]
)
def test_a_statistic_is_of_all_values_in_any_order(stat: str, value: float) -> None:
    assert statistic(stat, [*range(10, 0, -1)]) == value


def test_a_statistic_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="Average"):
        statistic("Average", [1])


def test_runs_at_once_are_those_under_way_when_one_begins() -> None:
    # given runs of 0 to 2, 1 to 3 and 2 to 4 seconds
    name = {"FunctionName": "payment"}
    runs = [Value("AWS/Lambda", "Duration", name, end, 2000) for end in (2, 3, 4)]
    # when, then
    assert [(each.at, each.value) for each in at_once(runs)] == [(0, 1), (1, 2), (2, 2)]
