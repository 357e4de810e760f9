"""The place that a job has come to."""

from datetime import timedelta
from typing import TYPE_CHECKING

from order_pipeline.adapters.bookmark import Bookmark
from tests.unit.builders import NOON
from tests.unit.conftest import IDEMPOTENCY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_the_place_is_kept_for_each_job(dynamodb: "DynamoDBClient") -> None:
    bookmark = Bookmark(dynamodb, IDEMPOTENCY_TABLE, "payments")
    assert bookmark.read() is None
    bookmark.move(NOON)
    bookmark.move(NOON + timedelta(minutes=1))
    assert bookmark.read() == NOON + timedelta(minutes=1)
    assert Bookmark(dynamodb, IDEMPOTENCY_TABLE, "stock").read() is None
