"""What the synthesised policies of functions grant, in a form to compare with what is needed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.stacks.synthesised import Deployment, Resource

KEY = "{pipeline-key}"
ANYTHING = "*"

_REFERENCES = {
    "aws_kms_keypipeline-keyarn": KEY,
    "aws_secretsmanager_secretpayment-secretarn": (
        "arn:aws:secretsmanager:eu-west-2:{account}:secret:payment-secret-{suffix}-{random}"
    ),
    "aws_dynamodb_tableorders-tablestream_arn": (
        "arn:aws:dynamodb:eu-west-2:{account}:table/orders-table-{suffix}/stream/{time}"
    ),
}
"""What a reference to an output of the storage stack stands for: how it ends → the ARN."""


# What a reference to an attribute of a resource of the same stack stands for.
_ARNS = {
    "aws_api_gateway_rest_api": "arn:aws:execute-api:eu-west-2:{account}:{%s}",
    "aws_lambda_event_source_mapping": (
        "arn:aws:lambda:eu-west-2:{account}:event-source-mapping:{%s}"
    ),
}
_OUTPUT = re.compile(r"\$\{data\.terraform_remote_state\.[^}]*-output-([^}]+)\}")
_ATTRIBUTE = re.compile(r"\$\{(\w+)\.([\w-]+)\.\w+\}")


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource; account, suffix and what only AWS knows are in braces."""

    action: str
    resource: str
    condition: str = ""
    """As text, such as `kms:ViaService = sqs.eu-west-2.amazonaws.com`."""

    def __str__(self) -> str:
        condition = f" if {self.condition}" if self.condition else ""
        return f"{self.action} on {self.resource}{condition}"


def functions(deployment: Deployment) -> list[str]:
    """Return the functions of a deployment, such as `place-order`."""
    return [each.id.removesuffix("-function") for each in deployment.all("aws_lambda_function")]


def policy_of(deployment: Deployment, function: str) -> Resource:
    """Return the policy of a function's role."""
    return deployment.one(f"aws_iam_role_policy.{function}-function-policy")


def granted(deployment: Deployment, function: str) -> set[Grant]:
    """Return all that a function's policy grants."""
    return set(grants_of(deployment, policy_of(deployment, function).statements()))


def grants_of(deployment: Deployment, statements: list[dict[str, Any]]) -> Iterator[Grant]:
    """Yield each action on each resource of statements that allow."""
    for statement in statements:
        if statement["Effect"] == "Deny":
            continue
        condition = conditions(deployment, statement)
        for action in actions(statement):
            for resource in resources(deployment, statement):
                yield Grant(action, resource, condition)


def actions(statement: dict[str, Any]) -> list[str]:
    """Return what a statement allows or denies."""
    return listed(statement.get("Action", [])) + [
        f"all but {each}" for each in listed(statement.get("NotAction", []))
    ]


def resources(deployment: Deployment, statement: dict[str, Any]) -> list[str]:
    """Return what a statement is about."""
    found = [named(deployment, each) for each in listed(statement.get("Resource", []))]
    return found + [f"all but {each}" for each in listed(statement.get("NotResource", []))]


def conditions(deployment: Deployment, statement: dict[str, Any]) -> str:
    """Return a statement's conditions as text."""
    equal = {
        "ArnEquals": "=",
        "StringEquals": "=",
        "Bool": "=",
        "ArnLike": "like",
        "StringLike": "like",
    }
    return " and ".join(
        f"{key} {equal.get(operator, operator)} "
        + " or ".join(named(deployment, each) for each in listed(value))
        for operator, keys in statement.get("Condition", {}).items()
        for key, value in keys.items()
    )


def named(deployment: Deployment, text: str) -> str:
    """Return an ARN with placeholders for what differs from one deployment to the next."""
    settings = deployment.settings
    text = _OUTPUT.sub(lambda found: _REFERENCES.get(found[1], f"{{{found[1]}}}"), text)
    text = _ATTRIBUTE.sub(lambda found: _ARNS.get(found[1], "{%s}") % found[2], text)
    text = text.replace(settings.email_sender, "{sender}").replace(settings.account_id, "{account}")
    # A bucket's name goes on with the account.
    suffix = rf"(?<=[-/]){re.escape(settings.suffix)}(?=-\{{account|[^\w-]|$)"
    return re.sub(suffix, "{suffix}", text)


def listed(value: Any) -> list[str]:
    """Return a list of a policy, which may leave out the brackets around one."""
    return value if isinstance(value, list) else [value]
