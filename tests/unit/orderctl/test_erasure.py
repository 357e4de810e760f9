from typing import TYPE_CHECKING

import boto3
import pytest

from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.order import StockState
from order_pipeline.ports import OrderNotFoundError
from order_pipeline.transitions import EventType
from orderctl.erasure import Erasure, erase_customer, not_in_the_table
from tests.unit.builders import BY, a_confirmed_order, a_placed_order
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def orders(dynamodb: "DynamoDBClient") -> OrdersTable:
    table = OrdersTable(dynamodb, ORDERS_TABLE)
    table.add(a_placed_order(order_id="REJECTED").after(EventType.ORDER_REJECTED, by=BY))
    table.add(a_confirmed_order(order_id="OPEN"))
    table.add(
        a_placed_order(order_id="OTHERS", customer_id="CUST-2").after(
            EventType.ORDER_REJECTED, by=BY
        )
    )
    return table


def erase(orders: OrdersTable, dynamodb: "DynamoDBClient") -> Erasure:
    return erase_customer("CUST-1", orders=orders, client=dynamodb, table_name=ORDERS_TABLE)


def test_settled_orders_are_erased_and_open_ones_kept_for_a_reason(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    erasure = erase(orders, dynamodb)
    assert erasure.erased == ["REJECTED"]
    assert erasure.kept == {"OPEN": "it is CONFIRMED and not settled yet"}
    with pytest.raises(OrderNotFoundError):
        orders.get("REJECTED")
    assert orders.get("OPEN")
    assert orders.get("OTHERS")


def test_erasing_again_finishes_what_was_kept(
    orders: OrdersTable, dynamodb: "DynamoDBClient"
) -> None:
    erase(orders, dynamodb)
    orders.change("OPEN", lambda order: order.after(EventType.ORDER_CANCELLED, by=BY))
    orders.change(
        "OPEN",
        lambda order: order.after(
            EventType.STOCK_RELEASED,
            by=BY,
            stock=order.stock.model_copy(update={"state": StockState.RELEASED}),
            payment=order.payment.model_copy(update={"intent_id": None}),
        ),
    )
    assert erase(orders, dynamodb).erased == ["OPEN"]
    assert erase(orders, dynamodb) == Erasure()


@pytest.fixture
def sqs(aws: None) -> "SQSClient":
    return boto3.client("sqs")


@pytest.fixture
def overflow_url(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName="overflow-test")["QueueUrl"]


def send(sqs: "SQSClient", queue_url: str, *bodies: str) -> None:
    for body in bodies:
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)


def a_message(order_id: str, customer_id: str) -> str:
    order = a_placed_order(order_id=order_id, customer_id=customer_id)
    return order.model_dump_json(by_alias=True)


def test_orders_that_wait_outside_the_table_are_named(sqs: "SQSClient", overflow_url: str) -> None:
    # given more messages than one answer of SQS holds
    send(sqs, overflow_url, *(a_message(f"OTHERS-{number}", "CUST-2") for number in range(12)))
    send(sqs, overflow_url, a_message("WAITING", "CUST-1"))
    for _ in "12":  # looking changes nothing, so it can be done again at once
        # when
        said = not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url)
        # then
        assert said == ["order WAITING is on overflow-test: erase again when it is settled"]


def test_messages_that_cannot_be_attributed_are_named(sqs: "SQSClient", overflow_url: str) -> None:
    send(sqs, overflow_url, "not json", "[]", "{}")
    said = not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url)
    assert len(said) == 3
    assert all(sentence.endswith("on overflow-test holds no order: see whose") for sentence in said)


def test_messages_that_are_being_worked_on_are_counted(sqs: "SQSClient", overflow_url: str) -> None:
    send(sqs, overflow_url, a_message("WAITING", "CUST-1"))
    sqs.receive_message(QueueUrl=overflow_url)
    (said,) = not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url)
    assert said.startswith("messages on overflow-test are being worked on")


def test_an_empty_queue_holds_nothing_of_anybody(sqs: "SQSClient", overflow_url: str) -> None:
    assert not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url) == []
