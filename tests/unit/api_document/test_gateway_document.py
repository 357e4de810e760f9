"""The gateway's document holds nothing that API Gateway does not support, and all that it needs."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import validate

from order_pipeline.api.calls import CALLS, Call
from order_pipeline.api.gateway import gateway_document
from order_pipeline.api.problems import ProblemType
from tests.unit.api_document.gateway_rules import RESPONSE_TYPES, violations

INVOKE_ARNS = {call.function: f"arn:aws:apigateway:{call.function}/invocations" for call in CALLS}

with_and_without_iam = pytest.mark.parametrize("require_iam", [True, False])


def document(*, require_iam: bool = True) -> dict[str, Any]:
    return gateway_document(INVOKE_ARNS, require_iam=require_iam)


def gateway_responses() -> dict[str, Any]:
    responses: dict[str, Any] = document()["x-amazon-apigateway-gateway-responses"]
    return responses


def rendered(response: dict[str, Any], *, message: str = "Bad", validation: str = "why") -> Any:
    """Return the body as AWS makes it: it replaces the variables by text escaped for JSON."""
    text = response["responseTemplates"]["application/json"]
    text = text.replace("$context.error.messageString", json.dumps(message))
    text = text.replace("$context.error.validationErrorString", json.dumps(validation)[1:-1])
    assert "$context" not in text
    return json.loads(text)


@with_and_without_iam
def test_is_valid_openapi_3_0(require_iam: bool) -> None:
    rendering = document(require_iam=require_iam)
    assert rendering["openapi"] == "3.0.1"
    validate(rendering)


@with_and_without_iam
def test_holds_only_what_api_gateway_supports(require_iam: bool) -> None:
    assert violations(document(require_iam=require_iam)) == []


def set_schema(document: dict[str, Any], schema: dict[str, Any]) -> None:
    document["components"]["schemas"]["SetItemRequest"]["properties"]["name"] = schema


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: set_schema(document, {"anyOf": [{"type": "string"}]}),
        lambda document: set_schema(document, {"type": "string", "example": "x"}),
        lambda document: set_schema(document, {"type": ["string", "null"]}),
        lambda document: set_schema(document, {"type": "string", "pattern": "^(?!x)"}),
        lambda document: set_schema(document, {"$ref": "#/$defs/Name"}),
        lambda document: set_schema(document, {"items": {"exclusiveMinimum": 0}}),
        lambda document: document["components"]["schemas"].update({"A_B": {}}),
        lambda document: document["paths"].update({"/a_b": {}}),
        lambda document: document["paths"]["/orders"]["post"].update({"deprecated": True}),
        lambda document: document.update({"$defs": {}}),
    ],
)
def test_the_rules_find_what_is_not_supported(spoil: Callable[[dict[str, Any]], None]) -> None:
    spoilt = copy.deepcopy(document())
    spoil(spoilt)
    assert len(violations(spoilt)) == 1


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_every_call_reaches_its_function(call: Call) -> None:
    integration = document()["paths"][call.path][call.method.lower()][
        "x-amazon-apigateway-integration"
    ]
    assert integration["type"] == "aws_proxy"
    assert integration["httpMethod"] == "POST"
    assert integration["uri"] == INVOKE_ARNS[call.function]
    assert integration["timeoutInMillis"] < 29_000


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_every_call_is_checked_by_the_gateway(call: Call) -> None:
    rendering = document()
    operation = rendering["paths"][call.path][call.method.lower()]
    validators = rendering["x-amazon-apigateway-request-validators"]
    has_body = call.request is not None
    assert ("requestBody" in operation) == has_body
    # LocalStack refuses the body of a call that has none, if told to check it.
    assert validators[operation["x-amazon-apigateway-request-validator"]] == {
        "validateRequestBody": has_body,
        "validateRequestParameters": True,
    }


def test_every_call_has_to_be_signed_where_iam_is_required() -> None:
    rendering = document(require_iam=True)
    scheme = rendering["components"]["securitySchemes"]["sigv4"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"
    for call in CALLS:
        operation = rendering["paths"][call.path][call.method.lower()]
        assert operation["security"] == [{"sigv4": []}]


def test_no_call_has_to_be_signed_where_iam_is_not_required() -> None:
    assert "sigv4" not in json.dumps(document(require_iam=False))


def test_a_function_without_invoke_arn_is_an_error() -> None:
    with pytest.raises(KeyError, match="orders_api"):
        gateway_document({"place_order": "arn", "inventory_api": "arn"}, require_iam=True)


@pytest.mark.parametrize("response_type", sorted(RESPONSE_TYPES))
def test_what_the_gateway_answers_is_a_problem_document(response_type: str) -> None:
    response = gateway_responses()[response_type]
    body = rendered(response)
    problem = next(problem for problem in ProblemType if problem.uri == body["type"])
    assert body["title"] == problem.title
    assert body["detail"]
    assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == (
        "'application/problem+json'"
    )
    if not response_type.startswith("DEFAULT"):
        assert response["statusCode"] == str(problem.status.value) == str(body["status"])


@pytest.mark.parametrize("response_type", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_a_default_response_leaves_every_status_as_it_is(response_type: str) -> None:
    assert "statusCode" not in gateway_responses()[response_type]


def test_a_refused_body_says_why_and_stays_json() -> None:
    reason = '[object has missing required properties (["customerId"])]'
    body = rendered(gateway_responses()["BAD_REQUEST_BODY"], validation=reason)
    assert body["detail"] == f"The body is not valid: {reason}"


def test_a_message_with_quotation_marks_and_lines_stays_json() -> None:
    message = "The Canonical String should have been\n'POST\n\"/orders\"'"
    body = rendered(gateway_responses()["INVALID_SIGNATURE"], message=message)
    assert body["detail"] == message


@pytest.mark.parametrize(
    "response_type", ["THROTTLED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"]
)
def test_what_passes_by_itself_says_when_to_try_again(response_type: str) -> None:
    parameters = gateway_responses()[response_type]["responseParameters"]
    seconds = parameters["gatewayresponse.header.Retry-After"].strip("'")
    assert int(seconds) > 0
