"""What is not valid is refused with a reason, never with a 5xx, and leaves nothing behind."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.bad_requests import (
    BAD_ITEMS,
    BAD_ORDERS,
    BAD_ORDERS_FOR_THE_FUNCTION,
    ITEM,
    ORDER,
    BadRequest,
)
from tests.e2e.problems import INVALID, NOT_FOUND, TOO_LARGE
from tests.e2e.shop import Json, Shop


@pytest.fixture(autouse=True)
def nothing_is_stored(shop: Shop) -> Iterator[None]:
    """Assert, after every test here, that the tables hold as many items as before."""
    before = shop.stored()
    yield
    assert shop.stored() == before, "(orders, inventory)"


@pytest.mark.parametrize("bad", BAD_ORDERS, ids=str)
def test_bad_order_is_refused(shop: Shop, bad: BadRequest) -> None:
    answer = shop.post_order(bad.body)
    assert_refused(answer, bad)


@pytest.mark.parametrize("bad", BAD_ITEMS, ids=str)
def test_bad_item_is_refused(shop: Shop, bad: BadRequest) -> None:
    answer = shop.put_item(shop.new_id("item"), bad.body)
    assert_refused(answer, bad)


@pytest.mark.parametrize("bad", [*BAD_ORDERS, *BAD_ORDERS_FOR_THE_FUNCTION], ids=str)
def test_bad_order_is_refused_where_the_gateway_lets_it_pass(shop: Shop, bad: BadRequest) -> None:
    """As a body of another content type does on AWS."""
    answer = invoke(shop, "place-order", ("POST", "/orders"), bad.body)
    assert_problem_names_the_field(answer, bad)


@pytest.mark.parametrize("bad", BAD_ITEMS, ids=str)
def test_bad_item_is_refused_where_the_gateway_lets_it_pass(shop: Shop, bad: BadRequest) -> None:
    answer = invoke(
        shop, "inventory-api", ("PUT", "/inventory/{itemId}"), bad.body, itemId="never-stored"
    )
    assert_problem_names_the_field(answer, bad)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
def test_content_type_does_not_get_a_bad_order_in(shop: Shop, content_type: str) -> None:
    answer = shop.post_order(b"customerId=customer-1", {"Content-Type": content_type})
    assert_refused(answer, BadRequest("", b"", "body"))


def test_order_without_id_and_key_is_refused(shop: Shop) -> None:
    request = {name: value for name, value in ORDER.items() if name != "orderId"}
    answer = shop.post_order(request)
    assert_problem(answer, INVALID, 400, "orderId")


def test_idempotency_key_that_is_too_long_is_refused(shop: Shop) -> None:
    request = {name: value for name, value in ORDER.items() if name != "orderId"}
    answer = shop.post_order(request, {"Idempotency-Key": "x" * 256})
    assert_problem(answer, INVALID, 400, "Idempotency-Key")


def test_unknown_order_is_not_found(shop: Shop) -> None:
    answer = shop.api.get(f"orders/{shop.new_id('order')}")
    assert_problem(answer, NOT_FOUND, 404, None)


def test_unknown_item_is_not_found(shop: Shop) -> None:
    answer = shop.api.get(f"inventory/{shop.new_id('item')}")
    assert_problem(answer, NOT_FOUND, 404, None)


MALFORMED_IDS = ["a b", "a*b", "x" * 65, "é", "a%00b", "a%0Ab", "reservation%23order-1", "%7B%7D"]


@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_malformed_order_id_is_refused(shop: Shop, malformed: str) -> None:
    assert_problem(shop.api.get(f"orders/{malformed}"), INVALID, 400, "orderId")
    assert_problem(shop.api.get(f"shipping-addresses/{malformed}"), INVALID, 400, "orderId")


@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_malformed_item_id_is_refused(shop: Shop, malformed: str) -> None:
    assert_problem(shop.api.get(f"inventory/{malformed}"), INVALID, 400, "itemId")
    assert_problem(shop.put_item(malformed, ITEM), INVALID, 400, "itemId")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "orders"),
        ("DELETE", "orders/order-1"),
        ("PATCH", "inventory/item-1"),
        ("GET", ""),
        ("GET", "customers"),
        ("POST", "orders/order-1/unknown"),
    ],
)
def test_call_that_does_not_exist_is_refused(shop: Shop, method: str, path: str) -> None:
    answer = shop.api.request(method, path)
    assert answer.is_client_error, answer.text
    assert answer.json(), "an explanation"


def assert_refused(answer: httpx.Response, bad: BadRequest) -> None:
    """Assert that the gateway refused it, or that the function did and named the field."""
    # The gateway marks its own answers. AWS words this one as a problem document, which a test of
    # the API's document holds; LocalStack leaves the document's response templates out.
    if "x-amzn-ErrorType" in answer.headers:
        assert answer.status_code == 400, answer.text
    else:
        assert_problem_names_the_field(answer, bad)


def assert_problem_names_the_field(answer: httpx.Response, bad: BadRequest) -> None:
    if bad.status == 413:
        assert_problem(answer, TOO_LARGE, 413, None)
        assert bad.field in answer.json()["detail"]
    else:
        assert_problem(answer, INVALID, bad.status, bad.field)


def assert_problem(answer: httpx.Response, kind: str, status: int, field: str | None) -> None:
    """Assert that the answer is a problem document (RFC 9457) of a kind, about a field."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: Json = answer.json()
    assert (problem["type"], problem["status"]) == (kind, status)
    assert problem["title"]
    assert problem["detail"]
    if field:
        assert field in [error["field"] for error in problem["errors"]], problem
        assert all(error["message"] for error in problem["errors"])


def invoke(
    shop: Shop, function: str, call: tuple[str, str], body: bytes, **path_parameters: str
) -> httpx.Response:
    """Invoke a deployed function as API Gateway does when its own check lets a request pass."""
    method, resource = call
    event: dict[str, Any] = {
        "httpMethod": method,
        "resource": resource,
        "pathParameters": path_parameters or None,
        "headers": {"Content-Type": "text/plain"},
        "requestContext": {"requestId": "e2e"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    invoked = shop.functions.invoke(
        FunctionName=shop.deployment.live(function), Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in invoked, invoked["Payload"].read()
    answer = json.loads(invoked["Payload"].read())
    return httpx.Response(answer["statusCode"], headers=answer["headers"], text=answer["body"])
