"""What a policy allows is named by something of its own, and is no more than before."""

import json
from typing import Any

import pytest

from plan_review.findings import Finding
from plan_review.plan import Plan
from tests.plan_review.complaints import Said, complaints, fails
from tests.plan_review.plans import change, findings, plan_of

HERE = "eu-west-2:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/orders-table-prod"
EVERY_KEY = f"arn:aws:kms:{HERE}:key/*"
EVERY_MAPPING = f"arn:aws:lambda:{HERE}:event-source-mapping:*"
MANAGED_RULES = "arn:aws:wafv2:eu-west-2:*:regional/managedruleset/*/*"
BY_FUNCTION = {"StringEquals": {"lambda:FunctionArn": f"arn:aws:lambda:{HERE}:function:payment"}}
BY_TAG = {"StringEquals": {"aws:ResourceTag/Application": "order-pipeline"}}

ROLE = "aws_iam_role.payment"
ROLE_POLICY = "aws_iam_role_policy.payment"
ATTACHMENT = "aws_iam_role_policy_attachment.payment"
QUEUE = "aws_sqs_queue.payment"
BUCKET = "aws_s3_bucket.audit"
BUCKET_POLICY = "aws_s3_bucket_policy.audit"


def allow(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE} | parts


def all_but(element: str, *names: str, **parts: Any) -> dict[str, Any]:
    """Return a statement with, say, NotAction in place of Action."""
    kept = {key: value for key, value in allow(**parts).items() if key != element}
    return kept | {f"Not{element}": list(names)}


def deny(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"} | parts


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def of_role(*statements: dict[str, Any], **more: Any) -> Plan:
    """Return a plan that gives a role these permissions."""
    values = {"name": "orders-policy-prod", "role": "new", "policy": policy(*statements)}
    return plan_of(change(ROLE_POLICY, None, values, **more))


def of_queue(*statements: dict[str, Any]) -> Plan:
    return plan_of(change(QUEUE, None, {"policy": policy(*statements)}))


def attaching(arn: str | None, **more: Any) -> Plan:
    return plan_of(change(ATTACHMENT, None, {"role": "new", "policy_arn": arn}, **more))


def exact(plan: Plan) -> list[Said]:
    return complaints(plan, "policy-exact")


def widened(*changes: dict[str, Any], **more: Any) -> list[Said]:
    return complaints(plan_of(*changes, **more), "policy-not-widened")


def rewritten(
    address: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the change of a policy, which is the role's where it is not the resource's own."""
    states = [{"role": "new", "policy": policy(*statements)} for statements in (before, after)]
    return change(address, states[0], states[1])


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


def test_what_is_sensitive_is_not_shown_whatever_is_said_about_it() -> None:
    hidden: dict[str, Any] = {
        "before_sensitive": {"policy": True},
        "after_sensitive": {"policy": True},
    }
    key = f"arn:aws:kms:{HERE}:key/hidden"
    was, is_now = (policy(allow(Resource=each)) for each in (TABLE, key))
    wider = change(ROLE_POLICY, {"policy": was}, {"policy": is_now}, **hidden)
    said = "a wider or another resource: allows dynamodb:GetItem on (sensitive)"
    assert widened(wider) == fails(ROLE_POLICY, said)
    pattern = of_role(allow(Resource=EVERY_KEY), **hidden)
    assert exact(pattern) == fails(ROLE_POLICY, "allows dynamodb:GetItem on (sensitive)")
    everything = of_role(allow(Resource="*"), **hidden)
    assert exact(everything) == fails(ROLE_POLICY, "allows dynamodb:GetItem on *")
    others = of_role(all_but("Resource", key), **hidden)
    said = "allows dynamodb:GetItem on (sensitive) (NotResource)"
    assert exact(others) == fails(ROLE_POLICY, said)


def test_a_policy_of_aws_s_is_attached_for_the_logs_of_api_gateway_only() -> None:
    of_aws = "arn:aws:iam::aws:policy/"
    logs = f"{of_aws}service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert exact(attaching(logs)) == []
    administrator = f"{of_aws}AdministratorAccess"
    said = f"attaches a policy of AWS's: {administrator}"
    assert exact(attaching(administrator)) == fails(ATTACHMENT, said)


def test_a_policy_of_aws_s_is_told_though_one_of_ours_could_be_attached_in_its_place() -> None:
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    expression = {"policy_arn": {"references": ["var.is_open", "aws_iam_policy.payment.arn"]}}
    configured = [{"address": ATTACHMENT, "expressions": expression}]
    values = {"role": "new", "policy_arn": administrator}
    plan = plan_of(
        change(ATTACHMENT, None, values),
        configuration={"root_module": {"resources": configured}},
    )
    said = f"attaches a policy of AWS's: {administrator}"
    assert exact(plan) == fails(ATTACHMENT, said)


def test_a_policy_of_this_account_is_looked_at_where_it_is() -> None:
    assert exact(attaching("arn:aws:iam::123456789012:policy/payment-prod")) == []
    assert exact(attaching(None, after_unknown={"policy_arn": True})) == []


def test_all_but_some_are_told_as_what_they_are() -> None:
    actions = all_but("Action", "dynamodb:Delete*", "dynamodb:PutItem", Resource="*")
    assert exact(of_role(actions)) == fails(
        ROLE_POLICY, "allows all but dynamodb:Delete*, dynamodb:PutItem (NotAction)"
    )
    principals = all_but("Principal", Sid="Others")
    principals["NotPrincipal"] = {"AWS": "arn:aws:iam::123456789012:root"}
    assert exact(of_queue(principals)) == fails(
        QUEUE, "Others: lets in all but AWS:arn:aws:iam::123456789012:root (NotPrincipal)"
    )


def test_all_but_some_resources_are_everything_for_each_action() -> None:
    resources = all_but("Resource", TABLE, Action=["dynamodb:Query", "dynamodb:GetItem"])
    assert exact(of_role(resources)) == fails(
        ROLE_POLICY,
        f"allows dynamodb:GetItem on all but {TABLE} (NotResource)",
        f"allows dynamodb:Query on all but {TABLE} (NotResource)",
    )


def test_only_phones_may_be_told_from_all_but_topics_and_endpoints() -> None:
    phones = "arn:aws:sns:*:*:*"
    assert exact(of_role(all_but("Resource", phones, Action="sns:Publish"))) == []
    for action, names in (
        ("sns:Publish", ["arn:aws:sns:eu-west-2:*:*"]),
        ("sns:Subscribe", [phones]),
        ("sns:Publish", [TABLE, phones]),
    ):
        said = f"allows {action} on all but {', '.join(names)} (NotResource)"
        plan = of_role(all_but("Resource", *names, Action=action))
        assert exact(plan) == fails(ROLE_POLICY, said)


def test_a_role_s_own_list_of_policies_has_none_of_aws_s_either() -> None:
    ours = "arn:aws:iam::123456789012:policy/payment-prod"
    of_aws = [f"arn:aws:iam::aws:policy/{name}" for name in ("IAMFullAccess", "ReadOnlyAccess")]
    plan = plan_of(change(ROLE, None, {"managed_policy_arns": [ours, *of_aws]}))
    said = [f"attaches a policy of AWS's: {arn}" for arn in of_aws]
    assert exact(plan) == fails(ROLE, *said)
