from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.order import Order, StockState
from order_pipeline.domain.transitions import EventType
from orderctl.erased import ErasedOrders
from orderctl.erasure import Erasure, erase_customer, erased_if_settled, not_in_the_table
from tests.unit.builders import (
    BY,
    NOON,
    a_captured_order,
    a_confirmed_order,
    a_placed_order,
    a_refund,
)
from tests.unit.conftest import IDEMPOTENCY_TABLE, ORDERS_TABLE

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


@pytest.fixture
def notes(dynamodb: "DynamoDBClient") -> ErasedOrders:
    return ErasedOrders(dynamodb, IDEMPOTENCY_TABLE)


def erase(dynamodb: "DynamoDBClient", notes: ErasedOrders) -> Erasure:
    return erase_customer("CUST-1", client=dynamodb, table_name=ORDERS_TABLE, notes=notes)


def item(dynamodb: "DynamoDBClient", order_id: str) -> dict[str, Any]:
    key = to_item({"orderId": order_id})
    return from_item(dynamodb.get_item(TableName=ORDERS_TABLE, Key=key)["Item"])


def test_settled_orders_are_erased_and_open_ones_kept_for_a_reason(
    orders: OrdersTable, notes: ErasedOrders, dynamodb: "DynamoDBClient"
) -> None:
    erasure = erase(dynamodb, notes)
    assert erasure.erased == ["REJECTED"]
    assert erasure.kept == {"OPEN": "it is CONFIRMED and not yet settled"}
    assert orders.get("REJECTED").erased_at
    assert not orders.get("OPEN").erased_at
    assert not orders.get("OTHERS").erased_at
    assert [each in notes for each in ("REJECTED", "OPEN", "OTHERS")] == [True, False, False]


@pytest.mark.parametrize("what_is_left", [{"status": "PLACED"}, {}])
def test_an_order_that_cannot_be_read_keeps_no_other_from_being_erased(
    orders: OrdersTable,
    notes: ErasedOrders,
    dynamodb: "DynamoDBClient",
    what_is_left: dict[str, str],
) -> None:
    spoilt = {"orderId": "SPOILT", "customerId": "CUST-1", "placedAt": "2030-01-31T12:00:00.000Z"}
    dynamodb.put_item(TableName=ORDERS_TABLE, Item=to_item(spoilt | what_is_left))
    erasure = erase(dynamodb, notes)
    assert (erasure.erased, erasure.unreadable) == (["REJECTED"], ["SPOILT"])
    assert erasure.kept.keys() == {"OPEN"}
    assert orders.get("REJECTED").erased_at
    assert "SPOILT" not in notes


def test_that_an_order_is_erased_is_noted_for_longer_than_a_backup_is_kept(
    notes: ErasedOrders, dynamodb: "DynamoDBClient"
) -> None:
    notes.note("ORD-1", NOON)
    key = to_item({"id": "erased#ORD-1"})
    note = from_item(dynamodb.get_item(TableName=IDEMPOTENCY_TABLE, Key=key)["Item"])
    assert note["expiresAt"] > (NOON + timedelta(days=36)).timestamp()
    assert note.keys() == {"id", "expiresAt"}


@pytest.mark.usefixtures("orders")
def test_an_erased_order_expires_when_it_would_have_and_publishes_nothing(
    notes: ErasedOrders, dynamodb: "DynamoDBClient"
) -> None:
    before = item(dynamodb, "REJECTED")
    erase(dynamodb, notes)
    after = item(dynamodb, "REJECTED")
    for kept in ("expiresAt", "version", "history", "payloadHash", "lines", "status"):
        assert after[kept] == before[kept]
    assert "CUST-1" not in str(after)
    assert "ada@example.com" not in str(after)


def test_an_order_that_moves_on_meanwhile_is_not_erased(orders: OrdersTable) -> None:
    # given a refund that is asked for between the reading of a delivered order and its erasure
    orders.add(a_captured_order().after(EventType.ORDER_DELIVERED, by=BY))
    refunds = (a_refund(),)
    read: list[Order] = []

    def erase_too_late(order: Order) -> Order:
        if not read:
            orders.change(
                "ORD-1",
                lambda now: now.after(
                    EventType.REFUND_REQUESTED,
                    by=BY,
                    detail={"refundId": "R-1"},
                    refunds=refunds,
                ),
            )
        read.append(order)
        return erased_if_settled(order)

    # when
    order = orders.change("ORD-1", erase_too_late)

    # then
    assert [order.is_settled for order in read] == [True, False]
    assert not order.erased_at
    assert orders.get("ORD-1").contact


def test_erasing_again_finishes_what_was_kept(
    orders: OrdersTable, notes: ErasedOrders, dynamodb: "DynamoDBClient"
) -> None:
    erase(dynamodb, notes)
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
    assert erase(dynamodb, notes).erased == ["OPEN"]
    assert erase(dynamodb, notes) == Erasure()


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
    assert all(
        sentence.endswith("on overflow-test holds no order: check whose it is") for sentence in said
    )


def test_messages_that_are_being_worked_on_are_counted(sqs: "SQSClient", overflow_url: str) -> None:
    send(sqs, overflow_url, a_message("WAITING", "CUST-1"))
    sqs.receive_message(QueueUrl=overflow_url)
    (said,) = not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url)
    assert said.startswith("messages on overflow-test are being processed")


def test_an_empty_queue_holds_nothing_of_anybody(sqs: "SQSClient", overflow_url: str) -> None:
    assert not_in_the_table("CUST-1", client=sqs, queue_url=overflow_url) == []
