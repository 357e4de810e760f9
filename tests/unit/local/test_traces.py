import json
import socket

import pytest

from local.lambda_runtime.traces import trace_header
from tests.trace_daemon import TraceDaemon

OWN = "Root=1-65a1b2c3-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1"
REQUESTS = "Root=1-65a1b2c4-0123456789abcdef01234567;Parent=53995c3f42cd8ad9;Sampled=0"


def test_function_behind_the_api_goes_on_with_the_requests_trace() -> None:
    event = {"httpMethod": "POST", "headers": {"Host": "-", "X-Amzn-Trace-Id": REQUESTS}}
    assert trace_header(json.dumps(event), OWN) == REQUESTS


@pytest.mark.parametrize(
    "event",
    [
        {"httpMethod": "GET", "headers": {"Host": "-"}},
        {"httpMethod": "GET", "headers": None},
        {"headers": {"X-Amzn-Trace-Id": REQUESTS}},
        {"Records": [{"body": "{}"}]},
        ["X-Amzn-Trace-Id"],
        None,
    ],
)
def test_any_other_invocation_has_a_trace_of_its_own(event: object) -> None:
    assert trace_header(json.dumps(event), OWN) == OWN


def test_invocation_without_an_event_has_a_trace_of_its_own() -> None:
    assert trace_header("", OWN) == OWN


def test_a_port_for_traces_that_is_taken_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
        somebody.bind(("127.0.0.1", 0))
        port = somebody.getsockname()[1]

        with (
            pytest.raises(RuntimeError, match=f"UDP port {port}, .* is taken: stop that program"),
            TraceDaemon.listening(port),
        ):
            pytest.fail("it is taken")
