"""Signed requests, as a server gets them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

from order_pipeline.adapters.signed_api import SignedApi
from order_pipeline.domain.ports import ApiAnswer, ApiSilentError

KEY, SECRET, TOKEN = "ASIAEXAMPLE", "secret", "session"
SIGNED_HEADERS = "content-type;host;x-amz-date;x-amz-security-token"


@dataclass
class Received:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """What a server on this machine has got, and what it answers."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: tuple[int, bytes] = (200, b'{"status": "PLACED"}')


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.received.append(Received(self.command, self.path, headers, body))
            status, answer = served.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = HTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{http.server_port}/prod/"
    thread = Thread(target=http.serve_forever)
    thread.start()
    yield served
    http.shutdown()
    http.server_close()
    thread.join()


def api_at(url: str) -> SignedApi:
    session = Session()
    session.set_credentials(KEY, SECRET, TOKEN)
    session.set_config_variable("region", "eu-west-2")
    return SignedApi(url, session=session)


def signature_of(received: Received, url: str) -> str:
    """Return what a request is to be signed with."""
    request = AWSRequest(received.method, url, data=received.body)
    for name in SIGNED_HEADERS.split(";"):
        request.headers[name] = received.headers[name]
    request.context["timestamp"] = received.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY, SECRET, TOKEN), "execute-api", "eu-west-2")
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)


def test_a_document_is_sent_signed(server: Server) -> None:
    # when
    answer = api_at(server.url).post("orders/canary-1/cancel", {"reason": "other"})

    # then
    assert answer == ApiAnswer(200, {"status": "PLACED"})
    (received,) = server.received
    assert (received.method, received.path) == ("POST", "/prod/orders/canary-1/cancel")
    assert json.loads(received.body) == {"reason": "other"}
    assert received.headers["content-type"] == "application/json"
    assert received.headers["x-amz-security-token"] == TOKEN
    day = received.headers["x-amz-date"][:8]
    assert received.headers["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{day}/eu-west-2/execute-api/aws4_request, "
        f"SignedHeaders={SIGNED_HEADERS}, "
        f"Signature={signature_of(received, server.url + 'orders/canary-1/cancel')}"
    )


def test_a_query_is_part_of_what_is_signed(server: Server) -> None:
    # when
    api_at(server.url).get("customers/order-pipeline-canary/orders?limit=20")
    # then
    (received,) = server.received
    assert received.path == "/prod/customers/order-pipeline-canary/orders?limit=20"
    url = f"{server.url}customers/order-pipeline-canary/orders?limit=20"
    assert received.headers["authorization"].endswith(signature_of(received, url))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
def test_an_answer_without_a_document_says_its_status(server: Server, body: bytes) -> None:
    server.answer = (502, body)
    assert api_at(server.url).get("orders/canary-1") == ApiAnswer(502, {})


def test_a_server_that_is_not_there_is_silent() -> None:
    with pytest.raises(ApiSilentError, match="EndpointConnectionError"):
        api_at("http://127.0.0.1:1/").get("orders/canary-1")


def test_an_answer_that_breaks_off_is_silence(server: Server) -> None:
    server.answer = (99999, b"")
    with pytest.raises(ApiSilentError):
        api_at(server.url).get("orders/canary-1")


def test_without_credentials_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "get_credentials", lambda _self: None)
    with pytest.raises(NoCredentialsError):
        api_at("http://127.0.0.1:1/")
