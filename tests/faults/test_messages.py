"""Messages that come twice, in the wrong order, or make no sense."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType

from order_pipeline.adapters.items import to_item
from tests.e2e.shop import Json, Shop
from tests.e2e.waiting import wait_for
from tests.faults import faults
from tests.faults.conftest import Proxies, Settle
from tests.faults.dead_letters import DeadLetters
from tests.faults.faults import calls
from tests.faults.flow import Flow
from tests.faults.kinds import EVERY_KIND, WHOLE_LIFE, Kind, cancel

CANCELLED_WHEN_VALIDATED = Kind(
    "cancelled when validated",
    ("OrderPlaced", "OrderValidated", "OrderCancelled"),
    steps=MappingProxyType({"OrderValidated": cancel}),
)
CANCELLED_WHEN_RESERVED = Kind(
    "cancelled when reserved",
    ("OrderPlaced", "OrderValidated", "StockReserved", "OrderCancelled", "StockReleased"),
    steps=MappingProxyType({"StockReserved": cancel}),
)


def test_every_message_is_delivered_twice(proxies: Proxies, flow: Flow, settle: Settle) -> None:
    # when
    published = calls("sns", "PublishBatch")
    with proxies.aws.fault("twice", faults.do_twice, published), flow.while_broken():
        flow.place(*EVERY_KIND, *EVERY_KIND)
        flow.until_all_have_ended(within=120)
        flow.shop.until_worked_off()

    # then
    settle("every message is delivered twice")


def test_notifications_come_doubled_and_in_reverse(shop: Shop, flow: Flow, settle: Settle) -> None:
    # when
    with doubled_and_reversed(shop, "notification", least=9), flow.while_broken():
        flow.place(WHOLE_LIFE, *EVERY_KIND)
        flow.until_all_have_ended(within=120)

    # then
    shop.until_worked_off()
    settle("notification's events drained, doubled, reversed")


def test_events_of_cancelled_orders_come_doubled_and_in_reverse(
    shop: Shop, flow: Flow, settle: Settle
) -> None:
    # when inventory hears first that an order is cancelled, then that it is validated
    with doubled_and_reversed(shop, "inventory", least=4), flow.while_broken():
        flow.place(CANCELLED_WHEN_VALIDATED, CANCELLED_WHEN_VALIDATED)
        flow.until_all_have_ended(within=60)

    # and payment first that an order is cancelled, then that its stock is reserved
    with doubled_and_reversed(shop, "payment", least=4):
        flow.place(CANCELLED_WHEN_RESERVED, CANCELLED_WHEN_RESERVED)
        flow.until_all_have_ended(within=60)

    # then
    shop.until_worked_off()
    settle("cancelled orders' events drained, doubled, reversed")


def test_malformed_message_on_every_queue(shop: Shop, flow: Flow, settle: Settle) -> None:
    # given
    queues = queues_with_functions(shop)
    assert len(queues) >= 4
    dead_letters = DeadLetters(shop)
    token = shop.new_id("nobody")
    bodies = [f"{{ {token}", f'["{token}"]', f'{{"orderId": "{token}"}}', token]

    # when
    with flow.while_broken():
        flow.place(*EVERY_KIND)
        for queue in queues:
            for body in bodies:
                shop.sqs.send_message(QueueUrl=dead_letters.url(queue), MessageBody=body)
        flow.place(*EVERY_KIND)

    # then each is put aside at once, with the reason
    for queue in queues:
        dead_letter_queue = queue.replace("-queue", "-dlq")
        wait_for(
            partial(dead_letters.count, dead_letter_queue),
            lambda count: count >= len(bodies),
            f"malformed messages in {dead_letter_queue}",
        )
        taken = dead_letters.take(dead_letter_queue)
        parked = [message for message in taken if token in message["Body"]]
        assert sorted(message["Body"] for message in parked) == sorted(bodies)
        assert all(message["MessageAttributes"]["reason"] for message in parked)
    settle("a malformed message on every queue")


def test_poison_record_in_the_stream(shop: Shop, flow: Flow, settle: Settle) -> None:
    # given
    table, order_id = shop.deployment.orders_table_name, shop.new_id("garbage")
    dead_letters = DeadLetters(shop)

    # when
    with flow.while_broken():
        flow.place(*EVERY_KIND)
        shop.dynamodb.put_item(
            TableName=table, Item=to_item({"orderId": order_id, "version": 1, "history": "?"})
        )
        flow.place(*EVERY_KIND)

    # then
    parked = wait_for(
        lambda: [json.loads(each["Body"]) for each in dead_letters.take("event-publisher-dlq")],
        bool,
        "the record in the parking queue",
    )
    assert [(each["orderId"], each["version"]) for each in parked] == [(order_id, 1)]
    assert parked[0]["reason"]
    shop.dynamodb.delete_item(TableName=table, Key=to_item({"orderId": order_id}))
    settle("a record in the stream that holds no order")


@contextmanager
def doubled_and_reversed(shop: Shop, stage: str, *, least: int) -> Iterator[None]:
    """Pause a stage; at the end send what its queue then holds twice and backwards, and resume."""
    url = DeadLetters(shop).url(f"{stage}-queue")
    with shop.paused(stage):
        yield
        wait_for(lambda: shop.messages(url), lambda count: count >= least, f"messages for {stage}")
        bodies = [message["Body"] for message in DeadLetters(shop).take(f"{stage}-queue")]
        events: list[Json] = sorted(
            map(json.loads, bodies), key=lambda event: str(event["occurredAt"]), reverse=True
        )
        assert len(events) >= least
        for event in events:
            for _ in range(2):
                shop.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))


def queues_with_functions(shop: Shop) -> list[str]:
    """Return the queues that a function works off, such as `payment-queue`."""
    mappings = shop.functions.list_event_source_mappings()["EventSourceMappings"]
    suffix = f"-{shop.deployment.suffix}"
    arns = [mapping["EventSourceArn"] for mapping in mappings]
    return [arn.rpartition(":")[2].removesuffix(suffix) for arn in arns if ":sqs:" in arn]
