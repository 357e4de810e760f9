import base64
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock
from urllib.parse import urljoin

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.api.fields import Links
from order_pipeline.api.placing import AddressRequest, PlaceOrderRequest
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.domain.limits import MAX_BODY_BYTES
from order_pipeline.domain.ports import ConcurrentChangeError, UnreadItemsError

GOOD = {"customerId": "CUST-1", "items": [{"itemId": "ITEM-001", "quantity": 1}]}


def call(
    serve: Callable[[Request], Response], body: str | None = None, **event: object
) -> dict[str, Any]:
    handler = api_handler({("POST", "/orders"): serve})
    request = {
        "httpMethod": "POST",
        "resource": "/orders",
        "requestContext": {"requestId": "r-1"},
        "headers": {"Idempotency-Key": "k"},
        "pathParameters": None,
        "body": body,
        "isBase64Encoded": False,
    }
    return handler(request | event, Mock())


def read(request: Request) -> Response:
    placed = request.model(PlaceOrderRequest)
    return Response(HTTPStatus.ACCEPTED, Links(self=placed.customer_id), {"Location": "/x"})


def problem(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer["body"])
    assert document["status"] == answer["statusCode"]
    return document


def test_a_good_request_is_answered() -> None:
    answer = call(read, json.dumps(GOOD))
    assert answer["statusCode"] == 202
    assert answer["headers"] == {"Content-Type": "application/json", "Location": "/x"}
    assert json.loads(answer["body"]) == {"self": "CUST-1"}


def test_a_body_in_base64_is_read() -> None:
    body = base64.b64encode(json.dumps(GOOD).encode()).decode()
    assert call(read, body, isBase64Encoded=True)["statusCode"] == 202


def test_header_names_have_no_case() -> None:
    seen = []

    def serve(request: Request) -> Response:
        seen.append(request.headers)
        return read(request)

    call(serve, json.dumps(GOOD))
    assert seen == [{"idempotency-key": "k"}]


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", '{"a": NaN}', "[" * 60_000, '"\ud800"', None]
)
def test_what_is_not_json_is_refused(body: str | None) -> None:
    document = problem(call(read, body))
    assert document["type"] == "urn:order-pipeline:problem:invalid-request"
    assert document["errors"][0]["field"] == "body"


def test_a_name_that_is_said_twice_is_refused() -> None:
    line = '{"itemId": "ITEM-001", "quantity": 1, "quantity": 1000}'
    document = problem(call(read, f'{{"customerId": "CUST-1", "items": [{line}]}}'))
    assert document["errors"] == [
        {"field": "body", "message": "must not repeat a key in an object"}
    ]


def test_a_body_that_is_too_large_is_refused() -> None:
    answer = call(read, " " * (MAX_BODY_BYTES + 1))
    assert answer["statusCode"] == 413
    assert "the maximum is 65536 bytes" in problem(answer)["detail"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"items": []}, "items", "must have 1 or more items"),
        ({"items": GOOD["items"] * 51}, "items", "must have at most 50 items"),  # type: ignore[operator]
        ({"items": [{"itemId": "A", "quantity": 0}]}, "items[0].quantity", "must be 1 or more"),
        ({"items": [{"itemId": "A", "quantity": 10001}]}, "items[0].quantity", "10000"),
        ({"items": [{"itemId": "A", "quantity": "1"}]}, "items[0].quantity", "an integer"),
        ({"items": [{"itemId": "A", "quantity": True}]}, "items[0].quantity", "an integer"),
        ({"items": [{"quantity": 1}]}, "items[0].itemId", "required"),
        ({"items": [{"itemId": "A", "quantity": 1, "price": -1}]}, "items[0].price", "0 or more"),
        ({"items": [{"itemId": "A", "quantity": 1, "price": "1e3"}]}, "items[0].price", "29.99"),
        ({"items": [{"itemId": "A", "quantity": 1, "prise": 1}]}, "items[0].prise", "permitted"),
        ({"customerId": "a\u0000b"}, "customerId", "match the pattern"),
        ({"customerId": "x" * 65}, "customerId", "match the pattern"),
        ({"customerId": None}, "customerId", "must be text"),
        ({"customerId": ".."}, "customerId", "match the pattern"),
        ({"order_id": "ORD-1"}, "order_id", "permitted"),
        ({"currency": "XXX"}, "currency", "'GBP'"),
        ({"priority": "urgent"}, "priority", "'normal' or 'high'"),
        ({"contact": {"email": "no"}}, "contact.email", "match the pattern"),
        ({"contact": {"phone": "0770"}}, "contact.phone", "match the pattern"),
        ({"payment": {"method": "4242424242424242"}}, "payment.method", "match the pattern"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_allowed(
    change: dict[str, Any], field: str, message: str
) -> None:
    answer = call(read, json.dumps(GOOD | change))
    assert answer["statusCode"] == 400
    (wrong,) = problem(answer)["errors"]
    assert wrong["field"] == field
    assert message in wrong["message"]


def test_text_that_cannot_be_stored_is_refused() -> None:
    address = {"name": "\ud800", "line1": "x", "city": "x", "postcode": "x", "country": "GB"}
    document = problem(call(read, json.dumps(GOOD | {"shippingAddress": address})))
    assert document["errors"][0]["field"] == "shippingAddress.name"


ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postcode": "N1", "country": "GB"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u00a0",
        "\u3000\u3000",
        "\u200b",
        "\ufeff",
        "Ada\n",
        "Ada\tL.",
        "Ada\u0085L.",
        "\u009b31m",
        "Ada\u007f",
        "Ada\u2028L.",
        "\u202eadA",
        "Ada\u200f",
        "\u2066Ada\u2069",
        "x" * 201,
    ],
)
def test_a_name_that_hides_or_fakes_something_is_refused(name: str) -> None:
    # given the check of the function, and the gateway's before it
    body = json.dumps(GOOD | {"shippingAddress": ADDRESS | {"name": name}})
    schema = AddressRequest.model_json_schema()["properties"]["name"]

    # then
    (wrong,) = problem(call(read, body))["errors"]
    assert wrong["field"] == "shippingAddress.name"
    assert wrong["message"].startswith("must ")
    lengths = schema["minLength"] <= len(name) <= schema["maxLength"]
    assert not (lengths and re.fullmatch(schema["pattern"], name))


@pytest.mark.parametrize(
    "name", ["Ada", " Ada", "O'Brien-Łukasz", "李 小龍", "नमस्ते", "👩‍👧", "x" * 200]
)
def test_a_name_of_any_script_is_taken(name: str) -> None:
    body = json.dumps(GOOD | {"shippingAddress": ADDRESS | {"name": name}})
    assert call(read, body)["statusCode"] == 202


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"items": {}}, "items", "must be an array"),
        ({"items": ["A"]}, "items[0]", "must be an object"),
        ({"contact": []}, "contact", "must be an object"),
        ({"contact": {"email": 5}}, "contact.email", "must be text"),
        ({"items": [{"itemId": "A", "quantity": 1.5}]}, "items[0].quantity", "must be an integer"),
        ({"items": [{"itemId": "A"}]}, "items[0].quantity", "is required"),
        (
            {"items": [{"itemId": "A", "quantity": 1, "price": {}}]},
            "items[0].price",
            "must be a number, or text such as 29.99",
        ),
        (
            {"items": [{"itemId": "A", "quantity": 1, "price": 10**15}]},
            "items[0].price",
            "must be 999999999.99 or less",
        ),
        ({"discount": 5}, "discount", "is not permitted: there is no such field"),
        (
            {"shippingAddress": ADDRESS | {"city": ""}},
            "shippingAddress.city",
            "must have 1 or more characters",
        ),
        (
            {"contact": {"channels": ["fax"]}},
            "contact.channels[0]",
            "must be 'email', 'sms' or 'push'",
        ),
    ],
)
def test_a_refusal_does_not_speak_of_how_the_models_are_made(
    change: dict[str, Any], field: str, message: str
) -> None:
    document = problem(call(read, json.dumps(GOOD | change)))
    assert document["errors"] == [{"field": field, "message": message}]
    assert document["detail"] == f"{field} {message}"


def test_a_body_that_is_no_object_is_refused() -> None:
    assert problem(call(read, "[]"))["detail"] == "body must be an object"


def test_every_wrong_field_is_named() -> None:
    errors = problem(call(read, json.dumps({"items": [], "orderId": "#"})))["errors"]
    assert {error["field"] for error in errors} == {"items", "orderId", "customerId"}


def test_a_problem_that_a_call_raises_is_its_answer() -> None:
    serve = Mock(side_effect=ProblemError(ProblemType.ORDER_CONFLICT, "Placed before."))
    answer = call(serve)
    assert answer["statusCode"] == 409
    assert problem(answer)["detail"] == "Placed before."


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem"),
        ConnectTimeoutError(endpoint_url="x"),
        ConcurrentChangeError("ITEM-001"),
        UnreadItemsError("2 items"),
    ],
)
def test_a_dependency_that_fails_is_a_503_to_be_tried_again(failure: Exception) -> None:
    answer = call(Mock(side_effect=failure))
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "5"
    assert problem(answer)["type"] == "urn:order-pipeline:problem:unavailable"


def test_an_unexpected_failure_tells_the_caller_nothing_about_us() -> None:
    answer = call(Mock(side_effect=KeyError("secret")))
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert problem(answer)["type"] == "urn:order-pipeline:problem:internal-error"


def test_an_id_in_the_path_must_be_one() -> None:
    def serve(request: Request) -> Response:
        return Response(HTTPStatus.OK, Links(self=request.id("orderId")))

    assert call(serve, pathParameters={"orderId": "ORD-1"})["statusCode"] == 200
    answer = call(serve, pathParameters={"orderId": "reservation#ORD-1"})
    assert answer["statusCode"] == 400
    assert problem(answer)["errors"][0]["field"] == "orderId"


@pytest.mark.parametrize(
    "root",
    [
        "https://id.execute-api.eu-west-2.amazonaws.com/prod/",
        "http://localhost:4566/_aws/execute-api/id/local/",
        "https://api.example.com/",
        "https://example.com/shop/",
    ],
)
@pytest.mark.parametrize(
    "resource",
    [
        "/orders",
        "/orders/{orderId}",
        "/orders/{orderId}/cancel",
        "/orders/{orderId}/shipments/{parcelId}/delivery",
        "/customers/{customerId}/orders",
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_reference_leads_there_from_the_address_of_the_request(
    root: str, resource: str, slash: str
) -> None:
    # given
    def serve(request: Request) -> Response:
        return Response(HTTPStatus.OK, Links(self=request.reference("/orders/ORD-1")))

    path = re.sub("{.*?}", "some-id", resource) + slash
    event = {
        "httpMethod": "GET",
        "resource": resource,
        "path": path,
        "requestContext": {"requestId": "r-1"},
    }

    # when
    answer = api_handler({("GET", resource): serve})(event, Mock())

    # then
    reference = json.loads(answer["body"])["self"]
    assert urljoin(root + path.removeprefix("/"), reference) == f"{root}orders/ORD-1"
