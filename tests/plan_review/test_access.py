"""Nobody gets in by a catch-all method, a condition that narrows nothing, or another account."""

import json
from typing import Any

import pytest

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.complaints import Said, complaints, fails
from tests.plan_review.plans import change, findings, plan_of

OURS, THEIRS = "123456789012", "999999999999"
HERE = Deployment("prod", "prod", OURS)
TOPIC = f"arn:aws:sns:eu-west-2:{OURS}:events-topic-prod"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{OURS}:oidc-provider/{GITHUB}"

BLOCK = "aws_s3_bucket_public_access_block.audit"
OWNERSHIP = "aws_s3_bucket_ownership_controls.audit"
QUEUE = "aws_sqs_queue.payment"

ALL_BLOCKED = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}
OWNED = {"rule": [{"object_ownership": "BucketOwnerEnforced"}]}


def api(method: str, operation: dict[str, Any]) -> Plan:
    body = {
        "components": {"securitySchemes": {"sigv4": {"x-amazon-apigateway-authtype": "awsSigv4"}}},
        "paths": {"/{proxy+}": {method: operation}},
    }
    address = "aws_api_gateway_rest_api.orders"
    return plan_of(change(address, None, {"name": "orders-prod", "body": json.dumps(body)}))


def letting_in(
    principal: Any, condition: dict[str, Any] | None = None, *, of_role: bool = False
) -> Plan:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage"}
    policy = json.dumps(
        {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    )
    if of_role:
        return plan_of(change("aws_iam_role.deploy", None, {"assume_role_policy": policy}))
    return plan_of(change(QUEUE, None, {"policy": policy}))


def said_of(plan: Plan, deployment: Deployment = HERE) -> list[Said]:
    return complaints(plan, "no-public-access", deployment=deployment)


def found(plan: Plan, deployment: Deployment = HERE) -> list[Verdict]:
    return [each.verdict for each in findings(plan, rule="no-public-access", deployment=deployment)]


def test_a_method_that_takes_all_others_is_signed_too() -> None:
    catch_all = "x-amazon-apigateway-any-method"
    (finding,) = findings(api(catch_all, {}), rule="api-signed")
    assert "can be called by anybody" in finding.reason
    assert findings(api(catch_all, {"security": [{"sigv4": []}]}), rule="api-signed") == []
    assert findings(api("x-amazon-apigateway-policy", {}), rule="api-signed") == []


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:SourceArn": "arn:aws:*"}},
        {"ArnLike": {"aws:SourceArn": "arn:*:*:*:*:*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:eu-west-2:{OURS[:-1]}?:topic"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
        {"ArnLike": {"aws:SourceArn": [TOPIC, "arn:aws:*"]}},
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*"}},
        {"StringLike": {"aws:SourceAccount": "?*"}},
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
        {"Null": {"aws:SourceArn": "false"}},
        {"ArnLikeIfExists": {"aws:SourceArn": TOPIC}},
        {"ArnNotLike": {"aws:SourceArn": TOPIC}},
        {"ForAllValues:StringEquals": {"aws:SourceAccount": OURS}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_a_condition_that_narrows_nothing_lets_in_everybody(condition: dict[str, Any]) -> None:
    assert found(letting_in("*", condition)) == [Verdict.FAIL]
    assert found(letting_in({"Service": "sns.amazonaws.com"}, condition)) == [Verdict.FAIL]


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:SourceArn": f"arn:aws:logs:eu-west-2:{OURS}:log-group:*"}},
        {"ArnEquals": {"aws:SourceArn": TOPIC}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::audit-bucket-prod"}},
        {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:role/*"}},
        {"StringEquals": {"aws:SourceAccount": OURS}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
    ],
)
def test_a_condition_that_names_an_account_narrows(condition: dict[str, Any]) -> None:
    assert found(letting_in("*", condition)) == []
    assert found(letting_in({"Service": "sns.amazonaws.com"}, condition)) == []


@pytest.mark.parametrize(
    "subject",
    [
        *("repo:*", "repo:*/pipeline:*", "repo:shop/*:*", "repo:shop/pipe*", "*", "repo:shop/?*"),
        f"${{{GITHUB}:sub}}",
    ],
)
def test_a_subject_without_owner_and_name_is_everybody_s(subject: str) -> None:
    condition = {"StringLike": {f"{GITHUB}:sub": subject}}
    assert found(letting_in({"Federated": PROVIDER}, condition, of_role=True)) == [Verdict.FAIL]


def test_a_subject_counts_plainly_and_of_its_own_provider_only() -> None:
    subject = "repo:shop/pipeline:environment:prod"
    assert (
        found(letting_in({"Federated": PROVIDER}, {"StringEquals": {f"{GITHUB}:sub": subject}}))
        == []
    )
    for condition in (
        {"ForAllValues:StringEquals": {f"{GITHUB}:sub": subject}},
        {"StringEqualsIfExists": {f"{GITHUB}:sub": subject}},
        {"StringEquals": {"gitlab.com:sub": subject}},
    ):
        assert found(letting_in({"Federated": PROVIDER}, condition)) == [Verdict.FAIL]


@pytest.mark.parametrize(
    ("principal", "condition"),
    [
        ({"AWS": f"arn:aws:iam::{THEIRS}:root"}, None),
        ({"AWS": THEIRS}, None),
        ({"AWS": [f"arn:aws:iam::{OURS}:root", f"arn:aws:iam::{THEIRS}:role/admin"]}, None),
        ("*", {"StringEquals": {"aws:PrincipalAccount": THEIRS}}),
        (
            {"Service": "sns.amazonaws.com"},
            {"ArnEquals": {"aws:SourceArn": TOPIC.replace(OURS, THEIRS)}},
        ),
    ],
)
@pytest.mark.parametrize("of_role", [True, False])
def test_another_account_is_let_in_by_nothing(
    principal: Any, condition: dict[str, Any] | None, of_role: bool
) -> None:
    assert found(letting_in(principal, condition, of_role=of_role)) == [Verdict.FAIL]


def test_whose_account_it_is_cannot_be_judged_where_nothing_tells_the_deployment_s() -> None:
    plan = letting_in({"AWS": OURS})
    assert found(plan) == []
    assert found(plan, Deployment("prod", "prod")) == [Verdict.CANNOT_JUDGE]
    assert found(letting_in({"AWS": "AIDAEXAMPLE"})) == [Verdict.CANNOT_JUDGE]
    assert found(letting_in({"CanonicalUser": "79a59d"})) == [Verdict.CANNOT_JUDGE]


def test_the_account_is_the_one_that_the_provider_allows_or_that_is_there() -> None:
    topic = change("aws_sns_topic.events", {"arn": TOPIC}, {"arn": TOPIC})
    allowed = {"allowed_account_ids": {"constant_value": [THEIRS]}}
    provider = {"provider_config": {"aws": {"name": "aws", "expressions": allowed}}}
    assert plan_of(topic).account == OURS
    assert plan_of(topic, configuration=provider).account == THEIRS
    assert plan_of().account is None


def test_a_bucket_without_a_name_yet_is_guarded_by_what_refers_to_it() -> None:
    later: dict[str, Any] = {"after_unknown": {"bucket": True}}
    buckets = [
        change(f"aws_s3_bucket.{name}", None, {}, **later)
        for name in ("audit", "deliveries", "bare")
    ]
    guards = [
        change(address.replace("audit", name), None, values, **later)
        for name in ("audit", "deliveries")
        for address, values in ((BLOCK, ALL_BLOCKED), (OWNERSHIP, OWNED))
    ]
    configured = [
        {
            "address": each["address"],
            "expressions": {"bucket": {"references": [f"aws_s3_bucket.{each['name']}.id"]}},
        }
        for each in guards
    ]
    plan = plan_of(*buckets, *guards, configuration={"root_module": {"resources": configured}})
    assert complaints(plan, "buckets-private") == fails(
        "aws_s3_bucket.bare",
        "has no aws_s3_bucket_public_access_block",
        "has no aws_s3_bucket_ownership_controls",
    )


@pytest.mark.parametrize(
    ("key", "variable"),
    [
        ("aws:SourceAccount", "${aws:PrincipalAccount}"),
        ("aws:SourceArn", "arn:aws:sns:eu-west-2:${aws:PrincipalAccount}:events-topic-prod"),
        ("aws:SourceArn", "arn:aws:s3:::${aws:PrincipalTag/bucket}"),
        ("aws:PrincipalOrgID", "${aws:PrincipalOrgID}"),
    ],
)
def test_a_variable_that_a_request_fills_in_names_nobody(key: str, variable: str) -> None:
    plan = letting_in("*", {"StringEquals": {key: variable}})
    assert said_of(plan) == fails(QUEUE, "lets in everybody")


def test_only_what_allows_and_names_somebody_lets_in() -> None:
    harmless: list[dict[str, Any]] = [
        {"Effect": "Deny", "Principal": "*"},
        {"Effect": "Allow"},
        {"Effect": "Allow", "NotPrincipal": {"AWS": THEIRS}},
    ]
    statements = [each | {"Action": "sqs:SendMessage"} for each in harmless]
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}

    def plan(*more: dict[str, Any]) -> Plan:
        policy = json.dumps({"Statement": [*statements, *more]})
        return plan_of(change(QUEUE, None, {"policy": policy}))

    assert said_of(plan()) == []
    assert said_of(plan(everybody)) == fails(QUEUE, "lets in everybody")
