"""Alarms: about metrics that there are, with production's times, and each with its runbook."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from order_pipeline.domain.limits import CONFIRMED_WITHIN
from stacks.building_blocks import objectives
from stacks.settings import Alarms
from tests.stacks.conftest import Deployments
from tests.stacks.metrics import looked_at, of_code, operations_on, there_are
from tests.stacks.synthesised import Deployment, Resource, settings_of, synthesise

DOCS = Path(__file__).resolve().parents[2] / "docs"
METRIC, COMPOSITE = "aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"

MINUTE = 60


def alarm(deployment: Deployment, name: str) -> Resource:
    return deployment.one(f"{METRIC}.{name}-alarm")


# ------------------------------------------------------------------ about metrics that there are


def without_metric(deployment: Deployment) -> list[str]:
    """Return what is wrong with what alarms look at."""
    known = there_are(deployment)
    return [
        f"{each.id} looks at {key.namespace} {key.name} {sorted(key.dimensions)}, which nothing has"
        for each in deployment.all(METRIC)
        for key in looked_at(each)
        if key not in known
    ]


def test_every_alarm_is_about_metrics_that_there_are(deployment: Deployment) -> None:
    assert without_metric(deployment) == []
    assert all(list(looked_at(each)) for each in deployment.all(METRIC))


def with_query(query_id: str, **changes: object) -> Callable[[Resource], dict[str, Any]]:
    def changed(broken: Resource) -> dict[str, Any]:
        return {
            "metric_query": [
                {**each, "metric": {**each["metric"], **changes}}
                if each["id"] == query_id
                else each
                for each in broken["metric_query"]
            ]
        }

    return changed


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("payment-dlq", {"metric_name": "NumberOfMessagesVisible"}),
        ("payment-dlq", {"namespace": "AWS/Sqs"}),
        ("payment-dlq", {"dimensions": {"QueueName": "payments-dlq-prod"}}),
        ("payment-dlq", {"dimensions": {"Queue": "payment-dlq-prod"}}),
        ("payment-function-errors", {"dimensions": {"FunctionName": "payment-function-dev"}}),
        ("payment-function-errors", {"dimensions": None}),
        ("event-publisher-function-iterator-age", {"dimensions": {"FunctionName": "validation"}}),
        ("orders-api-5xx", {"dimensions": {"ApiName": "orders-api-prod"}}),
        ("orders-table-conflicts", {"dimensions": {"TableName": "order-table-prod"}}),
        ("refund-failed", {"metric_name": "RefundsFailed"}),
        ("stuck-orders", {"metric_name": "StockOrders"}),
        ("stuck-orders", {"dimensions": {"service": "payment"}}),
        ("time-to-confirm", {"dimensions": None}),
        ("time-to-confirm", {"dimensions": {"service": "validation"}}),
        ("payment-declines", with_query("d0", metric_name="OrdersFailed")),
        ("payment-declines", with_query("c0", dimensions={"service": "place_order"})),
        ("nothing-placed", with_query("p1", dimensions={"service": "orders_api"})),
        ("accepted-5-minutes", with_query("b", metric_name="5xxError")),
        (
            "accepted-60-minutes",
            with_query(
                "t",
                dimensions={
                    "ApiName": "orders-api-prod",
                    "Method": "PUT",
                    "Resource": "/orders",
                    "Stage": "prod",
                },
            ),
        ),
        (
            "orders-table-system-errors",
            with_query("m0", dimensions={"TableName": "orders-table-prod", "Operation": "Scan"}),
        ),
    ],
)
def test_a_wrong_name_is_found(
    prod: Deployment, name: str, changes: dict[str, Any] | Callable[[Resource], dict[str, Any]]
) -> None:
    # given
    broken = changes(alarm(prod, name)) if callable(changes) else changes
    # when
    found = without_metric(prod.changed(f"{METRIC}.{name}-alarm", **broken))
    # then
    assert [each for each in found if each.startswith(f"{name}-alarm looks at")], found


def test_an_alarm_about_a_filter_that_is_gone_is_found(prod: Deployment) -> None:
    broken = prod.without("aws_cloudwatch_log_metric_filter.refund-failed-filter")
    assert (
        "refund-failed-alarm looks at OrderPipeline/prod RefundFailed" in without_metric(broken)[0]
    )


def test_a_formula_names_all_of_its_metrics_and_no_other(deployment: Deployment) -> None:
    for each in deployment.all(METRIC):
        queries = each.get("metric_query") or []
        expressions = [query["expression"] for query in queries if "expression" in query]
        ids = {query["id"] for query in queries if "metric" in query}
        assert {*re.findall(r"\b[a-z]\d*\b", " ".join(expressions))} == ids, each
        assert [query["id"] for query in queries if query.get("return_data")] == (
            ["result"] if queries else []
        )


def test_system_errors_are_looked_for_in_all_that_is_done_to_a_table(prod: Deployment) -> None:
    for table in ("orders-table", "inventory-table", "idempotency-table"):
        looked_for = {
            dict(key.dimensions)["Operation"]
            for key in looked_at(alarm(prod, f"{table}-system-errors"))
        }
        assert looked_for == operations_on(table)


def test_what_the_code_measures_is_found_by_reading_it(prod: Deployment) -> None:
    found = {(dict(key.dimensions)["service"], key.name) for key in of_code(prod)}
    assert {
        ("place_order", "OrdersPlaced"),
        ("intake_drain", "OrdersPlaced"),
        ("payment", "ConfirmedLate"),
        ("payment", "PaymentsDeclined"),
        ("reconciler", "OrdersConfirmed"),
        ("reconciler", "StockDifferences"),
    } <= found
    assert ("validation", "OrdersConfirmed") not in found
    assert ("orders_api", "OrdersPlaced") not in found


# ------------------------------------------------------------------ when people are told


@pytest.mark.parametrize(
    ("name", "threshold", "period", "periods"),
    [
        ("payment-function-errors", 5, 5 * MINUTE, 1),
        ("payment-function-throttles", 10, 5 * MINUTE, 1),
        ("payment-function-duration", 0.8 * 20_000, 5 * MINUTE, 2),
        ("payment-function-concurrency", 0.8 * 60, MINUTE, 5),
        ("account-concurrency", 0.8 * 1000, MINUTE, 5),
        ("event-publisher-function-iterator-age", 60_000, MINUTE, 3),
        ("payment-age", 5 * MINUTE, MINUTE, 1),
        ("fulfilment-age", 60 * MINUTE, MINUTE, 1),
        ("payment-depth", 1000, 5 * MINUTE, 2),
        ("payment-in-flight", 96_000, MINUTE, 5),
        ("payment-dlq", 0, MINUTE, 1),
        ("intake-overflow-retries", 0, MINUTE, 5),
        ("order-events-topic-failed", 0, MINUTE, 1),
        ("audit-stream-freshness", 600, 5 * MINUTE, 3),
        ("orders-api-5xx", 0.05, MINUTE, 3),
        ("orders-api-4xx", 0.25, MINUTE, 5),
        ("orders-api-latency", 2500, MINUTE, 5),
        ("orders-api-requests", 0.8 * 1000 * 60, MINUTE, 3),
        ("orders-table-read-throttles", 0, MINUTE, 5),
        ("orders-table-write-throttles", 0, MINUTE, 5),
        ("orders-table-system-errors", 0, MINUTE, 5),
        ("orders-table-conflicts", 1000, 5 * MINUTE, 3),
        ("payment-declines", 0.3, 15 * MINUTE, 1),
        ("time-to-confirm", 5000, 5 * MINUTE, 3),
        ("nothing-placed", 1, 30 * MINUTE, 1),
        ("none-published", 0, 5 * MINUTE, 2),
        ("reconciler-function-not-run", 1, 5 * MINUTE, 3),
        ("payment-breaker-function-not-run", 1, MINUTE, 3),
        ("payment-circuit-open", 0, 2 * MINUTE, 1),
        ("stuck-orders", 0, 20 * MINUTE, 1),
        ("accepted-60-minutes", 0.0144, 60 * MINUTE, 1),
        ("accepted-5-minutes", 0.0144, 5 * MINUTE, 1),
        ("accepted-360-minutes", 0.006, 360 * MINUTE, 1),
        ("accepted-30-minutes", 0.006, 30 * MINUTE, 1),
        ("confirmed-60-minutes", 0.144, 60 * MINUTE, 1),
        ("confirmed-360-minutes", 0.06, 360 * MINUTE, 1),
    ],
)
def test_prods_alarms_have_their_thresholds_and_times(
    prod: Deployment, name: str, threshold: float, period: int, periods: int
) -> None:
    found = alarm(prod, name)
    times = {found.get("period"), *(q["metric"]["period"] for q in _metric_queries(found))} - {None}
    assert times == {period}
    assert (found["threshold"], found["evaluation_periods"]) == (threshold, periods)


def _metric_queries(found: Resource) -> list[dict[str, Any]]:
    return [query for query in found.get("metric_query") or [] if "metric" in query]


PLACED = "FILL(Sum OrdersPlaced of place_order, 0) + FILL(Sum OrdersPlaced of intake_drain, 0)"
CONFIRMED = "FILL(Sum OrdersConfirmed of payment, 0) + FILL(Sum OrdersConfirmed of reconciler, 0)"
LATE = "FILL(Sum ConfirmedLate of payment, 0) + FILL(Sum ConfirmedLate of reconciler, 0)"
DECLINED = "FILL(Sum PaymentsDeclined of payment, 0) + FILL(Sum PaymentsDeclined of reconciler, 0)"
REFUSED = "FILL(Sum 5XXError, 0)"
BURN_OF_ACCEPTED = f"IF(({REFUSED}) >= 5, ({REFUSED}) / (FILL(Sum Count, 0)), 0)"
BURN_OF_CONFIRMED = f"IF(({LATE}) >= 5, ({LATE}) / ({CONFIRMED}), 0)"


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("payment-function-errors", "Sum Errors"),
        ("payment-function-throttles", "Sum Throttles"),
        ("payment-function-duration", "p99 Duration"),
        ("payment-function-concurrency", "Maximum ConcurrentExecutions"),
        ("reconciler-function-errors", "Sum Errors"),
        ("account-concurrency", "Maximum ConcurrentExecutions"),
        ("event-publisher-function-iterator-age", "Maximum IteratorAge"),
        ("payment-age", "Maximum ApproximateAgeOfOldestMessage"),
        ("payment-depth", "Maximum ApproximateNumberOfMessagesVisible"),
        ("payment-in-flight", "Maximum ApproximateNumberOfMessagesNotVisible"),
        ("payment-dlq", "Maximum ApproximateNumberOfMessagesVisible"),
        ("intake-overflow-retries", "Maximum ApproximateNumberOfMessagesNotVisible"),
        ("order-events-topic-failed", "Sum NumberOfNotificationsFailed"),
        ("order-events-topic-lost", "Sum NumberOfNotificationsFailedToRedriveToDlq"),
        ("audit-stream-freshness", "Maximum DeliveryToS3.DataFreshness"),
        ("orders-api-5xx", "Average 5XXError"),
        ("orders-api-4xx", "Average 4XXError"),
        ("orders-api-latency", "p90 Latency"),
        ("orders-api-requests", "Sum Count"),
        ("orders-table-read-throttles", " + ".join(["FILL(Sum ReadThrottleEvents, 0)"] * 3)),
        ("orders-table-write-throttles", " + ".join(["FILL(Sum WriteThrottleEvents, 0)"] * 3)),
        ("orders-table-system-errors", " + ".join(["FILL(Sum SystemErrors, 0)"] * 6)),
        ("orders-table-conflicts", "Sum TransactionConflict"),
        (
            "payment-declines",
            f"IF(({DECLINED} + {CONFIRMED}) >= 20, ({DECLINED}) / ({DECLINED} + {CONFIRMED}), 0)",
        ),
        ("time-to-confirm", "p95 TimeToConfirm"),
        ("none-published", f"IF(({PLACED}) >= 5 AND FILL(Sum NumberOfMessagesSent, 0) == 0, 1, 0)"),
        ("payment-circuit-open", "Maximum PaymentCircuitOpen"),
        ("stuck-orders", "Maximum StuckOrders"),
        ("payment-differences", "Maximum PaymentDifferences"),
        ("stock-differences", "Maximum StockDifferences"),
        ("refund-failed", "Sum RefundFailed"),
        ("canary-failed", "Maximum CanaryFailed"),
        ("accepted-60-minutes", BURN_OF_ACCEPTED),
        ("accepted-5-minutes", BURN_OF_ACCEPTED),
        ("confirmed-60-minutes", BURN_OF_CONFIRMED),
        ("confirmed-5-minutes", BURN_OF_CONFIRMED),
    ],
)
def test_what_is_compared_with_the_threshold(prod: Deployment, name: str, compared: str) -> None:
    found = alarm(prod, name)
    assert found["comparison_operator"] == "GreaterThanThreshold"
    assert _compared(found) == compared


@pytest.mark.parametrize(
    ("name", "compared"),
    [("nothing-placed", PLACED), ("reconciler-function-not-run", "Sum Invocations")],
)
def test_too_little_is_compared_with_the_least(prod: Deployment, name: str, compared: str) -> None:
    found = alarm(prod, name)
    assert found["comparison_operator"] == "LessThanThreshold"
    assert _compared(found) == compared


def _compared(found: Resource) -> str:
    """Return what an alarm compares: a statistic of a metric, or a formula of such."""
    if not found.get("metric_query"):
        statistic = found.get("statistic") or found["extended_statistic"]
        return f"{statistic} {found['metric_name']}"
    metrics = {query["id"]: _statistic(query["metric"]) for query in _metric_queries(found)}
    (expression,) = (q["expression"] for q in found["metric_query"] if "expression" in q)
    return re.sub(r"\b[a-z]\d*\b", lambda part: metrics[part[0]], expression)


def _statistic(metric: dict[str, Any]) -> str:
    service = metric["dimensions"].get("service")
    return f"{metric['stat']} {metric['metric_name']}{f' of {service}' if service else ''}"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_on_aws_no_period_is_shorter_than_a_minute(
    deployments: Deployments, environment: str
) -> None:
    for each in deployments(environment).all(METRIC):
        period = each.get("period") or _metric_queries(each)[0]["metric"]["period"]
        assert period % MINUTE == 0, each
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        assert period * each["evaluation_periods"] <= 24 * 60 * MINUTE, each


def test_on_localstack_every_period_is_short(local: Deployment) -> None:
    for each in local.all(METRIC):
        periods = {q["metric"]["period"] for q in _metric_queries(each)} or {each["period"]}
        assert periods == {local.settings.alarm_period_seconds}
    assert alarm(local, "payment-depth")["threshold"] == 10


def test_silence_is_good_except_where_something_has_to_happen(deployment: Deployment) -> None:
    silent = {
        each.id for each in deployment.all(METRIC) if each["treat_missing_data"] == "breaching"
    }
    assert {each["treat_missing_data"] for each in deployment.all(METRIC)} <= {
        "breaching",
        "notBreaching",
    }
    settings = deployment.settings
    due = {"nothing-placed-alarm"} if settings.least_orders else set()
    if settings.alarms is Alarms.ALL and not settings.alarm_period_seconds:
        due |= {
            f"{name}-function-not-run-alarm" for name in ("canary", "payment-breaker", "reconciler")
        }
    assert silent == due


def test_fewer_orders_than_there_always_are_is_an_alarm_where_somebody_says_how_many(
    prod: Deployment, deployments: Deployments
) -> None:
    assert alarm(prod, "nothing-placed")["comparison_operator"] == "LessThanThreshold"
    assert f"{METRIC}.nothing-placed-alarm" not in deployments("staging").text("pipeline")
    assert not [e for e in deployments("staging").all(METRIC) if e.id == "nothing-placed-alarm"]


# ------------------------------------------------------------------ combinations, service levels


def parts(combined: Resource) -> set[str]:
    return {
        re.sub(r"-alarm-\w+$", "", arn.rpartition(":")[2])
        for arn in re.findall(r'ALARM\("([^"]+)"\)', combined["alarm_rule"])
    }


def test_one_alarm_says_that_orders_do_not_flow(prod: Deployment) -> None:
    combined = prod.one(f"{COMPOSITE}.orders-not-flowing-alarm")
    assert " AND " not in combined["alarm_rule"]
    assert parts(combined) == {
        "canary-failed",
        "event-publisher-function-iterator-age",
        "intake-overflow-age",
        "intake-overflow-retries",
        "inventory-age",
        "inventory-depth",
        "none-published",
        "nothing-placed",
        "inventory-subscription-dlq",
        "order-events-topic-lost",
        "orders-api-5xx",
        "payment-age",
        "payment-circuit-open",
        "payment-depth",
        "payment-subscription-dlq",
        "validation-age",
        "validation-depth",
        "validation-subscription-dlq",
    }


@pytest.mark.parametrize(
    ("name", "windows"), [("fast", ("60", "5")), ("slow", ("360", "30"))], ids=["fast", "slow"]
)
@pytest.mark.parametrize("objective", ["accepted", "confirmed"])
def test_a_burn_rate_is_an_alarm_when_both_windows_say_so(
    watched: Deployment, objective: str, name: str, windows: tuple[str, str]
) -> None:
    combined = watched.one(f"{COMPOSITE}.{objective}-{name}-burn-alarm")
    assert " OR " not in combined["alarm_rule"]
    assert parts(combined) == {f"{objective}-{minutes}-minutes" for minutes in windows}


def test_the_first_order_that_may_be_lost_is_an_alarm(watched: Deployment) -> None:
    found = parts(watched.one(f"{COMPOSITE}.lost-orders-alarm"))
    assert {"stuck-orders", "stock-differences", "payment-differences"} <= found
    assert objectives.LOST == 0


def test_the_objectives_are_told_as_they_are() -> None:
    text = (DOCS / "objectives.md").read_text()
    seconds = CONFIRMED_WITHIN.total_seconds()
    assert f"| accepted | {objectives.ACCEPTED:.1%} |" in text
    assert f"| confirmed within {seconds:g} s | {objectives.CONFIRMED_IN_TIME:.0%} |" in text
    assert f"| lost | {objectives.LOST} |" in text
    for rate in objectives.BURN_RATES:
        row = f"| {rate.name} | {rate.times:g} | {rate.long_minutes // 60} h | {rate.short_minutes}"
        assert row in text


# ------------------------------------------------------------------ the runbook

PARTS = ("What it means", "How to look", "What to do", "How to know it is over")


def sections() -> dict[str, str]:
    """Return the runbook's sections by their anchors."""
    _, *found = re.split(r"^## ", (DOCS / "runbook.md").read_text(), flags=re.MULTILINE)
    return {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-"): text
        for title, text in (each.split("\n", 1) for each in found)
    }


def anchors(deployment: Deployment) -> dict[str, str]:
    """Return the section that each alarm's text links to."""
    found = {}
    for each in deployment.all(METRIC, COMPOSITE):
        match = re.search(r" docs/runbook\.md#([a-z0-9-]+)$", each["alarm_description"])
        assert match, each["alarm_description"]
        found[each.id] = match[1]
    return found


def test_every_alarm_links_to_its_section_of_the_runbook(deployment: Deployment) -> None:
    known = sections()
    assert {
        each: anchor for each, anchor in anchors(deployment).items() if anchor not in known
    } == {}


def test_every_section_of_the_runbook_is_of_an_alarm(prod: Deployment) -> None:
    assert set(sections()) == set(anchors(prod).values())


@pytest.mark.parametrize("section", sections())
def test_a_section_says_what_it_means_and_how_to_look_what_to_do_and_when_it_is_over(
    section: str,
) -> None:
    titles = re.findall(r"^\*\*(.+?)\.\*\* \S", sections()[section], flags=re.MULTILINE)
    assert tuple(titles) == PARTS


def test_an_alarm_says_first_what_it_means_for_customers(deployment: Deployment) -> None:
    for each in deployment.all(METRIC, COMPOSITE):
        meaning, _, _ = each["alarm_description"].rpartition(" ")
        assert re.search(
            r"\b(customers?|callers|orders?|events|parcels?|payments?|stock)\b",
            meaning,
            re.IGNORECASE,
        ), each
        assert meaning.endswith("."), each
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        assert len(each["alarm_description"]) <= 1024, each


def test_the_runbook_may_be_elsewhere(tmp_path: Path) -> None:
    address = "https://git.example/shop/runbook.md"
    deployment = synthesise(settings_of("staging", RUNBOOK_URL=address), tmp_path)
    description = alarm(deployment, "payment-dlq")["alarm_description"]
    assert description.endswith(f" {address}#dead-letters")
