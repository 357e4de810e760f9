"""Where a plan has its policies, what they say, and whose they are."""

import json
from typing import Any

import pytest

from plan_review.policy import Among, Condition, Statement
from plan_review.rules.documents import Document, documents, subjects
from tests.plan_review.plans import change, configured, plan_of

POLICY = json.dumps({"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage"}})
SAYS = (Statement("Allow", Among(frozenset({"sqs:SendMessage"})), Among(frozenset({"*"})), None),)
LATER = "is known after the apply only"
ATTRIBUTES = [
    "policy",
    "policy_document",
    "assume_role_policy",
    "access_policy",
    "resource_policy",
    "key_policy",
    "inline_policy",
]
ADDRESS = "aws_example.payment"


def policies_of(values: dict[str, Any], *, address: str = ADDRESS, **more: Any) -> list[Document]:
    """Return the policies of a new resource."""
    configuration = more.pop("configuration", {})
    plan = plan_of(change(address, None, values, **more), configuration=configuration)
    (resource, state), *_ = plan.after
    return list(documents(plan, resource.address, resource.type, state))


def the_policy(attribute: str, **more: Any) -> Document:
    """Return a policy of the resource that `policies_of` makes."""
    plain: dict[str, Any] = {"statements": (), "is_sensitive": False, "unreadable": ""}
    return Document(ADDRESS, "aws_example", attribute, **plain | more)


# What is a policy


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_policy_is_read_where_aws_has_them(attribute: str) -> None:
    assert policies_of({attribute: POLICY}) == [the_policy(attribute, statements=SAYS)]
    assert policies_of({attribute: None}) == []
    unreadable = "cannot be read: not JSON: Expecting value: line 1 column 1 (char 0)"
    assert policies_of({attribute: "a policy"}) == [the_policy(attribute, unreadable=unreadable)]


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_policy_that_is_known_later_counts_where_it_is_set(attribute: str) -> None:
    unknown: dict[str, Any] = {"after_unknown": {attribute: True}}
    refers = configured({ADDRESS: {attribute: ["data.aws_iam_policy_document.a.json"]}})
    assert policies_of({}, **unknown, configuration=refers) == [
        the_policy(attribute, unreadable=f"{LATER}, of data.aws_iam_policy_document.a")
    ]
    assert policies_of({}, **unknown) == []


def test_what_is_known_later_hides_no_other_policy() -> None:
    refers = configured({ADDRESS: {"arn": ["var.a"], "key_policy": ["var.b"]}})
    values = {"arn": None, "policy": POLICY, "resource_policy": POLICY}
    unknown: dict[str, Any] = {"after_unknown": {"arn": True, "key_policy": True}}
    assert policies_of(values, **unknown, configuration=refers) == [
        the_policy("key_policy", unreadable=LATER),
        the_policy("policy", statements=SAYS),
        the_policy("resource_policy", statements=SAYS),
    ]


def test_elsewhere_a_policy_is_known_by_what_it_says() -> None:
    assert policies_of({"document": POLICY}) == [the_policy("document", statements=SAYS)]
    assert policies_of({"document": f"\n {POLICY}"}) == [the_policy("document", statements=SAYS)]
    broken = json.dumps({"Statement": [{"Effect": "Perhaps"}]})
    unreadable = "cannot be read: a statement has the effect 'Perhaps'"
    assert policies_of({"document": broken}) == [the_policy("document", unreadable=unreadable)]


@pytest.mark.parametrize(
    "value",
    ["a text", "", '{"Effect": "Allow"}', "{broken", '["Statement"]', '"Statement"', 7, None, True],
)
def test_what_says_nothing_like_it_is_no_policy(value: object) -> None:
    assert policies_of({"document": value}) == []


def test_each_inline_policy_of_a_role_is_read() -> None:
    blocks = [{"name": "a", "policy": POLICY}, {"name": "b", "policy": POLICY}]
    assert (
        policies_of({"inline_policy": blocks}) == [the_policy("inline_policy", statements=SAYS)] * 2
    )
    empty: list[Any] = [{"policy": ""}, {"name": "a"}, None, {"policy": 3}, {"policy": POLICY}]
    assert policies_of({"inline_policy": empty}) == [the_policy("inline_policy", statements=SAYS)]
    assert policies_of({"policies": blocks}) == []
    assert policies_of({"policy": blocks}) == []


def test_an_inline_policy_that_cannot_be_read_hides_no_other_one() -> None:
    blocks = [{"policy": "{}"}, {"policy": POLICY}]
    assert policies_of({"inline_policy": blocks}) == [
        the_policy(
            "inline_policy",
            unreadable="cannot be read: no policy document: it has no Statement",
        ),
        the_policy("inline_policy", statements=SAYS),
    ]


def test_an_inline_policy_that_is_known_later_hides_no_other_one() -> None:
    blocks = [{"name": "a"}, {"name": "b", "policy": POLICY}]
    unknown: dict[str, Any] = {"after_unknown": {"inline_policy": [{"policy": True}, {}]}}
    refers = configured({ADDRESS: {"inline_policy": ["aws_sqs_queue.orders.arn"]}})
    assert policies_of({"inline_policy": blocks}, **unknown, configuration=refers) == [
        the_policy("inline_policy", unreadable=LATER),
        the_policy("inline_policy", statements=SAYS),
    ]


BESIDE = "aws_s3_bucket_policy.orders"
BUCKET = "aws_s3_bucket.orders"
LEFT_TO_AWS = configured({BUCKET: {"bucket": ["var.name"]}, BESIDE: {"policy": ["var.policy"]}})


@pytest.mark.parametrize(
    ("was", "is_now"), [(POLICY, "{}"), ("{}", POLICY), (None, POLICY), (POLICY, None)]
)
def test_what_aws_shows_of_a_policy_beside_a_bucket_is_left_to_that_policy(
    was: str | None, is_now: str | None
) -> None:
    states = [{"policy": each} if each else None for each in (was, is_now)]
    beside = change(BESIDE, states[0], states[1])
    bucket = change(BUCKET, {"policy": POLICY}, {"policy": POLICY})

    def read(*changes: dict[str, Any], **more: Any) -> list[str]:
        plan = plan_of(*changes, **more)
        return [
            document.address
            for resource, state in plan.after
            if resource.address == BUCKET
            for document in documents(plan, resource.address, resource.type, state)
        ]

    assert read(bucket, beside, configuration=LEFT_TO_AWS) == []
    other = change(BESIDE, None, {"policy": POLICY.replace("Send", "Get")})
    assert read(bucket, other, configuration=LEFT_TO_AWS) == [BUCKET]
    of_a_kind_that_is_none = change("aws_s3_bucket.other", None, {"policy": POLICY})
    assert read(bucket, of_a_kind_that_is_none, configuration=LEFT_TO_AWS) == [BUCKET]
    assert read(bucket, beside) == [BUCKET]
    assert read(bucket, beside, configuration=configured({BUCKET: {"policy": ["var.a"]}})) == [
        BUCKET
    ]


def test_an_inline_policy_that_nothing_beside_the_role_says_is_read() -> None:
    other = POLICY.replace("Send", "Get")
    blocks = [{"name": name, "policy": text} for name, text in (("a", POLICY), ("b", other))]
    left = {ADDRESS: {"name": ["var.a"]}, "aws_iam_role_policy.later": {"policy": ["var.b"]}}
    plan = plan_of(
        change(ADDRESS, None, {"inline_policy": blocks}),
        change("aws_iam_role_policy.later", None, {}, after_unknown={"policy": True}),
        change("aws_iam_role_policy.a", None, {"policy": POLICY}),
        configuration=configured(left),
    )
    (resource, state), *_ = plan.after
    (document,) = documents(plan, resource.address, resource.type, state)
    assert [str(each.actions) for each in document.statements] == ["sqs:GetMessage"]


def test_a_policy_of_its_own_says_what_it_says_by_itself() -> None:
    plan = plan_of(
        change(BESIDE, None, {"document": POLICY}),
        configuration=configured({BESIDE: {"bucket": ["var.name"]}}),
    )
    ((resource, state),) = plan.after
    (document,) = documents(plan, resource.address, resource.type, state)
    assert document.attribute == "document"


def test_a_sensitive_policy_is_read_and_marked() -> None:
    marked: dict[str, Any] = {"after_sensitive": {"policy": True}}
    both = {"policy": POLICY, "key_policy": POLICY}
    assert policies_of(both, **marked) == [
        the_policy("key_policy", statements=SAYS),
        the_policy("policy", statements=SAYS, is_sensitive=True),
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "aws_iam_group_policy",
        "aws_iam_group_policy_attachment",
        "aws_iam_policy",
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_iam_user_policy",
        "aws_iam_user_policy_attachment",
    ],
)
def test_what_its_holder_may_do_is_a_policy_of_an_identity(kind: str) -> None:
    assert Document("", kind, "policy").is_of_an_identity


def test_of_the_policies_at_a_role_only_those_inline_say_what_it_may_do() -> None:
    inline, trust = (
        Document("", "aws_iam_role", attribute)
        for attribute in ("inline_policy", "assume_role_policy")
    )
    assert (inline.is_of_an_identity, inline.is_trust) == (True, False)
    assert (trust.is_of_an_identity, trust.is_trust) == (False, True)
    assert not Document("", "aws_example", "inline_policy").is_of_an_identity
    assert not Document("", "aws_sqs_queue", "policy").is_of_an_identity


# Permissions of functions


PERMISSION = "aws_lambda_permission.api"
PERMITS = {
    "action": "lambda:InvokeFunction",
    "function_name": "payment-prod",
    "principal": "sns.amazonaws.com",
}


def permission(*later: str, **values: Any) -> Document:
    unknown = dict.fromkeys(later, True)
    known = {name: value for name, value in (PERMITS | values).items() if name not in later}
    (document,) = policies_of(known, address=PERMISSION, after_unknown=unknown)
    return document


def permitting(**values: Any) -> Statement:
    document = permission(**values)
    assert (document.address, document.kind) == (PERMISSION, "aws_lambda_permission")
    assert document.attribute == "principal"
    (statement,) = document.statements
    return statement


def test_a_permission_says_who_may_call_which_function() -> None:
    assert permitting() == Statement(
        effect="Allow",
        actions=Among(frozenset({"lambda:InvokeFunction"})),
        resources=Among(frozenset({"payment-prod"})),
        principals=Among(frozenset({"Service:sns.amazonaws.com"})),
    )
    assert permitting(qualifier="live").resources == Among(frozenset({"payment-prod:live"}))


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", "*"),
        ("sns.amazonaws.com", "Service:sns.amazonaws.com"),
        ("123456789012", "AWS:123456789012"),
    ],
)
def test_a_permission_lets_in_a_service_an_account_or_everybody(principal: str, who: str) -> None:
    assert permitting(principal=principal).principals == Among(frozenset({who}))


@pytest.mark.parametrize(
    ("attribute", "operator", "key"),
    [
        ("source_arn", "arnlike", "aws:sourcearn"),
        ("source_account", "stringequals", "aws:sourceaccount"),
        ("principal_org_id", "stringequals", "aws:principalorgid"),
        ("event_source_token", "stringequals", "lambda:eventsourcetoken"),
        ("function_url_auth_type", "stringequals", "lambda:functionurlauthtype"),
    ],
)
def test_what_narrows_a_permission_is_a_condition(attribute: str, operator: str, key: str) -> None:
    assert permitting(**{attribute: "a"}).conditions == {Condition(operator, key, frozenset({"a"}))}
    assert permitting(**{attribute: None}).conditions == frozenset()
    assert permitting(**{attribute: ""}).conditions == frozenset()


@pytest.mark.parametrize(
    "attribute",
    [
        "action",
        "event_source_token",
        "function_url_auth_type",
        "principal",
        "principal_org_id",
        "source_account",
    ],
)
def test_a_permission_of_which_something_is_known_later_cannot_be_read(attribute: str) -> None:
    assert permission(attribute) == Document(
        PERMISSION,
        "aws_lambda_permission",
        "principal",
        unreadable=f"{LATER}: ['{attribute}']",
    )


@pytest.mark.parametrize("attribute", ["principal", "action"])
@pytest.mark.parametrize("value", [None, 3])
def test_a_permission_that_does_not_say_who_may_do_what_cannot_be_read(
    attribute: str, value: object
) -> None:
    unreadable = "cannot be read: it names no principal, or no action"
    assert permission(**{attribute: value}) == Document(
        PERMISSION, "aws_lambda_permission", "principal", unreadable=unreadable
    )


def test_where_a_permission_is_from_and_which_function_it_is_for_may_be_known_later() -> None:
    (statement,) = permission("source_arn", "function_name", "qualifier").statements
    assert statement.resources == Among(frozenset({"known after apply:known after apply"}))
    assert statement.conditions == {
        Condition("arnlike", "aws:sourcearn", frozenset({"known after apply"}))
    }


# Attachments


ATTACHMENT = "aws_iam_role_policy_attachment.logs"


def test_an_attachment_gives_all_that_its_policy_says() -> None:
    (document,) = policies_of({"policy_arn": "arn:aws:iam::aws:policy/Logs"}, address=ATTACHMENT)
    assert document == Document(
        ATTACHMENT,
        "aws_iam_role_policy_attachment",
        "policy_arn",
        (
            Statement(
                effect="Allow",
                actions=Among(frozenset({"all that arn:aws:iam::aws:policy/Logs allows"})),
                resources=Among(frozenset({"all that it names"})),
                principals=None,
            ),
        ),
    )


def test_an_attachment_of_a_policy_that_is_known_later_cannot_be_read() -> None:
    (document,) = policies_of({}, address=ATTACHMENT, after_unknown={"policy_arn": True})
    assert document == Document(
        ATTACHMENT,
        "aws_iam_role_policy_attachment",
        "policy_arn",
        unreadable=f"{LATER}: its ARN",
    )


# Whose policies they are


OF_RESOURCES = [
    ("aws_api_gateway_rest_api_policy", "rest_api_id", "aws_api_gateway_rest_api"),
    ("aws_dynamodb_resource_policy", "resource_arn", "aws_dynamodb_table"),
    ("aws_kms_key_policy", "key_id", "aws_kms_key"),
    ("aws_lambda_permission", "function_name", "aws_lambda_function"),
    ("aws_s3_bucket_policy", "bucket", "aws_s3_bucket"),
    ("aws_secretsmanager_secret_policy", "secret_arn", "aws_secretsmanager_secret"),
    ("aws_sns_topic_policy", "arn", "aws_sns_topic"),
    ("aws_sqs_queue_policy", "queue_url", "aws_sqs_queue"),
]
OF_IDENTITIES = [
    ("aws_iam_group_policy", "group", "aws_iam_group"),
    ("aws_iam_group_policy_attachment", "group", "aws_iam_group"),
    ("aws_iam_role_policy", "role", "aws_iam_role"),
    ("aws_iam_role_policy_attachment", "role", "aws_iam_role"),
    ("aws_iam_user_policy", "user", "aws_iam_user"),
    ("aws_iam_user_policy_attachment", "user", "aws_iam_user"),
]
NAMES = ["name", "id", "arn", "bucket", "url", "function_name"]
OWNER = "aws_sqs_queue.owner"


def policy_of(kind: str, **values: Any) -> dict[str, Any]:
    """Return a new policy of a kind, which is there beside what it is about."""
    says: dict[str, Any] = {"policy": POLICY, "policy_arn": "arn:aws:iam::aws:policy/Logs"}
    return change(f"{kind}.orders", None, says | {"principal": "*", "action": "a"} | values)


def names_of_subjects(*changes: dict[str, Any], **more: Any) -> list[str]:
    return list(subjects(plan_of(*changes, **more)))


@pytest.mark.parametrize(
    ("kind", "attribute", "owner_kind", "group"),
    [(*each, f"{each[0]} of") for each in OF_RESOURCES]
    + [(*each, "identity") for each in OF_IDENTITIES],
)
def test_a_policy_of_its_own_is_of_what_it_refers_to_or_names(
    kind: str, attribute: str, owner_kind: str, group: str
) -> None:
    named = policy_of(kind, **{attribute: "orders"})
    owner = change(f"{owner_kind}.owner", None, {"name": "orders"})
    other = change("aws_example.owner", None, {"name": "orders"})
    assert names_of_subjects(named, other) == [f"{group} orders"]
    assert names_of_subjects(named, other, owner) == [f"{group} {owner_kind}.owner"]
    later = policy_of(kind)
    later["change"]["after_unknown"] = {attribute: True}
    refers = configured({f"{kind}.orders": {attribute: [f"{owner_kind}.owner.id"]}})
    assert names_of_subjects(later, configuration=refers) == [f"{group} {owner_kind}.owner"]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_policy_names_is_found_by_each_of_its_names(name: str) -> None:
    named = policy_of("aws_sqs_queue_policy", queue_url="orders")
    other = change("aws_sqs_queue.other", None, {name: "other"})
    gone = change(OWNER, {name: "orders"}, None)
    new = change(OWNER, None, {name: "orders"})
    for owner in (gone, new):
        assert names_of_subjects(named, other, owner) == [f"aws_sqs_queue_policy of {OWNER}"]
    assert names_of_subjects(named, other) == ["aws_sqs_queue_policy of orders"]


def test_what_a_policy_is_about_counts_more_by_reference_than_by_name() -> None:
    named = policy_of("aws_sqs_queue_policy", queue_url="orders")
    other = change("aws_sqs_queue.other", None, {"name": "orders"})
    refers = configured({"aws_sqs_queue_policy.orders": {"queue_url": [f"{OWNER}.url"]}})
    said = [f"aws_sqs_queue_policy of {OWNER}"]
    assert names_of_subjects(named, other, configuration=refers) == said


def test_what_only_mentions_a_function_is_not_what_a_permission_is_about() -> None:
    function, alias = "aws_lambda_function.payment", "aws_lambda_alias.live"
    name = {"function_name": "payment-prod"}
    permission = policy_of("aws_lambda_permission", **name)
    there, mentions = change(function, name, name), change(alias, None, name)
    said = f"aws_lambda_permission of {function}"
    assert names_of_subjects(mentions, there, permission) == [said]
    by_alias = configured({permission["address"]: {"function_name": [f"{alias}.function_name"]}})
    assert names_of_subjects(mentions, there, permission, configuration=by_alias) == [said]
    (subject,) = subjects(plan_of(mentions, there, permission, configuration=by_alias)).values()
    assert not subject.is_new
    # The function is another stack's.
    said = f"aws_lambda_permission of {alias}"
    assert names_of_subjects(mentions, permission, configuration=by_alias) == [said]


def test_a_policy_that_moves_was_of_what_it_named_before() -> None:
    roles = [f"aws_iam_role.{name}" for name in ("a", "b")]
    policy = "aws_iam_role_policy.orders"
    refers = configured({policy: {"role": [f"{roles[1]}.name"]}})

    def policies_of_roles(was: str, is_now: str | None, **more: Any) -> dict[str, tuple[int, int]]:
        states = [each and {"role": each, "policy": POLICY} for each in (was, is_now)]
        plan = plan_of(
            *(change(role, {"name": role[-1]}, {"name": role[-1]}) for role in roles),
            change(policy, states[0] or None, states[1] or None, **more),
            configuration=refers,
        )
        return {name: (len(of.before), len(of.after)) for name, of in subjects(plan).items()}

    of_a, of_b = (f"identity {role}" for role in roles)
    assert policies_of_roles("a", "b") == {of_a: (1, 0), of_b: (0, 1)}
    assert policies_of_roles("b", "b") == {of_b: (1, 1)}
    # A name that nothing in the plan has is, as far as can be told, an old one of the same role.
    assert policies_of_roles("c", "b") == {of_b: (1, 1)}
    assert policies_of_roles("c", None) == {of_b: (1, 0)}
    assert policies_of_roles("a", "a") == {of_b: (1, 1)}


def test_a_policy_that_names_nothing_is_of_nothing_that_has_no_name() -> None:
    nameless = change("aws_sqs_queue.other", None, {"name": None})
    named = policy_of("aws_sqs_queue_policy", queue_url=None)
    assert names_of_subjects(nameless, named) == ["aws_sqs_queue_policy of None"]


def test_a_resource_has_its_own_policies_and_a_role_two_kinds_of_them() -> None:
    queue = change("aws_sqs_queue.orders", None, {"policy": POLICY})
    blocks = [{"name": "a", "policy": POLICY}]
    values = {"name": "orders", "inline_policy": blocks, "assume_role_policy": POLICY}
    role = change("aws_iam_role.orders", None, values)
    beside = policy_of("aws_iam_role_policy", role="orders")
    found = subjects(plan_of(queue, role, beside))
    assert {name: len(subject.after) for name, subject in found.items()} == {
        "policy aws_sqs_queue.orders": 1,
        "assume_role_policy aws_iam_role.orders": 1,
        "identity aws_iam_role.orders": 2,
    }


def test_policies_are_compared_as_they_are_and_as_they_will_be() -> None:
    queue = "aws_sqs_queue.orders"
    plan = plan_of(change(queue, {"policy": POLICY}, {"policy": POLICY.replace("Send", "Get")}))
    (subject,) = subjects(plan).values()
    (before,), (after,) = subject.before, subject.after
    assert before.statements == SAYS
    assert [str(each.actions) for each in after.statements] == ["sqs:GetMessage"]
    (new,) = subjects(plan_of(change(queue, None, {"policy": POLICY}))).values()
    assert (len(new.before), len(new.after)) == (0, 1)
    (gone,) = subjects(plan_of(change(queue, {"policy": POLICY}, None))).values()
    assert (len(gone.before), len(gone.after)) == (1, 0)


def test_a_subject_is_touched_if_one_of_its_policies_is() -> None:
    def touched(*changes: dict[str, Any]) -> bool:
        (subject,) = subjects(plan_of(*changes)).values()
        return subject.is_touched

    def of_role(name: str, *, changes: bool) -> dict[str, Any]:
        before = {"role": "orders", "policy": POLICY}
        after = before | ({"name": "other"} if changes else {})
        return change(f"aws_iam_role_policy.{name}", before, after)

    still, moved = of_role("a", changes=False), of_role("b", changes=True)
    assert touched(still, moved)
    assert touched(moved, still)
    assert not touched(still)


def is_new_and_gone(owner: dict[str, Any]) -> tuple[bool, bool]:
    """Say whether the subject of two policies is new, and whether it is gone."""
    values = {"queue_url": "orders", "policy": POLICY}
    plan = plan_of(
        owner,
        change("aws_sqs_queue_policy.a", values, values | {"name": "b"}),
        change("aws_sqs_queue_policy.b", values, values),
    )
    (subject,) = subjects(plan).values()
    return subject.is_new, subject.is_gone


def test_a_subject_is_new_or_gone_with_what_its_policies_are_about() -> None:
    queue, values = "aws_sqs_queue.orders", {"name": "orders"}
    assert is_new_and_gone(change(queue, None, values)) == (True, False)
    assert is_new_and_gone(change(queue, values, None)) == (False, True)
    assert is_new_and_gone(change(queue, values, None, actions=["forget"])) == (False, True)
    assert is_new_and_gone(change(queue, values, values)) == (False, False)
    assert is_new_and_gone(change(queue, values, values | {"delay": 1})) == (False, False)
    assert is_new_and_gone(change(queue, values, values, actions=["delete", "create"])) == (
        False,
        False,
    )
    assert is_new_and_gone(change("aws_sqs_queue.other", None, {"name": "other"})) == (False, False)


def test_a_subject_has_the_policies_that_cannot_be_read_too() -> None:
    queue = "aws_sqs_queue.orders"
    later = change(queue, {"policy": POLICY}, {}, after_unknown={"policy": True})
    refers = configured({queue: {"policy": ["data.aws_iam_policy_document.a.json"]}})
    (subject,) = subjects(plan_of(later, configuration=refers)).values()
    unreadable = f"{LATER}, of data.aws_iam_policy_document.a"
    assert subject.after == [Document(queue, "aws_sqs_queue", "policy", unreadable=unreadable)]


def test_what_has_no_policies_is_no_subject() -> None:
    assert names_of_subjects(change("aws_sqs_queue.orders", None, {"name": "orders"})) == []


def test_data_sources_have_no_subjects() -> None:
    read = change("aws_sqs_queue.orders", None, {"policy": POLICY}) | {"mode": "data"}
    assert names_of_subjects(read) == []
