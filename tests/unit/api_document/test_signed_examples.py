"""The examples of docs/api.md sign their calls as AWS asks for: the signature is made once more."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from order_pipeline.api.placing import PlaceOrderRequest
from tests.unit.api_document.examples import CREDENTIALS, LANGUAGES, run_example

STAGE = "/prod/"


@dataclass(frozen=True)
class ReceivedCall:
    """A call as it came over the wire."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Gateway(BaseHTTPRequestHandler):
    """Takes one call and remembers it."""

    calls: ClassVar[list[ReceivedCall]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        address = f"http://{self.headers['Host']}{self.path}"
        self.calls.append(ReceivedCall(self.command, address, dict(self.headers), body))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"orderId": "ORD-1"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[HTTPServer]:
    Gateway.calls.clear()
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("language", LANGUAGES)
def test_example_signs_its_call(gateway: HTTPServer, language: str) -> None:
    # when
    done = run_example(language, f"http://127.0.0.1:{gateway.server_port}{STAGE}")

    # then
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"orderId": "ORD-1"}
    [call] = Gateway.calls
    signed, signature = signature_of(call)
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed)
    assert signature == made_again(call, signed, CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
    # and another key, or another body, would have given another one
    assert signature != made_again(call, signed, "another key")
    other = replace(call, body=call.body.replace(b"CUST-12345", b"CUST-12346"))
    assert signature != made_again(other, signed, CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_example_places_an_order(gateway: HTTPServer, language: str) -> None:
    # when
    run_example(language, f"http://127.0.0.1:{gateway.server_port}{STAGE}")

    # then
    [call] = Gateway.calls
    assert call.url.endswith(f"{STAGE}orders")
    assert call.headers["Idempotency-Key"]
    PlaceOrderRequest.model_validate_json(call.body)


def signature_of(call: ReceivedCall) -> tuple[list[str], str]:
    """Return the names of the headers that were signed, and the signature."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/\d{8}/eu-west-2/execute-api/aws4_request, ?"
        r"SignedHeaders=(?P<signed>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})",
        call.headers["Authorization"],
    )
    assert match, call.headers["Authorization"]
    return match["signed"].split(";"), match["signature"]


def made_again(call: ReceivedCall, signed: list[str], secret_key: str) -> str:
    """Return the signature that these headers and this body have with a key, by botocore."""
    headers = {name: value for name, value in call.headers.items() if name.lower() in signed}
    request = AWSRequest(call.method, call.url, headers, call.body)
    request.context["timestamp"] = call.headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials("ASIAEXAMPLE", secret_key), "execute-api", "eu-west-2")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature: str = signer.signature(text, request)
    return signature
