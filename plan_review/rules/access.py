"""Nobody gets in without being named."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from plan_review.plan import UNKNOWN
from plan_review.policy import (
    ANYBODY,
    NARROWING_OPERATORS,
    Among,
    Condition,
    Statement,
    account_of,
    has_wildcard,
)
from plan_review.redaction import is_named_like_a_secret, looks_like_a_secret
from plan_review.rules.buckets import buckets_with
from plan_review.rules.documents import documents
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule
from plan_review.values import strings

GUARDS = ("aws_s3_bucket_public_access_block", "aws_s3_bucket_ownership_controls")
"""What every bucket has, each a resource of its own."""

BLOCKS = (
    "block_public_acls",
    "block_public_policy",
    "ignore_public_acls",
    "restrict_public_buckets",
)

NARROWING = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
    "kms:encryptioncontext:aws:logs:arn",
    "lambda:eventsourcetoken",
)
"""Condition keys that say for whom; others (TLS, addresses) let anybody in all the same."""

# https://docs.github.com/en/actions/reference/security/oidc
_REPOSITORY = re.compile(r"repo:[^*?/:]+/[^*?/:]+:.+")

_BUCKET = re.compile(r"arn:aws:s3:::[^*?$/]+(/.*)?")
"""A bucket, or objects of one: buckets are known by name alone, without their account."""

ANY_METHOD = "x-amazon-apigateway-any-method"
"""The one extension of API Gateway's that is a method: whichever has none of its own."""


@rule(
    "buckets-private",
    remedy="Leave the bucket's public access block and ownership as the building block has them.",
)
def buckets_private(stack: Stack) -> Iterator[Complaint]:
    """The block holds whatever a policy or an ACL says later, so each bucket keeps its own."""
    plan = stack.plan
    for resource, state in plan.all(*GUARDS):
        if resource.type == "aws_s3_bucket_public_access_block":
            for block in BLOCKS:
                if state.value(block) is not True:
                    yield Complaint(resource.address, f"{block} is off")
        elif state.value("rule.0.object_ownership") != "BucketOwnerEnforced":
            yield Complaint(resource.address, "ACLs decide who gets in")
    guarded = {kind: buckets_with(plan, kind) for kind in GUARDS}
    for bucket, _ in plan.all("aws_s3_bucket"):
        for kind, buckets in guarded.items():
            if bucket.address not in buckets:
                yield Complaint(bucket.address, f"has no {kind}")
    for resource, _ in plan.all("aws_s3_bucket_acl"):
        yield Complaint(resource.address, "gives access by ACL")
    for resource, _ in plan.all("aws_s3_bucket_website_configuration"):
        yield Complaint(resource.address, "makes a website of a bucket")


@rule(
    "no-public-access",
    remedy="Name the principal, of this account, and pin for whom a service acts: `aws:SourceArn` "
    "or `aws:SourceAccount` with the account written out, for an identity provider its `sub` with "
    "owner and repository.",
)
def no_public_access(stack: Stack) -> Iterator[Complaint]:
    """A policy without a name lets everybody in; so does one for a service that acts for anybody.

    A wildcard for the account, or a condition that holds too where its key is missing, names
    nobody; and another account than the deployment's is somebody else's.
    Any customer of AWS can have SNS or API Gateway call a function that trusts the service:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    for resource, state in stack.plan.after:
        for document in documents(stack.plan, resource.address, resource.type, state):
            for statement in document.statements:
                principals = statement.principals
                if statement.effect != "Allow" or principals is None or principals.all_but:
                    continue  # all but some are a matter of `policy-exact`
                for who in _anybody(principals, statement, is_trust=document.is_trust):
                    yield Complaint(resource.address, f"lets in {who}")
                yield from _of_others(stack, resource.address, principals, statement)
        if (
            resource.type == "aws_lambda_function_url"
            and state.value("authorization_type") != "AWS_IAM"
        ):
            yield Complaint(resource.address, "can be called by anybody")
        if resource.type in {"aws_db_instance", "aws_rds_cluster_instance"} and state.value(
            "publicly_accessible"
        ):
            yield Complaint(resource.address, "is publicly accessible")


def _anybody(principals: Among, statement: Statement, *, is_trust: bool) -> Iterator[str]:
    is_narrowed = any(
        each.key in NARROWING and _narrows(each, _is_of_somebody) for each in statement.conditions
    )
    for principal in sorted(principals.names):
        if principal == ANYBODY:
            if not is_narrowed:
                yield "everybody"
        elif principal.startswith("Federated:"):
            if not _is_of_one_subject(principal, statement):
                yield f"every identity of {principal.removeprefix('Federated:')}"
        # A service assumes a role for whoever may pass it the role: nobody of another account.
        elif principal.startswith("Service:") and not is_trust and not is_narrowed:
            yield f"{principal.removeprefix('Service:')} on behalf of anybody"


def _narrows(condition: Condition, names_somebody: Callable[[str, str], bool]) -> bool:
    return condition.operator in NARROWING_OPERATORS and all(
        value == UNKNOWN.value or names_somebody(condition.key, value) for value in condition.values
    )


def _is_of_somebody(key: str, value: str) -> bool:
    """Say whether a value stands for one account, or for something of one account."""
    if not key.endswith("arn"):
        return _is_one(value)
    return account_of(value) != "" or _BUCKET.fullmatch(value) is not None


def _is_of_one_subject(principal: str, statement: Statement) -> bool:
    provider = principal.partition("/")[2].lower()
    return any(
        each.key == f"{provider}:sub" and _narrows(each, _is_a_subject)
        for each in statement.conditions
    )


def _is_a_subject(_key: str, value: str) -> bool:
    """Say whether a subject has a wildcard at most after the repository's owner and name."""
    return _REPOSITORY.fullmatch(value) is not None or _is_one(value)


def _is_one(value: str) -> bool:
    """Say whether a value has neither a wildcard nor a variable, for which a request has its own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    return not has_wildcard(value) and "${" not in value


def _of_others(
    stack: Stack, address: str, principals: Among, statement: Statement
) -> Iterator[Complaint]:
    """Look at the accounts that a statement lets in, by their principals or their conditions."""
    for who in sorted(principals.names):
        kind, _, name = who.partition(":")
        if kind == "CanonicalUser" or (kind == "AWS" and not account_of(name)):
            yield cannot_judge(address, f"lets in {who}, of which no account can be told")
        elif kind == "AWS":
            yield from _of_account(stack, address, name)
    for each in statement.conditions:
        if each.key in NARROWING and each.operator in NARROWING_OPERATORS:
            for value in sorted(each.values):
                yield from _of_account(stack, address, value)


def _of_account(stack: Stack, address: str, name: str) -> Iterator[Complaint]:
    account = account_of(name)
    if account and stack.account is None:
        yield cannot_judge(address, f"lets in {name}, and the plan does not tell its own account")
    elif account and account != stack.account:
        yield Complaint(address, f"lets in another account: {name}")


@rule(
    "api-signed",
    remedy="Leave `require_iam` on outside local (stacks/building_blocks/api.py).",
)
def api_signed(stack: Stack) -> Iterator[Complaint]:
    """Who places, cancels and refunds orders is checked by API Gateway, before any code runs."""
    if stack.deployment.is_local:
        return  # LocalStack does not check signatures
    plan = stack.plan
    for api, state in plan.all("aws_api_gateway_rest_api"):
        body = state.value("body")
        if body is UNKNOWN:
            yield cannot_judge(api.address, "its document is known after the apply only")
        elif body:
            yield from _unsigned(api.address, body)
    for kind in ("aws_api_gateway_method", "aws_apigatewayv2_route"):
        attribute = "authorization" if kind == "aws_api_gateway_method" else "authorization_type"
        for method, state in plan.all(kind):
            if state.value(attribute) != "AWS_IAM":
                yield Complaint(method.address, f"is called with {state.value(attribute)}")


def _unsigned(address: str, body: str) -> Iterator[Complaint]:
    try:
        document = json.loads(body)
    except json.JSONDecodeError:
        yield cannot_judge(address, "its document is not JSON")
        return
    paths = (document.get("paths") or {}) if isinstance(document, dict) else None
    if not isinstance(paths, dict) or not all(isinstance(each, dict) for each in paths.values()):
        yield cannot_judge(address, "its document is not an OpenAPI document")
        return
    schemes = _object(_object(document.get("components")).get("securitySchemes"))
    signed = {
        name
        for name, scheme in schemes.items()
        if _object(scheme).get("x-amazon-apigateway-authtype") == "awsSigv4"
    }
    for path, operations in paths.items():
        for method, operation in operations.items():
            is_extension = method.startswith("x-") and method != ANY_METHOD
            if not isinstance(operation, dict) or is_extension:
                continue
            security = operation.get("security", document.get("security"))
            ways = security if isinstance(security, list) else []
            if not ways or not all(signed & _object(each).keys() for each in ways):
                yield Complaint(address, f"{method.upper()} {path} can be called by anybody")


def _object(value: Any) -> dict[str, Any]:
    """Return a value of JSON if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


@rule(
    "no-secret-in-plan",
    remedy="Put the value into Secrets Manager after the deployment, and have the function read it "
    "there; if it is real, renew it: it is in the plan's file, and would be in the state.",
)
def no_secret_in_plan(stack: Stack) -> Iterator[Complaint]:
    """What Terraform knows is in its state and its plans, for everybody who may read those."""
    for resource, _ in stack.plan.all("aws_secretsmanager_secret_version", "aws_iam_access_key"):
        yield Complaint(resource.address, "puts a secret into the state")
    for name, output in stack.plan.output_changes.items():
        if any(looks_like_a_secret(text) for text in strings(output.after)):
            yield Complaint(f"output.{name}", "has something in it that looks like a key")
    for resource, state in stack.plan.after:
        if any(looks_like_a_secret(text) for text in strings(state.values)):
            yield Complaint(resource.address, "has something in it that looks like a key")
        variables = state.value("environment.0.variables")
        for name in variables if isinstance(variables, dict) else ():
            if is_named_like_a_secret(name):
                yield Complaint(resource.address, f"has {name} in its environment")
