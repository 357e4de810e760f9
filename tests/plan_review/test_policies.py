"""A resource is named by something of its own, not by a pattern that every name matches."""

import json
from typing import Any

import pytest

from plan_review.findings import Finding
from tests.plan_review.plans import change, findings, plan_of

HERE = "eu-west-2:123456789012"


def found(action: str, resource: str, condition: dict[str, Any] | None = None) -> list[Finding]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    policy = {"Statement": [statement | ({"Condition": condition} if condition else {})]}
    values = {"name": "orders-policy-prod", "role": "new", "policy": json.dumps(policy)}
    return findings(plan_of(change("aws_iam_role_policy.new", None, values)), rule="policy-exact")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:Scan", f"arn:aws:dynamodb:{HERE}:{name}")
        for name in (
            *("*", "???*", "table*", "table/*", "table/?*", "table/*/*", "table/*/index/*"),
            *("table/*-*", "table/*/index/by-customer", "table/*_?", "t*"),
        )
    ]
    + [
        ("iam:PassRole", "arn:aws:iam::123456789012:role/?*"),
        ("iam:PassRole", "arn:aws:iam::12345678901?:role/orders"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:*:live"),
        ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/*:log-stream:*"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:*-??????"),
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:?*"),
        ("s3:GetObject", "arn:aws:s3:::?*/*"),
        ("s3:GetObject", "arn:aws:s3*"),
        ("iam:Pass?ole", "arn:aws:iam::123456789012:role/orders"),
    ],
)
def test_a_pattern_without_a_name_in_it_is_everything(action: str, resource: str) -> None:
    assert len(found(action, resource)) == 1


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/orders-table-prod/index/*"),
        ("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/*-table-prod"),
        ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/a:log-stream:*"),
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:*-queue-prod"),
        ("s3:PutObject", "arn:aws:s3:::audit-bucket-prod-123456789012/*"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/*-prod"),
    ],
)
def test_a_pattern_with_a_name_in_it_is_exact_enough(action: str, resource: str) -> None:
    assert found(action, resource) == []


def test_a_condition_stands_in_for_a_name_only_if_it_holds_for_every_request() -> None:
    keys = f"arn:aws:kms:{HERE}:key/*"
    tag = {"aws:ResourceTag/Application": "order-pipeline"}
    assert found("kms:Decrypt", keys, {"StringEquals": tag}) == []
    for operator in ("ForAllValues:StringEquals", "StringEqualsIfExists", "StringNotEquals"):
        assert found("kms:Decrypt", keys, {operator: tag})
    assert found("kms:Decrypt", keys, {"StringLike": {"aws:ResourceTag/Application": "*"}})
