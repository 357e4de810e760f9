import json

import pytest

from local.lambda_runtime.traces import trace_header

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
