"""What roles may do, and whom resources let in: exact, and not more than before."""

import re
from collections.abc import Iterator

from plan_review.plan import Kind, Plan, State
from plan_review.policy import (
    ANYBODY,
    NARROWING_OPERATORS,
    Statement,
    arn,
    has_wildcard,
    widenings,
)
from plan_review.rules.documents import Document, documents, subjects
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule
from plan_review.values import strings

ANY_RESOURCE_ALLOWED = (
    # Composite alarms are neither shown nor changed with a narrower permission:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
    # X-Ray has no resources for these, nor are its policies resources.
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:DeleteResourcePolicy",
    "xray:ListResourcePolicies",
    "xray:PutResourcePolicy",
    # These take no resource, and show names only.
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "ssm:DescribeParameters",
    # These take no resource.
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
    # IAM knows no resource for saved queries.
    "logs:DeleteQueryDefinition",
    "logs:DescribeQueryDefinitions",
    "logs:PutQueryDefinition",
    # IAM knows no resource for subscriptions.
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
)
"""Actions that have to be allowed on everything."""

WHOLE_KIND_ALLOWED = (
    # This account's mobile devices, one endpoint each.
    ("sns:Publish", ":endpoint/*"),
    # Known by an id that AWS gives.
    ("lambda:GetEventSourceMapping", ":event-source-mapping:*"),
    ("lambda:ListTags", ":event-source-mapping:*"),
    ("lambda:TagResource", ":event-source-mapping:*"),
    ("lambda:UntagResource", ":event-source-mapping:*"),
    ("lambda:UpdateEventSourceMapping", ":event-source-mapping:*"),
    # The same: an API, also before CI has made it, and its tags.
    *(
        (f"apigateway:{action}", end)
        for action in ("DELETE", "GET", "PATCH", "POST", "PUT", "SetWebACL")
        for end in ("::/restapis/*", "::/tags/*")
    ),
    # AWS's own rules.
    ("wafv2:CreateWebACL", ":regional/managedruleset/*/*"),
    ("wafv2:UpdateWebACL", ":regional/managedruleset/*/*"),
)
"""Actions that have to be allowed on a whole kind, and how a resource ends that stands for it."""

NARROWED_BY = {
    ("kms:", ":key/*"): "aws:resourcetag/application",
    ("lambda:", ":event-source-mapping:*"): "lambda:functionarn",
    ("lambda:CreateEventSourceMapping", "*"): "lambda:functionarn",
}
"""Beginning of an action, and end of a resource, which AWS knows by an id → the condition that
tells in its place whose it is."""

ALL_BUT_THESE_ALLOWED = {
    # A phone number has no ARN: all but topics and endpoints.
    ("sns:Publish", "arn:aws:sns:*:*:*"),
}
"""Actions that have to be allowed on everything but one pattern, with it."""

ATTACHED_BY = ("policy_arn", "managed_policy_arns")
"""Attributes with the ARNs of policies: an attachment's, and a role's own."""

ATTACHED_ALLOWED = (
    # API Gateway asks for this one when it is given its logging role.
    "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
)
"""AWS's own policies that a role may have."""

TAKING_AWAY_THE_UNNAMED = (
    "aws_iam_group_policies_exclusive",
    "aws_iam_group_policy_attachments_exclusive",
    "aws_iam_policy_attachment",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_user_policies_exclusive",
    "aws_iam_user_policy_attachments_exclusive",
)
"""Kinds that take policies away which they do not name, a denial too; no plan tells of which."""


NAMED_WITHOUT_KIND = ("sns", "sqs")
"""Services whose ARNs end in the name itself; others have the kind's word before it."""

WHERE_NAMES_ARE = {
    "apigateway": slice(None, None, 2),  # /restapis/abc/stages/prod
    "execute-api": slice(None),  # abc/prod/POST/orders
    "wafv2": slice(2, None),  # regional/webacl/orders/abc
}
"""Service → which words of its ARNs, after the account, are names; of others all but the first."""

ONE_NAME = ("function", "layer", "table")
"""Kinds whose names have no separators; what follows is a part: an index, an alias…"""

PARTS = ("log-stream", "DELETE", "GET", "PATCH", "POST", "PUT")
"""What only says that a part of something, or which method, is meant, not of what."""


@rule(
    "policy-not-widened",
    remedy="Make sure that the new need is real, name exact actions and ARNs, and waive the rule "
    "for this address with the reason. Where it cannot be judged, apply first what it waits for.",
)
def policy_not_widened(stack: Stack) -> Iterator[Complaint]:
    """What may be done today is what was reviewed; more of it is a decision, not a detail.

    All policies of a role, bucket, queue… are compared together, statement by statement, by what
    they allow: a new action, principal or resource, a condition that is gone, a denial that is
    gone. How they are written and in how many documents does not matter.
    """
    for subject in subjects(stack.plan).values():
        if subject.is_gone or not subject.is_touched:
            continue
        unreadable = [each for each in (*subject.before, *subject.after) if each.unreadable]
        for document in unreadable:
            yield cannot_judge(document.address, f"{document.attribute} {document.unreadable}")
        if subject.is_new:
            continue
        before = [each for document in subject.before for each in document.statements]
        for document in subject.after:
            for widening in widenings(before, document.statements):
                if widening.statement.effect == "Allow":
                    yield Complaint(
                        document.address,
                        f"{widening.what}: allows {_told(widening.statement, document)}",
                    )
        # A denial that has gone can be anywhere else among the subject's policies now.
        if any(document.unreadable for document in subject.after):
            continue
        after = [each for document in subject.after for each in document.statements]
        denials = [each for each in after if each.effect == "Deny"]
        for document in subject.before:
            for widening in widenings(document.statements, denials):
                yield Complaint(
                    document.address, f"{widening.what}: {_told(widening.statement, document)}"
                )
    yield from _boundaries(stack)
    for change in stack.plan.changes:
        if change.type in TAKING_AWAY_THE_UNNAMED and change.after and change.kind is not Kind.NONE:
            yield cannot_judge(change.address, "takes away all policies that it does not name")


def _boundaries(stack: Stack) -> Iterator[Complaint]:
    for change, before, after in stack.plan.compared():
        was = before.value("permissions_boundary")
        if was and after.value("permissions_boundary") != was:
            yield Complaint(change.address, "its permissions boundary is gone or another one")


@rule(
    "policy-exact",
    remedy="Name each action, and each resource by its ARN. Where AWS offers nothing narrower, "
    "list the case with its reason in plan_review/rules/policies.py.",
)
def policy_exact(stack: Stack) -> Iterator[Complaint]:
    """A wildcard allows what nobody has thought of, also what AWS adds later."""
    for resource, state in stack.plan.after:
        for attached in _attached(stack.plan, resource.address, state):
            if attached.startswith("arn:aws:iam::aws:") and attached not in ATTACHED_ALLOWED:
                yield Complaint(resource.address, f"attaches a policy of AWS's: {attached}")
        for document in documents(stack.plan, resource.address, resource.type, state):
            for statement in document.statements:
                if statement.effect == "Allow":
                    for reason in _inexact(statement, document):
                        yield Complaint(resource.address, reason)


def _attached(plan: Plan, address: str, state: State) -> Iterator[str]:
    """Yield the ARNs of the policies that something attaches.

    At a role AWS also shows what attachments beside it attach, and the plan what they did before.
    """
    beside = {
        each.value("policy_arn")
        for change in plan.changes
        for each in (change.before, change.after)
        if each and change.type.endswith("_policy_attachment")
    }
    for attribute in ATTACHED_BY:
        shown = beside if plan.is_left_to_aws(address, attribute) else set()
        yield from (each for each in strings(state.value(attribute)) if each not in shown)


def _inexact(statement: Statement, document: Document) -> Iterator[str]:
    sid = f"{statement.sid}: " if statement.sid else ""
    if statement.principals and statement.principals.all_but:
        yield f"{sid}lets in {statement.principals} (NotPrincipal)"
    if statement.actions.all_but:
        yield f"{sid}allows {statement.actions} (NotAction)"
        return
    for action in sorted(statement.actions.names):
        if has_wildcard(action):
            yield f"{sid}allows the actions {action}"
        if not document.is_of_an_identity:
            continue  # it is about the resource that has it, whatever it says
        if statement.resources.all_but:
            left_out = {(action, each) for each in statement.resources.names}
            if not left_out <= ALL_BUT_THESE_ALLOWED:
                shown = _shown(str(statement.resources), document)
                yield f"{sid}allows {action} on {shown} (NotResource)"
            continue
        for resource in sorted(statement.resources.names):
            if (
                has_wildcard(resource)
                and _is_everything(resource)
                and not _has_a_reason(action, resource)
                and not _is_narrowed(statement, action, resource)
            ):
                yield f"{sid}allows {action} on {_shown(resource, document)}"


def _has_a_reason(action: str, resource: str) -> bool:
    return action in ANY_RESOURCE_ALLOWED or any(
        action == allowed and resource.endswith(end) for allowed, end in WHOLE_KIND_ALLOWED
    )


def _is_narrowed(statement: Statement, action: str, resource: str) -> bool:
    conditions = {
        each.key
        for each in statement.conditions
        if each.operator in NARROWING_OPERATORS
        and all(_names_something(each.key, value) for value in each.values)
    }
    return any(
        action.startswith(begins) and resource.endswith(ends) and condition in conditions
        for (begins, ends), condition in NARROWED_BY.items()
    )


def _names_something(key: str, value: str) -> bool:
    if key.endswith("arn") and has_wildcard(value):
        return not _is_everything(value)
    return not _says_nothing(value)


def _is_everything(resource: str) -> bool:
    """Say whether a resource's pattern stands for everything, or for everything of a kind.

    A name has to have something of its own in it, beside wildcards and what stands between words:
    table/?*, table/*/index/* and table/*-* are all tables.
    """
    parts = arn(resource)
    if parts is None or has_wildcard(parts.service + parts.region + parts.account):
        return True
    if parts.service == "s3":  # its names are of buckets, not of kinds
        return _says_nothing(parts.resource.partition("/")[0])
    kind, *more = words = re.split("[/:]", parts.resource)
    if not more:
        return parts.service not in NAMED_WITHOUT_KIND or _says_nothing(kind)
    names = words[WHERE_NAMES_ARE.get(parts.service, slice(1, None))]
    if kind in ONE_NAME:
        names = names[:1]
    return all(_says_nothing(name) or name in PARTS for name in names)


def _says_nothing(name: str) -> bool:
    return re.search("[0-9A-Za-z]", name) is None


def _told(statement: Statement, document: Document) -> str:
    who = f" for {statement.principals}" if statement.principals else ""
    conditions = ", ".join(sorted(str(each) for each in statement.conditions))
    under = f" under {conditions}" if conditions else ""
    return f"{statement.actions} on {_shown(str(statement.resources), document)}{who}{under}"


def _shown(resource: str, document: Document) -> str:
    return "(sensitive)" if document.is_sensitive and resource != ANYBODY else resource
