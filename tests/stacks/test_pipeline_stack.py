"""The pipeline stack: which stages exist, what they consume and what they may do."""

import json
import re
from pathlib import Path

import pytest

from order_pipeline.adapters.backoff import Backoff
from order_pipeline.adapters.clients import LONGEST_CALL_SECONDS
from order_pipeline.domain.events import events_since
from order_pipeline.domain.messages import TEMPLATES
from order_pipeline.domain.transitions import EventType
from stacks.cdk import LambdaFunction, SqsQueue
from stacks.settings import FAILURES, STAGES
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import Deployment, settings_of, synthesise
from tests.unit.builders import a_placed_order

ROOT = Path(__file__).parents[2]

CONSUMED = {
    "validation": {EventType.ORDER_PLACED},
    "inventory": {
        EventType.ORDER_VALIDATED,
        EventType.PAYMENT_DECLINED,
        EventType.ORDER_CANCELLED,
        EventType.PARCEL_SHIPPED,
        EventType.ORDER_SHIPPED,
        EventType.PAYMENT_REFUNDED,
    },
    "payment": {
        EventType.STOCK_RESERVED,
        EventType.ORDER_CANCELLED,
        EventType.PARCEL_SHIPPED,
        EventType.ORDER_SHIPPED,
        EventType.REFUND_REQUESTED,
    },
    "notification": set(TEMPLATES),
    "fulfilment": {EventType.ORDER_CONFIRMED, EventType.ORDER_CANCELLED},
}

API_GATEWAY_WAITS = 29
"""Seconds. What AWS lets an integration of a REST API take, unless the quota is raised."""


@pytest.mark.parametrize("queue", CONSUMED)
def test_each_queue_takes_its_events(deployment: Deployment, queue: str) -> None:
    subscription = deployment.one(f"aws_sns_topic_subscription.{queue}-subscription")
    assert subscription["endpoint"] == f"${{aws_sqs_queue.{queue}-queue.arn}}"
    assert set(json.loads(subscription["filter_policy"])["eventType"]) == CONSUMED[queue]


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"notification"}))
def test_each_stage_handles_what_its_queue_takes(stage: str) -> None:
    handler = (ROOT / "lambdas" / stage / "handler.py").read_text(encoding="utf-8")
    handled = {EventType[name] for name in re.findall(r"EventType\.(\w+)", handler)}
    assert handled == CONSUMED[stage.replace("_", "-")]


def test_no_other_queue_is_subscribed(deployment: Deployment) -> None:
    subscriptions = deployment.all("aws_sns_topic_subscription")
    assert {each.id for each in subscriptions if each["protocol"] == "sqs"} == {
        f"{queue}-subscription" for queue in CONSUMED
    }


def test_each_function_is_told_where_its_data_is(deployment: Deployment) -> None:
    suffix = deployment.settings.suffix
    notification = deployment.one("aws_lambda_function.notification-function")
    variables = notification["environment"]["variables"]
    assert variables["ORDERS_TABLE_NAME"] == f"orders-table-{suffix}"
    assert variables["IDEMPOTENCY_TABLE_NAME"] == f"idempotency-table-{suffix}"
    assert variables["QUEUE_URL"].endswith(f"/notification-queue-{suffix}")
    assert variables["DEAD_LETTER_QUEUE_URL"].endswith(f"/notification-dlq-{suffix}")
    assert variables["RETRY_FIRST_DELAY_SECONDS"] == "2"
    # LocalStack's schedule is scaled down.
    longest = "20" if deployment.settings.is_local else "300"
    assert variables["RETRY_LONGEST_DELAY_SECONDS"] == longest
    assert variables["POWERTOOLS_SERVICE_NAME"] == "notification"
    assert "POWERTOOLS_TRACE_DISABLED" not in variables


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_payment_is_tried_for_more_than_an_hour(deployments: Deployments, environment: str) -> None:
    # given: the shortest schedule that the jitter can give
    deployment = deployments(environment)
    variables = deployment.one("aws_lambda_function.payment-function")["environment"]["variables"]
    queue = deployment.one("aws_sqs_queue.payment-queue")
    receives = json.loads(queue["redrive_policy"])["maxReceiveCount"]
    backoff = Backoff(
        int(variables["RETRY_FIRST_DELAY_SECONDS"]), int(variables["RETRY_LONGEST_DELAY_SECONDS"])
    )
    # when
    shortest = sum(backoff.shortest(receive) for receive in range(1, receives))
    # then
    assert shortest > 60 * 60


def test_place_order_has_time_to_fail_at_the_table_and_to_defer(deployment: Deployment) -> None:
    # given: a write whose answer was lost, the look at what is there, and the message
    calls = 3 * LONGEST_CALL_SECONDS
    # then
    place_order = deployment.one("aws_lambda_function.place-order-function")
    assert calls < place_order["timeout"] < API_GATEWAY_WAITS
    queue_url = place_order["environment"]["variables"]["INTAKE_OVERFLOW_QUEUE_URL"]
    assert queue_url.endswith(f"/intake-overflow-queue-{deployment.settings.suffix}")


def test_every_function_outlasts_its_calls(deployment: Deployment) -> None:
    for function in deployment.all("aws_lambda_function"):
        assert function["timeout"] > LONGEST_CALL_SECONDS, function


def test_the_overflow_queue_keeps_orders_and_lets_only_functions_send(
    deployment: Deployment,
) -> None:
    queue = deployment.one("aws_sqs_queue.intake-overflow-queue")
    assert queue.get("redrive_policy") is None
    assert queue["message_retention_seconds"] == 14 * 24 * 60 * 60
    assert [statement["Effect"] for statement in queue.statements()] == ["Deny"]


def test_a_deferred_order_is_tried_again_within_half_a_minute(deployment: Deployment) -> None:
    function = deployment.one("aws_lambda_function.intake-drain-function")
    variables = function["environment"]["variables"]
    assert variables["RETRY_FIRST_DELAY_SECONDS"] == "2"
    assert variables["RETRY_LONGEST_DELAY_SECONDS"] == "30"
    # In the table within a minute of DynamoDB's return, with a failing attempt just begun.
    assert 30 + function["timeout"] < 60


def test_orders_that_wait_outside_the_table_raise_an_alarm(watched: Deployment) -> None:
    for alarm, metric, threshold, minutes in (
        ("age", "ApproximateAgeOfOldestMessage", 300, 1),
        ("retries", "ApproximateNumberOfMessagesNotVisible", 0, 5),
    ):
        raised = watched.one(f"aws_cloudwatch_metric_alarm.intake-overflow-{alarm}-alarm")
        assert raised["dimensions"] == {
            "QueueName": f"intake-overflow-queue-{watched.settings.suffix}"
        }
        assert (raised["metric_name"], raised["threshold"]) == (metric, threshold)
        period = watched.settings.alarm_period_seconds or 60
        assert (raised["evaluation_periods"], raised["period"]) == (minutes, period)
        assert raised["alarm_actions"] == ["${aws_sns_topic.alarm-topic.arn}"]


def test_only_those_who_ask_the_provider_know_of_the_secret(deployment: Deployment) -> None:
    told = {
        function.id
        for function in deployment.all("aws_lambda_function")
        if "PAYMENT_SECRET_ARN" in function["environment"]["variables"]
    }
    assert told == {"payment-function", "payment-breaker-function", "reconciler-function"}


@pytest.mark.parametrize("function", ["payment", "payment-breaker", "reconciler"])
def test_those_who_ask_the_provider_know_which_deployment_they_are_of(
    deployment: Deployment, function: str
) -> None:
    variables = deployment.one(f"aws_lambda_function.{function}-function")["environment"][
        "variables"
    ]
    assert variables["DEPLOYMENT_NAME"] == deployment.settings.suffix


@pytest.mark.parametrize(("environment", "method"), [("dev", "pm_card_visa"), ("prod", "")])
def test_the_default_payment_method_reaches_place_order(
    deployments: Deployments, environment: str, method: str
) -> None:
    place_order = deployments(environment).one("aws_lambda_function.place-order-function")
    assert place_order["environment"]["variables"]["DEFAULT_PAYMENT_METHOD"] == method


def test_notification_knows_which_push_endpoints_it_may_publish_to(deployment: Deployment) -> None:
    notification = deployment.one("aws_lambda_function.notification-function")
    endpoints = notification["environment"]["variables"]["PUSH_ENDPOINTS"]
    assert endpoints == f"arn:aws:sns:eu-west-2:{deployment.settings.account_id}:endpoint/"
    policy = deployment.one("aws_iam_role_policy.notification-function-policy")
    assert [
        statement["Resource"] for statement in policy.statements() if statement["Sid"] == "SendPush"
    ] == [[f"{endpoints}*"]]


def test_the_audit_stream_writes_one_event_per_line_by_date(deployment: Deployment) -> None:
    stream = deployment.one("aws_kinesis_firehose_delivery_stream.audit-stream")
    destination = stream["extended_s3_configuration"]
    assert destination["processing_configuration"] == {
        "enabled": True,
        "processors": [{"type": "AppendDelimiterToRecord"}],
    }
    # Without an expression in it, Firehose adds YYYY/MM/DD/HH/ to the prefix.
    assert destination["prefix"] == "events/"
    assert destination["error_output_prefix"] == "errors/"


@pytest.mark.parametrize(
    ("role", "service", "operator"),
    [
        ("audit-stream-role", "firehose.amazonaws.com", "StringEquals"),
        # AWS's guide sets no condition: whether SNS says its account is not known.
        ("audit-subscription-role", "sns.amazonaws.com", "StringEqualsIfExists"),
    ],
)
def test_a_service_that_says_another_account_does_not_get_the_audits_roles(
    deployment: Deployment, role: str, service: str, operator: str
) -> None:
    (trust,) = deployment.one(f"aws_iam_role.{role}").statements("assume_role_policy")
    assert trust["Principal"] == {"Service": service}
    assert trust["Condition"] == {operator: {"aws:SourceAccount": deployment.settings.account_id}}


def test_payment_has_more_time(deployment: Deployment) -> None:
    suffix = deployment.settings.suffix
    payment_queue = {"name": f"payment-queue-{suffix}"}
    assert deployment.has(LambdaFunction, function_name=f"payment-function-{suffix}", timeout=20)
    assert deployment.has(SqsQueue, **payment_queue, visibility_timeout_seconds=120)
    assert not deployment.has(SqsQueue, **payment_queue, visibility_timeout_seconds=60)


def test_people_are_told_about_alarms_by_email(tmp_path: Path) -> None:
    # when
    staging = synthesise(
        settings_of("staging", ALARM_ADDRESSES="ops@example.com,shop@example.com"), tmp_path
    )
    # then
    emails = [
        each
        for each in staging.all("aws_sns_topic_subscription")
        if each["topic_arn"] == "${aws_sns_topic.alarm-topic.arn}"
    ]
    assert [each["protocol"] for each in emails] == ["email", "email"]
    assert {each["endpoint"] for each in emails} == {"ops@example.com", "shop@example.com"}


def test_the_shop_is_told_about_failures_unless_it_wants_more(tmp_path: Path) -> None:
    # given
    told = {"SHOP_ADDRESSES": "shop@example.com,+447700900123"}
    # when
    failures = synthesise(settings_of("staging", **told), tmp_path / "failures")
    refunds = synthesise(
        settings_of("staging", **told, SHOP_EVENTS="PaymentRefunded"), tmp_path / "refunds"
    )
    # then
    for deployment, events in ((failures, set(FAILURES)), (refunds, {"PaymentRefunded"})):
        for number, protocol, address in (
            (1, "email", "shop@example.com"),
            (2, "sms", "+447700900123"),
        ):
            subscription = deployment.one(f"aws_sns_topic_subscription.shop-subscription-{number}")
            assert (subscription["protocol"], subscription["endpoint"]) == (protocol, address)
            assert set(json.loads(subscription["filter_policy"])["eventType"]) == events


@pytest.mark.parametrize(
    ("event", "alarm"),
    [
        ("PaymentCaptureFailed", "payment-capture-failed"),
        ("RefundFailed", "refund-failed"),
    ],
)
def test_money_that_does_not_move_raises_an_alarm(
    watched: Deployment, event: str, alarm: str
) -> None:
    counted = watched.one(f"aws_cloudwatch_log_metric_filter.{alarm}-filter")
    raised = watched.one(f"aws_cloudwatch_metric_alarm.{alarm}-alarm")
    suffix = watched.settings.suffix
    assert counted["log_group_name"] == f"/aws/lambda/payment-function-{suffix}"
    assert counted["pattern"] == f'{{ $.recorded = "{event}" }}'
    metric = counted["metric_transformation"]
    assert (metric["name"], metric["namespace"]) == (raised["metric_name"], raised["namespace"])
    assert (raised["threshold"], raised["statistic"]) == (0, "Sum")
    assert raised["alarm_actions"] == ["${aws_sns_topic.alarm-topic.arn}"]


def test_athena_reads_every_field_of_an_event_by_the_hour(deployments: Deployments) -> None:
    # given
    event = events_since(0, a_placed_order())[0]
    # when
    table = deployments("dev").one("aws_glue_catalog_table.audit-table")
    # then
    columns = {column["name"] for column in table["storage_descriptor"]["columns"]}
    assert columns == {name.lower() for name in event.model_dump(by_alias=True)}
    location = table["storage_descriptor"]["location"]
    assert location == "s3://audit-bucket-dev-123456789012/events/"
    # Terraform turns the two dollar signs into one.
    assert table["parameters"]["storage.location.template"] == f"{location}$${{hour}}/"


def test_localstack_has_no_glue(deployments: Deployments) -> None:
    assert deployments("local").all("aws_glue_catalog_table") == []


def test_the_access_log_has_ids_and_outcomes_and_nothing_of_a_request(
    deployment: Deployment,
) -> None:
    stage = deployment.one("aws_api_gateway_stage.orders-api-stage")
    logged = json.loads(stage["access_log_settings"]["format"]).values()
    # Neither path nor query nor headers nor caller's address; `error.message` quotes the input.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
    assert set(logged) <= {
        "$context.requestId",
        "$context.xrayTraceId",
        "$context.requestTime",
        "$context.httpMethod",
        "$context.resourcePath",  # as in the document: with {orderId}, not with an order's id
        "$context.status",
        "$context.responseLatency",
        "$context.integration.status",
        "$context.integration.latency",
        "$context.error.responseType",
    }


def test_the_outputs_tell_of_the_api_the_data_and_every_queue(deployment: Deployment) -> None:
    outputs = deployment.stacks["pipeline"]["output"]
    queues = ("intake-overflow", *CONSUMED)
    assert set(outputs) == {
        "ApiEndpoint",
        "OrdersTableName",
        "InventoryTableName",
        "OrderEventsTopicArn",
        "AuditBucketName",
        "PaymentSecretArn",
        "StorefrontPolicyArn",
        "CustomerServicePolicyArn",
        "WarehousePolicyArn",
        "OperationsPolicyArn",
        *(
            f"{queue.title().replace('-', '')}{what}"
            for queue in queues
            for what in (
                "QueueUrl",
                "QueueName",
                "DeadLetterQueueUrl",
                "DeadLetterQueueName",
            )
        ),
    }
    assert outputs["ApiEndpoint"]["value"].endswith("/")
    assert outputs["PaymentQueueName"]["value"] == f"payment-queue-{deployment.settings.suffix}"


@pytest.mark.parametrize(
    ("function", "interval"), [("payment-breaker", "1 minute"), ("reconciler", "5 minutes")]
)
def test_what_runs_by_the_clock(deployment: Deployment, function: str, interval: str) -> None:
    schedule = deployment.one(f"aws_cloudwatch_event_rule.{function}-schedule")
    assert schedule["schedule_expression"] == f"rate({interval})"
    target = deployment.one(f"aws_cloudwatch_event_target.{function}-target")
    assert target["arn"] == f"${{aws_lambda_alias.{function}-function-alias.arn}}"


def test_the_breaker_controls_the_payment_stage(deployment: Deployment) -> None:
    breaker = deployment.one("aws_lambda_function.payment-breaker-function")
    mapping = "aws_lambda_event_source_mapping.payment-mapping"
    assert breaker["environment"]["variables"]["PAYMENT_MAPPING_ID"] == f"${{{mapping}.uuid}}"


def test_a_deployment_leaves_paused_what_is_paused(deployment: Deployment) -> None:
    for mapping in deployment.all("aws_lambda_event_source_mapping"):
        assert mapping["lifecycle"]["ignore_changes"] == ["enabled"], str(mapping)


@pytest.mark.parametrize(
    ("function", "metric"),
    [
        ("payment-breaker", "PaymentCircuitOpen"),
        ("reconciler", "PaymentDifferences"),
        ("reconciler", "StockDifferences"),
        ("reconciler", "StuckOrders"),
    ],
)
def test_what_a_function_finds_raises_an_alarm(
    watched: Deployment, function: str, metric: str
) -> None:
    suffix = watched.settings.suffix
    (alarm,) = (
        each
        for each in watched.all("aws_cloudwatch_metric_alarm")
        if each.get("metric_name") == metric
    )
    variables = watched.one(f"aws_lambda_function.{function}-function")["environment"]["variables"]
    assert alarm["namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["namespace"] == f"OrderPipeline/{suffix}"
    assert alarm["dimensions"] == {"service": variables["POWERTOOLS_SERVICE_NAME"]}
