"""One deployment, as the tool reaches it: names and clients."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import boto3

from order_pipeline.adapters.circuit import CircuitTable
from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.parking_queue import ParkingQueue
from order_pipeline.adapters.trace_headers import continuing_traces
from orderctl.api import Api, signer
from orderctl.board import CustomersOrders, OpenOrders
from orderctl.dead_letters import DeadLetterQueue
from orderctl.erased import ErasedOrders
from orderctl.errors import NotDeployedError, WrongEnvironmentError
from orderctl.queues import Queue
from orderctl.releases import ReleaseRecord
from orderctl.stages import Stage, StageName, mapping_of
from orderctl.versions import Versions
from stacks.names import Names
from stacks.settings import LOCAL_ACCOUNT_ID, REGION, Environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from order_pipeline.domain.ports import PaymentRecords
    from orderctl.publisher_records import Streams
    from orderctl.releases import Parameters

_LAST_PORT = 65535


@dataclass(frozen=True)
class Deployment:
    """The pipeline of one environment."""

    names: Names
    session: boto3.Session
    endpoint: str | None = None
    payment_api_url: str | None = None
    """Where the payment provider answers, if not at its own address."""

    @classmethod
    def from_environment(cls) -> "Deployment":
        """Return the deployment that ENVIRONMENT and ENVIRONMENT_SUFFIX name; ``local`` if none.

        Where they are empty they name none, as for the stacks (`stacks.settings`). On AWS the
        person's own credentials decide the account.

        Raises
        ------
        orderctl.errors.WrongEnvironmentError
            If the variables cannot name one.
        """
        environment = os.environ.get("ENVIRONMENT") or Environment.LOCAL
        suffix = os.environ.get("ENVIRONMENT_SUFFIX") or environment
        if environment not in set(Environment):
            known = ", ".join(Environment)
            raise WrongEnvironmentError(
                f"ENVIRONMENT is {environment!r}; it must be one of {known}, or not set (local)."
            )
        if environment == Environment.LOCAL:
            endpoint = f"http://localhost:{_port('LOCAL_PORT', '4566')}"
            session = boto3.Session("test", "test", region_name=REGION)
            names = Names(suffix, LOCAL_ACCOUNT_ID, REGION, endpoint)
            payment_port = _port("PAYMENT_PORT", "8420")
            return cls(names, session, endpoint, f"http://localhost:{payment_port}")
        session = boto3.Session(region_name=REGION)
        account_id = session.client("sts").get_caller_identity()["Account"]
        return cls(Names(suffix=suffix, account_id=account_id, region=REGION), session)

    def client(self, service: str) -> Any:
        """Return a client of any service, by boto3's name."""
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint)

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

    @cached_property
    def functions(self) -> "LambdaClient":
        """The Lambda client."""
        return self.session.client("lambda", endpoint_url=self.endpoint)

    @cached_property
    def versions(self) -> Versions:
        """The published versions of the functions."""
        return Versions(self.functions, self.names)

    @cached_property
    def release_record(self) -> ReleaseRecord:
        """What went live when."""
        parameters = self.session.client("ssm", endpoint_url=self.endpoint)
        return ReleaseRecord(cast("Parameters", parameters), self.names.of("release", "parameter"))

    @cached_property
    def firehose(self) -> "FirehoseClient":
        """The Firehose client."""
        return self.session.client("firehose", endpoint_url=self.endpoint)

    @cached_property
    def streams(self) -> "Streams":
        """The client of DynamoDB's streams."""
        return cast("Streams", self.session.client("dynamodbstreams", endpoint_url=self.endpoint))

    @property
    def orders_table_name(self) -> str:
        """The name of the orders table."""
        return self.names.of("orders", "table")

    @property
    def inventory_table_name(self) -> str:
        """The name of the inventory table."""
        return self.names.of("inventory", "table")

    @property
    def idempotency_table_name(self) -> str:
        """The name of the idempotency table."""
        return self.names.of("idempotency", "table")

    @property
    def audit_stream_name(self) -> str:
        """The name of the audit stream."""
        return self.names.of("audit", "stream")

    @property
    def audit_bucket_name(self) -> str:
        """The name of the audit bucket."""
        return self.names.bucket("audit")

    @cached_property
    def orders(self) -> OrdersTable:
        """The orders."""
        return OrdersTable(self.dynamodb, self.orders_table_name)

    @cached_property
    def claims(self) -> IdempotencyTable:
        """What was done once and must not be done again."""
        return IdempotencyTable(self.dynamodb, self.idempotency_table_name)

    @cached_property
    def erased(self) -> ErasedOrders:
        """The orders that were erased lately."""
        return ErasedOrders(self.dynamodb, self.idempotency_table_name)

    @cached_property
    def payment_records(self) -> "PaymentRecords":
        """What the payment provider has on record: read with the functions' own key."""
        # Only here: the provider's library takes a third of a second to import.
        from order_pipeline.adapters.stripe_payments import stripe_payments  # noqa: PLC0415

        secrets = self.session.client("secretsmanager", endpoint_url=self.endpoint)
        name = self.names.of("payment", "secret")
        return stripe_payments(
            secrets, name, deployment=self.names.suffix, api_url=self.payment_api_url
        )

    @cached_property
    def topic(self) -> EventTopic:
        """The order-events topic."""
        arn = self.names.topic_arn(self.names.of("order-events", "topic"))
        client = continuing_traces(self.session.client("sns", endpoint_url=self.endpoint))
        return EventTopic(client, arn)

    @cached_property
    def api(self) -> Api:
        """The API, as any caller reaches it.

        Found by its name: an operator has no outputs of Terraform.

        Raises
        ------
        orderctl.errors.NotDeployedError
            If there is none.
        """
        name, stage = self.names.of("orders", "api"), self.names.suffix
        pages = self.client("apigateway").get_paginator("get_rest_apis").paginate()
        ids = [api["id"] for page in pages for api in page["items"] if api["name"] == name]
        if len(ids) != 1:
            where = self.endpoint or f"account {self.names.account_id}, {self.names.region}"
            raise NotDeployedError(
                f"There is no API {name} at {where}: is it deployed, and does ENVIRONMENT name it?"
                if not ids
                else f"There are {len(ids)} APIs {name} at {where}: which one is meant?"
            )
        if self.endpoint:
            return Api(f"{self.endpoint}/_aws/execute-api/{ids[0]}/{stage}/")
        region = self.names.region
        address = f"https://{ids[0]}.execute-api.{region}.amazonaws.com/{stage}/"
        return Api(address, sign=signer(self.session, region))

    @cached_property
    def open_orders(self) -> OpenOrders:
        """The orders that are open, to be watched."""
        return OpenOrders(self.dynamodb, self.orders_table_name)

    def customers_orders(self, customer_id: str, limit: int) -> CustomersOrders:
        """Return a customer's newest orders, to be watched."""
        return CustomersOrders(
            self.dynamodb, self.orders_table_name, customer_id=customer_id, limit=limit
        )

    @property
    def payment_circuit(self) -> CircuitTable:
        """The circuit in front of the payment provider."""
        return CircuitTable(self.dynamodb, self.idempotency_table_name)

    def dead_letter_queue_name(self, queue: DeadLetterQueue) -> str:
        """Return the name of a dead-letter queue."""
        return self.names.of(queue.name, "dlq")

    def source_queue_name(self, queue: DeadLetterQueue) -> str:
        """Return the name of the queue that a dead-letter queue's messages go back to."""
        return self.names.of(queue.source, "queue")

    def dead_letter_queue(self, queue: DeadLetterQueue) -> Queue | None:
        """Return a dead-letter queue; None if it is not deployed."""
        return Queue.named(self.sqs, self.dead_letter_queue_name(queue))

    def parking(self, queue: DeadLetterQueue) -> ParkingQueue:
        """Return a dead-letter queue as the place where the publisher parks what it cannot read."""
        name = self.dead_letter_queue_name(queue)
        return ParkingQueue(lambda: self.sqs, self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def stage(self, name: StageName) -> Stage:
        """Return a stage.

        Raises
        ------
        orderctl.stages.StageError
            If it is not deployed.
        """
        mapping = mapping_of(
            self.functions, self.names.live_arn(self.names.of(name.value, "function"))
        )
        return Stage(mapping, self.payment_circuit if name is StageName.PAYMENT else None)


def _port(variable: str, usual: str) -> str:
    port = os.environ.get(variable) or usual
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
        raise WrongEnvironmentError(
            f"{variable} is {port!r}; it must be a port number, 1 to {_LAST_PORT}."
        )
    return port
