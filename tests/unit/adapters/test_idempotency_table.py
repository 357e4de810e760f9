import time
from typing import TYPE_CHECKING

import pytest

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.domain.ports import ClaimTakenError
from tests.unit.conftest import IDEMPOTENCY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "notification#ORD-1#4#email"


@pytest.fixture
def claims(dynamodb: "DynamoDBClient") -> IdempotencyTable:
    return IdempotencyTable(dynamodb, IDEMPOTENCY_TABLE)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_work_is_claimed_by_one(claims: IdempotencyTable) -> None:
    assert claims.claim(KEY)
    with pytest.raises(ClaimTakenError, match=KEY):
        claims.claim(KEY)


def test_work_that_is_done_stays_done(
    claims: IdempotencyTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims.claim(KEY)
    claims.done(KEY)
    assert not claims.claim(KEY)
    pass_time(monkeypatch, 3600)
    assert not claims.claim(KEY)


def test_a_claim_whose_holder_died_is_over_after_a_minute(
    claims: IdempotencyTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims.claim(KEY)
    pass_time(monkeypatch, 59)
    with pytest.raises(ClaimTakenError):
        claims.claim(KEY)
    pass_time(monkeypatch, 2)
    assert claims.claim(KEY)


def test_a_claim_given_back_can_be_taken_at_once(claims: IdempotencyTable) -> None:
    claims.claim(KEY)
    claims.release(KEY)
    assert claims.claim(KEY)


def test_claims_outlive_every_message_and_then_expire(
    claims: IdempotencyTable, dynamodb: "DynamoDBClient"
) -> None:
    claims.claim(KEY)
    item = dynamodb.get_item(TableName=IDEMPOTENCY_TABLE, Key=to_item({"id": KEY}))["Item"]
    days = (from_item(item)["expiresAt"] - time.time()) / 86400
    assert 29 < days <= 30
