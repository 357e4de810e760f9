"""What a resource is called, how it is tagged and where it is tells whose it is."""

from typing import Any

import pytest

from plan_review.findings import Deployment
from plan_review.plan import Plan
from tests.plan_review.complaints import cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, plan_of

QUEUE = "aws_sqs_queue.payment"
BLUE = Deployment("prod", "prod-blue")
TAGS = {"Application": "order-pipeline", "Environment": "prod"}


def tagged(tags: dict[str, Any] | None, **more: Any) -> Plan:
    return plan_of(change(QUEUE, None, {"tags_all": tags}, **more))


def called(name: Any, *, attribute: str = "name", kind: str = "aws_sqs_queue", **more: Any) -> Plan:
    return plan_of(change(f"{kind}.orders", None, {attribute: name}, **more))


def in_region(expressions: dict[str, Any], **more: Any) -> Plan:
    provider = {"name": "aws", "expressions": expressions, **more}
    return plan_of(configuration={"provider_config": {"aws": provider}})


def holding(*texts: str) -> Plan:
    return plan_of(change(QUEUE, None, {"redrive_policy": [{"targets": list(texts)}]}))


def test_what_has_both_tags_may_have_others() -> None:
    assert complaints(tagged(TAGS | {"Owner": "orders"}), "tagged") == []


@pytest.mark.parametrize("tag", ["Application", "Environment"])
def test_each_tag_is_demanded(tag: str) -> None:
    plan = tagged({key: value for key, value in TAGS.items() if key != tag})
    assert complaints(plan, "tagged") == fails(QUEUE, f"has no tag {tag}")


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("Application", "has the tag Application 'other', not 'order-pipeline'"),
        ("Environment", "has the tag Environment 'other', not 'prod'"),
    ],
)
def test_each_tag_has_its_value(tag: str, said: str) -> None:
    assert complaints(tagged(TAGS | {tag: "other"}), "tagged") == fails(QUEUE, said)


def test_no_tags_at_all_are_none_of_them() -> None:
    said = ["has no tag Application", "has no tag Environment"]
    assert complaints(tagged(None), "tagged") == fails(QUEUE, *said)


def test_a_tag_that_is_not_known_yet_cannot_be_judged() -> None:
    said = [f"the tag {tag} is known after the apply only" for tag in TAGS]
    one = tagged(TAGS, after_unknown={"tags_all": {"Environment": True}})
    assert complaints(one, "tagged") == cannot_be_judged(QUEUE, said[1])
    every = plan_of(change(QUEUE, None, {}, after_unknown={"tags_all": True}))
    assert complaints(every, "tagged") == cannot_be_judged(QUEUE, *said)


def test_a_kind_without_tags_needs_none() -> None:
    untagged = change("aws_sqs_queue_policy.payment", None, {"policy": ""})
    bare = change(QUEUE, None, {"tags_all": TAGS | {"Application": None}})
    said = fails(QUEUE, "has no tag Application")
    assert complaints(plan_of(untagged, bare), "tagged") == said


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("aws_sqs_queue", "name"),
        ("aws_api_gateway_stage", "stage_name"),
        ("aws_cloudwatch_metric_alarm", "alarm_name"),
        ("aws_cloudwatch_composite_alarm", "alarm_name"),
        ("aws_cloudwatch_dashboard", "dashboard_name"),
        ("aws_lambda_function", "function_name"),
        ("aws_xray_resource_policy", "policy_name"),
        ("aws_xray_sampling_rule", "rule_name"),
    ],
)
def test_a_name_ends_with_the_suffix_whatever_the_attribute_is_called(
    kind: str, attribute: str
) -> None:
    said = fails(f"{kind}.orders", "is called 'orders-dev', without the suffix 'prod'")
    assert complaints(called("orders-dev", attribute=attribute, kind=kind), "suffixed") == said
    assert complaints(called("orders-prod", attribute=attribute, kind=kind), "suffixed") == []


@pytest.mark.parametrize("name", ["prod", "payment-queue-prod", "/aws/apigateway/orders/prod"])
def test_the_suffix_stands_by_itself_or_after_a_hyphen_or_a_slash(name: str) -> None:
    assert complaints(called(name), "suffixed") == []


@pytest.mark.parametrize("name", ["payment-queue", "paymentprod", "prod-queue", "queue-prod-2"])
def test_a_name_that_does_not_end_with_the_suffix_belongs_to_every_copy(name: str) -> None:
    said = f"is called {name!r}, without the suffix 'prod'"
    assert complaints(called(name), "suffixed") == fails("aws_sqs_queue.orders", said)


@pytest.mark.parametrize(
    ("name", "is_suffixed"),
    [
        ("orders-audit-prod-123456789012", True),
        ("orders-audit-prod", False),
        ("orders-audit-dev-123456789012", False),
        ("orders-auditprod-123456789012", False),
        ("orders-audit-prod-12345678901", False),
        ("orders-audit-prod-123456789012-2", False),
    ],
)
def test_a_bucket_s_name_has_the_account_after_the_suffix(name: str, is_suffixed: bool) -> None:
    plan = called(name, attribute="bucket", kind="aws_s3_bucket")
    said = f"is called {name!r}, without the suffix 'prod'"
    assert complaints(plan, "suffixed") == (
        [] if is_suffixed else fails("aws_s3_bucket.orders", said)
    )


@pytest.mark.parametrize(
    ("name", "is_suffixed"),
    [("orders_prod_blue", True), ("orders_prod-blue", False), ("ordersprod_blue", False)],
)
def test_what_sql_names_has_underscores_for_hyphens(name: str, is_suffixed: bool) -> None:
    plan = called(name, kind="aws_glue_catalog_table")
    said = f"is called {name!r}, without the suffix 'prod-blue'"
    assert complaints(plan, "suffixed", deployment=BLUE) == (
        [] if is_suffixed else fails("aws_glue_catalog_table.orders", said)
    )


@pytest.mark.parametrize(
    "kind",
    [
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_log_stream",
        "aws_dynamodb_table_item",
        "aws_lambda_alias",
    ],
)
def test_what_belongs_to_something_with_the_suffix_needs_none(kind: str) -> None:
    assert complaints(called("live", kind=kind), "suffixed") == []


def test_a_name_that_is_not_known_yet_cannot_be_judged() -> None:
    plan = called(None, after_unknown={"name": True})
    said = "its name is known after the apply only"
    assert complaints(plan, "suffixed") == cannot_be_judged("aws_sqs_queue.orders", said)


def test_what_has_no_name_needs_no_suffix() -> None:
    assert complaints(called(None), "suffixed") == []
    assert complaints(called("anything", attribute="policy"), "suffixed") == []


def test_the_suffix_is_the_copy_s_except_where_there_is_one_for_the_account() -> None:
    plan = called("orders-prod")
    said = "is called 'orders-prod', without the suffix 'prod-blue'"
    assert complaints(plan, "suffixed", deployment=BLUE) == fails("aws_sqs_queue.orders", said)
    assert complaints(plan, "suffixed", deployment=BLUE, stack="bootstrap") == []


def test_every_provider_deploys_to_london() -> None:
    assert complaints(in_region({"region": {"constant_value": "eu-west-2"}}), "in-london") == []
    ireland = {"region": {"constant_value": "eu-west-1"}}
    said = "deploys to eu-west-1"
    assert complaints(in_region(ireland), "in-london") == fails("provider.aws", said)
    plan = in_region(ireland, alias="ireland")
    assert complaints(plan, "in-london") == fails("provider.aws.ireland", said)


@pytest.mark.parametrize(
    "expressions",
    [
        {},
        {"region": {}},
        {"region": {"references": ["var.region"]}},
        {"region": {"constant_value": "eu-west-2", "references": ["var.region"]}},
    ],
)
def test_a_region_that_is_not_written_out_cannot_be_judged(expressions: dict[str, Any]) -> None:
    said = "its region is not written in the configuration"
    plan = in_region(expressions)
    assert complaints(plan, "in-london") == cannot_be_judged("provider.aws", said)


ELSEWHERE = [
    "eu-west-1",
    "us-east-1",
    "eu-central-1",
    "eu-north-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "us-gov-west-1",
]


@pytest.mark.parametrize("region", ELSEWHERE)
def test_what_is_elsewhere_is_told_once_for_each_region(region: str) -> None:
    queue = f"arn:aws:sqs:{region}:123456789012:payment-queue-prod"
    topic = f"arn:aws-us-gov:sns:{region}:123456789012:events-topic-prod"
    said = f"is in or refers to {region}"
    assert complaints(holding(queue, topic), "in-london") == fails(QUEUE, said)


@pytest.mark.parametrize("region", ELSEWHERE)
@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("aws_dynamodb_table", "region_name"), ("aws_secretsmanager_secret", "region")],
)
def test_a_replica_is_not_elsewhere(kind: str, attribute: str, region: str) -> None:
    def replicated(to: str) -> Plan:
        return plan_of(change(f"{kind}.orders", None, {"replica": [{attribute: to}]}))

    said = fails(f"{kind}.orders", f"is in or refers to {region}")
    assert complaints(replicated(region), "in-london") == said
    assert complaints(replicated("eu-west-2"), "in-london") == []


def test_each_region_is_told() -> None:
    text = "arn:aws:sqs:us-east-1:1:a arn:aws:resource-groups:eu-central-1:1:b"
    said = ["is in or refers to eu-central-1", "is in or refers to us-east-1"]
    assert complaints(holding(text), "in-london") == fails(QUEUE, *said)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sqs:eu-west-2:123456789012:payment-queue-prod",
        "arn:aws:iam::123456789012:role/eu-west-1",
        "arn:aws:s3:::orders-eu-west-1",
        "arn:aws:sqs:*:123456789012:payment-queue-prod",
        "like eu-west-1",
        "eu-west-1 alike",
        "on-call-1",
    ],
)
def test_what_is_here_or_nowhere_is_not_elsewhere(text: str) -> None:
    assert complaints(holding(text), "in-london") == []
