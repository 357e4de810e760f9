"""The AWS calls that functions were recorded to make are those that their policies are made for.

`make test` holds the policies to tests/permissions/recorded_calls.json; this holds that file to
what the functions have really done. LocalStack does not enforce policies.
"""

import pytest

from local.backends import choose_backend
from local.docker import DockerBackend
from local.settings import settings_from_environment
from tests.e2e.shop import Shop
from tests.permissions.recording import RecordedCall, read, recorded_on

REWRITE = "is it meant? `make record-calls` writes the file, `make test` then asks for the policy"


@pytest.fixture(scope="module")
def recorded(shop: Shop) -> set[RecordedCall]:
    settings = settings_from_environment()
    if isinstance(choose_backend(settings), DockerBackend):
        pytest.skip("LocalStack's own image records no calls")
    return recorded_on(settings, shop.deployment.suffix)


@pytest.mark.last
def test_functions_made_no_call_that_is_not_committed(recorded: set[RecordedCall]) -> None:
    new = sorted(f"{call.function}: {call}" for call in recorded - read())
    assert new == [], REWRITE


@pytest.mark.whole
def test_functions_made_every_call_that_is_committed(recorded: set[RecordedCall]) -> None:
    gone = sorted(f"{call.function}: {call}" for call in read() - recorded)
    assert gone == [], REWRITE
