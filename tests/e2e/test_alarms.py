"""Alarms that really come and go, and reach those who are subscribed.

On LocalStack their periods are half a minute (the setting `alarm_period_seconds`), and ten messages
are many (`queue_depth`); it evaluates alarms on one metric, and combinations by "or".
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.alarms import Subscriber, subscribed, until_in_state
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life

MANY = 12
"""Messages on a queue: more than the setting allows locally."""


@pytest.fixture(scope="module")
def subscriber(shop: Shop) -> Iterator[Subscriber]:
    with subscribed(shop) as subscriber:
        yield subscriber


def assert_told(subscriber: Subscriber, alarm: str) -> None:
    """Assert that the subscriber was told that an alarm is on, and then that it is over."""
    states = wait_for(
        lambda: [state for state in subscriber.heard_about(alarm) if state != "INSUFFICIENT_DATA"],
        lambda states: "OK" in states[states.index("ALARM") :] if "ALARM" in states else False,
        f"notifications of {alarm}",
    )
    assert states[-1] == "OK"


def test_a_dead_letter_is_an_alarm_until_it_is_gone(shop: Shop, subscriber: Subscriber) -> None:
    # given
    until_in_state(shop, "validation-dlq", "OK")
    suffix = shop.deployment.suffix
    dead_letters = shop.sqs.get_queue_url(QueueName=f"validation-dlq-{suffix}")["QueueUrl"]

    # when a message can never succeed
    shop.sqs.send_message(
        QueueUrl=shop.deployment.validation_queue_url, MessageBody=json.dumps({"orderId": "none"})
    )

    # then
    until_in_state(shop, "validation-dlq", "ALARM")
    until_in_state(shop, "lost-orders", "ALARM")

    # and when somebody has looked after it
    (message,) = wait_for(
        lambda: shop.sqs.receive_message(QueueUrl=dead_letters).get("Messages", []),
        bool,
        "the dead letter",
    )
    shop.sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
    until_in_state(shop, "validation-dlq", "OK")
    until_in_state(shop, "lost-orders", "OK")
    for alarm in ("validation-dlq", "lost-orders"):
        assert_told(subscriber, alarm)


def test_many_messages_on_a_queue_are_an_alarm_until_they_are_worked_off(
    shop: Shop, subscriber: Subscriber
) -> None:
    # given
    until_in_state(shop, "inventory-depth", "OK")
    item = shop.stocked_item(available=MANY)

    # when a stage stands still while orders come
    with shop.paused("inventory"):
        orders = [
            shop.place(shop.order((item, 1)), shows="one of many that waited for a paused stage")
            for _ in range(MANY)
        ]

        # then one alarm says what, and another that orders do not flow
        until_in_state(shop, "inventory-depth", "ALARM")
        until_in_state(shop, "orders-not-flowing", "ALARM")

    # and when the stage works again
    for order_id in orders:
        shop.until(order_id, "CONFIRMED")
    until_in_state(shop, "inventory-depth", "OK")
    until_in_state(shop, "orders-not-flowing", "OK")
    for alarm in ("inventory-depth", "orders-not-flowing"):
        assert_told(subscriber, alarm)


def test_a_function_that_fails_again_and_again_is_an_alarm_until_it_does_not(
    shop: Shop, subscriber: Subscriber
) -> None:
    # given
    until_in_state(shop, "validation-function-errors", "OK")

    def invoke(_: int) -> str:
        """Call the function as nothing does: without the messages that it is for."""
        answer = shop.functions.invoke(
            FunctionName=shop.deployment.live("validation"), Payload=b"{}"
        )
        return answer.get("FunctionError", "")

    # when it fails more than five times within a period, wherever that begins
    with ThreadPoolExecutor(2) as callers:
        assert set(callers.map(invoke, range(3 * 6))) == {"Unhandled"}

    # then
    until_in_state(shop, "validation-function-errors", "ALARM")

    # and over as soon as there is a period without
    until_in_state(shop, "validation-function-errors", "OK")
    assert_told(subscriber, "validation-function-errors")
