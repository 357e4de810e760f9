"""AWS in memory (moto), so that nothing leaves the process, and what functions log."""

import os
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from order_pipeline.adapters import clients

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a person has exported for a deployment, or for LocalStack, does not lead these tests there.
for _name in (
    "ENVIRONMENT",
    "ENVIRONMENT_SUFFIX",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
    "LOCAL_PORT",
    "PAYMENT_PORT",
):
    os.environ.pop(_name, None)

# Read when the functions' modules are imported, which a deployed function does once.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "OrderPipeline/test"
os.environ["POWERTOOLS_METRICS_DISABLED"] = "false"  # the terminal tool, imported, disables them

ORDERS_TABLE = "orders-table-test"
INVENTORY_TABLE = "inventory-table-test"
IDEMPOTENCY_TABLE = "idempotency-table-test"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the functions log, one JSON document on each line."""
    from order_pipeline.adapters.observability import logger  # noqa: PLC0415 - variables first

    stream = StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, StreamHandler)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)
    logger.remove_keys(["order_id", "event_id", "request_id"])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS, empty."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield
    for made_once in (
        clients.session,
        clients.dynamodb,
        clients.sns,
        clients.sqs,
        clients.ses,
        clients.sns_to_customers,
        clients.lambda_,
        clients.secrets_manager,
    ):
        made_once.cache_clear()


@pytest.fixture
def dynamodb(aws: None) -> "DynamoDBClient":
    """DynamoDB with the three tables."""
    client = boto3.client("dynamodb")
    for table, key in ((INVENTORY_TABLE, "itemId"), (IDEMPOTENCY_TABLE, "id")):
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    create_orders_table(client)
    return client


def create_orders_table(client: "DynamoDBClient") -> None:
    """Create the orders table, empty."""
    client.create_table(
        TableName=ORDERS_TABLE,
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("orderId", "customerId", "placedAt", "openBucket", "dueAt")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "customer-index",
                "KeySchema": [
                    {"AttributeName": "customerId", "KeyType": "HASH"},
                    {"AttributeName": "placedAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "open-orders-index",
                "KeySchema": [
                    {"AttributeName": "openBucket", "KeyType": "HASH"},
                    {"AttributeName": "dueAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        BillingMode="PAY_PER_REQUEST",
    )
