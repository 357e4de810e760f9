"""The canary as it is deployed: what it may call, how often it runs, and who sees its orders."""

import json
from pathlib import Path

import pytest

from canary.probe import LONGEST_RUN_SECONDS
from order_pipeline.adapters.signed_api import LONGEST_API_CALL_SECONDS
from order_pipeline.api.calls import CALLS
from order_pipeline.domain.canary import CUSTOMER_ID
from stacks.settings import LEAST_CANARY_MINUTES
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ACCOUNT_ID, Deployment, settings_of, synthesise
from tests.stacks.test_callers import API, ODD_IDS, USUAL_IDS, decide, paths

STEPS_WITH_CALLS = 6
"""Look for an earlier order, cancel it, place, follow, cancel, follow."""

ITS_CALLS = {
    f"{API}/prod/{call}"
    for call in (
        f"GET/customers/{CUSTOMER_ID}/orders",
        "GET/orders/canary-1",
        "POST/orders",
        "POST/orders/canary-1/cancel",
    )
}


def test_it_may_make_its_calls_about_its_orders_and_no_other(prod: Deployment) -> None:
    # given
    policy = prod.one("aws_iam_role_policy.canary-function-policy").statements()
    calls = [each for each in policy if each["Action"] == ["execute-api:Invoke"]]
    ids = ("canary-1", CUSTOMER_ID, *USUAL_IDS, *ODD_IDS)
    # when
    allowed = {
        asked
        for call in CALLS
        for path in paths(call, ids)
        if decide(calls, asked := f"{API}/prod/{call.method}{path}")
    }
    # then
    assert allowed == ITS_CALLS
    assert not decide(calls, f"{API}/other/POST/orders")


def test_the_boundary_lets_it_make_its_calls_and_no_other(prod: Deployment) -> None:
    # given
    on_aws = f"arn:aws:execute-api:eu-west-2:{ACCOUNT_ID}:a1b2c3d4e5"
    boundary = [
        each
        for each in prod.one("aws_iam_policy.ci-boundary-policy").statements()
        if each["Action"] == ["execute-api:Invoke"]
    ]
    ids = ("canary-1", CUSTOMER_ID, *USUAL_IDS)
    # when
    allowed = {
        f"{API}/prod/{call.method}{path}"
        for call in CALLS
        for path in paths(call, ids)
        if decide(boundary, f"{on_aws}/prod/{call.method}{path}")
    }
    # then
    assert allowed == ITS_CALLS


def test_it_calls_the_api_that_it_is_deployed_with(prod: Deployment, local: Deployment) -> None:
    for deployment, start in (
        (prod, "${aws_api_gateway_stage.orders-api-stage.invoke_url}/"),
        (local, "http://localhost:4566/_aws/execute-api/${aws_api_gateway_rest_api.orders-api.id}"),
    ):
        variables = deployment.one("aws_lambda_function.canary-function")["environment"][
            "variables"
        ]
        assert variables["API_ENDPOINT"].startswith(start)
        assert variables["API_ENDPOINT"].endswith("/")
        assert (variables["CANARY_ITEM"], variables["CANARY_PAYMENT_METHOD"]) == (
            "canary",
            "pm_card_visa",
        )


def test_with_docker_it_finds_localstack_by_its_name(tmp_path: Path) -> None:
    settings = settings_of("local", LOCAL_FUNCTIONS_ENDPOINT="http://localstack:4566")
    deployment = synthesise(settings, tmp_path)
    canary = deployment.one("aws_lambda_function.canary-function")
    endpoint = canary["environment"]["variables"]["API_ENDPOINT"]
    assert endpoint.startswith("http://localstack:4566/_aws/execute-api/")
    outputs = deployment.stacks["pipeline"]["output"]
    assert outputs["ApiEndpoint"]["value"].startswith("http://localhost:4566/_aws/execute-api/")


def test_a_run_ends_by_itself_and_before_the_next_one(deployment: Deployment) -> None:
    timeout = deployment.one("aws_lambda_function.canary-function")["timeout"]
    longest = LONGEST_RUN_SECONDS + STEPS_WITH_CALLS * LONGEST_API_CALL_SECONDS
    assert longest < timeout < LEAST_CANARY_MINUTES * 60


def test_in_prod_one_runs_at_a_time(prod: Deployment) -> None:
    canary = prod.one("aws_lambda_function.canary-function")
    assert canary["reserved_concurrent_executions"] == 1


@pytest.mark.parametrize(
    ("environment", "interval"), [("local", "1 day"), ("dev", "5 minutes"), ("prod", "5 minutes")]
)
def test_it_runs_by_the_clock(deployments: Deployments, environment: str, interval: str) -> None:
    deployment = deployments(environment)
    schedule = deployment.one("aws_cloudwatch_event_rule.canary-schedule")
    assert schedule["schedule_expression"] == f"rate({interval})"
    target = deployment.one("aws_cloudwatch_event_target.canary-target")
    assert target["arn"] == "${aws_lambda_alias.canary-function-alias.arn}"


def test_two_failed_runs_in_a_row_raise_an_alarm(watched: Deployment) -> None:
    alarm = watched.one("aws_cloudwatch_metric_alarm.canary-failed-alarm")
    variables = watched.one("aws_lambda_function.canary-function")["environment"]["variables"]
    assert alarm["metric_name"] == "CanaryFailed"
    assert alarm["namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["dimensions"] == {"service": variables["POWERTOOLS_SERVICE_NAME"]}
    assert alarm["evaluation_periods"] == 2
    flow = watched.one("aws_cloudwatch_composite_alarm.orders-not-flowing-alarm")
    assert alarm["alarm_name"] in flow["alarm_rule"]


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_its_alarm_looks_at_one_run_at_a_time(deployments: Deployments, environment: str) -> None:
    alarm = deployments(environment).one("aws_cloudwatch_metric_alarm.canary-failed-alarm")
    assert alarm["period"] == settings_of(environment).canary_minutes * 60


def test_without_an_item_there_is_no_canary(tmp_path: Path) -> None:
    dev = synthesise(settings_of("dev", CANARY_ITEM="", CANARY_PAYMENT_METHOD=""), tmp_path)
    text = dev.text("pipeline")
    assert "canary-function" not in text
    assert "canary-schedule" not in text
    assert "canary-failed" not in text
    # What keeps its orders from people is there all the same.
    assert "anything-but" in text


def test_the_warehouse_and_the_shop_see_no_order_of_the_canary(tmp_path: Path) -> None:
    # given
    deployment = synthesise(settings_of("prod", SHOP_ADDRESSES="shop@example.com"), tmp_path)
    # then
    for subscription in deployment.all("aws_sns_topic_subscription"):
        policy = json.loads(subscription.get("filter_policy") or "{}")
        leaves_out = policy.get("customerId") == [{"anything-but": [CUSTOMER_ID]}]
        is_for_people = subscription.id in {"fulfilment-subscription", "shop-subscription-1"}
        assert leaves_out is is_for_people, subscription
        assert "customerId" not in policy or leaves_out
