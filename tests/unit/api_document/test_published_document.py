"""The published document says what the models and the table of calls say."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from openapi_spec_validator import validate

from order_pipeline.api import problems
from order_pipeline.api.calls import CALLS, EVERY_CALL, Call
from order_pipeline.api.openapi import EXAMPLES, PUBLISHED, openapi_document, published_text
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.problems import ProblemType


def operation(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = openapi_document()["paths"][call.path][call.method.lower()]
    return found


every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)


def test_is_valid_openapi_3_1() -> None:
    document = openapi_document()
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_file_is_up_to_date() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == published_text(), "run `make openapi`"


def test_the_file_is_json_that_any_tool_reads() -> None:
    assert json.loads(published_text()) == openapi_document()


@every_call
def test_names_the_call_and_its_caller(call: Call) -> None:
    described = operation(call)
    assert described["operationId"] == call.operation
    assert described["x-caller"] == call.caller
    assert described["summary"] == call.summary


@every_call
def test_describes_every_answer_and_every_problem(call: Call) -> None:
    responses = operation(call)["responses"]
    for status, answer in call.answers.items():
        assert responses[str(status)].get("headers", {}).keys() == answer.headers.keys()
    for problem in (*EVERY_CALL, *call.problems):
        response = responses[str(problem.status.value)]
        assert problem.uri in response["description"]
        assert list(response["content"]) == ["application/problem+json"]


def test_problems_that_share_a_status_share_a_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(problems._STATUS, ProblemType.BODY_TOO_LARGE, HTTPStatus.CONFLICT)
    responses = openapi_document()["paths"]["/orders"]["post"]["responses"]
    assert "413" not in responses
    assert ProblemType.BODY_TOO_LARGE.uri in responses["409"]["description"]
    assert ProblemType.ORDER_CONFLICT.uri in responses["409"]["description"]


@every_call
def test_path_parameters_are_ids(call: Call) -> None:
    in_path = [
        parameter
        for parameter in operation(call).get("parameters", [])
        if parameter["in"] == "path"
    ]
    assert ["{" + parameter["name"] + "}" for parameter in in_path] == [
        segment for segment in call.path.split("/") if segment.startswith("{")
    ]
    for parameter in in_path:
        assert parameter["schema"]["pattern"] == "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"


def test_an_optional_field_is_not_nullable() -> None:
    schemas = openapi_document()["components"]["schemas"]
    order = schemas["PlaceOrderRequest"]
    assert order["properties"]["orderId"]["type"] == "string"
    assert order["required"] == ["customerId", "items"]
    assert '"null"' not in json.dumps(schemas)


def test_an_answer_may_grow_and_a_request_may_not() -> None:
    schemas = openapi_document()["components"]["schemas"]
    assert schemas["PlaceOrderRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["OrderView"]


@every_call
def test_the_example_of_a_request_is_accepted(call: Call) -> None:
    if call.request:
        shown = operation(call)["requestBody"]["content"]["application/json"]["example"]
        call.request.model_validate(shown)


def test_the_example_of_an_order_is_the_one_everybody_tries_first() -> None:
    assert EXAMPLES[PlaceOrderRequest] == {
        "orderId": "ORD-1",
        "customerId": "CUST-12345",
        "items": [
            {"itemId": "ITEM-001", "quantity": 2, "price": 29.99},
            {"itemId": "ITEM-002", "quantity": 1, "price": 49.99},
        ],
    }
