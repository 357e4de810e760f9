"""The callers' policies: who may make which call of the API, decided as IAM would.

And that the warehouse, and nobody else, may take messages off a queue: the fulfilment queue.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from order_pipeline.api.calls import CALLS, Call, Caller
from tests.permissions.grants import KEY, Grant, grants_of
from tests.stacks.synthesised import Deployment

API = "${aws_api_gateway_rest_api.orders-api.execution_arn}"
INVOKE = "execute-api:Invoke"

# The design: who makes which calls, and there are no others.
MAY_CALL = {
    Caller.STOREFRONT: {
        "POST /orders",
        "GET /orders/{orderId}",
        "POST /orders/{orderId}/cancel",
    },
    Caller.CUSTOMER_SERVICE: {
        "GET /customers/{customerId}/orders",
        "POST /orders/{orderId}/refunds",
    },
    Caller.WAREHOUSE: {
        "GET /shipping-addresses/{orderId}",
        "POST /orders/{orderId}/shipments",
        "POST /orders/{orderId}/shipments/{parcelId}/delivery",
    },
    Caller.OPERATIONS: {
        "PUT /inventory/{itemId}",
        "GET /inventory/{itemId}",
        "POST /inventory/{itemId}/adjustments",
    },
}
ROUTES = {f"{call.method} {call.path}": call for call in CALLS}
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS")

USUAL_IDS = ("ORD-1", "a", "x" * 64, "4f2a.1c_7-9")
# What a client may put into a path; API Gateway passes ids on to the function, which refuses them.
ODD_IDS = (
    *("*", "?", "**", "cancel", "refunds", "orders", "shipments", "..", ".", " ", "%", "~", "ö"),
    *("${aws:username}", "a:b", "a;b", "a|b", "[a]", "a\\b", '"', "\n", "\0"),
    *(quote(value, safe="") for value in ("a/b", "../x", "a b", "ö", "*", "x/refunds", "x/cancel")),
)


@pytest.mark.parametrize("caller", Caller)
def test_each_caller_makes_the_calls_of_the_design(caller: Caller) -> None:
    of_caller = {route for route, call in ROUTES.items() if call.caller is caller}
    assert of_caller == MAY_CALL[caller]


def test_every_call_is_of_the_design() -> None:
    assert set(ROUTES) == set().union(*MAY_CALL.values())
    assert sum(map(len, MAY_CALL.values())) == len(CALLS)


@pytest.mark.parametrize("caller", Caller)
@pytest.mark.parametrize("route", ROUTES)
def test_policy_lets_in_just_its_caller(deployment: Deployment, caller: Caller, route: str) -> None:
    statements = policy_of(deployment, caller)
    stage = deployment.settings.suffix
    call = ROUTES[route]
    for path in paths(call, (*USUAL_IDS, *ODD_IDS)):
        allowed = decide(statements, f"{API}/{stage}/{call.method}{path}")
        assert allowed is (call.caller is caller), path


@pytest.mark.parametrize("caller", Caller)
def test_policy_lets_nobody_use_another_method(deployment: Deployment, caller: Caller) -> None:
    statements = policy_of(deployment, caller)
    stage = deployment.settings.suffix
    for call, method in itertools.product(CALLS, METHODS):
        if f"{method} {call.path}" not in ROUTES:
            (path,) = paths(call, ("ORD-1",))
            assert not decide(statements, f"{API}/{stage}/{method}{path}"), (method, path)


@pytest.mark.parametrize("caller", Caller)
def test_policy_is_about_this_api_and_this_stage(deployment: Deployment, caller: Caller) -> None:
    stage = deployment.settings.suffix
    statements = policy_of(deployment, caller)
    for call in CALLS:
        (path,) = paths(call, ("ORD-1",))
        for other in (
            f"{API}/other",
            f"{API}/{stage}-2",
            "arn:aws:execute-api:eu-west-2:1:a/" + stage,
        ):
            assert not decide(statements, f"{other}/{call.method}{path}")


@pytest.mark.parametrize("route", ROUTES)
def test_slash_in_an_id_lets_nobody_in(prod: Deployment, route: str) -> None:
    """Else the pattern of a call would fit paths that are deeper: `orders/*` is one of refunds."""
    call = ROUTES[route]
    odd = ("a/b", "../inventory/x", "x/refunds", "x/shipments/y", "/", "a/", "/a")
    for path in paths(call, odd):
        for caller in Caller:
            asked = f"{API}/prod/{call.method}{path}"
            assert decide(policy_of(prod, caller), asked) is (
                "{" not in call.path and caller is call.caller
            )


def test_without_the_denial_a_slash_in_an_id_would_let_in(prod: Deployment) -> None:
    """Or the test above would hold whatever the denial says."""
    allow, deny = policy_of(prod, Caller.STOREFRONT)
    path = f"{API}/prod/GET/orders/../inventory/x"
    assert decide([allow], path)
    assert not decide([allow, deny], path)


def test_callers_who_are_several_lose_no_call(prod: Deployment) -> None:
    """A denial holds whatever another policy allows, so none may fit a call that there is."""
    together = [statement for caller in Caller for statement in policy_of(prod, caller)]
    for call in CALLS:
        for path in paths(call, (*USUAL_IDS, *ODD_IDS)):
            assert decide(together, f"{API}/prod/{call.method}{path}"), path


def test_a_policy_is_small_enough_and_says_of_the_api_only_what_it_should(
    deployment: Deployment,
) -> None:
    for caller in Caller:
        policy = deployment.one(f"aws_iam_policy.{caller.value}-policy")
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        assert len(policy["policy"]) < 6144
        statements = policy_of(deployment, caller)
        assert [each["Effect"] for each in statements] == ["Allow", "Deny"]
        for statement in statements:
            assert statement["Action"] == [INVOKE]
            assert statement["Resource"]
            assert set(statement) == {"Sid", "Effect", "Action", "Resource"}


@pytest.mark.parametrize("caller", Caller)
def test_the_warehouse_alone_takes_messages_and_only_off_the_fulfilment_queue(
    deployment: Deployment, caller: Caller
) -> None:
    statements = deployment.one(f"aws_iam_policy.{caller.value}-policy").statements()
    beside_calls = {grant for grant in grants_of(deployment, statements) if grant.action != INVOKE}
    queue = "arn:aws:sqs:eu-west-2:{account}:fulfilment-queue-{suffix}"
    of_warehouse = {
        Grant("sqs:ChangeMessageVisibility", queue),
        Grant("sqs:DeleteMessage", queue),
        Grant("sqs:GetQueueAttributes", queue),
        Grant("sqs:GetQueueUrl", queue),
        Grant("sqs:ReceiveMessage", queue),
        Grant("kms:Decrypt", KEY, "kms:ViaService = sqs.eu-west-2.amazonaws.com"),
    }
    assert beside_calls == (of_warehouse if caller is Caller.WAREHOUSE else set())


def test_the_queue_and_its_key_leave_it_to_the_warehouses_policy(deployment: Deployment) -> None:
    """In the account a policy of IAM is enough where the resource's own refuses nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    A key's own policy has to let the account use it for that:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    queue = deployment.one("aws_sqs_queue.fulfilment-queue")
    refused = [each for each in queue.statements() if each["Effect"] == "Deny"]
    assert [each["Condition"] for each in refused] == [{"Bool": {"aws:SecureTransport": "false"}}]
    key = deployment.one("aws_kms_key.pipeline-key").statements()
    account = {"AWS": f"arn:aws:iam::{deployment.settings.account_id}:root"}
    (of_account,) = (each for each in key if each["Principal"] == account)
    assert of_account["Effect"] == "Allow"
    assert "kms:Decrypt" in of_account["Action"]
    assert "Condition" not in of_account
    assert {each["Effect"] for each in key} == {"Allow"}


def test_the_policies_are_outputs(deployment: Deployment) -> None:
    outputs = deployment.stacks["pipeline"]["output"]
    for caller in Caller:
        name = "".join(part.capitalize() for part in caller.value.split("-"))
        reference = f"${{aws_iam_policy.{caller.value}-policy.arn}}"
        assert outputs[f"{name}PolicyArn"] == {"value": reference}


def policy_of(deployment: Deployment, caller: Caller) -> list[dict[str, Any]]:
    """Return what a caller's policy says about calls of the API."""
    statements = deployment.one(f"aws_iam_policy.{caller.value}-policy").statements()
    return [each for each in statements if INVOKE in each["Action"]]


def paths(call: Call, ids: tuple[str, ...]) -> Iterator[str]:
    """Yield the call's path with each combination of ids."""
    start, *rest = re.split(r"\{\w+\}", call.path)
    for values in itertools.product(ids, repeat=len(rest)):
        yield start + "".join(value + part for value, part in zip(values, rest, strict=True))


def decide(statements: list[dict[str, Any]], resource: str) -> bool:
    """Return what IAM decides about a call: any denial wins, and what nobody allows is denied.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    effects = {
        statement["Effect"]
        for statement in statements
        for pattern in statement["Resource"]
        if fits(pattern, resource)
    }
    return "Allow" in effects and "Deny" not in effects


def fits(pattern: str, resource: str) -> bool:
    """Say whether a pattern of a policy is about a resource: `*` is anything, `?` one character."""
    expression = "".join(
        {"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern
    )
    return re.fullmatch(expression, resource, re.DOTALL) is not None
