"""What of a run is personal or secret, and every place of a deployment where it could turn up."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from local.deployment import OUTPUTS, PAYMENT_KEY
from local.settings import STATE
from local.tools import SYNTHESISED
from order_pipeline.adapters.items import from_item
from order_pipeline.domain.erasure import NOBODY
from tests.e2e.deployment import AWS_CONFIG, REGION
from tests.e2e.leaks import Kind, Place, Values
from tests.e2e.payment_server import ASKS_FOR_AUTHENTICATION, DECLINED_WHEN_CHARGED, VISA
from tests.e2e.shop import Shop

DEFAULT_METHOD = "pm_card_visa"

OF_ORDERS = frozenset({Kind.CONTACT, Kind.ADDRESS, Kind.PAYMENT_METHOD, Kind.DEFAULT_METHOD})
OF_SETTINGS = frozenset({Kind.DEFAULT_METHOD})
A_SETTING = "the default method of local and dev is a setting: a test token that everybody knows"

ADDRESS_FIELDS = ("name", "line1", "line2", "postcode")
"""Of an address, what tells whose it is; a city or country is in many other texts."""


def used_in(shop: Shop) -> dict[str, Kind]:
    """Return every personal or secret value of this session's customers and the stored orders."""
    values = {PAYMENT_KEY: Kind.API_KEY}
    values |= dict.fromkeys((VISA, DECLINED_WHEN_CHARGED, ASKS_FOR_AUTHENTICATION), Kind.CARD)
    values |= dict.fromkeys(shop.payments.methods, Kind.PAYMENT_METHOD)
    for customer in shop.customers:
        values |= dict.fromkeys(customer.contact.values(), Kind.CONTACT)
        values |= _of_address(customer.address)
    for item in shop.everything_stored():
        order = from_item(item)
        contact = order.get("contact") or {}
        for field in ("email", "phone", "pushEndpoint"):
            if contact.get(field):
                values[contact[field]] = Kind.CONTACT
        values |= _of_address(order.get("shippingAddress") or {})
        if method := order["payment"].get("method"):
            values[method] = Kind.PAYMENT_METHOD
    # What an erased order has in the place of it all is nobody's.
    values.pop(NOBODY, None)
    return values | {DEFAULT_METHOD: Kind.DEFAULT_METHOD}


def _of_address(address: dict[str, str]) -> Values:
    return {address[field]: Kind.ADDRESS for field in ADDRESS_FIELDS if address.get(field)}


class Places:
    """Reads all that a deployment has written, without changing any of it.

    E-mails, SMS and push messages are not among it: they go to the customers themselves.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._deployment = shop.deployment
        session, endpoint = shop.deployment.session(), shop.deployment.endpoint
        self._clients: dict[str, Any] = {
            service: session.client(service, endpoint_url=endpoint, config=AWS_CONFIG)
            for service in ("lambda", "logs", "s3", "cloudwatch", "dynamodb", "sqs")
        }

    def all(self) -> Iterator[Place]:
        """Yield every place."""
        yield from self.log_groups()
        yield from self.tables()
        yield from self.queues()
        yield from self.buckets()
        yield from self.files()
        functions = [json.dumps(page) for page in self._pages("lambda", "list_functions")]
        yield Place("the functions' settings", functions, OF_SETTINGS, A_SETTING)
        metrics = [
            json.dumps(page, default=str) for page in self._pages("cloudwatch", "list_metrics")
        ]
        yield Place("the metrics", metrics)
        yield Place(
            "the payment provider",
            [json.dumps(intent) for intent in self._shop.payments.intents()],
            frozenset({Kind.PAYMENT_METHOD, Kind.DEFAULT_METHOD}),
            "the tokens are its own",
        )

    def log_groups(self) -> Iterator[Place]:
        """Yield each log group: of the functions, of the API's access and errors, of the audit."""
        for groups in self._pages("logs", "describe_log_groups"):
            for group in groups["logGroups"]:
                name = group["logGroupName"]
                pages = self._pages("logs", "filter_log_events", logGroupName=name)
                lines = [event["message"] for page in pages for event in page["events"]]
                yield Place(f"the log group {name}", lines)

    def tables(self) -> Iterator[Place]:
        """Yield each table."""
        for tables in self._pages("dynamodb", "list_tables"):
            for name in tables["TableNames"]:
                pages = self._pages("dynamodb", "scan", TableName=name, ConsistentRead=True)
                items = [str(from_item(item)) for page in pages for item in page["Items"]]
                if name == self._deployment.orders_table_name:
                    yield Place(f"the table {name}", items, OF_ORDERS, "orders are kept there")
                else:
                    yield Place(f"the table {name}", items)

    def queues(self) -> Iterator[Place]:
        """Yield each queue with all its messages, also those in flight or delayed."""
        suffix = self._deployment.suffix
        deferred = {f"intake-overflow-queue-{suffix}", f"intake-overflow-dlq-{suffix}"}
        for queues in self._pages("sqs", "list_queues"):
            for url in queues.get("QueueUrls", []):
                account, name = url.split("/")[-2:]
                messages = self._messages(account, name)
                if name in deferred:
                    reason = "orders that the table does not take wait there"
                    yield Place(f"the queue {name}", messages, OF_ORDERS, reason)
                else:
                    yield Place(f"the queue {name}", messages)

    def buckets(self) -> Iterator[Place]:
        """Yield each bucket: the audit's, and the one with Terraform's state and its outputs."""
        for bucket in self._clients["s3"].list_buckets()["Buckets"]:
            name = bucket["Name"]
            texts = list(self._objects(name))
            if name.startswith("terraform-state-"):
                yield Place(f"the bucket {name}", texts, OF_SETTINGS, A_SETTING)
            else:
                yield Place(f"the bucket {name}", texts)

    def files(self) -> Iterator[Place]:
        """Yield what the CDKTF CLI and Terraform wrote on this machine, and the recorded calls."""
        for name, folder, pattern in (
            ("the synthesised stacks", SYNTHESISED, "*/*.json"),
            ("the plans of this run", STATE, "*/plans/*.json"),
            ("bootstrap's state", STATE, "*/*.tfstate*"),
            ("what Terraform printed", STATE, "*/cdktf-*.log"),
        ):
            yield Place(name, _read(folder, pattern), OF_SETTINGS, A_SETTING)
        yield Place("the outputs", _read(OUTPUTS.parent, OUTPUTS.name))
        yield Place("the record of the functions' calls", _read(STATE, "*/aws-calls.jsonl"))

    def _messages(self, account: str, queue: str) -> list[str]:
        """Return a queue's messages without receiving them."""
        answer = httpx.get(
            f"{self._deployment.endpoint}/_aws/sqs/messages/{REGION}/{account}/{queue}",
            params={"ShowInvisible": "true", "ShowDelayed": "true"},
            headers={"Accept": "application/json"},
            timeout=60,
        )
        answer.raise_for_status()
        assert "ReceiveMessageResult" in answer.text, answer.text
        return [answer.text]

    def _objects(self, bucket: str) -> Iterator[str]:
        for page in self._pages("s3", "list_objects_v2", Bucket=bucket):
            for listed in page.get("Contents", []):
                answer = self._clients["s3"].get_object(Bucket=bucket, Key=listed["Key"])
                yield answer["Body"].read().decode()

    def _pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield from self._clients[service].get_paginator(operation).paginate(**arguments)


def _read(folder: Path, pattern: str) -> list[str]:
    return [path.read_text(errors="replace") for path in sorted(folder.glob(pattern))]
