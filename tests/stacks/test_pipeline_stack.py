"""The pipeline stack: which stages exist, what they consume and what they may do."""

import json
from pathlib import Path

import pytest

from order_pipeline.transitions import EventType
from stacks.cdk import LambdaFunction, SqsQueue
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import Deployment, settings_of, synthesise

CONSUMED = {
    "validation": {EventType.ORDER_PLACED},
    "inventory": {EventType.ORDER_VALIDATED, EventType.PAYMENT_DECLINED},
    "payment": {EventType.STOCK_RESERVED},
    "notification": {
        EventType.ORDER_CONFIRMED,
        EventType.ORDER_REJECTED,
        EventType.STOCK_UNAVAILABLE,
        EventType.PAYMENT_DECLINED,
    },
    "fulfilment": {EventType.ORDER_CONFIRMED, EventType.ORDER_CANCELLED},
}

# What each function may do besides writing its log, sending traces and using the key.
ALLOWED = {
    "place-order": {"orders-table: GetItem PutItem"},
    "orders-api": {"orders-table: GetItem"},
    "inventory-api": {"inventory-table: GetItem PutItem"},
    "event-publisher": {
        "orders-table stream: DescribeStream GetRecords GetShardIterator ListStreams",
        "order-events-topic: Publish",
        "event-publisher-dlq: SendMessage",
    },
    "validation": {
        "orders-table: GetItem UpdateItem",
        "inventory-table: BatchGetItem",
    },
    "inventory": {
        "orders-table: GetItem UpdateItem",
        "inventory-table: PutItem UpdateItem",
    },
    "payment": {
        "orders-table: GetItem UpdateItem",
        "payment-secret: GetSecretValue",
    },
    "notification": {
        "orders-table: GetItem",
        "idempotency-table: GetItem UpdateItem",
        "orders@example.com: SendEmail",
    },
}
CONSUME = "ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage"
WORKERS = ("validation", "inventory", "payment", "notification")


@pytest.mark.parametrize("queue", CONSUMED)
def test_each_queue_takes_its_events(deployment: Deployment, queue: str) -> None:
    subscription = deployment.one(f"aws_sns_topic_subscription.{queue}-subscription")
    assert subscription["endpoint"] == f"${{aws_sqs_queue.{queue}-queue.arn}}"
    assert set(json.loads(subscription["filter_policy"])["eventType"]) == CONSUMED[queue]


def test_no_other_queue_is_subscribed(deployment: Deployment) -> None:
    subscriptions = deployment.all("aws_sns_topic_subscription")
    assert {each.id for each in subscriptions if each["protocol"] == "sqs"} == {
        f"{queue}-subscription" for queue in CONSUMED
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_each_function_may_do_what_it_does(deployment: Deployment, function: str) -> None:
    # given
    expected = set(ALLOWED[function])
    if function in WORKERS:
        expected |= {f"{function}-queue: {CONSUME}", f"{function}-dlq: SendMessage"}
    # when
    allowed: dict[str, set[str]] = {}
    for statement in deployment.one(f"aws_iam_role_policy.{function}-function-policy").statements():
        (resource,) = statement["Resource"]
        for action in statement["Action"]:
            service, _, verb = action.partition(":")
            if service not in {"kms", "logs", "xray"}:
                allowed.setdefault(_short(resource, deployment), set()).add(verb)
    # then
    assert {f"{target}: {' '.join(sorted(verbs))}" for target, verbs in allowed.items()} == expected


def test_there_are_no_other_functions(deployment: Deployment) -> None:
    assert {each.id for each in deployment.all("aws_lambda_function")} == {
        f"{function}-function" for function in ALLOWED
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_each_function_uses_the_key_only_through_its_services(
    deployment: Deployment, function: str
) -> None:
    statements = deployment.one(f"aws_iam_role_policy.{function}-function-policy").statements()
    used_through = {
        statement["Condition"]["StringEquals"]["kms:ViaService"].partition(".")[0]
        for statement in statements
        if statement["Action"][0].startswith("kms:")
    }
    called = {action.partition(":")[0] for each in statements for action in each["Action"]}
    # Lambda decrypts the environment; e-mails, logs and traces need no key.
    assert used_through == called - {"kms", "logs", "xray", "ses"} | {"lambda"}


def test_each_function_is_told_where_its_data_is(deployment: Deployment) -> None:
    suffix = deployment.settings.suffix
    notification = deployment.one("aws_lambda_function.notification-function")
    variables = notification["environment"]["variables"]
    assert variables["ORDERS_TABLE_NAME"] == f"orders-table-{suffix}"
    assert variables["IDEMPOTENCY_TABLE_NAME"] == f"idempotency-table-{suffix}"
    assert variables["QUEUE_URL"].endswith(f"/notification-queue-{suffix}")
    assert variables["DEAD_LETTER_QUEUE_URL"].endswith(f"/notification-dlq-{suffix}")
    assert variables["RETRY_FIRST_DELAY_SECONDS"] == "2"
    assert variables["RETRY_LONGEST_DELAY_SECONDS"] == "300"
    assert variables["POWERTOOLS_SERVICE_NAME"] == "notification"
    assert ("POWERTOOLS_TRACE_DISABLED" in variables) is deployment.settings.is_local


def test_payment_is_tried_for_more_than_an_hour(deployment: Deployment) -> None:
    # given: the shortest schedule that equal jitter can give, half of each delay
    variables = deployment.one("aws_lambda_function.payment-function")["environment"]["variables"]
    queue = deployment.one("aws_sqs_queue.payment-queue")
    receives = json.loads(queue["redrive_policy"])["maxReceiveCount"]
    first = int(variables["RETRY_FIRST_DELAY_SECONDS"])
    longest = int(variables["RETRY_LONGEST_DELAY_SECONDS"])
    # when
    shortest = sum(min(first * 2**retry, longest) / 2 for retry in range(receives - 1))
    # then
    assert shortest > 60 * 60


def test_only_payment_knows_of_the_secret(deployment: Deployment) -> None:
    told = {
        function.id
        for function in deployment.all("aws_lambda_function")
        if "PAYMENT_SECRET_ARN" in function["environment"]["variables"]
    }
    assert told == {"payment-function"}


@pytest.mark.parametrize(("environment", "method"), [("dev", "pm_card_visa"), ("prod", "")])
def test_the_default_payment_method_reaches_place_order(
    deployments: Deployments, environment: str, method: str
) -> None:
    place_order = deployments(environment).one("aws_lambda_function.place-order-function")
    assert place_order["environment"]["variables"]["DEFAULT_PAYMENT_METHOD"] == method


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


def test_the_outputs(deployment: Deployment) -> None:
    outputs = deployment.stacks["pipeline"]["output"]
    queues = ("Validation", "Inventory", "Payment", "Notification", "Fulfilment")
    assert set(outputs) == {
        "ApiEndpoint",
        "OrdersTableName",
        "InventoryTableName",
        "OrderEventsTopicArn",
        "AuditBucketName",
        "PaymentSecretArn",
        *(
            f"{queue}{what}"
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


def _short(resource: str, deployment: Deployment) -> str:
    """Return what an ARN is about, without account and suffix."""
    if "payment-secret" in resource:
        return "payment-secret"
    if "stream_arn" in resource:
        return "orders-table stream"
    name = resource.rpartition(":")[2].rpartition("/")[2]
    return name.removesuffix(f"-{deployment.settings.suffix}")
