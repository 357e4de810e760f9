"""Calls of the API: signed where that is asked for, and refused in sentences."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from orderctl.api import Api, ApiError, NotTheApiError, WrongBodyError, WrongIdError, signer
from orderctl.deployment import Deployment
from orderctl.errors import NOT_THERE, NotDeployedError
from orders_api.views import order_view
from stacks.names import Names
from tests.unit.builders import a_confirmed_order
from tests.unit.orderctl.gateway import ADDRESS, Gateway, problem, run

ASKED = f"is {ADDRESS} the API's address?"


def test_a_call_is_made_as_the_document_says() -> None:
    # given
    gateway = Gateway()
    item = {
        "itemId": "TEA-1",
        "name": "Tea",
        "price": "1.99",
        "currency": "GBP",
        "available": 3,
        "active": True,
        "version": 4,
    }
    gateway.will_answer("PUT inventory/TEA-1", item, 200, ETag='"4"')
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
    assert (answer.body, answer.headers["etag"]) == (item, '"4"')


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


def test_without_credentials_nothing_is_sent() -> None:
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
            "It needs the storefront policy (docs/api.md).",
            1,
        ),
        (
            problem("too-many-requests", 429, "Try again in a moment."),
            429,
            "Repeating it is safe; wait 5 s.",
            1,
        ),
        (problem("refused", 409, "It has\nleft."), 409, "The title: It has left.", 1),
        (
            b"<html>Bad gateway</html>",
            502,
            f"answered with 502, and no reason given: {ASKED}",
            1,
        ),
        (b"[]", 500, f"getOrder was answered with 500, and no reason given: {ASKED}", 1),
        (
            {"type": {}},
            400,
            f"getOrder was answered with 400, and no reason given: {ASKED}",
            1,
        ),
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


ORDER = order_view(a_confirmed_order()).model_dump(mode="json", by_alias=True, exclude_none=True)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ORDER.items() if key != name}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<html>Sign in</html>", 200, f"and no JSON: {ASKED}"),
        (b"", 200, f"and no JSON: {ASKED}"),
        (b"\xff", 200, f"and no JSON: {ASKED}"),
        (b"[]", 200, f"and no JSON: {ASKED}"),
        (b"", 302, f", a redirect: {ASKED}"),
        (ORDER, 202, f", not 200: {ASKED}"),
        ({"status": "UP"}, 200, f"(see orderId, version, placedAt and others): {ASKED[:-1]}, and"),
        (without("history"), 200, "(see history):"),
        ({**ORDER, "payment": "none"}, 200, "(see payment):"),
        ({**ORDER, "placedAt": "noon"}, 200, "(see placedAt):"),
        ({**ORDER, "history": [{**ORDER["history"][0], "by": None}]}, 200, "(see history.0.by):"),
        (json.dumps(ORDER).encode("utf-16"), 200, "(see all of it):"),
    ],
)
def test_what_is_not_the_apis_answer_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, body: Any, status: int, said: str
) -> None:
    gateway = Gateway()
    gateway.will_answer("GET orders/X", body, status)
    for more in ([], ["--json"]):
        done = run(monkeypatch, gateway, "show", "X", *more)
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert done.stderr.startswith(f"getOrder was answered with {status}")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_what_is_newer_than_the_tool_is_shown() -> None:
    gateway = Gateway()
    entry = {**ORDER["history"][0], "event": "OrderBlessed"}
    newer = {**ORDER, "status": "BLESSED", "blessings": 2, "history": [entry]}
    gateway.will_answer("GET orders/X", newer)
    assert Api(ADDRESS, send=gateway.send).call("getOrder", orderId="X").body == newer


class SignIn(BaseHTTPRequestHandler):
    """A proxy that wants people to sign in first."""

    def do_GET(self) -> None:
        if self.path == "/sign-in":
            content = json.dumps(ORDER).encode()
            self.send_response(200)
        else:
            content = b""
            self.send_response(302)
            self.send_header("Location", "/sign-in")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_redirect_is_not_followed() -> None:
    with HTTPServer(("127.0.0.1", 0), SignIn) as server:
        Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        try:
            with pytest.raises(NotTheApiError, match=f"302, a redirect: is {address}"):
                Api(address).call("getOrder", orderId="X")
        finally:
            server.shutdown()


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
    delivered = {
        "orderId": "X",
        "parcelId": "P",
        "deliveredAt": "2026-01-31T12:00:00.000Z",
        "links": {"self": "../../../X"},
    }
    gateway.will_answer("POST orders/X/shipments/P/delivery", delivered)
    Api(ADDRESS, send=gateway.send).call("deliverParcel", orderId="X", parcelId="P")
    assert gateway.asked[0].body is None
    assert json.dumps(gateway.asked[0].query) == "{}"
