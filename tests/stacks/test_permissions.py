"""Policy = needs: a function may do what it was recorded to do, what that implies, and no more."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.permissions.document import DOCUMENT, document
from tests.permissions.grants import functions, granted, grants_of, policy_of
from tests.permissions.needs import IMPLIED, OTHER_ACTIONS, Subject, needed
from tests.permissions.recording import FILE, read, write
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import Deployment

LAMBDAS = Path(__file__).parents[2] / "lambdas"
FUNCTIONS = sorted(
    handler.parent.name.replace("_", "-") for handler in LAMBDAS.glob("*/handler.py")
)

CALLS = read()

type Statements = list[dict[str, Any]]


def test_every_function_is_compared(deployment: Deployment) -> None:
    assert sorted(functions(deployment)) == FUNCTIONS
    assert {call.function for call in CALLS} == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_role_has_its_policy_and_no_other(deployment: Deployment, function: str) -> None:
    role = deployment.one(f"aws_iam_role.{function}-function-role")
    policies = [
        policy.id
        for policy in deployment.all("aws_iam_role_policy", "aws_iam_role_policy_attachment")
        if deployment.referred(policy.stack, policy["role"]) == role
    ]
    assert policies == [f"{function}-function-policy"]
    assert "managed_policy_arns" not in role.body
    assert "inline_policy" not in role.body
    for attachment in deployment.all("aws_iam_policy_attachment"):
        assert role.id not in str(attachment.body)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_may_do_what_it_needs_and_no_more(deployment: Deployment, function: str) -> None:
    needs, grants = needed(deployment, function, CALLS), granted(deployment, function)
    assert sorted(map(str, needs - grants)) == [], "is not granted"
    assert sorted(map(str, grants - needs)) == [], "is not needed"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_statement_every_action_and_every_resource_counts(
    prod: Deployment, function: str
) -> None:
    needs = needed(prod, function, CALLS)
    statements = policy_of(prod, function).statements()
    for what, less in reductions(statements):
        assert set(grants_of(prod, less)) != needs, f"nobody would miss {what}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_anything_more_is_found(prod: Deployment, function: str) -> None:
    needs = needed(prod, function, CALLS)
    for what, more in extensions(policy_of(prod, function).statements()):
        assert set(grants_of(prod, more)) != needs, f"nobody would notice {what}"


@pytest.mark.parametrize("row", IMPLIED, ids=lambda row: row.because)
def test_every_implied_row_counts_and_names_its_source(prod: Deployment, row: Any) -> None:
    assert row.source.startswith(("https://docs.aws.amazon.com/", "https://repost.aws/"))
    asked = {function: list(row.grants(subject(prod, function))) for function in functions(prod)}
    assert any(asked.values())


def test_every_other_action_was_recorded_and_names_its_source() -> None:
    recorded = {(call.service, call.operation) for call in CALLS}
    for operation, (action, source) in OTHER_ACTIONS.items():
        assert operation in recorded, f"{operation}, for which {action} is needed, was not recorded"
        assert source.startswith("https://docs.aws.amazon.com/")


def test_the_committed_calls_are_as_the_command_writes_them(tmp_path: Path) -> None:
    written = tmp_path / "calls.json"
    write(CALLS, written)
    assert written.read_text() == FILE.read_text(), "write it with: make record-calls"


def test_the_document_is_as_the_command_writes_it(prod: Deployment) -> None:
    assert document(prod) == DOCUMENT.read_text(encoding="utf-8"), "write it with: make permissions"


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_the_document_is_true_of_every_environment_on_aws(
    deployments: Deployments, prod: Deployment, environment: str
) -> None:
    assert document(deployments(environment)) == document(prod)


def subject(deployment: Deployment, function: str) -> Subject:
    return Subject(
        deployment,
        function,
        frozenset(granted(deployment, function)),
    )


def reductions(statements: Statements) -> Iterator[tuple[str, Statements]]:
    """Yield the statements without each of them, without each action, without each resource."""
    for index, statement in enumerate(statements):
        yield statement["Sid"], statements[:index] + statements[index + 1 :]
        for key in ("Action", "Resource", "NotResource"):
            for value in statement.get(key, []):
                less = copy.deepcopy(statements)
                less[index][key].remove(value)
                yield f"{value} in {statement['Sid']}", less
        if "Condition" in statement:
            less = copy.deepcopy(statements)
            del less[index]["Condition"]
            yield f"the condition of {statement['Sid']}", less


def extensions(statements: Statements) -> Iterator[tuple[str, Statements]]:
    """Yield the statements with one more action, or one more resource, for each of them."""
    for index, statement in enumerate(statements):
        service = statement["Action"][0].partition(":")[0]
        more = copy.deepcopy(statements)
        more[index]["Action"].append(f"{service}:DeleteEverything")
        yield f"one more action in {statement['Sid']}", more
        if "Resource" in statement:
            more = copy.deepcopy(statements)
            more[index]["Resource"].append(f"arn:aws:{service}:eu-west-2:{{account}}:another")
            yield f"one more resource in {statement['Sid']}", more
