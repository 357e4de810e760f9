"""No request, however odd, is answered with a 5xx or with anything outside the published document.

Requests are made by schemathesis from the document: some as it allows, some as it does not.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, CheckFunction, Response
from schemathesis.specs.openapi import checks

from tests.e2e.shop import Shop

pytestmark = pytest.mark.long


def published() -> dict[str, Any]:
    """Return the published document, without the signatures that LocalStack does not check.

    So the checks of who may call are never made here: LocalStack has no IAM, and the policies are
    tested where they are defined.
    """
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    del document["security"], document["components"]["securitySchemes"]
    return document


DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
API = schemathesis.openapi.from_dict(published())

REQUESTS_PER_CALL = 10
"""At random; those for the borders of each field, three times as many, come on top."""

EXCLUDED_FOR_LOCALSTACKS_GATEWAY: dict[CheckFunction, str] = {
    checks.content_type_conformance: "It ignores the gateway responses that word its own refusals "
    "as problem documents on AWS; a test of the gateway's document holds these.",
    checks.unsupported_method: "A method that is not in the document is a 403 there, not a 405, "
    "and on AWS too: API Gateway takes it for a call that nobody may make.",
}
"""Checks that are not made of what LocalStack's gateway answers by itself, and why."""

REFUSED_BY_RULE = {
    "is required unless there is an Idempotency-Key": "one of a field and a header is required",
    "amount is required without lines": "one of two fields is required",
    "restock requires lines": "a field needs another",
    "must have at most": "an amount's decimal places depend on the currency",
    "must be an amount of zero or more": "as above, where a number has more than any currency",
    "cursor must be a cursor returned by an earlier response": "a cursor is opaque",
    "If-Match must be the ETag that was read": "an ETag is opaque",
    "must be an integer": "2.0 is an integer to JSON Schema 2020-12, and not to the gateway's "
    "draft 4, nor to the functions",
}
"""What a 400 to a request that the document allows may say, and the rule no schema can say."""

NULL = ": null"
"""In a body, taken for a field that is left out. The document says to leave it out, and the gateway
refuses a null but where the type is a number or text (amounts), which its draft 4 cannot say."""

BY_WHAT_IS_STORED = (412, 428)
"""Answers to good requests, beside 404 and 409, which schemathesis takes for such by itself."""

API.config.checks.positive_data_acceptance.expected_statuses = [
    *API.config.checks.positive_data_acceptance.expected_statuses,
    *map(str, BY_WHAT_IS_STORED),
]


@pytest.fixture(scope="module")
def answered(pytestconfig: pytest.Config) -> Iterator[Counter[str]]:
    """How often each call was answered with what; printed at the end."""
    answers: Counter[str] = Counter()
    yield answers
    capturing = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert capturing
    with capturing.global_and_fixture_disabled():
        print(f"\n{answers.total()} requests:", *sorted(answers.items()), sep="\n  ")  # noqa: T201


@API.parametrize()
@settings(
    max_examples=REQUESTS_PER_CALL,
    deadline=None,  # a function may start cold
    derandomize=True,  # the same requests in every run: a failure is the fault of a change
    phases=(Phase.explicit, Phase.generate),  # what fails is told as it is: time is bounded
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_published(case: Case[Any], shop: Shop, answered: Counter[str]) -> None:
    address = shop.deployment.api_endpoint.removesuffix("/")
    response = case.call(base_url=address)
    if localstack_gave_up(response):
        answered[f"{case.operation.label}: LocalStack gave up"] += 1
        return
    answered[f"{case.operation.label}: {response.status_code}"] += 1
    case.validate_response(
        response,
        excluded_checks=excluded_checks(response),
        transport_kwargs={"base_url": address},
    )


def localstack_gave_up(response: Response) -> bool:
    """Tell whether LocalStack could not take the request as HTTP, where AWS can.

    Its gateway breaks on a body that is not UTF-8 and on some headers; its server answers a
    multipart body without a boundary with nothing but the status. The tests of bad requests send
    such bodies to the functions themselves.
    """
    broken = response.status_code == 500 and response.text.startswith(
        "Error in apigateway invocation"
    )
    return broken or (response.status_code == 400 and not response.headers)


def excluded_checks(response: Response) -> list[CheckFunction]:
    """Return the checks that this answer is not held to."""
    if "x-amzn-errortype" in response.headers:
        return list(EXCLUDED_FOR_LOCALSTACKS_GATEWAY)
    if response.status_code == 400 and any(rule in response.text for rule in REFUSED_BY_RULE):
        return [checks.positive_data_acceptance]
    if response.status_code < 300 and NULL in str(response.request.body):
        return [checks.negative_data_rejection]
    return []
