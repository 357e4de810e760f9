"""What a policy allows is named by something of its own, and is no more than before."""

import json
from typing import Any

import pytest

from plan_review.findings import Finding
from plan_review.plan import Plan
from tests.plan_review.complaints import Said, cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, findings, plan_of

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
        ("apigateway:GET", "arn:aws:apigateway:eu-west-2::/*"),
        ("apigateway:GET", "arn:aws:apigateway:eu-west-2::/restapis/*/stages/*"),
        ("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:*/*"),
        *(
            ("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:*/*/{method}/*")
            for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        ),
        ("lambda:GetLayerVersion", f"arn:aws:lambda:{HERE}:layer:*:1"),
        ("wafv2:GetWebACL", f"arn:aws:wafv2:{HERE}:regional/webacl/*/*"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:*:live"),
        ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/*:log-stream:*"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:*-??????"),
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:?*"),
        ("s3:GetObject", "arn:aws:s3:::?*/*"),
        ("s3:GetObject", "arn:aws:s3*"),
        ("s3:GetObject", "arn:aws:s3:::?*/orders/*"),
        ("s3:GetObject", "arn:aws:s3:::*"),
        ("s3:GetObject", "*"),
        ("dynamodb:Scan", f"arn:aws:*:{HERE}:table/orders-table-prod"),
        ("dynamodb:Scan", "arn:aws:dynamodb:*:123456789012:table/orders-table-prod"),
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
        ("apigateway:GET", "arn:aws:apigateway:eu-west-2::/restapis/*/stages/prod"),
        ("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:0e5b3c7e/*/POST/*"),
        ("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:*/prod/POST/*"),
        ("execute-api:Invoke", f"arn:aws:execute-api:{HERE}:*/GET/orders"),
        ("lambda:GetLayerVersion", f"arn:aws:lambda:{HERE}:layer:orders:*"),
        ("wafv2:GetWebACL", f"arn:aws:wafv2:{HERE}:regional/webacl/*-prod/*"),
        ("wafv2:GetWebACL", f"arn:aws:wafv2:{HERE}:regional/webacl/*/0e5b3c7e"),
        ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/a:log-stream:*"),
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:*-queue-prod"),
        ("sns:Publish", f"arn:aws:sns:{HERE}:*-topic-prod"),
        ("sns:Publish", "known after apply"),
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


def test_a_pattern_is_told_with_its_action_and_the_name_of_its_statement() -> None:
    tables = f"arn:aws:dynamodb:{HERE}:table/*"
    assert exact(of_role(allow(Resource=[TABLE, tables]))) == fails(
        ROLE_POLICY, f"allows dynamodb:GetItem on {tables}"
    )
    named = allow(Sid="Read", Action=["dynamodb:Query", "dynamodb:GetItem"], Resource="*")
    assert exact(of_role(named)) == fails(
        ROLE_POLICY, "Read: allows dynamodb:GetItem on *", "Read: allows dynamodb:Query on *"
    )


def test_each_action_is_named() -> None:
    said = fails(ROLE_POLICY, "Read: allows the actions dynamodb:*")
    assert exact(of_role(allow(Sid="Read", Action="dynamodb:*"))) == said
    said = fails(ROLE_POLICY, "allows the actions dynamodb:Get?tem")
    assert exact(of_role(allow(Action=["dynamodb:Query", "dynamodb:Get?tem"]))) == said


def test_a_denial_may_be_about_everything() -> None:
    assert exact(of_role(allow(), allow(Effect="Deny", Action="*", Resource="*"))) == []


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


def test_a_policy_at_a_resource_is_about_that_resource() -> None:
    somebody = {"AWS": "arn:aws:iam::123456789012:root"}
    both = allow(Action=["sqs:ReceiveMessage", "sqs:Send*"], Resource="*", Principal=somebody)
    assert exact(of_queue(both)) == fails(QUEUE, "allows the actions sqs:Send*")
    others = all_but("Resource", TABLE, Action="sqs:SendMessage", Principal=somebody)
    assert exact(of_queue(others)) == []


@pytest.mark.parametrize(
    "action",
    [
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutCompositeAlarm",
        "kms:ListAliases",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DeleteQueryDefinition",
        "logs:DeleteResourcePolicy",
        "logs:DescribeLogGroups",
        "logs:DescribeQueryDefinitions",
        "logs:DescribeResourcePolicies",
        "logs:PutQueryDefinition",
        "logs:PutResourcePolicy",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
        "ssm:DescribeParameters",
        "xray:DeleteResourcePolicy",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:ListResourcePolicies",
        "xray:PutResourcePolicy",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ],
)
def test_what_aws_offers_for_everything_only_is_allowed_on_everything(action: str) -> None:
    assert exact(of_role(allow(Action=action, Resource="*"))) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sns:Publish", f"arn:aws:sns:{HERE}:endpoint/*"),
        ("lambda:GetEventSourceMapping", EVERY_MAPPING),
        ("lambda:ListTags", EVERY_MAPPING),
        ("lambda:TagResource", EVERY_MAPPING),
        ("lambda:UntagResource", EVERY_MAPPING),
        ("lambda:UpdateEventSourceMapping", EVERY_MAPPING),
        *(
            (f"apigateway:{action}", f"arn:aws:apigateway:eu-west-2::/{kind}/*")
            for action in ("DELETE", "GET", "PATCH", "POST", "PUT", "SetWebACL")
            for kind in ("restapis", "tags")
        ),
        ("wafv2:CreateWebACL", MANAGED_RULES),
        ("wafv2:UpdateWebACL", MANAGED_RULES),
    ],
)
def test_what_nobody_can_name_is_allowed_for_its_kind_and_these_actions(
    action: str, resource: str
) -> None:
    def said(action: str, resource: str) -> list[Said]:
        return exact(of_role(allow(Action=action, Resource=resource)))

    assert said(action, resource) == []
    assert said(action, "*") == fails(ROLE_POLICY, f"allows {action} on *")
    other = f"{action.partition(':')[0]}:DeleteAll"
    assert said(other, resource) == fails(ROLE_POLICY, f"allows {other} on {resource}")


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("kms:Decrypt", EVERY_KEY, BY_TAG),
        ("lambda:DeleteEventSourceMapping", EVERY_MAPPING, BY_FUNCTION),
        ("lambda:CreateEventSourceMapping", EVERY_MAPPING, BY_FUNCTION),
        ("lambda:CreateEventSourceMapping", "*", BY_FUNCTION),
        (
            "lambda:CreateEventSourceMapping",
            "*",
            {"ArnLike": {"lambda:FunctionArn": f"arn:aws:lambda:{HERE}:function:*-prod"}},
        ),
        (
            "lambda:CreateEventSourceMapping",
            "*",
            {"ArnLike": {"lambda:FunctionArn": "known after apply"}},
        ),
        ("kms:Decrypt", EVERY_KEY, {"StringLike": {"aws:ResourceTag/Application": "order-*"}}),
    ],
)
def test_what_aws_has_given_an_id_is_named_by_a_condition(
    action: str, resource: str, condition: dict[str, Any]
) -> None:
    plan = of_role(allow(Action=action, Resource=resource, Condition=condition))
    assert exact(plan) == []
    said = fails(ROLE_POLICY, f"allows {action} on {resource}")
    assert exact(of_role(allow(Action=action, Resource=resource))) == said


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("kms:Decrypt", EVERY_KEY, BY_FUNCTION),
        ("kms:Decrypt", "*", BY_TAG),
        ("dynamodb:GetItem", EVERY_KEY, BY_TAG),
        ("lambda:DeleteEventSourceMapping", EVERY_MAPPING, BY_TAG),
        ("lambda:DeleteEventSourceMapping", "*", BY_FUNCTION),
        ("lambda:CreateEventSourceMapping", "*", BY_TAG),
        ("sqs:SendMessage", EVERY_MAPPING, BY_FUNCTION),
        ("kms:Decrypt", EVERY_KEY, {"StringLike": {"aws:ResourceTag/Application": ["a", "?*"]}}),
        *(
            (
                "lambda:DeleteEventSourceMapping",
                EVERY_MAPPING,
                {"ArnLike": {"lambda:FunctionArn": of_all}},
            )
            for of_all in (f"arn:aws:lambda:{HERE}:function:*", "*:function:*", "")
        ),
    ],
)
def test_a_condition_names_what_it_is_about_and_nothing_else(
    action: str, resource: str, condition: dict[str, Any]
) -> None:
    plan = of_role(allow(Action=action, Resource=resource, Condition=condition))
    assert exact(plan) == fails(ROLE_POLICY, f"allows {action} on {resource}")


def test_only_for_the_logs_of_api_gateway_a_policy_by_aws_is_attached() -> None:
    of_aws = "arn:aws:iam::aws:policy/"
    logs = f"{of_aws}service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    assert exact(attaching(logs)) == []
    administrator = f"{of_aws}AdministratorAccess"
    said = f"attaches a policy of AWS's: {administrator}"
    assert exact(attaching(administrator)) == fails(ATTACHMENT, said)


def test_a_role_has_no_policy_by_aws_in_its_own_list_either() -> None:
    ours = "arn:aws:iam::123456789012:policy/payment-prod"
    of_aws = [f"arn:aws:iam::aws:policy/{name}" for name in ("IAMFullAccess", "ReadOnlyAccess")]
    plan = plan_of(change(ROLE, None, {"managed_policy_arns": [ours, *of_aws]}))
    said = [f"attaches a policy of AWS's: {arn}" for arn in of_aws]
    assert exact(plan) == fails(ROLE, *said)


def test_what_a_role_shows_of_attachments_beside_it_is_theirs() -> None:
    arns = [f"arn:aws:iam::aws:policy/{name}" for name in ("IAMFullAccess", "ReadOnlyAccess")]
    values = {"name": "new", "managed_policy_arns": arns}
    role = change(ROLE, values, values)
    beside = {"role": "new", "policy_arn": arns[0]}
    detached = change(ATTACHMENT, beside, None)
    attached = change(ATTACHMENT, None, beside)
    elsewhere = change("aws_iam_role.other", None, {"policy_arn": arns[1]})
    left = configured({ROLE: {"name": ["var.name"]}, ATTACHMENT: {"policy_arn": ["var.arn"]}})
    told = [fails(ROLE, f"attaches a policy of AWS's: {arn}")[0] for arn in arns]
    assert exact(plan_of(role, detached, configuration=left)) == told[1:]
    assert exact(plan_of(role, attached, configuration=left)) == [
        told[1],
        *fails(ATTACHMENT, f"attaches a policy of AWS's: {arns[0]}"),
    ]
    assert exact(plan_of(role, elsewhere, configuration=left))[:2] == told
    own = configured({ROLE: {"managed_policy_arns": ["var.arns"]}})
    assert exact(plan_of(role, detached, configuration=own)) == told


def test_a_policy_by_aws_is_told_though_one_of_ours_could_be_attached_in_its_place() -> None:
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    refers = configured({ATTACHMENT: {"policy_arn": ["var.is_open", "aws_iam_policy.payment.arn"]}})
    values = {"role": "new", "policy_arn": administrator}
    plan = plan_of(change(ATTACHMENT, None, values), configuration=refers)
    said = f"attaches a policy of AWS's: {administrator}"
    assert exact(plan) == fails(ATTACHMENT, said)


def test_a_policy_of_this_account_is_looked_at_where_it_is() -> None:
    assert exact(attaching("arn:aws:iam::123456789012:policy/payment-prod")) == []
    assert exact(attaching(None, after_unknown={"policy_arn": True})) == []


def test_a_policy_that_is_not_known_yet_is_not_guessed_at() -> None:
    refers = configured({ROLE_POLICY: {"policy": ["aws_kms_key.pipeline.arn"]}})
    later = change(ROLE_POLICY, None, {"role": "new"}, after_unknown={"policy": True})
    assert exact(plan_of(later, configuration=refers)) == []
    said = "policy is known after the apply only"
    assert widened(later, configuration=refers) == cannot_be_judged(ROLE_POLICY, said)


def test_what_is_wider_is_told_with_all_that_it_allows() -> None:
    more = allow(Action=["dynamodb:GetItem", "dynamodb:PutItem"])
    assert widened(rewritten(ROLE_POLICY, [allow()], [more])) == fails(
        ROLE_POLICY, f"a new action: allows dynamodb:PutItem on {TABLE}"
    )


def test_what_is_wider_is_told_with_whom_it_lets_in_and_when() -> None:
    topic = allow(
        Action="sqs:SendMessage",
        Resource="*",
        Principal={"Service": "sns.amazonaws.com"},
        Condition={
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{HERE}:events-topic-prod"},
        },
    )
    assert widened(rewritten(QUEUE, [], [topic])) == fails(
        QUEUE,
        "a new action: allows sqs:SendMessage on * for Service:sns.amazonaws.com"
        " under arnequals aws:sourcearn, stringequals aws:sourceaccount",
    )


def test_a_denial_that_is_gone_is_told_where_it_was() -> None:
    insecure = deny(Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert widened(rewritten(QUEUE, [insecure], [])) == fails(
        QUEUE, "no longer denied: s3:* on * for * under bool aws:securetransport"
    )


def test_what_moves_to_another_policy_of_the_same_role_is_no_wider() -> None:
    other = "aws_iam_role_policy.other"
    never = allow(Effect="Deny", Action="dynamodb:DeleteTable")
    for moved in (allow(Action="dynamodb:PutItem"), never):
        lost = rewritten(ROLE_POLICY, [allow(), moved], [allow()])
        assert widened(lost, rewritten(other, [allow()], [allow(), moved])) == []
    assert widened(lost, rewritten(other, [allow()], [allow()])) == fails(
        ROLE_POLICY, f"no longer denied: dynamodb:DeleteTable on {TABLE}"
    )


def test_a_denial_that_is_gone_is_told_though_the_role_still_shows_it() -> None:
    never = allow(Effect="Deny", Action="dynamodb:DeleteTable")
    states = [{"role": "new", "policy": policy(*each)} for each in ([allow(), never], [allow()])]
    shown = {"name": "new", "inline_policy": [{"name": "a", "policy": states[0]["policy"]}]}
    left = configured({ROLE: {"name": ["var.name"]}, ROLE_POLICY: {"policy": ["var.policy"]}})
    lost = change(ROLE_POLICY, states[0], states[1])
    assert widened(lost, change(ROLE, shown, shown), configuration=left) == fails(
        ROLE_POLICY, f"no longer denied: dynamodb:DeleteTable on {TABLE}"
    )


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


def test_what_is_new_or_gone_or_left_alone_is_not_compared() -> None:
    everybody = allow(Resource="*", Principal="*")
    wider = rewritten("aws_sqs_queue.wider", [], [everybody])
    said = fails("aws_sqs_queue.wider", "a new action: allows dynamodb:GetItem on * for *")
    created = [change(QUEUE, None, {"policy": policy(everybody)})]
    bucket = {"bucket": "orders-audit-prod"}
    denied = change(BUCKET_POLICY, bucket | {"policy": policy(deny())}, None)
    destroyed = [denied, change(BUCKET, bucket, None)]
    forgotten = [denied, change(BUCKET, bucket, None, actions=["forget"])]
    unread = [change(QUEUE, {"policy": "{"}, {"policy": "{"})]
    for others in (created, destroyed, forgotten, unread):
        assert widened(*others, wider) == said


def test_a_bucket_that_stays_without_its_policy_has_lost_its_denials() -> None:
    bucket = {"bucket": "orders-audit-prod"}
    gone = change(BUCKET_POLICY, bucket | {"policy": policy(deny())}, None)
    said = "no longer denied: s3:* on * for *"
    assert widened(gone, change(BUCKET, bucket, bucket)) == fails(BUCKET_POLICY, said)


def test_a_policy_that_cannot_be_read_cannot_be_compared() -> None:
    said = "policy cannot be read: no policy document: it has no Statement"
    before = change(QUEUE, {"policy": "[]"}, {"policy": policy()})
    assert widened(before) == cannot_be_judged(QUEUE, said)
    after = change(QUEUE, {"policy": policy(deny())}, {"policy": "[]"})
    other = rewritten("aws_sqs_queue.refunds", [deny()], [])
    assert widened(after, other) == [
        *cannot_be_judged(QUEUE, said),
        *fails("aws_sqs_queue.refunds", "no longer denied: s3:* on * for *"),
    ]


def test_a_new_policy_that_is_not_known_yet_is_told() -> None:
    new = change(QUEUE, None, {"policy": "[]"})
    said = "policy cannot be read: no policy document: it has no Statement"
    assert widened(new) == cannot_be_judged(QUEUE, said)


def test_a_boundary_stays_as_it_is() -> None:
    ours, other = (f"arn:aws:iam::123456789012:policy/{name}" for name in ("ours", "other"))

    def role(was: str | None, is_now: str | None, **more: Any) -> dict[str, Any]:
        states = [{"permissions_boundary": each} for each in (was, is_now)]
        return change(ROLE, states[0], states[1], **more)

    said = fails(ROLE, "its permissions boundary is gone or another one")
    assert widened(role(ours, other)) == said
    assert widened(role(ours, None)) == said
    assert widened(role(ours, other, actions=["delete", "create"])) == said
    assert widened(role(None, ours)) == []
    assert widened(role(ours, ours)) == []


def test_a_role_comes_and_goes_with_its_boundary() -> None:
    bounded = {"permissions_boundary": "arn:aws:iam::123456789012:policy/ours"}
    assert widened(change(ROLE, None, bounded)) == []
    assert widened(change(ROLE, bounded, None)) == []


@pytest.mark.parametrize(
    "kind",
    [
        "aws_iam_group_policies_exclusive",
        "aws_iam_group_policy_attachments_exclusive",
        "aws_iam_policy_attachment",
        "aws_iam_role_policies_exclusive",
        "aws_iam_role_policy_attachments_exclusive",
        "aws_iam_user_policies_exclusive",
        "aws_iam_user_policy_attachments_exclusive",
    ],
)
def test_what_takes_policies_away_that_no_plan_tells_of_cannot_be_judged(kind: str) -> None:
    address, some, more = f"{kind}.all", {"roles": ["new"]}, {"roles": ["new", "other"]}
    said = cannot_be_judged(address, "takes away all policies that it does not name")
    assert widened(change(address, None, some)) == said
    assert widened(change(address, some, more)) == said
    assert widened(change(address, some, some)) == []
    assert widened(change(address, some, None)) == []
