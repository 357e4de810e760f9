"""The examples of docs/api.md sign their calls as AWS asks for: the signature is made once more."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import CompletedProcess
from threading import Thread
from typing import ClassVar

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from order_pipeline.api.placing import PlaceOrderRequest
from tests.docs.api_guide import CREDENTIALS, published, read, run_program, run_script

STAGE = "/prod/"
GUIDE = read(published())
[PROGRAM] = GUIDE.programs

type Run = Callable[[str], CompletedProcess[str]]
"""Runs an example against the API at an address."""


@dataclass(frozen=True)
class ReceivedCall:
    """A call as it came over the wire."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Gateway(BaseHTTPRequestHandler):
    """Takes calls and remembers them."""

    calls: ClassVar[list[ReceivedCall]] = []

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_PUT(self) -> None:
        self._take()

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = f"http://{self.headers['Host']}{self.path}"
        self.calls.append(ReceivedCall(self.command, address, dict(self.headers), body))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"orderId": "ORD-1", "cursor": "WyIyMDI2LTAxLTMx"}')

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


@pytest.mark.parametrize(
    ("run", "calls"),
    [
        *(
            pytest.param(
                partial(run_script, each.script),
                each.command.count("curl "),
                id=f"line {each.line}",
            )
            for each in GUIDE.examples
        ),
        pytest.param(partial(run_program, PROGRAM), 1, id="Python"),
    ],
)
def test_example_signs_its_calls(gateway: HTTPServer, run: Run, calls: int) -> None:
    # when
    done = run(f"http://127.0.0.1:{gateway.server_port}{STAGE}")

    # then
    assert done.returncode == 0, done.stderr
    assert len(Gateway.calls) == calls
    for call in Gateway.calls:
        signed, signature = signature_of(call)
        assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed)
        assert signature == made_again(call, signed, CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        # and another key, or another body, would have given another one
        assert signature != made_again(call, signed, "another key")
        other = replace(call, body=call.body + b" ")
        assert signature != made_again(other, signed, CREDENTIALS["AWS_SECRET_ACCESS_KEY"])


def test_program_places_an_order(gateway: HTTPServer) -> None:
    # when
    done = run_program(PROGRAM, f"http://127.0.0.1:{gateway.server_port}{STAGE}")

    # then
    assert json.loads(done.stdout)["orderId"] == "ORD-1"
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
