"""Nobody gets in by a catch-all method, a condition that narrows nothing, or another account."""

import json
from typing import Any

import pytest

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.complaints import Said, cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, findings, plan_of

OURS, THEIRS = "123456789012", "999999999999"
HERE = Deployment("prod", "prod", OURS)
TOPIC = f"arn:aws:sns:eu-west-2:{OURS}:events-topic-prod"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{OURS}:oidc-provider/{GITHUB}"

API = "aws_api_gateway_rest_api.orders"
BUCKET = "aws_s3_bucket.audit"
BLOCK = "aws_s3_bucket_public_access_block.audit"
OWNERSHIP = "aws_s3_bucket_ownership_controls.audit"
FUNCTION = "aws_lambda_function.payment"
QUEUE = "aws_sqs_queue.payment"

ALL_BLOCKED = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}
OWNED = {"rule": [{"object_ownership": "BucketOwnerEnforced"}]}

SIGNED = {"securitySchemes": {"sigv4": {"x-amazon-apigateway-authtype": "awsSigv4"}}}
BY_SIGNATURE: list[dict[str, list[str]]] = [{"sigv4": []}]


def api(method: str, operation: dict[str, Any]) -> Plan:
    return described({"components": SIGNED, "paths": {"/{proxy+}": {method: operation}}})


def described(body: Any) -> Plan:
    return plan_of(change(API, None, {"name": "orders-prod", "body": json.dumps(body)}))


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
def test_a_subject_without_owner_and_name_may_be_of_everybody(subject: str) -> None:
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


def test_an_account_cannot_be_judged_where_nothing_tells_which_one_is_deployed_to() -> None:
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


def bucket(
    *,
    block: dict[str, Any] | None = ALL_BLOCKED,
    ownership: dict[str, Any] | None = OWNED,
    name: str = "audit",
) -> list[dict[str, Any]]:
    """Return a bucket with what guards it, which knows it by its name."""
    of_bucket = {"bucket": f"{name}-prod-{OURS}"}
    return [
        change(address.replace("audit", name), None, of_bucket | values)
        for address, values in ((BUCKET, {}), (BLOCK, block), (OWNERSHIP, ownership))
        if values is not None
    ]


def test_a_bucket_with_all_its_guards_is_private() -> None:
    plan = plan_of(*bucket(), *bucket(name="deliveries"))
    assert complaints(plan, "buckets-private") == []


@pytest.mark.parametrize("block", ALL_BLOCKED)
@pytest.mark.parametrize("value", [False, None])
def test_each_public_access_of_a_bucket_is_blocked(block: str, value: bool | None) -> None:
    plan = plan_of(*bucket(block=ALL_BLOCKED | {block: value}))
    assert complaints(plan, "buckets-private") == fails(BLOCK, f"{block} is off")


@pytest.mark.parametrize("ownership", ["ObjectWriter", "BucketOwnerPreferred"])
def test_no_acl_decides_who_gets_into_a_bucket(ownership: str) -> None:
    plan = plan_of(*bucket(ownership={"rule": [{"object_ownership": ownership}]}))
    assert complaints(plan, "buckets-private") == fails(OWNERSHIP, "ACLs decide who gets in")


def test_each_bucket_has_a_block_and_an_owner_of_its_own() -> None:
    bare = plan_of(*bucket(name="deliveries"), *bucket(block=None, ownership=None))
    assert complaints(bare, "buckets-private") == fails(
        BUCKET,
        "has no aws_s3_bucket_public_access_block",
        "has no aws_s3_bucket_ownership_controls",
    )


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
    refer = {each["address"]: {"bucket": [f"aws_s3_bucket.{each['name']}.id"]} for each in guards}
    plan = plan_of(*buckets, *guards, configuration=configured(refer))
    assert complaints(plan, "buckets-private") == fails(
        "aws_s3_bucket.bare",
        "has no aws_s3_bucket_public_access_block",
        "has no aws_s3_bucket_ownership_controls",
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("aws_s3_bucket_acl", "gives access by ACL"),
        ("aws_s3_bucket_website_configuration", "makes a website of a bucket"),
    ],
)
def test_no_bucket_has_what_opens_it(kind: str, said: str) -> None:
    plan = plan_of(*bucket(), change(f"{kind}.audit", None, {}))
    assert complaints(plan, "buckets-private") == fails(f"{kind}.audit", said)


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", "everybody"),
        ({"AWS": "*"}, "everybody"),
        ({"Service": "sns.amazonaws.com"}, "sns.amazonaws.com on behalf of anybody"),
        ({"Federated": PROVIDER}, f"every identity of {PROVIDER}"),
    ],
)
def test_who_is_let_in_is_told(principal: Any, who: str) -> None:
    assert said_of(letting_in(principal)) == fails(QUEUE, f"lets in {who}")


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


def test_a_service_may_assume_a_role_for_whoever_may_pass_it_the_role() -> None:
    service = {"Service": "lambda.amazonaws.com"}
    assert said_of(letting_in(service, of_role=True)) == []
    assert said_of(letting_in("*", of_role=True)) == fails(
        "aws_iam_role.deploy", "lets in everybody"
    )


def test_a_principal_of_this_account_is_somebody() -> None:
    assert said_of(letting_in({"AWS": f"arn:aws:iam::{OURS}:role/payment"})) == []


@pytest.mark.parametrize(
    ("key", "named", "anybody"),
    [
        ("aws:PrincipalAccount", OURS, "1234567890*"),
        ("aws:PrincipalArn", f"arn:aws:iam::{OURS}:role/*", "arn:aws:iam::*:role/payment"),
        ("aws:PrincipalOrgID", "o-abcdefghij", "o-*"),
        ("aws:SourceAccount", OURS, "*"),
        ("aws:SourceArn", TOPIC, "arn:aws:sns:eu-west-2:*"),
        ("aws:SourceOrgID", "o-abcdefghij", "o-?bcdefghij"),
        ("aws:SourceVpc", "vpc-0e5b3c7e", "vpc-*"),
        ("aws:SourceVpce", "vpce-0e5b3c7e", "vpce-*"),
        ("kms:CallerAccount", OURS, "????????????"),
        (
            "kms:EncryptionContext:aws:logs:arn",
            f"arn:aws:logs:eu-west-2:{OURS}:log-group:*",
            f"arn:aws:logs:eu-west-2:{OURS}*",
        ),
        ("lambda:EventSourceToken", "amzn1.ask.skill.0e5b3c7e", "*"),
    ],
)
def test_each_key_that_says_for_whom_narrows_with_a_name_and_not_with_a_pattern(
    key: str, named: str, anybody: str
) -> None:
    assert said_of(letting_in("*", {"StringLike": {key: named}})) == []
    everybody = fails(QUEUE, "lets in everybody")
    assert said_of(letting_in("*", {"StringLike": {key: anybody}})) == everybody
    assert said_of(letting_in("*", {"StringLike": {key: [named, anybody]}})) == everybody


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike", "StringEquals", "StringLike"])
def test_each_operator_that_demands_its_key_narrows(operator: str) -> None:
    assert said_of(letting_in("*", {operator: {"aws:SourceArn": TOPIC}})) == []


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


def test_a_policy_that_is_not_known_yet_is_not_guessed_at() -> None:
    queue = change(QUEUE, None, {"name": "payment-queue-prod"}, after_unknown={"policy": True})
    refers = configured({QUEUE: {"policy": ["aws_sns_topic.events.arn"]}})
    assert said_of(plan_of(queue, configuration=refers)) == []


def test_a_bucket_that_still_shows_the_open_policy_beside_it_is_closed() -> None:
    policies = [
        json.dumps({"Statement": {"Effect": "Allow", "Principal": who, "Action": "s3:GetObject"}})
        for who in ("*", {"AWS": OURS})
    ]
    beside, shown = "aws_s3_bucket_policy.audit", {"policy": policies[0]}
    left = configured({BUCKET: {"bucket": ["var.name"]}, beside: {"policy": ["var.policy"]}})
    closed = [change(beside, shown, {"policy": policies[1]}), change(BUCKET, shown, shown)]
    assert said_of(plan_of(*closed, configuration=left)) == []
    # Of somebody outside of Terraform, who has opened it.
    assert said_of(plan_of(closed[1], configuration=left)) == fails(BUCKET, "lets in everybody")


def test_a_key_that_says_from_where_narrows_nothing() -> None:
    for key, value in (("aws:SourceIp", "192.0.2.1"), ("aws:ResourceAccount", THEIRS)):
        plan = letting_in("*", {"StringEquals": {key: value}})
        assert said_of(plan) == fails(QUEUE, "lets in everybody")


@pytest.mark.parametrize(
    ("source", "is_of_somebody"),
    [
        ("arn:aws:s3:::audit-bucket-prod", True),
        ("arn:aws:s3:::audit-bucket-prod/*", True),
        ("arn:aws:s3:::audit-bucket-*", False),
        ("arn:aws:s3:::audit-bucket-?/orders", False),
        ("arn:aws:s3:::/orders", False),
        ("arn:aws:sns:::events-topic-prod", False),
    ],
)
def test_a_bucket_has_an_account_by_its_name(source: str, is_of_somebody: bool) -> None:
    plan = letting_in({"Service": "sns.amazonaws.com"}, {"ArnLike": {"aws:SourceArn": source}})
    said = fails(QUEUE, "lets in sns.amazonaws.com on behalf of anybody")
    assert said_of(plan) == ([] if is_of_somebody else said)


def test_a_source_that_is_not_known_yet_is_somebody() -> None:
    permission = {
        "action": "lambda:InvokeFunction",
        "function_name": "payment-function-prod",
        "principal": "sns.amazonaws.com",
    }
    address = "aws_lambda_permission.payment"
    known_later = change(address, None, permission, after_unknown={"source_arn": True})
    assert said_of(plan_of(known_later)) == []
    said = "lets in sns.amazonaws.com on behalf of anybody"
    assert said_of(plan_of(change(address, None, permission))) == fails(address, said)


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        (PROVIDER, f"{GITHUB}:sub"),
        (
            f"arn:aws:iam::{OURS}:oidc-provider/oidc.eks.eu-west-2.amazonaws.com/id/0E5B3C7E",
            "oidc.eks.eu-west-2.amazonaws.com/id/0E5B3C7E:sub",
        ),
    ],
)
def test_identities_are_named_by_the_subject_of_their_own_provider(provider: str, key: str) -> None:
    subject = "repo:shop/pipeline:ref:refs/heads/main"
    every = fails("aws_iam_role.deploy", f"lets in every identity of {provider}")

    def said(key: str) -> list[Said]:
        condition = {"StringEquals": {key: subject}}
        return said_of(letting_in({"Federated": provider}, condition, of_role=True))

    assert said(key) == []
    assert said(key.replace(":sub", ":aud")) == every
    assert said(key.replace(":sub", "")) == every
    assert said(f"other.{key}") == every


@pytest.mark.parametrize(
    "subject",
    ["repo:shop/pipeline:*", "repo:shop/pipeline:environment:?", "system:serviceaccount:orders"],
)
def test_a_subject_may_have_a_wildcard_after_owner_and_name(subject: str) -> None:
    condition = {"StringLike": {f"{GITHUB}:sub": subject}}
    assert said_of(letting_in({"Federated": PROVIDER}, condition, of_role=True)) == []


def test_another_account_is_told() -> None:
    theirs = f"arn:aws:iam::{THEIRS}:root"
    said = fails(QUEUE, f"lets in another account: {theirs}")
    assert said_of(letting_in({"AWS": THEIRS})) == said
    topic = TOPIC.replace(OURS, THEIRS)
    plan = letting_in("*", {"ArnEquals": {"aws:SourceArn": [TOPIC, topic]}})
    assert said_of(plan) == fails(QUEUE, f"lets in another account: {topic}")


def test_what_keeps_another_account_out_does_not_let_it_in() -> None:
    topic = TOPIC.replace(OURS, THEIRS)
    plan = letting_in("*", {"ArnNotEquals": {"aws:SourceArn": topic}})
    assert said_of(plan) == fails(QUEUE, "lets in everybody")


@pytest.mark.parametrize("principal", ["AWS:AIDAEXAMPLE", "CanonicalUser:79a59d"])
def test_a_principal_without_an_account_may_be_of_anybody(principal: str) -> None:
    kind, _, name = principal.partition(":")
    said = f"lets in {principal}, of which no account can be told"
    assert said_of(letting_in({kind: name})) == cannot_be_judged(QUEUE, said)


def test_an_account_cannot_be_compared_with_one_that_nothing_tells() -> None:
    nowhere = Deployment("prod", "prod")
    ours = f"arn:aws:iam::{OURS}:root"
    said = f"lets in {ours}, and the plan does not tell its own account"
    assert said_of(letting_in({"AWS": ours}), nowhere) == cannot_be_judged(QUEUE, said)
    by_organisation = {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    assert said_of(letting_in("*", by_organisation), nowhere) == []


def test_the_address_of_a_function_is_called_with_a_signature() -> None:
    address = "aws_lambda_function_url.payment"

    def called(authorization: str) -> list[Said]:
        return said_of(plan_of(change(address, None, {"authorization_type": authorization})))

    assert called("NONE") == fails(address, "can be called by anybody")
    assert called("AWS_IAM") == []


@pytest.mark.parametrize("kind", ["aws_db_instance", "aws_rds_cluster_instance"])
def test_no_database_is_public(kind: str) -> None:
    def database(is_public: bool) -> list[Said]:
        values = {"publicly_accessible": is_public}
        return said_of(plan_of(change(f"{kind}.orders", None, values)))

    assert database(True) == fails(f"{kind}.orders", "is publicly accessible")
    assert database(False) == []
    elsewhere = change("aws_redshift_cluster.orders", None, {"publicly_accessible": True})
    assert said_of(plan_of(elsewhere)) == []


def test_each_method_is_told_that_anybody_can_call() -> None:
    body = {
        "components": SIGNED,
        "paths": {
            "/orders": {
                "x-amazon-apigateway-policy": {"Version": "2012-10-17"},
                "parameters": [{"name": "page"}],
                "post": {"security": BY_SIGNATURE},
                "get": {},
            },
            "/orders/{order_id}": {"delete": {}},
        },
    }
    assert complaints(described(body), "api-signed") == fails(
        API,
        "GET /orders can be called by anybody",
        "DELETE /orders/{order_id} can be called by anybody",
    )


@pytest.mark.parametrize(
    "security",
    [
        *(None, [], [{}], [{"key": []}], [{"sigv4": []}, {"key": []}], [{"sigv4": []}, {}]),
        *("sigv4", 3, {"sigv4": []}, [None], ["sigv4"], [{"sigv4": []}, 3], [["sigv4"]]),
    ],
)
def test_a_method_without_a_signature_on_every_way_is_open(security: Any) -> None:
    key = {"key": {"type": "apiKey", "x-amazon-apigateway-authtype": "custom"}}
    body = {
        "components": {"securitySchemes": SIGNED["securitySchemes"] | key},
        "paths": {"/orders": {"post": {"security": security}}},
    }
    said = fails(API, "POST /orders can be called by anybody")
    assert complaints(described(body), "api-signed") == said


def test_methods_without_security_of_their_own_have_that_of_the_document() -> None:
    body = {"components": SIGNED, "security": BY_SIGNATURE}
    own: dict[str, Any] = {"get": {}, "post": {"security": [{"sigv4": [], "key": []}]}}
    assert complaints(described(body | {"paths": {"/orders": own}}), "api-signed") == []
    opened: dict[str, Any] = {"get": {"security": []}}
    said = fails(API, "GET /orders can be called by anybody")
    assert complaints(described(body | {"paths": {"/orders": opened}}), "api-signed") == said


@pytest.mark.parametrize("described_so_far", [{}, {"paths": None}, {"components": SIGNED}])
def test_a_document_without_methods_leaves_nothing_open(described_so_far: dict[str, Any]) -> None:
    assert complaints(described(described_so_far), "api-signed") == []


@pytest.mark.parametrize(
    "components",
    [
        *(None, {}, [], 3, "sigv4"),
        {"securitySchemes": None},
        {"securitySchemes": []},
        {"securitySchemes": 3},
        {"securitySchemes": {"sigv4": None}},
        {"securitySchemes": {"sigv4": []}},
    ],
)
def test_a_document_that_does_not_say_what_a_signature_is_has_none(components: Any) -> None:
    paths = {"/orders": {"get": {"security": BY_SIGNATURE}}}
    said = fails(API, "GET /orders can be called by anybody")
    body = {"components": components, "paths": paths}
    assert complaints(described(body), "api-signed") == said


def test_a_document_that_is_not_known_or_not_json_cannot_be_judged() -> None:
    later = plan_of(change(API, None, {"name": "orders-prod"}, after_unknown={"body": True}))
    said = "its document is known after the apply only"
    assert complaints(later, "api-signed") == cannot_be_judged(API, said)
    yaml = plan_of(change(API, None, {"body": "openapi: 3.0.1"}))
    said = "its document is not JSON"
    assert complaints(yaml, "api-signed") == cannot_be_judged(API, said)


@pytest.mark.parametrize(
    "body",
    [
        *([], [{"paths": {}}], 3, "paths", None, True, {"paths": [{}]}, {"paths": 3}),
        {"paths": {"/orders": {}, "/refunds": None}},
        {"paths": {"/orders": []}},
        {"paths": {"/orders": 3}},
        {"paths": {"/orders": "get"}},
    ],
)
def test_what_is_no_openapi_document_cannot_be_judged(body: Any) -> None:
    said = "its document is not an OpenAPI document"
    assert complaints(described(body), "api-signed") == cannot_be_judged(API, said)


def test_an_api_without_a_document_has_its_methods_elsewhere() -> None:
    assert complaints(plan_of(change(API, None, {"body": None})), "api-signed") == []


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("aws_api_gateway_method", "authorization"),
        ("aws_apigatewayv2_route", "authorization_type"),
    ],
)
def test_methods_of_their_own_are_signed(kind: str, attribute: str) -> None:
    def called_with(authorization: str) -> Plan:
        return plan_of(change(f"{kind}.orders", None, {attribute: authorization}))

    said = fails(f"{kind}.orders", "is called with NONE")
    assert complaints(called_with("NONE"), "api-signed") == said
    assert complaints(called_with("AWS_IAM"), "api-signed") == []


def test_local_checks_no_signatures() -> None:
    local = Deployment("local", "local")
    assert complaints(api("get", {}), "api-signed", deployment=local) == []
    route = change("aws_apigatewayv2_route.orders", None, {"authorization_type": "NONE"})
    assert complaints(plan_of(route), "api-signed", deployment=local) == []


@pytest.mark.parametrize("kind", ["aws_secretsmanager_secret_version", "aws_iam_access_key"])
def test_no_secret_is_put_into_the_state(kind: str) -> None:
    plan = plan_of(change(f"{kind}.payment", None, {"secret_string": None}))
    said = fails(f"{kind}.payment", "puts a secret into the state")
    assert complaints(plan, "no-secret-in-plan") == said


def test_what_looks_like_a_key_is_told_where_it_is_and_not_what_it_is() -> None:
    key = "whsec_" + "a" * 24
    said = "has something in it that looks like a key"
    function = change(FUNCTION, None, {"description": f"signs with {key}"})
    assert complaints(plan_of(function), "no-secret-in-plan") == fails(FUNCTION, said)
    output = {"actions": ["create"], "before": None, "after": {"hooks": ["none", key]}}
    plan = plan_of(output_changes={"Hook": output})
    assert complaints(plan, "no-secret-in-plan") == fails("output.Hook", said)
    harmless = plan_of(output_changes={"Table": output | {"after": "orders-table-prod"}})
    assert complaints(harmless, "no-secret-in-plan") == []


def test_a_variable_that_is_called_like_a_secret_is_told() -> None:
    def function(variables: Any) -> Plan:
        return plan_of(change(FUNCTION, None, {"environment": [{"variables": variables}]}))

    named = function({"PAYMENT_SECRET_ARN": "arn", "API_TOKEN": "x", "TABLE": "y"})
    said = fails(FUNCTION, "has API_TOKEN in its environment")
    assert complaints(named, "no-secret-in-plan") == said
    assert complaints(function(None), "no-secret-in-plan") == []
