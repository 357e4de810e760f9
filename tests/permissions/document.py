"""Writes docs/permissions.md from the synthesised IAM: `make permissions`."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from order_pipeline.api.calls import CALLS, Caller
from tests.permissions.grants import (
    Grant,
    actions,
    conditions,
    functions,
    granted,
    listed,
    named,
    resources,
)
from tests.permissions.needs import IMPLIED, OTHER_ACTIONS, Subject, grant_for
from tests.permissions.recording import read
from tests.stacks.architecture import (
    ALL_BUT_THESE_ALLOWED,
    ANY_RESOURCE_ALLOWED,
    MANAGED_POLICIES,
    PART_OF_A_RESOURCE,
)
from tests.stacks.synthesised import Deployment, Resource, settings_of, synthesise

DOCUMENT = Path(__file__).parents[2] / "docs/permissions.md"

OPENING = """\
# Permissions

Who may do what, generated from the synthesised stacks: `make permissions` writes this file, and a
test compares it. `{suffix}`, `{account}` and `{sender}` are settings; other names in braces are
known to AWS alone. What is not listed is not allowed to anybody by these stacks.

How it is known that this is neither too much nor too little:
[adr/0015](adr/0015-recorded-needs.md).
"""

SECRET = """\
## The payment provider's key

Three functions ask the provider something with the key, and therefore read the secret: `payment`
holds, takes and gives back money; `payment-breaker` asks whether the provider is back before it
resumes the payment stage; `reconciler` compares the provider's books with the orders and renews
holds. Nobody else may read it. The key is put in after the deployment with
`aws secretsmanager put-secret-value`, so that no state, plan, output or environment variable has
it; functions have the secret's ARN. An end-to-end test looks for it in all of these, in every log,
queue, table and bucket (`tests/e2e/test_leaks.py`).
"""

type Row = tuple[str, ...]


def document(deployment: Deployment) -> str:
    """Return the document about a deployment."""
    sections = (
        OPENING,
        _functions(deployment),
        _implied(),
        _wildcards(),
        SECRET,
        _other_roles(deployment),
        _callers(deployment),
        _resource_policies(deployment),
        _key_policy(deployment),
        _invocations(deployment),
    )
    return "\n".join(sections)


def _functions(deployment: Deployment) -> str:
    text = (
        "## Functions\n\nEach has a role of its own. *Why* is `called` where the end-to-end tests "
        "saw the function make the call, and else the number of a row of [the next "
        "table](#what-services-imply).\n"
    )
    for function in functions(deployment):
        rows = []
        for grant in sorted(granted(deployment, function), key=lambda each: (each.resource, each)):
            why = ", ".join(_why(deployment, function, grant))
            rows.append((_code(grant.action), _code(grant.resource), _code(grant.condition), why))
        table = _table(("action", "resource", "condition", "why"), rows)
        text += f"\n### {function}\n\n{table}"
    return text


def _why(deployment: Deployment, function: str, grant: Grant) -> Iterator[str]:
    direct = frozenset(grant_for(call) for call in read() if call.function == function)
    if grant in direct:
        yield "called"
    subject = Subject(deployment, function, direct)
    for number, row in enumerate(IMPLIED, start=1):
        if grant in row.grants(subject):
            yield str(number)


def _implied() -> str:
    rows = [
        (str(number), row.because, f"[AWS]({row.source})")
        for number, row in enumerate(IMPLIED, start=1)
    ]
    others = [
        (
            _code(f"{service}:{operation.partition('/')[0]}"),
            _code(f"{service}:{action}"),
            f"[AWS]({source})",
        )
        for (service, operation), (action, source) in OTHER_ACTIONS.items()
    ]
    kinds = [operation.partition("/")[2] for _, operation in OTHER_ACTIONS]
    others = [
        (f"{call} with a {_code(kind)}" if kind else call, action, source)
        for (call, action, source), kind in zip(others, kinds, strict=True)
    ]
    return (
        "## What services imply\n\nServices act with a function's role, or ask it for more than "
        "the call's own permission:\n\n"
        + _table(("", "what", "source"), rows)
        + "\nWhere the permission has another name than the call:\n\n"
        + _table(("call", "permission", "source"), others)
    )


def _wildcards() -> str:
    rows: list[Row] = [
        (_code(action), _code("*"), reason) for action, reason in ANY_RESOURCE_ALLOWED.items()
    ]
    rows += [
        (_code(action), f"all but {_code(resource)}", reason)
        for (action, resource), reason in ALL_BUT_THESE_ALLOWED.items()
    ]
    rows += [("any", _code(pattern), reason) for pattern, reason in PART_OF_A_RESOURCE.items()]
    rows += [("a policy of AWS's", _code(arn), reason) for arn, reason in MANAGED_POLICIES.items()]
    return (
        "## Wildcards\n\nNo action has one. Resources have one in these cases only; the patterns "
        "are regular expressions that a test holds every policy to.\n\n"
        + _table(("action", "resource", "because"), rows)
    )


def _other_roles(deployment: Deployment) -> str:
    of_functions = {f"{function}-function-policy" for function in functions(deployment)}
    text = (
        "## Other roles\n\nWhat CI may do, and the boundary that no role of the application can "
        "exceed, are tables in `stacks/building_blocks/ci_access.py`, with the reasons; "
        "[deploying.md](deploying.md) says whom the roles of CI trust.\n"
    )
    for role in deployment.all("aws_iam_role"):
        if role.id.startswith("ci-"):
            continue
        policies = [
            policy
            for policy in deployment.all("aws_iam_role_policy")
            if policy.id not in of_functions
            and deployment.referred(policy.stack, policy["role"]) == role
        ]
        attached = [
            attachment["policy_arn"]
            for attachment in deployment.all("aws_iam_role_policy_attachment")
            if deployment.referred(attachment.stack, attachment["role"]) == role
        ]
        if not policies and not attached:
            continue  # a function's
        trust = role.statements("assume_role_policy")
        text += f"\n### {role.id}\n\n{_table(HEADER, _rows(deployment, trust, 'itself'))}"
        for policy in policies:
            text += f"\n{_table(HEADER, _rows(deployment, policy.statements()))}"
        for arn in attached:
            managed = deployment.referred(role.stack, arn)
            if managed is None:
                text += f"\nAnd AWS's own policy {_code(arn)}.\n"
            else:
                text += f"\n{_table(HEADER, _rows(deployment, managed.statements()))}"
    return text


def _callers(deployment: Deployment) -> str:
    text = (
        "## Callers of the API\n\nCalls are signed (SigV4; [how](api.md)) and allowed by these "
        "managed policies, which are outputs of the pipeline stack. IAM's `*` also stands for "
        "slashes; the denials keep a path with a slash in an id from fitting another call. The "
        "warehouse's policy also lets it take messages off the fulfilment queue "
        "([how](api.md#the-warehouses-queue)).\n"
    )
    for caller in Caller:
        policy = deployment.one(f"aws_iam_policy.{caller.value}-policy")
        calls = [f"`{call.method} {call.path}`" for call in CALLS if call.caller is caller]
        output = "".join(part.capitalize() for part in caller.value.split("-"))
        text += (
            f"\n### {caller.value}\n\n{_sentence(calls)}. Output: `{output}PolicyArn`.\n\n"
            + _table(HEADER, _rows(deployment, policy.statements()))
        )
    return text


def _resource_policies(deployment: Deployment) -> str:
    text = (
        "## Resource policies\n\nOf queues, topics and buckets. In this account roles need no more "
        "than their own policy, so that these are about other services, and about TLS.\n\n"
    )
    rows: list[Row] = []
    for resource in deployment.all(
        "aws_sqs_queue", "aws_sns_topic", "aws_s3_bucket_policy", "aws_xray_resource_policy"
    ):
        attribute = "policy_document" if resource.type == "aws_xray_resource_policy" else "policy"
        rows += _resource_rows(deployment, resource, attribute)
    return text + _table(("of", "effect", "whom", "action", "condition"), rows)


def _resource_rows(deployment: Deployment, resource: Resource, attribute: str) -> Iterator[Row]:
    for statement in resource.statements(attribute):
        yield (
            _code(resource.id),
            statement["Effect"].lower(),
            _principal(deployment, statement),
            _codes(actions(statement)),
            _code(conditions(deployment, statement)),
        )


def _key_policy(deployment: Deployment) -> str:
    key = deployment.one("aws_kms_key.pipeline-key")
    rows = [row[1:] for row in _resource_rows(deployment, key, "policy")]
    return (
        "## The key\n\nOf `pipeline-key`, with which everything of a copy is encrypted. What roles "
        "may do with it is in their own policies, each through one service.\n\n"
        + _table(("effect", "whom", "action", "condition"), rows)
    )


def _invocations(deployment: Deployment) -> str:
    rows = []
    for permission in deployment.all("aws_lambda_permission"):
        alias = deployment.referred(permission.stack, permission["qualifier"])
        assert alias is not None, permission
        function = f"{named(deployment, permission['function_name'])}:{alias['name']}"
        source = named(deployment, permission["source_arn"])
        rows.append((_code(function), _code(permission["principal"]), _code(source)))
    return (
        "## Who invokes functions\n\nBeside event source mappings, which are a function's own.\n\n"
        + _table(("function", "by", "for"), rows)
    )


# ------------------------------------------------------------------ Markdown

HEADER = ("effect", "action", "resource", "condition")


def _rows(
    deployment: Deployment, statements: Iterable[dict[str, Any]], about: str = ""
) -> Iterator[Row]:
    for statement in statements:
        subject = [_principal(deployment, statement)] if about else []
        yield (
            " ".join([statement["Effect"].lower(), *subject]),
            _codes(actions(statement)),
            about or _codes(resources(deployment, statement)),
            _code(conditions(deployment, statement)),
        )


def _principal(deployment: Deployment, statement: dict[str, Any]) -> str:
    principal = statement["Principal"]
    if principal == "*":
        return "everybody"
    return _codes(named(deployment, each) for value in principal.values() for each in listed(value))


def _table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def _sentence(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def main() -> None:
    """Write the document about prod."""
    with tempfile.TemporaryDirectory() as folder:
        DOCUMENT.write_text(
            document(synthesise(settings_of("prod"), Path(folder))), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
