"""One deployment, as the tool reaches it: names and clients."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3

from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.adapters.orders_table import OrdersTable
from stacks.names import Names
from stacks.settings import LOCAL_ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_LOCAL = "local"


@dataclass(frozen=True)
class Deployment:
    """The pipeline of one environment."""

    names: Names
    session: boto3.Session
    endpoint: str | None = None

    @classmethod
    def from_environment(cls) -> "Deployment":
        """Return the deployment that ENVIRONMENT and ENVIRONMENT_SUFFIX name; ``local`` if none.

        On AWS the person's own credentials decide the account.
        """
        environment = os.environ.get("ENVIRONMENT", _LOCAL)
        suffix = os.environ.get("ENVIRONMENT_SUFFIX", environment)
        if environment == _LOCAL:
            port = os.environ.get("LOCAL_PORT", "4566")
            session = boto3.Session("test", "test", region_name=REGION)
            endpoint = f"http://localhost:{port}"
            names = Names(suffix, LOCAL_ACCOUNT_ID, REGION, endpoint)
            return cls(names, session, endpoint)
        session = boto3.Session(region_name=REGION)
        account_id = session.client("sts").get_caller_identity()["Account"]
        return cls(Names(suffix=suffix, account_id=account_id, region=REGION), session)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The DynamoDB client."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint)

    @cached_property
    def s3(self) -> "S3Client":
        """The S3 client."""
        return self.session.client("s3", endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The SQS client."""
        return self.session.client("sqs", endpoint_url=self.endpoint)

    @property
    def whole_order_queue_urls(self) -> tuple[str, str]:
        """The queues that hold whole orders, and so personal data."""
        names = self.names
        return (
            names.queue_url(names.of("intake-overflow", "queue")),
            names.queue_url(names.of("intake-overflow", "dlq")),
        )

    @property
    def orders_table_name(self) -> str:
        """The name of the orders table."""
        return self.names.of("orders", "table")

    @property
    def audit_bucket_name(self) -> str:
        """The name of the audit bucket."""
        return self.names.bucket("audit")

    @cached_property
    def orders(self) -> OrdersTable:
        """The orders."""
        return OrdersTable(self.dynamodb, self.orders_table_name)

    @cached_property
    def topic(self) -> EventTopic:
        """The order-events topic."""
        arn = self.names.topic_arn(self.names.of("order-events", "topic"))
        return EventTopic(self.session.client("sns", endpoint_url=self.endpoint), arn)
