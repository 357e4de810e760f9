"""Where resources have their policies, and whose they are."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from plan_review.plan import UNKNOWN, Kind, Plan, ResourceChange, State, Unknown
from plan_review.policy import Among, Condition, PolicyError, Statement, parse_policy

ATTRIBUTES = (
    "policy",
    "policy_document",
    "assume_role_policy",
    "access_policy",
    "resource_policy",
    "key_policy",
    "inline_policy",
)
"""Attributes that hold a policy; others are recognised by what they hold."""

POLICY_OF = {
    "aws_api_gateway_rest_api_policy": ("rest_api_id", "aws_api_gateway_rest_api"),
    "aws_dynamodb_resource_policy": ("resource_arn", "aws_dynamodb_table"),
    "aws_iam_group_policy": ("group", "aws_iam_group"),
    "aws_iam_group_policy_attachment": ("group", "aws_iam_group"),
    "aws_iam_role_policy": ("role", "aws_iam_role"),
    "aws_iam_role_policy_attachment": ("role", "aws_iam_role"),
    "aws_iam_user_policy": ("user", "aws_iam_user"),
    "aws_iam_user_policy_attachment": ("user", "aws_iam_user"),
    "aws_kms_key_policy": ("key_id", "aws_kms_key"),
    "aws_lambda_permission": ("function_name", "aws_lambda_function"),
    "aws_s3_bucket_policy": ("bucket", "aws_s3_bucket"),
    "aws_secretsmanager_secret_policy": ("secret_arn", "aws_secretsmanager_secret"),
    "aws_sns_topic_policy": ("arn", "aws_sns_topic"),
    "aws_sqs_queue_policy": ("queue_url", "aws_sqs_queue"),
}
"""Kind of a policy that is a resource of its own → the attribute that says what it is about, and of
what kind that is."""

IDENTITY_POLICIES = (
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
)
"""Kinds of policies that say what their holder may do; all others say who may do something."""

_ATTACHMENT = "policy_arn"
_NAMES = ("name", "id", "arn", "bucket", "url", "function_name")


@dataclass(frozen=True)
class Document:
    """A policy of one resource."""

    address: str
    kind: str
    attribute: str
    statements: tuple[Statement, ...] = ()
    is_sensitive: bool = False
    unreadable: str = ""
    """Why its statements are not known."""

    @property
    def is_of_an_identity(self) -> bool:
        """Whether it says what its holder may do, and not who may do something."""
        return self.kind in IDENTITY_POLICIES or (
            self.kind == "aws_iam_role" and self.attribute == "inline_policy"
        )

    @property
    def is_trust(self) -> bool:
        """Whether it says who may assume a role."""
        return self.attribute == "assume_role_policy"


def documents(plan: Plan, address: str, kind: str, state: State) -> Iterator[Document]:
    """Yield the policies that a resource has in a state.

    One that is known after the apply only counts where the configuration sets it: what AWS makes
    up where nothing is said lets nobody in from elsewhere. Where AWS shows at a bucket or a role
    what a policy beside it says, that policy counts: the plan shows there what was before.
    """
    if kind == "aws_lambda_permission":
        yield _permission(address, kind, state)
        return
    if kind.endswith("_policy_attachment"):
        yield _attachment(address, kind, state)
        return
    for attribute in sorted({*ATTRIBUTES, *state.values}):
        for text in _texts(attribute, state):
            if text is UNKNOWN:
                if attribute in ATTRIBUTES and plan.is_configured(address, attribute):
                    reason = plan.unknown_because(address, attribute)
                    yield Document(address, kind, attribute, unreadable=reason)
                continue
            try:
                statements = parse_policy(text)
            except PolicyError as error:
                yield Document(address, kind, attribute, unreadable=f"cannot be read: {error}")
                continue
            is_shown_only = kind not in POLICY_OF and plan.is_left_to_aws(address, attribute)
            if not is_shown_only or statements not in _said_by_policies(plan):
                yield Document(address, kind, attribute, statements, state.is_sensitive(attribute))


def _said_by_policies(plan: Plan) -> Iterator[tuple[Statement, ...]]:
    """Yield what the policies that are resources of their own say, now or after the apply."""
    for change in plan.changes:
        for state in (change.before, change.after):
            if state and change.type in POLICY_OF:
                for document in documents(plan, change.address, change.type, state):
                    yield document.statements


def _texts(attribute: str, state: State) -> Iterator[str | Unknown]:
    """Yield the policies of an attribute: UNKNOWN for one that is known after the apply only."""
    value = state.value(attribute)
    if isinstance(value, list) and attribute == "inline_policy":
        for index in range(len(value)):
            text = state.value(f"{attribute}.{index}.policy")
            if text is UNKNOWN or (isinstance(text, str) and text):
                yield text
    elif value is UNKNOWN or (isinstance(value, str) and attribute in ATTRIBUTES):
        yield value
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        with suppress(json.JSONDecodeError):
            if "Statement" in json.loads(value):
                yield value


def _permission(address: str, kind: str, state: State) -> Document:
    """Return the statement that a Lambda permission adds to its function's policy."""
    values = {
        name: state.value(name)
        for name in (
            "action",
            "event_source_token",
            "function_name",
            "function_url_auth_type",
            "principal",
            "principal_org_id",
            "qualifier",
            "source_account",
            "source_arn",
        )
    }
    missing = [name for name, value in values.items() if value is UNKNOWN]
    # A source that is not known yet is a condition all the same; the others decide everything.
    if set(missing) - {"source_arn", "function_name", "qualifier"}:
        return Document(
            address, kind, "principal", unreadable=f"is known after the apply only: {missing}"
        )
    principal, action = values["principal"], values["action"]
    if not isinstance(principal, str) or not isinstance(action, str):
        reason = "cannot be read: it names no principal, or no action"
        return Document(address, kind, "principal", unreadable=reason)
    if principal == "*":
        who = "*"
    elif principal.endswith(".amazonaws.com"):
        who = f"Service:{principal}"
    else:
        who = f"AWS:{principal}"
    conditions = {
        Condition(operator, key, frozenset({_told(values[name])}))
        for name, operator, key in (
            ("source_arn", "arnlike", "aws:sourcearn"),
            ("source_account", "stringequals", "aws:sourceaccount"),
            ("principal_org_id", "stringequals", "aws:principalorgid"),
            ("event_source_token", "stringequals", "lambda:eventsourcetoken"),
            ("function_url_auth_type", "stringequals", "lambda:functionurlauthtype"),
        )
        if values[name]
    }
    qualifier = f":{_told(values['qualifier'])}" if values["qualifier"] else ""
    return Document(
        address,
        kind,
        "principal",
        (
            Statement(
                effect="Allow",
                actions=Among(frozenset({action})),
                resources=Among(frozenset({f"{_told(values['function_name'])}{qualifier}"})),
                principals=Among(frozenset({who})),
                conditions=frozenset(conditions),
            ),
        ),
    )


def _told(value: Any) -> str:
    return value.value if value is UNKNOWN else str(value)


def _attachment(address: str, kind: str, state: State) -> Document:
    """Return what an attachment gives its role: all that a policy of this ARN says."""
    arn = state.value(_ATTACHMENT)
    if arn is UNKNOWN:
        return Document(
            address, kind, _ATTACHMENT, unreadable="is known after the apply only: its ARN"
        )
    statement = Statement(
        effect="Allow",
        actions=Among(frozenset({f"all that {arn} allows"})),
        resources=Among(frozenset({"all that it names"})),
        principals=None,
    )
    return Document(address, kind, _ATTACHMENT, (statement,))


@dataclass
class Subject:
    """Whose policies are compared: a role, a bucket, a queue…, with all its policies."""

    is_new: bool
    """Whether it exists only because of this plan, so that nothing of it can be wider."""
    is_gone: bool
    before: list[Document] = field(default_factory=list)
    after: list[Document] = field(default_factory=list)
    is_touched: bool = False
    """Whether the plan changes anything of its policies."""


def subjects(plan: Plan) -> Mapping[str, Subject]:
    """Return what has policies in a plan, each with all of them, as they are and will be."""
    found: dict[str, Subject] = {}
    for change in plan.changes:
        for state, is_after in ((change.before, False), (change.after, True)):
            if state is None:
                continue
            for document in documents(plan, change.address, change.type, state):
                name, owner = _owner(plan, change, state, document)
                kind = plan.kind_of.get(owner)
                is_new, is_gone = kind is Kind.CREATE, kind in {Kind.DESTROY, Kind.FORGET}
                subject = found.setdefault(name, Subject(is_new, is_gone))
                (subject.after if is_after else subject.before).append(document)
                subject.is_touched |= change.kind is not Kind.NONE
    return found


def _owner(plan: Plan, change: ResourceChange, state: State, document: Document) -> tuple[str, str]:
    """Return whose policy it is: a name for it, and its address, or what is known instead."""
    group = "identity" if document.is_of_an_identity else document.attribute
    if change.type not in POLICY_OF:
        return f"{group} {change.address}", change.address
    attribute, kind = POLICY_OF[change.type]
    value = state.value(attribute)
    named = [*_named(plan, kind, value)]
    refers = plan.referred(change.address, attribute)
    referred = [each for each in refers if each.startswith(f"{kind}.")]
    # What it refers to is what it will be about.
    is_moved = change.after is not None and change.after.value(attribute) != value
    likely = named if is_moved else [*referred, *named]
    owner = [*likely, *refers, str(value)][0]
    group = "identity" if document.is_of_an_identity else f"{change.type} of"
    return f"{group} {owner}", owner


def _named(plan: Plan, kind: str, name: Any) -> Iterator[str]:
    """Yield the addresses of what is of a kind and has a name, an id, an ARN or a URL."""
    for change in plan.changes:
        for state in (change.before, change.after):
            if (
                isinstance(name, str)
                and change.type == kind
                and state
                and name in [state.values.get(each) for each in _NAMES]
            ):
                yield change.address
