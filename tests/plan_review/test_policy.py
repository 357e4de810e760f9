"""Policies are compared by what they allow."""

import json
from typing import Any

import pytest

from plan_review.policy import PolicyError, parse_policy, widenings
from tests.plan_review.plans import change, findings, plan_of

TABLE = "arn:aws:dynamodb:eu-west-2:000000000000:table/orders-table-dev"
QUEUE = "arn:aws:sqs:eu-west-2:000000000000:payment-queue-dev"
TOPIC = "arn:aws:sns:eu-west-2:000000000000:events-topic-dev"


def allow(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE} | parts


def without(statement: dict[str, Any], part: str) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != part}


def deny(**parts: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": QUEUE,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    } | parts


def if_from(*sources: str, operator: str = "ArnEquals") -> dict[str, Any]:
    return {"Condition": {operator: {"aws:SourceArn": list(sources)}}}


def compared(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    def parsed(statements: list[dict[str, Any]]) -> Any:
        return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}))

    return [each.what for each in widenings(parsed(before), parsed(after))]


NARROWER_OR_THE_SAME = {
    "the same": ([allow()], [allow()]),
    "written as a list": ([allow()], [allow(Action=["dynamodb:GetItem"], Resource=[TABLE])]),
    "in another case": ([allow()], [allow(Action="DynamoDB:getitem")]),
    "another name of the statement": ([allow(Sid="One")], [allow(Sid="Two")]),
    "split in two": (
        [allow(Action=["dynamodb:GetItem", "dynamodb:Query"])],
        [allow(), allow(Action="dynamodb:Query")],
    ),
    "put together": (
        [allow(), allow(Action="dynamodb:Query")],
        [allow(Action=["dynamodb:GetItem", "dynamodb:Query"])],
    ),
    "within a wildcard": ([allow(Action="dynamodb:Get*", Resource="*")], [allow()]),
    "within all but another": (
        [without(allow(NotAction="dynamodb:DeleteTable"), "Action")],
        [allow()],
    ),
    "more is left out": (
        [without(allow(NotResource=QUEUE), "Resource")],
        [without(allow(NotResource=[QUEUE, TOPIC]), "Resource")],
    ),
    "a condition more": ([allow()], [allow(**if_from(TOPIC))]),
    "fewer values in a condition": ([allow(**if_from(TOPIC, QUEUE))], [allow(**if_from(TOPIC))]),
    "a narrower pattern in a condition": (
        [allow(**if_from("arn:aws:sns:*", operator="ArnLike"))],
        [allow(**if_from(TOPIC, operator="ArnLike"))],
    ),
    "more values that must not be": (
        [allow(Condition={"StringNotEquals": {"aws:username": "a"}})],
        [allow(Condition={"StringNotEquals": {"aws:username": ["a", "b"]}})],
    ),
    "no longer if it exists": (
        [allow(**if_from(TOPIC, operator="ArnEqualsIfExists"))],
        [allow(**if_from(TOPIC))],
    ),
    "an account, by number and by ARN": (
        [allow(Principal={"AWS": "000000000000"})],
        [allow(Principal={"AWS": "arn:aws:iam::000000000000:root"})],
    ),
    "less": ([allow(), allow(Action="dynamodb:Query")], [allow()]),
    "a denial more": ([allow()], [allow(), deny()]),
    "a wider denial": ([deny()], [deny(Resource="*")]),
    "a denial without its condition": ([deny()], [without(deny(), "Condition")]),
}

WIDER = {
    "an action": ([allow()], [allow(Action=["dynamodb:GetItem", "dynamodb:PutItem"])], "action"),
    "a wildcard action": ([allow()], [allow(Action="dynamodb:*")], "action"),
    "a wildcard at the end": (
        [allow(Action="dynamodb:Get*")],
        [allow(Action="dynamodb:*")],
        "action",
    ),
    "another resource": ([allow()], [allow(Resource=QUEUE)], "resource"),
    "a wider resource": ([allow()], [allow(Resource=f"{TABLE}*")], "resource"),
    "everything": ([allow()], [allow(Resource="*")], "resource"),
    "all but some actions": (
        [allow()],
        [without(allow(NotAction="dynamodb:DeleteTable"), "Action")],
        "action",
    ),
    "all but some resources": (
        [allow()],
        [without(allow(NotResource=QUEUE), "Resource")],
        "resource",
    ),
    "less is left out": (
        [without(allow(NotResource=[QUEUE, TOPIC]), "Resource")],
        [without(allow(NotResource=QUEUE), "Resource")],
        "resource",
    ),
    "what was left out": (
        [without(allow(NotAction="dynamodb:Delete*"), "Action")],
        [allow(Action="dynamodb:DeleteItem")],
        "action",
    ),
    "what was left out, in part": (
        [without(allow(NotAction="dynamodb:*Item"), "Action")],
        [allow(Action="dynamodb:Delete*")],
        "action",
    ),
    "a principal": (
        [allow(Principal={"Service": "sns.amazonaws.com"})],
        [allow(Principal={"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]})],
        "principal",
    ),
    "everybody": (
        [allow(Principal={"AWS": "000000000000"})],
        [allow(Principal={"AWS": "*"})],
        "principal",
    ),
    "everybody but one": (
        [allow(Principal={"AWS": "000000000000"})],
        [allow(NotPrincipal={"AWS": "111111111111"})],
        "principal",
    ),
    "a condition gone": ([allow(**if_from(TOPIC))], [allow()], "condition"),
    "a value in a condition": (
        [allow(**if_from(TOPIC))],
        [allow(**if_from(TOPIC, QUEUE))],
        "condition",
    ),
    "a wider pattern in a condition": (
        [allow(**if_from(TOPIC, operator="ArnLike"))],
        [allow(**if_from("arn:aws:sns:*", operator="ArnLike"))],
        "condition",
    ),
    "only if it exists": (
        [allow(**if_from(TOPIC))],
        [allow(**if_from(TOPIC, operator="ArnEqualsIfExists"))],
        "condition",
    ),
    "fewer values that must not be": (
        [allow(Condition={"StringNotEquals": {"aws:username": ["a", "b"]}})],
        [allow(Condition={"StringNotEquals": {"aws:username": "a"}})],
        "condition",
    ),
    "another limit": (
        [allow(Condition={"NumericLessThan": {"s3:max-keys": "10"}})],
        [allow(Condition={"NumericLessThan": {"s3:max-keys": "1000"}})],
        "condition",
    ),
    "anything, where nothing was": ([], [allow()], "action"),
    "a denial gone": ([allow(), deny()], [allow()], "denied"),
    "a denial for less": ([deny()], [deny(Action="sqs:SendMessage")], "denied"),
    "a denial of some": ([deny()], [deny(Principal={"AWS": "000000000000"})], "denied"),
    "a denial on a further condition": (
        [deny()],
        [deny(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}})],
        "denied",
    ),
}


@pytest.mark.parametrize("case", NARROWER_OR_THE_SAME)
def test_a_policy_that_allows_no_more_is_not_wider(case: str) -> None:
    before, after = NARROWER_OR_THE_SAME[case]
    assert compared(before, after) == []


@pytest.mark.parametrize("case", WIDER)
def test_a_policy_that_allows_more_is_wider(case: str) -> None:
    before, after, respect = WIDER[case]
    found = compared(before, after)
    assert found
    assert all(respect in each for each in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "it has no Statement"),
        ("{}", "it has no Statement"),
        ('{"Statement": ["Allow"]}', "not an object"),
        (json.dumps({"Statement": allow(Effect="Maybe")}), "the effect 'Maybe'"),
        (json.dumps({"Statement": allow(Effect=["Allow"])}), r"the effect \['Allow'\]"),
        (json.dumps({"Statement": without(allow(), "Action")}), "names no action"),
        (json.dumps({"Statement": allow(Action=[])}), r"Action is \[\]"),
        (json.dumps({"Statement": allow(Principal="me")}), "Principal is 'me'"),
        (json.dumps({"Statement": allow(Condition="x")}), "a condition is not an object"),
        (json.dumps({"Statement": allow(Condition={"Bool": "x"})}), "Bool names no keys"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        parse_policy(text)


def test_an_empty_policy_allows_nothing() -> None:
    assert parse_policy("") == ()


@pytest.mark.parametrize(
    ("resource", "is_exact"),
    [
        (TABLE, True),
        (f"{TABLE}/index/*", True),
        ("arn:aws:s3:::audit-bucket/*", True),
        ("arn:aws:logs:eu-west-2:000000000000:log-group:/aws/lambda/a:log-stream:*", True),
        ("arn:aws:execute-api:eu-west-2:000000000000:api/dev/GET/orders/*", True),
        ("*", False),
        ("arn:aws:s3:::*", False),
        ("arn:aws:sqs:eu-west-2:000000000000:*", False),
        ("arn:aws:dynamodb:eu-west-2:000000000000:table/*", False),
        ("arn:aws:lambda:eu-west-2:000000000000:function:*", False),
        ("arn:aws:sqs:eu-west-2:*:payment-queue-dev", False),
    ],
)
def test_a_resource_that_stands_for_a_whole_kind_is_not_exact(
    resource: str, is_exact: bool
) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": resource}]}
    new = change("aws_iam_role_policy.new", None, {"policy": json.dumps(policy)})
    assert bool(findings(plan_of(new), rule="policy-exact")) != is_exact


def test_the_resources_of_a_sensitive_policy_are_not_shown() -> None:
    def policy(action: str) -> dict[str, Any]:
        statement = allow(Action=action, Resource="arn:aws:kms:eu-west-2:000000000000:key/hidden")
        return {"policy": json.dumps({"Statement": [statement]})}

    wider = change(
        "aws_iam_role_policy.old",
        policy("kms:Decrypt"),
        policy("kms:Encrypt"),
        before_sensitive={"policy": True},
        after_sensitive={"policy": True},
    )
    (finding,) = findings(plan_of(wider), rule="policy-not-widened")
    assert "kms:Encrypt on (sensitive)" in finding.reason
