"""Orders that are accepted while DynamoDB is out of reach: stored when it is back, each once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.deployment import REGION
from tests.e2e.orderctl import orderctl
from tests.e2e.outages import unreachable
from tests.e2e.shop import Customer, Item, Json, Shop, history
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.life

CONFIRMED = ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]


def test_order_deferred_while_the_table_is_down_is_stored_within_a_minute_of_its_return(
    shop: Shop,
) -> None:
    # given
    item, customer = shop.stocked_item(available=10, price=29.99), shop.customer()
    request = order_of(shop, customer, (item, 2))
    order_id = request["orderId"]

    with unreachable(shop, "dynamodb", "place-order", "intake-drain"):
        # when it is placed, twice, as a client does that is not sure
        answers = [shop.post_order(request) for _ in "12"]

        # then it is accepted, and not there yet
        for answer in answers:
            assert_deferred(answer, order_id)
        assert shop.api.get(f"orders/{order_id}").status_code == 404

        # and the drain tries in vain, for as long as it takes
        wait_for(
            lambda: receives(shop, order_id),
            lambda receives: len(receives) == 2 and min(receives) >= 3,
            f"three attempts at both messages of {order_id}",
        )
        assert shop.api.get(f"orders/{order_id}").status_code == 404

    # when the table is back
    wait_for(
        lambda: shop.api.get(f"orders/{order_id}").status_code,
        lambda status: status == 200,
        f"order {order_id} in the table",
        within=60,
    )
    shop.story.tell(order_id, "accepted while the table was down: confirmed")

    # then it is one order like any other
    order = shop.until(order_id, "CONFIRMED")
    assert history(order) == CONFIRMED
    assert order["history"][0]["by"] == "place-order"
    assert shop.available(item) == 10 - 2
    assert shop.payments.intent_of(order_id)["amount"] == 5998
    assert shop.mail_to(customer.email).subject == f"Your order {order_id} is confirmed"
    shop.handed_over(order_id)
    shop.until_worked_off()
    assert history(shop.look_at(order_id)) == CONFIRMED

    # and the same request finds it
    again = shop.post_order(request)
    assert again.status_code == 202
    assert "deferred" not in again.json()

    # and its personal data is in no log
    logs = shop.logged_about(order_id)
    for secret in (customer.email, customer.phone, customer.name):
        assert secret not in logs


def test_request_that_came_again_after_the_tables_return_is_one_order(shop: Shop) -> None:
    # given one that is deferred, and stored by the same request before it is drained
    item, customer = shop.stocked_item(available=10), shop.customer()
    request = order_of(shop, customer, (item, 1))
    order_id = request["orderId"]
    with shop.paused("intake-drain"):
        with unreachable(shop, "dynamodb", "place-order"):
            assert_deferred(shop.post_order(request), order_id)
        shop.place(request, shows="deferred, then placed again: confirmed once")
        order = shop.until(order_id, "CONFIRMED")

    # when
    shop.until_worked_off()

    # then
    assert shop.look_at(order_id) == order
    assert shop.available(item) == 10 - 1
    assert len(shop.payments.intents_of(order_id)) == 1
    assert parked(shop, order_id) == []


def test_order_that_conflicts_with_a_stored_one_is_parked_and_named_when_erasing(
    shop: Shop,
) -> None:
    # given
    sold_out, customer = shop.stocked_item(available=0), shop.customer()
    request = order_of(shop, customer, (sold_out, 1))
    order_id = shop.place(request, shows="sold out; another of its id is deferred, and parked")
    order = shop.until(order_id, "OUT_OF_STOCK")

    # when
    another = request | {"items": [{"itemId": sold_out.item_id, "quantity": 2}]}
    with unreachable(shop, "dynamodb", "place-order"):
        assert_deferred(shop.post_order(another), order_id)

    # then
    with parked_order(shop, order_id) as message:
        assert message["MessageAttributes"]["reason"]["StringValue"] == (
            f"order {order_id} was already placed with different content"
        )
        shop.until_worked_off()
        assert shop.look_at(order_id) == order

        # and it is not forgotten when the customer is erased
        done = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"erased: order {order_id}" in done.stdout
        assert f"not erased: order {order_id} is on intake-overflow-dlq" in done.stderr

    # when somebody has settled it and deleted the message
    done = orderctl(shop.deployment, "erase", customer.customer_id, "--yes")

    # then there is nothing left of the customer, here or there
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"{customer.customer_id} has no orders" in done.stderr


def test_order_is_refused_when_the_queue_is_out_of_reach_as_well(shop: Shop) -> None:
    # given
    item = shop.stocked_item()
    request = order_of(shop, shop.customer(), (item, 1))

    # when
    with (
        unreachable(shop, "dynamodb", "place-order"),
        unreachable(shop, "sqs", "place-order"),
    ):
        refused = shop.post_order(request)
        invalid = shop.post_order(request | {"items": []})

    # then
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert invalid.status_code == 400
    assert shop.api.get(f"orders/{request['orderId']}").status_code == 404

    # when it is sent again
    order_id = shop.place(request, shows="refused while table and queue were down: confirmed")

    # then
    assert history(shop.until(order_id, "CONFIRMED")) == CONFIRMED
    assert shop.available(item) == 10 - 1


def order_of(shop: Shop, customer: Customer, *lines: tuple[Item, int]) -> Json:
    return shop.order(
        *lines,
        customerId=customer.customer_id,
        contact=customer.contact,
        shippingAddress=customer.address,
    )


def assert_deferred(answer: httpx.Response, order_id: str) -> None:
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert (accepted["orderId"], accepted["status"]) == (order_id, "PLACED")
    assert accepted["deferred"] is True
    assert answer.headers["Location"] == accepted["links"]["self"] == f"orders/{order_id}"


def receives(shop: Shop, order_id: str) -> list[int]:
    """Return how often each message of the order on the overflow queue was received.

    LocalStack shows messages without touching them, those in backoff too; one alone is no list.
    """
    path = urlsplit(shop.deployment.intake_overflow_queue_url).path
    answer = httpx.get(
        f"{shop.deployment.endpoint}/_aws/sqs/messages/{REGION}{path}",
        params={"ShowInvisible": "true"},
        headers={"Accept": "application/json"},
    )
    answer.raise_for_status()
    shown = answer.json()["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}
    messages = shown.get("Message", [])
    return [
        int(attribute["Value"])
        for message in (messages if isinstance(messages, list) else [messages])
        if json.loads(message["Body"])["orderId"] == order_id
        for attribute in message["Attribute"]
        if attribute["Name"] == "ApproximateReceiveCount"
    ]


def parked(shop: Shop, order_id: str) -> list["MessageTypeDef"]:
    """Return the order's messages on the overflow's dead-letter queue; they stay there."""
    received = shop.sqs.receive_message(
        QueueUrl=shop.deployment.intake_overflow_dead_letter_queue_url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["reason"],
        VisibilityTimeout=0,
    )
    return [
        message
        for message in received.get("Messages", [])
        if json.loads(message["Body"]).get("orderId") == order_id
    ]


@contextmanager
def parked_order(shop: Shop, order_id: str) -> Iterator["MessageTypeDef"]:
    """Wait until the order is parked, and delete the message in the end."""
    (message,) = wait_for(lambda: parked(shop, order_id), bool, f"order {order_id} parked")
    try:
        yield message
    finally:
        (message,) = wait_for(lambda: parked(shop, order_id), bool, f"order {order_id} parked")
        shop.sqs.delete_message(
            QueueUrl=shop.deployment.intake_overflow_dead_letter_queue_url,
            ReceiptHandle=message["ReceiptHandle"],
        )
