"""Calls of the API: signed where that is asked for, and refused in sentences."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from orderctl.api import Api, ApiError, WrongBodyError, WrongIdError, signer
from orderctl.deployment import Deployment
from orderctl.errors import NOT_THERE, NotDeployedError
from stacks.names import Names
from tests.unit.orderctl.gateway import ADDRESS, Gateway, problem


def test_a_call_is_made_as_the_document_says() -> None:
    # given
    gateway = Gateway()
    gateway.will_answer("PUT inventory/TEA-1", {"version": 4}, 200, ETag='"4"')
    tea = {"name": "Tea", "price": "1.99", "available": 3}
    # when
    answer = Api(ADDRESS, send=gateway.send).call(
        "setItem", tea, headers={"If-Match": '"3"'}, itemId="TEA-1"
    )
    # then
    [asked] = gateway.asked
    assert asked.body == tea
    assert (asked.headers["If-Match"], asked.headers["Content-Type"]) == ('"3"', "application/json")
    assert "Authorization" not in asked.headers
    assert (answer.body, answer.headers["etag"]) == ({"version": 4}, '"4"')


def test_a_body_that_the_api_refuses_is_not_sent_and_its_wrong_fields_are_named() -> None:
    # given
    gateway = Gateway()
    tea = {"name": "Tea", "price": "1.999"}
    # when
    with pytest.raises(WrongBodyError, match=r"price .*; available is required") as refused:
        Api(ADDRESS, send=gateway.send).call("setItem", tea, itemId="TEA-1")
    # then
    assert refused.value.exit_code == NOT_THERE
    assert gateway.asked == []


def test_a_call_is_signed_for_the_gateway_of_its_region() -> None:
    # given
    gateway = Gateway()
    gateway.will_answer("GET customers/C/orders", {"orders": []})
    session = boto3.Session("AKIAEXAMPLE", "secret", "token")
    # when
    api = Api(ADDRESS, sign=signer(session, "eu-west-2"), send=gateway.send)
    api.call("listCustomerOrders", query={"status": "PLACED"}, customerId="C")
    # then
    [asked] = gateway.asked
    assert "/eu-west-2/execute-api/aws4_request" in asked.headers["Authorization"]
    assert asked.headers["X-Amz-Security-Token"] == "token"
    assert asked.query == {"status": "PLACED"}


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = type("Session", (), {"get_credentials": lambda _: None})()
    gateway = Gateway()
    with pytest.raises(NoCredentialsError):
        Api(ADDRESS, sign=signer(session, "eu-west-2"), send=gateway.send).call(
            "getOrder", orderId="ORD-1"
        )
    assert gateway.asked == []


@pytest.mark.parametrize("order_id", ["", "..", "a/b", "a b", "x" * 65])
def test_what_is_no_id_is_not_sent(order_id: str) -> None:
    gateway = Gateway()
    with pytest.raises(WrongIdError, match="orderId"):
        Api(ADDRESS, send=gateway.send).call("getOrder", orderId=order_id)
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("body", "status", "sentence", "exit_code"),
    [
        (
            problem("invalid-request", 400, "items[0].quantity must be 1 or more"),
            400,
            "The title: items[0].quantity must be 1 or more.",
            2,
        ),
        (problem("not-found", 404, "There is no order X."), 404, "There is no order X.", 2),
        (problem("refused", 409, "It has left."), 409, "The title: It has left.", 1),
        (
            problem("forbidden", 403, "Not signed by a caller who may."),
            403,
            "It takes the storefront policy (docs/api.md).",
            1,
        ),
        (
            problem("too-many-requests", 429, "Try again in a moment."),
            429,
            "Repeating it is safe; wait 5 s.",
            1,
        ),
        (b"<html>Bad gateway</html>", 502, "getOrder was answered with 502", 1),
        (b"[]", 500, "getOrder was answered with 500", 1),
    ],
)
def test_a_refusal_is_one_sentence(body: Any, status: int, sentence: str, exit_code: int) -> None:
    gateway = Gateway()
    headers = {"Retry_After": "5"} if status == 429 else {}
    gateway.will_answer("GET orders/X", body, status, **headers)
    with pytest.raises(ApiError) as raised:
        Api(ADDRESS, send=gateway.send).call("getOrder", orderId="X")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == exit_code


def deployed(suffix: str = "dev", endpoint: str = "") -> Deployment:
    names = Names(suffix, "123456789012", "eu-west-2")
    return Deployment(names, boto3.Session(region_name="eu-west-2"), endpoint or None)


@pytest.mark.usefixtures("aws")
def test_the_api_is_found_by_its_name() -> None:
    # given
    client = boto3.client("apigateway")
    for name in ("orders-api-ann", "orders-api-dev", "another"):
        client.create_rest_api(name=name)
    ids = {api["name"]: api["id"] for api in client.get_rest_apis()["items"]}
    # then
    expected = f"https://{ids['orders-api-ann']}.execute-api.eu-west-2.amazonaws.com/ann/"
    assert deployed("ann").api.address == expected
    with pytest.raises(NotDeployedError, match="There is no API orders-api-prod"):
        _ = deployed("prod").api


@pytest.mark.usefixtures("aws")
def test_two_apis_of_a_name_are_not_guessed_between() -> None:
    for _ in range(2):
        boto3.client("apigateway").create_rest_api(name="orders-api-dev")
    with pytest.raises(NotDeployedError, match="There are 2 APIs"):
        _ = deployed().api


def test_what_is_sent_is_json() -> None:
    gateway = Gateway()
    gateway.will_answer("POST orders/X/shipments/P/delivery", {})
    Api(ADDRESS, send=gateway.send).call("deliverParcel", orderId="X", parcelId="P")
    assert gateway.asked[0].body is None
    assert json.dumps(gateway.asked[0].query) == "{}"
