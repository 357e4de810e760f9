"""Every function as Lambda sees it: environment, handler, an event, and what comes of it."""

import importlib
import json
import re
import sys
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from canary.probe import Outcome, Step
from order_pipeline.adapters.circuit import FAILURES_TO_OPEN, CircuitTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.signed_api import SignedApi
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.limits import ID_PATTERN
from order_pipeline.domain.order import Contact
from order_pipeline.domain.ports import Money, MoneyState, ProviderOutError
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status
from tests.embedded_metrics import embedded_metrics, sums
from tests.unit.adapters.tracing import ROOT, SAMPLED, on_lambda
from tests.unit.builders import (
    a_confirmed_order,
    a_placed_order,
    a_reserved_order,
    a_validated_order,
    captured,
    latest_event,
)
from tests.unit.conftest import (
    IDEMPOTENCY_TABLE,
    INVENTORY_TABLE,
    ORDERS_TABLE,
    create_orders_table,
)
from tests.unit.functions.test_outbox import record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SENDER = "orders@shop.example"
ID = re.compile(ID_PATTERN)


class Context:
    """Lambda's context, as far as the functions ask it."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, dynamodb: "DynamoDBClient") -> "Account":
    return Account(monkeypatch, dynamodb)


class Account:
    """An AWS account in memory with what the functions need, and their environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dynamodb: "DynamoDBClient") -> None:
        self.orders = OrdersTable(dynamodb, ORDERS_TABLE)
        self.sqs = boto3.client("sqs")
        self.queue_url = self.sqs.create_queue(QueueName="events-queue-test")["QueueUrl"]
        self.dead_letter_queue_url = self.sqs.create_queue(QueueName="dlq-test")["QueueUrl"]
        self.overflow_url = self.sqs.create_queue(QueueName="overflow-test")["QueueUrl"]
        sns = boto3.client("sns")
        topic_arn = sns.create_topic(Name="order-events-topic-test")["TopicArn"]
        sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:eu-west-2:123456789012:events-queue-test",
            Attributes={"RawMessageDelivery": "true"},
        )
        boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
        secret = boto3.client("secretsmanager").create_secret(Name="key", SecretString="sk_test_1")
        for name, value in {
            "ORDERS_TABLE_NAME": ORDERS_TABLE,
            "INVENTORY_TABLE_NAME": INVENTORY_TABLE,
            "IDEMPOTENCY_TABLE_NAME": IDEMPOTENCY_TABLE,
            "INTAKE_OVERFLOW_QUEUE_URL": self.overflow_url,
            "DEFAULT_PAYMENT_METHOD": "pm_card_visa",
            "EVENT_TOPIC_ARN": topic_arn,
            "PAYMENT_SECRET_ARN": secret["ARN"],
            "PAYMENT_API_URL": "",
            "DEPLOYMENT_NAME": "dev-ann",
            "EMAIL_SENDER": SENDER,
            "PUSH_ENDPOINTS": "arn:aws:sns:eu-west-2:123456789012:endpoint/",
            "API_ENDPOINT": "https://api.example/prod/",
            "CANARY_ITEM": "canary",
            "CANARY_PAYMENT_METHOD": "pm_canary",
            "QUEUE_URL": self.queue_url,
            "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue_url,
            "PAYMENT_MAPPING_ID": "mapping-1",
            "RETRY_FIRST_DELAY_SECONDS": "2",
            "RETRY_LONGEST_DELAY_SECONDS": "300",
        }.items():
            monkeypatch.setenv(name, value)

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Start the function anew, as a cold start does, and hand it the event."""
        sys.modules.pop(f"{function}.handler", None)
        module = importlib.import_module(f"{function}.handler")
        return cast("dict[str, Any]", module.handler(event, Context()))

    def call(
        self, function: str, method: str, resource: str, body: object = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        answer = self.invoke(function, request(method, resource, body, **more))
        return answer["statusCode"], json.loads(answer["body"])

    def messages(self, queue_url: str) -> list[str]:
        """Return the bodies of the messages that are on a queue."""
        received = self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in received.get("Messages", [])]

    def deliver(self, function: str, event: OrderEvent | str) -> list[Any]:
        """Hand the worker a message with the event, or text; return the failures it reports."""
        body = event if isinstance(event, str) else event.model_dump_json(by_alias=True)
        answer = self.invoke(function, {"Records": [a_message(body)]})
        return cast("list[Any]", answer["batchItemFailures"])


def a_message(body: str, number: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
    }


def request(method: str, resource: str, body: object = None, **more: Any) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "resource": resource,
        "requestContext": {"requestId": "r-1"},
        "headers": more.pop("headers", {}),
        "queryStringParameters": more.pop("query", None),
        "pathParameters": more,
        "body": json.dumps(body) if body else None,
    }


def test_place_order_stores_the_order_and_says_where_to_look(account: Account) -> None:
    body = {
        "orderId": "ORD-1",
        "customerId": "CUST-1",
        "items": [{"itemId": "A", "quantity": 1, "price": 29.99}],
    }
    status, answer = account.call("place_order", "POST", "/orders", body)
    assert status == 202
    assert answer == {
        "orderId": "ORD-1",
        "status": "PLACED",
        "message": "The order has been accepted.",
        "links": {"self": "orders/ORD-1"},
    }
    order = account.orders.get("ORD-1")
    assert order.lines[0].expected_price == 2999
    assert order.payment.method == "pm_card_visa"


def test_place_order_writes_a_segment_that_the_order_continues(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a request that API Gateway has sampled
    with on_lambda(monkeypatch) as daemon:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)

        # when one is accepted and another is refused
        account.call("place_order", "POST", "/orders", ORDER)
        account.call("place_order", "POST", "/orders", ORDER | {"orderId": "ORD-2", "items": []})
        accepted, refused = (each for each in daemon.documents() if "type" not in each)

    # then
    assert accepted["trace_id"] == refused["trace_id"] == ROOT
    assert accepted["annotations"]["orderId"] == "ORD-1"
    assert account.orders.get("ORD-1").trace_header == (
        f"Root={ROOT};Parent={accepted['id']};Sampled=1"
    )
    assert refused["error"] is True
    assert not {"fault", "cause"} & refused.keys()


def test_an_order_that_is_not_sampled_has_no_header_to_store(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:0a1b2c3d:0"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    account.call("place_order", "POST", "/orders", ORDER)
    assert account.orders.get("ORD-1").trace_header is None


def test_place_order_gives_a_later_repeat_the_same_answer(account: Account) -> None:
    body = {"customerId": "CUST-1", "items": [{"itemId": "A", "quantity": 1}]}
    headers = {"Idempotency-Key": "key-1"}
    first = account.call("place_order", "POST", "/orders", body, headers=headers)
    account.orders.change(
        first[1]["orderId"], lambda order: order.after(EventType.ORDER_REJECTED, by="test")
    )
    assert account.call("place_order", "POST", "/orders", body, headers=headers) == first


ORDER = {"orderId": "ORD-1", "customerId": "CUST-1", "items": [{"itemId": "A", "quantity": 1}]}


def fails(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


def test_place_order_defers_what_the_table_does_not_take_and_the_drain_stores_it(
    account: Account, dynamodb: "DynamoDBClient"
) -> None:
    # given
    dynamodb.delete_table(TableName=ORDERS_TABLE)

    # when
    status, answer = account.call("place_order", "POST", "/orders", ORDER)

    # then
    assert (status, answer) == (
        202,
        {
            "orderId": "ORD-1",
            "status": "PLACED",
            "deferred": True,
            "message": "The order has been accepted; it can be viewed once it is stored.",
            "links": {"self": "orders/ORD-1"},
        },
    )
    (message,) = account.messages(account.overflow_url)

    # when the table is not back yet
    assert account.deliver("intake_drain", message) == [{"itemIdentifier": "message-1"}]

    # when it is
    create_orders_table(dynamodb)
    assert account.deliver("intake_drain", message) == []

    # then the same request again gets the answer of a stored order
    assert account.orders.get("ORD-1").status is Status.PLACED
    again = account.call("place_order", "POST", "/orders", ORDER)
    assert (again[0], "deferred" in again[1]) == (202, False)


@pytest.mark.parametrize(
    "fault",
    [
        fails("ThrottlingException"),
        fails("ProvisionedThroughputExceededException"),
        fails("InternalServerError"),
        fails("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
    ids=str,
)
def test_place_order_defers_whatever_fails_at_the_table(
    account: Account, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(OrdersTable, "add", Mock(side_effect=fault))
    status, answer = account.call("place_order", "POST", "/orders", ORDER)
    assert (status, answer["deferred"]) == (202, True)
    assert len(account.messages(account.overflow_url)) == 1


def test_place_order_does_not_defer_its_own_mistakes(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OrdersTable, "add", Mock(side_effect=KeyError))
    assert account.call("place_order", "POST", "/orders", ORDER)[0] == 500
    assert account.messages(account.overflow_url) == []


def test_place_order_asks_to_come_again_when_the_queue_refuses_as_well(
    account: Account, dynamodb: "DynamoDBClient"
) -> None:
    dynamodb.delete_table(TableName=ORDERS_TABLE)
    account.sqs.delete_queue(QueueUrl=account.overflow_url)
    answer = account.invoke("place_order", request("POST", "/orders", ORDER))
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "5"
    assert json.loads(answer["body"])["type"] == "urn:order-pipeline:problem:unavailable"


def test_place_order_defers_no_request_that_is_wrong(
    account: Account, dynamodb: "DynamoDBClient"
) -> None:
    dynamodb.delete_table(TableName=ORDERS_TABLE)
    status, _ = account.call("place_order", "POST", "/orders", {**ORDER, "items": []})
    assert status == 400
    assert account.messages(account.overflow_url) == []


def test_a_deferred_order_is_logged_by_its_id_alone(
    account: Account, dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    dynamodb.delete_table(TableName=ORDERS_TABLE)
    order = {**ORDER, "contact": {"email": "ada@example.com"}}
    account.call("place_order", "POST", "/orders", order)
    (line,) = [vars(record) for record in caplog.records]
    assert (line["message"], line["order_id"], line["reason"]) == (
        "deferred",
        "ORD-1",
        "ResourceNotFoundException",
    )
    assert "ada@" not in str(line)


def test_a_deferred_order_is_counted(
    account: Account, dynamodb: "DynamoDBClient", capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.delete_table(TableName=ORDERS_TABLE)
    account.call("place_order", "POST", "/orders", ORDER)
    assert metrics_of(capsys) == {"OverflowUsed": 1}


def test_intake_drain_parks_a_conflicting_order_and_names_it(account: Account) -> None:
    # given
    account.orders.add(a_placed_order(payload_hash="1" * 64))
    body = a_placed_order().model_dump_json(by_alias=True)

    # when
    assert account.deliver("intake_drain", body) == []

    # then
    (parked,) = account.sqs.receive_message(
        QueueUrl=account.dead_letter_queue_url, MessageAttributeNames=["reason"]
    )["Messages"]
    assert parked["Body"] == body
    assert parked["MessageAttributes"]["reason"]["StringValue"] == (
        "order ORD-1 was already placed with different content"
    )


def test_orders_api_shows_the_order_without_personal_data(account: Account) -> None:
    account.orders.add(a_confirmed_order())
    status, answer = account.call("orders_api", "GET", "/orders/{orderId}", orderId="ORD-1")
    assert status == 200
    assert answer["status"] == "CONFIRMED"
    assert answer["total"] == "59.98"
    assert answer["items"] == [{"itemId": "ITEM-001", "quantity": 2, "unitPrice": "29.99"}]
    assert answer["payment"] == {"state": "AUTHORISED"}
    assert answer["stock"] == {"state": "HELD"}
    assert [entry["event"] for entry in answer["history"]] == [
        "OrderPlaced",
        "OrderValidated",
        "StockReserved",
        "OrderConfirmed",
    ]
    assert not any(secret in json.dumps(answer) for secret in ("ada@", "pm_card", "pi_1"))


def test_orders_api_shows_the_address_that_was_given_and_logs_none_of_it(
    account: Account, log: StringIO
) -> None:
    # given
    address = {
        "name": "Ada Lovelace",
        "line1": "12 Analytical Row",
        "city": "London",
        "postcode": "N1 9GU",
        "country": "GB",
    }
    account.call("place_order", "POST", "/orders", ORDER | {"shippingAddress": address})

    # when
    path = "/shipping-addresses/{orderId}"
    shown = account.call("orders_api", "GET", path, orderId="ORD-1")
    refused, problem = account.call("orders_api", "GET", path, orderId="ORD-9")
    malformed, _ = account.call("orders_api", "GET", path, orderId="Ada Lovelace")

    # then
    assert shown == (200, address)
    assert (refused, problem["detail"]) == (404, "There is no order ORD-9.")
    assert malformed == 400
    told = log.getvalue()
    assert "ORD-9" in told, "or the log was not looked at"
    assert [text for text in address.values() if text in told] == []


def test_orders_api_knows_what_is_not_there(account: Account) -> None:
    status, answer = account.call("orders_api", "GET", "/orders/{orderId}", orderId="ORD-9")
    assert status == 404
    assert answer["detail"] == "There is no order ORD-9."


def test_inventory_api_keeps_stock(account: Account) -> None:
    path = "/inventory/{itemId}"
    body = {"name": "Tea pot", "price": "29.99", "available": 5}
    created = account.call("inventory_api", "PUT", path, body, itemId="A")
    read = account.call("inventory_api", "GET", path, itemId="A")
    headers = {"If-Match": '"1"'}
    changed = account.call("inventory_api", "PUT", path, body, itemId="A", headers=headers)
    assert created == (201, read[1])
    assert read == (
        200,
        {
            "itemId": "A",
            "name": "Tea pot",
            "price": "29.99",
            "currency": "GBP",
            "available": 5,
            "active": True,
            "stockCounters": 1,
            "version": 1,
        },
    )
    assert changed == (200, read[1] | {"version": 2})


def test_inventory_api_spreads_stock_over_counters(account: Account) -> None:
    path = "/inventory/{itemId}"
    body = {"name": "Tea pot", "price": "29.99", "available": 5, "stockCounters": 4}
    created = account.call("inventory_api", "PUT", path, body, itemId="A")
    read = account.call("inventory_api", "GET", path, itemId="A")
    assert created == (201, read[1])
    assert (read[1]["available"], read[1]["stockCounters"], read[1]["version"]) == (5, 4, 1)
    adjustment = {"adjustmentId": "ADJ-1", "delta": -4}
    account.call("inventory_api", "POST", f"{path}/adjustments", adjustment, itemId="A")
    adjusted = account.call("inventory_api", "GET", path, itemId="A")
    assert adjusted[1]["available"] == 1
    # a caller that knows of no counters changes none
    del body["stockCounters"]
    headers = {"If-Match": f'"{adjusted[1]["version"]}"'}
    changed = account.call("inventory_api", "PUT", path, body, itemId="A", headers=headers)
    assert changed[0] == 200
    assert (changed[1]["available"], changed[1]["stockCounters"]) == (5, 4)
    assert changed[1] == account.call("inventory_api", "GET", path, itemId="A")[1]
    again = account.call("inventory_api", "PUT", path, body, itemId="A", headers=headers)
    assert again[0] == 412
    # and one that names another number has it
    headers = {"If-Match": f'"{changed[1]["version"]}"'}
    body["stockCounters"] = 1
    changed = account.call("inventory_api", "PUT", path, body, itemId="A", headers=headers)
    assert (changed[1]["available"], changed[1]["stockCounters"]) == (5, 1)


def test_inventory_api_adjusts_stock(account: Account) -> None:
    body = {"name": "Tea pot", "price": "29.99", "available": 5}
    account.call("inventory_api", "PUT", "/inventory/{itemId}", body, itemId="A")
    adjustment = {"adjustmentId": "ADJ-1", "delta": -2}
    path = "/inventory/{itemId}/adjustments"
    answers = [account.call("inventory_api", "POST", path, adjustment, itemId="A") for _ in "12"]
    assert (
        answers
        == [
            (200, {"itemId": "A", **adjustment, "links": {"self": "../../inventory/A"}}),
        ]
        * 2
    )
    _, item = account.call("inventory_api", "GET", "/inventory/{itemId}", itemId="A")
    assert (item["available"], item["version"]) == (3, 2)


def test_orders_api_takes_an_order_through_its_later_life(account: Account) -> None:
    account.orders.add(a_confirmed_order())

    def post(path: str, body: object = None, **parameters: str) -> tuple[int, dict[str, Any]]:
        resource = "/orders/{orderId}" + path
        first = account.call("orders_api", "POST", resource, body, orderId="ORD-1", **parameters)
        again = account.call("orders_api", "POST", resource, body, orderId="ORD-1", **parameters)
        assert again == first
        return first

    links = {"self": "../../orders/ORD-1"}
    lines = [{"itemId": "ITEM-001", "quantity": 2}]
    parcel = {"parcelId": "P-1", "carrier": "Royal Mail", "trackingNumber": "AB1"}
    assert post("/shipments", parcel) == (
        201,
        {"orderId": "ORD-1", "parcelId": "P-1", "lines": lines, "links": links},
    )
    status, delivered = post("/shipments/{parcelId}/delivery", parcelId="P-1")
    assert (status, delivered["parcelId"]) == (200, "P-1")
    assert delivered["links"] == {"self": "../../../../orders/ORD-1"}

    account.orders.change("ORD-1", captured)
    assert post("/refunds", {"refundId": "R-1", "lines": lines}) == (
        202,
        {
            "orderId": "ORD-1",
            "refundId": "R-1",
            "amount": "59.98",
            "lines": [{"itemId": "ITEM-001", "quantity": 2, "withheld": 0}],
            "links": links,
        },
    )
    status, problem = post("/cancel", {"reason": "other"})
    assert status == 409
    assert "a parcel has left" in problem["detail"]

    _, order = account.call("orders_api", "GET", "/orders/{orderId}", orderId="ORD-1")
    assert order["status"] == "DELIVERED"
    assert order["parcels"][0]["trackingNumber"] == "AB1"
    assert order["refunds"][0]["state"] == "REQUESTED"


def test_orders_api_cancels_and_lists(account: Account) -> None:
    account.orders.add(a_confirmed_order())
    assert account.call(
        "orders_api", "POST", "/orders/{orderId}/cancel", {"reason": "other"}, orderId="ORD-1"
    ) == (
        200,
        {
            "orderId": "ORD-1",
            "status": "CANCELLED",
            "message": "The order has been cancelled; any stock and money held will be released.",
            "links": {"self": "../../orders/ORD-1"},
        },
    )
    status, page = account.call(
        "orders_api",
        "GET",
        "/customers/{customerId}/orders",
        customerId="CUST-1",
        query={"status": "CANCELLED", "limit": "5"},
    )
    assert status == 200
    assert page == {
        "orders": [
            {
                "orderId": "ORD-1",
                "status": "CANCELLED",
                "placedAt": "2026-01-31T12:00:00.000Z",
                "currency": "GBP",
                "total": "59.98",
                "links": {"self": "../../orders/ORD-1"},
            }
        ]
    }
    status, problem = account.call(
        "orders_api",
        "GET",
        "/customers/{customerId}/orders",
        customerId="CUST-1",
        query={"limit": "0"},
    )
    assert (status, problem["errors"][0]["field"]) == (400, "limit")


def test_event_publisher_publishes_to_the_topic(account: Account) -> None:
    answer = account.invoke("event_publisher", {"Records": [record(a_placed_order())]})
    assert answer == {"batchItemFailures": []}
    messages = account.sqs.receive_message(QueueUrl=account.queue_url)["Messages"]
    assert [json.loads(message["Body"])["eventId"] for message in messages] == ["ORD-1#1"]


def test_event_publisher_parks_what_it_can_never_publish(account: Account) -> None:
    broken = {"dynamodb": {"SequenceNumber": "7", "NewImage": {"orderId": {"S": "ORD-0"}}}}
    answer = account.invoke("event_publisher", {"Records": [broken]})
    assert answer == {"batchItemFailures": []}
    (parked,) = account.sqs.receive_message(QueueUrl=account.dead_letter_queue_url)["Messages"]
    assert json.loads(parked["Body"])["orderId"] == "ORD-0"


def test_validation_records_its_verdict(account: Account) -> None:
    account.orders.add(a_placed_order())
    assert account.deliver("validation", latest_event(a_placed_order())) == []
    assert account.orders.get("ORD-1").status is Status.REJECTED


def test_inventory_reserves_and_releases(account: Account) -> None:
    body = {"name": "Tea pot", "price": "29.99", "available": 5}
    account.call("inventory_api", "PUT", "/inventory/{itemId}", body, itemId="ITEM-001")
    account.orders.add(a_validated_order())
    assert account.deliver("inventory", latest_event(a_validated_order())) == []
    assert account.orders.get("ORD-1").status is Status.RESERVED

    declined = account.orders.change(
        "ORD-1", lambda order: order.after(EventType.PAYMENT_DECLINED, by="test")
    )
    assert account.deliver("inventory", latest_event(declined)) == []
    _, item = account.call("inventory_api", "GET", "/inventory/{itemId}", itemId="ITEM-001")
    assert item["available"] == 5


def test_payment_asks_the_provider_with_the_secret_key(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.orders.add(a_reserved_order())
    provider = Mock()
    provider.return_value.create.return_value = "pi_1"
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    assert account.deliver("payment", latest_event(a_reserved_order())) == []
    ((key,), options) = provider.call_args
    assert key == "sk_test_1"
    assert options["api_url"] == ""
    assert options["deployment"] == "dev-ann"
    assert account.orders.get("ORD-1").status is Status.CONFIRMED


def an_open_circuit(account: Account) -> CircuitTable:
    circuit = CircuitTable(boto3.client("dynamodb"), IDEMPOTENCY_TABLE)
    circuit.open("APIConnectionError")
    return circuit


def test_payment_opens_the_circuit_when_the_provider_is_out(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.orders.add(a_reserved_order())
    monkeypatch.setenv("PAYMENT_API_URL", "http://127.0.0.1:1")
    body = latest_event(a_reserved_order()).model_dump_json(by_alias=True)
    batch = [a_message(body, number) for number in range(FAILURES_TO_OPEN)]
    answer = account.invoke("payment", {"Records": batch})
    assert len(answer["batchItemFailures"]) == FAILURES_TO_OPEN
    assert CircuitTable(boto3.client("dynamodb"), IDEMPOTENCY_TABLE).look()


def test_payment_breaker_pauses_the_stage_of_an_open_circuit(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    circuit, lambda_ = an_open_circuit(account), Mock()
    monkeypatch.setattr("order_pipeline.adapters.clients.lambda_", Mock(return_value=lambda_))
    lambda_.get_event_source_mapping.return_value = {"State": "Enabled"}
    account.invoke("payment_breaker", {})
    lambda_.update_event_source_mapping.assert_called_once_with(UUID="mapping-1", Enabled=False)
    assert circuit.look()
    assert metrics_of(capsys) == {"PaymentCircuitOpen": 1.0}


def test_payment_breaker_resumes_the_stage_when_the_provider_answers(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    circuit, lambda_, provider = an_open_circuit(account), Mock(), Mock()
    provider.return_value.answers.return_value = True
    monkeypatch.setattr("order_pipeline.adapters.clients.lambda_", Mock(return_value=lambda_))
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    lambda_.get_event_source_mapping.return_value = {"State": "Disabled"}
    account.invoke("payment_breaker", {})
    lambda_.update_event_source_mapping.assert_called_once_with(UUID="mapping-1", Enabled=True)
    assert circuit.look() is None
    assert metrics_of(capsys) == {}


def metrics_of(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the sum of each metric that was embedded in the log."""
    return sums(capsys.readouterr().out.splitlines())


def test_the_reconciler_moves_overdue_orders_on_and_compares_the_books(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.orders.add(a_placed_order())
    provider = Mock()
    provider.return_value.money.return_value = [Money("pi_9", "GONE", MoneyState.TAKEN, 1)]
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    capsys.readouterr()
    account.invoke("reconciler", {})
    (message,) = account.sqs.receive_message(QueueUrl=account.queue_url)["Messages"]
    assert json.loads(message["Body"])["eventType"] == "OrderPlaced"
    assert list(account.orders.overdue(now())) == []
    assert metrics_of(capsys) == {
        "OverdueOrders": 1.0,
        "StuckOrders": 1.0,
        "PaymentDifferences": 1.0,
        "StockDifferences": 0.0,
    }


def test_the_reconciler_leaves_a_provider_that_is_out_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    an_open_circuit(account)
    provider = Mock()
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    account.orders.add(a_reserved_order(intent_id="pi_1", at=now() - timedelta(hours=1)))
    capsys.readouterr()
    account.invoke("reconciler", {})
    assert provider.return_value.method_calls == []
    # ... but not the stock, of which no reservation says that it is held
    assert metrics_of(capsys) == {
        "OverdueOrders": 1.0,
        "StuckOrders": 1.0,
        "StockDifferences": 1.0,
    }


def test_the_reconciler_compares_later_when_the_provider_goes_out_meanwhile(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = Mock()
    provider.return_value.money.side_effect = ProviderOutError("timed out")
    monkeypatch.setattr("order_pipeline.adapters.stripe_payments.StripePayments", provider)
    capsys.readouterr()
    account.invoke("reconciler", {})
    # there is no number of differences, rather than none, and the run does not fail
    assert metrics_of(capsys) == {"OverdueOrders": 0.0, "StuckOrders": 0.0, "StockDifferences": 0.0}


class FakeCanary:
    """In place of the canary: does nothing, and tells the outcome it was made with."""

    outcome = Outcome("canary-1", seconds_to_confirm=1.5)

    def __init__(self, *made_of: object) -> None:
        self.made_of = made_of

    def run(self, order_id: str) -> Outcome:
        return replace(self.outcome, order_id=order_id)


@pytest.mark.parametrize(
    "run",
    [
        ({"time": "2026-01-31T09:30:00Z", "id": "5e0c7d0e"}, "canary-2026-01-31T09-30-00Z"),
        ({}, "canary-request-1"),
    ],
)
def test_a_run_of_the_canary_is_told_and_measured(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    run: tuple[dict[str, Any], str],
) -> None:
    event, order_id = run
    monkeypatch.setattr("canary.probe.Canary", FakeCanary)
    account.invoke("canary", event)
    assert sums(capsys.readouterr().out.splitlines()) == {
        "CanarySucceeded": 1.0,
        "CanaryFailed": 0.0,
        "CanaryTimeToConfirm": 1500.0,
    }
    (told,) = caplog.records
    assert told.levelname == "INFO"
    assert told.message.startswith("the canary placed an order, saw it confirmed, cancelled it")
    assert vars(told)["order_id"] == order_id
    assert vars(told)["seconds_to_confirm"] == 1.5
    assert ID.fullmatch(order_id)


def test_a_failed_run_of_the_canary_is_told_as_an_error_and_is_no_failed_invocation(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("canary.probe.Canary", FakeCanary)
    monkeypatch.setattr(FakeCanary, "outcome", Outcome("", Step.PAYMENT, "PAYMENT_DECLINED: lost"))
    account.invoke("canary", {})
    embedded = list(embedded_metrics(capsys.readouterr().out.splitlines()))
    assert [each.values for each in embedded if each.name == "CanaryFailed"] == [(1.0,)]
    (at,) = (each for each in embedded if each.name == "CanaryFailedAt")
    assert dict(at.dimensions)["step"] == "payment"
    (told,) = caplog.records
    assert (told.levelname, told.message) == ("ERROR", "the canary failed at payment")
    assert vars(told)["reason"] == "PAYMENT_DECLINED: lost"


def test_the_canary_is_made_of_its_settings(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary.probe.Canary", FakeCanary)
    account.invoke("canary", {})
    api, item, method = sys.modules["canary.handler"].canary.made_of
    assert isinstance(api, SignedApi)
    assert (item, method) == ("canary", "pm_canary")


def test_notification_sends_the_mail(account: Account) -> None:
    account.orders.add(a_confirmed_order())
    assert account.deliver("notification", latest_event(a_confirmed_order())) == []
    assert boto3.client("ses").get_send_quota()["SentLast24Hours"] == 1


def test_notification_gives_up_an_endpoint_of_another_account_and_sends_the_mail(
    account: Account, log: StringIO
) -> None:
    # given
    elsewhere = "arn:aws:sns:eu-west-2:210987654321:endpoint/GCM/app/1"
    contact = Contact(email="ada@example.com", push_endpoint=elsewhere)
    order = a_confirmed_order(contact=contact)
    account.orders.add(order)

    # when the event comes twice
    assert account.deliver("notification", latest_event(order)) == []
    assert account.deliver("notification", latest_event(order)) == []

    # then
    assert boto3.client("ses").get_send_quota()["SentLast24Hours"] == 1
    logged = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["reason"] for line in logged if line["message"] == "undeliverable"] == [
        "EndpointElsewhere"
    ]
    assert elsewhere not in log.getvalue()


def test_a_function_without_its_settings_does_not_start(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORDERS_TABLE_NAME")
    with pytest.raises(ValueError, match="orders_table_name"):
        account.invoke("orders_api", {})
