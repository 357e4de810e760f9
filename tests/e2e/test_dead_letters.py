"""What an operator does when something is stuck: look at it, redrive it, pause, publish again."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import Line, Order, place
from order_pipeline.domain.stored import now, rfc3339
from tests.e2e import purchases
from tests.e2e.deployment import AWS_CONFIG
from tests.e2e.orderctl import orderctl
from tests.e2e.shop import Json, Shop, history
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life

STAGES = ("validation", "inventory", "payment", "notification")


class DeadLetters:
    """A dead-letter queue, looked at with the operator's tool."""

    def __init__(self, shop: Shop, name: str) -> None:
        self._shop = shop
        self.name = name
        self.url = shop.sqs.get_queue_url(QueueName=f"{name}-dlq-{shop.deployment.suffix}")[
            "QueueUrl"
        ]

    def send(self, body: Json) -> None:
        self._shop.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def show(self) -> str:
        done = orderctl(self._shop.deployment, "dlq", "show", self.name)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def line_about(self, order_id: str, *, but_not: str = "-") -> list[str]:
        """Wait until there is a message about an order; return the line that shows it, by column.

        `but_not` is the id of a message that is not meant.
        """

        def lines() -> list[list[str]]:
            shown = [line.split("│") for line in self.show().splitlines() if order_id in line]
            columns = [[part.strip() for part in line[1:-1]] for line in shown]
            return [line for line in columns if line[0] != but_not]

        (line,) = wait_for(lines, bool, f"{order_id} on the dead-letter queue {self.name}")
        return line

    def redrive(self, *more: str, returncode: int = 0) -> str:
        done = orderctl(self._shop.deployment, "dlq", "redrive", self.name, *more)
        assert done.returncode == returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def take(self, message_id: str) -> Json:
        """Take a message off for good, and return its body."""
        messages = wait_for(
            lambda: self._shop.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=1
            ).get("Messages", []),
            lambda messages: message_id in {each["MessageId"] for each in messages},
            f"{message_id} on {self.name}",
        )
        (message,) = (each for each in messages if each["MessageId"] == message_id)
        self._shop.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        body: Json = json.loads(message["Body"])
        return body

    def is_empty(self) -> bool:
        return "No messages are visible" in self.show()


def run(shop: Shop, *arguments: str) -> str:
    done = orderctl(shop.deployment, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def payment_paused(shop: Shop) -> Iterator[None]:
    """The payment stage as an operator has paused it, and resumed it afterwards."""
    assert "payment is paused" in run(shop, "pause", "payment")
    yield
    assert "payment is working" in run(shop, "resume", "payment")


@pytest.mark.parametrize("stage", STAGES)
def test_poison_is_shown_with_its_reason_and_comes_back_when_redriven(
    shop: Shop, stage: str
) -> None:
    # given a message that can never succeed
    dead_letters = DeadLetters(shop, stage)
    order_id, secret = shop.new_id("order"), shop.new_id("secret")
    poison = send_poison(shop, stage, order_id, secret)

    # then it is shown, by its ids and its reason
    message_id, _, _, reason, *_ = dead_letters.line_about(order_id)
    assert reason.startswith("not an order event: eventId, eventType")

    # when everything is redriven
    said = dead_letters.redrive()

    # then it was still there after it was looked at, and its content is never shown
    assert message_id in said
    assert "1 redriven, 0 failed" in said
    assert secret not in said

    # and it comes back, since nothing was repaired
    again, _, _, reason, *_ = dead_letters.line_about(order_id, but_not=message_id)
    assert reason.startswith("not an order event: eventId, eventType")
    assert dead_letters.take(again) == poison


def test_one_message_is_redriven_by_itself_and_not_twice(shop: Shop) -> None:
    # given
    dead_letters = DeadLetters(shop, "validation")
    redriven, left = shop.new_id("order"), shop.new_id("order")
    for order_id in (redriven, left):
        send_poison(shop, "validation", order_id)
    message_id, *_ = dead_letters.line_about(redriven)
    other_id, *_ = dead_letters.line_about(left)

    # when
    said = dead_letters.redrive("--message", message_id)

    # then
    assert "1 redriven, 0 failed" in said
    again, *_ = dead_letters.line_about(redriven, but_not=message_id)
    assert f"no message {message_id}" in dead_letters.redrive("--message", message_id, returncode=2)
    dead_letters.take(again)
    dead_letters.take(other_id)
    assert dead_letters.is_empty()


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        ("validation", "failed 10 times; see the logs"),
        ("validation-subscription", "the topic could not deliver it to validation"),
    ],
)
def test_an_order_that_was_given_up_goes_on_when_it_is_redriven(
    shop: Shop, queue: str, reason: str
) -> None:
    # given an order whose event was given up
    dead_letters = DeadLetters(shop, queue)
    queue_url = shop.deployment.validation_queue_url
    with shop.paused("validation"):
        item = shop.stocked_item()
        order_id = shop.place(
            shop.order((item, 1)), shows="given up by a stage, and redriven: CONFIRMED"
        )
        (message,) = wait_for(
            lambda: shop.sqs.receive_message(QueueUrl=queue_url).get("Messages", []),
            bool,
            "the order's event",
        )
        assert order_id in message["Body"]
        dead_letters.send(json.loads(message["Body"]))
        shop.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    listed = run(shop, "dlq", "list")
    (line,) = [line for line in listed.splitlines() if line.split("│")[1:2] == [f" {queue:<25} "]]
    assert line.split("│")[2].strip() == "1", listed
    assert dead_letters.line_about(order_id)[2:4] == ["#1 OrderPlaced", reason]

    # when
    said = dead_letters.redrive()

    # then
    assert f"1 redriven, 0 failed, 0 left on {queue}" in said
    shop.until(order_id, "CONFIRMED")
    assert dead_letters.is_empty()
    assert f"0 redriven, 0 failed, 0 left on {queue}" in dead_letters.redrive()


def test_an_event_that_the_audit_stream_did_not_take_is_put_into_it_again(shop: Shop) -> None:
    # given
    order = shop.look_at(purchases.buy(shop, shows="recorded again from a dead letter").order_id)
    placed = shop.audited(order)[0]
    dead_letters = DeadLetters(shop, "audit-subscription")
    dead_letters.send(placed)

    # when
    assert "1 redriven, 0 failed, 0 left" in dead_letters.redrive()

    # then
    recorded = wait_for(
        lambda: [each for each in shop.audit.events_of(order["orderId"]) if each == placed],
        lambda events: len(events) == 2,
        "the event twice in the audit bucket",
        within=120,
    )
    assert recorded == [placed, placed]


def test_a_record_that_cannot_be_published_is_parked_and_published_when_repaired(
    shop: Shop,
) -> None:
    # given an order that is not as the code knows orders, and an order after it
    dead_letters = DeadLetters(shop, "event-publisher")
    item = shop.stocked_item()
    order = place(
        order_id=shop.new_id("order"),
        customer_id=shop.new_id("customer"),
        currency=Currency.GBP,
        lines=(Line(item_id=item.item_id, quantity=1, expected_price=2999),),
        payment_method="pm_card_visa",
        payload_hash="0" * 64,
        by="test",
    )
    shop.story.tell(order.order_id, "unreadable when it was published, repaired: CONFIRMED")
    store(shop, order, status="MISLAID")
    purchases.buy(shop, shows="placed after a record that cannot be published: not held up")

    # then it is parked, and redriving it does not help yet
    message_id, _, event, reason, *_ = dead_letters.line_about(order.order_id)
    assert event == "#1"
    assert reason.startswith("ValidationError")
    said = dead_letters.redrive(returncode=1)
    assert f"{message_id}: order {order.order_id} still cannot be read" in said
    assert "0 redriven, 1 failed, 1 left" in said

    # when it is repaired and redriven
    store(shop, order)
    said = dead_letters.redrive()

    # then it goes its way
    assert "1 redriven, 0 failed, 0 left" in said
    shop.until(order.order_id, "CONFIRMED")


def test_a_batch_that_the_publisher_gave_up_is_read_from_the_stream(shop: Shop) -> None:
    # given
    order_id = purchases.buy(shop, shows="its batch given up by the publisher").order_id
    shop.handed_over(order_id)
    dead_letters = DeadLetters(shop, "event-publisher")
    dead_letters.send(given_up(shop, order_id))
    assert dead_letters.line_about("RetryAttemptsExhausted")[1] == "-"

    # when
    assert "1 redriven, 0 failed, 0 left" in dead_letters.redrive()

    # then its events are out once more
    wait_for(
        lambda: shop.warehouse.messages_about(order_id),
        lambda messages: len(messages) == 2,
        f"the order {order_id} twice on the fulfilment queue",
    )


@pytest.mark.usefixtures("payment_paused")
def test_a_paused_stage_keeps_what_is_for_it_until_it_is_resumed(shop: Shop) -> None:
    # given a stage that is paused, twice
    assert "payment is paused" in run(shop, "pause", "payment")

    # when
    order_id = purchases.place(shop, shows="placed while payment was paused").order_id

    # then the order waits, and the circuit breaker is told to leave it so
    shop.until_in(order_id, "RESERVED")
    wait_for(lambda: messages_waiting(shop, shop.deployment.payment_queue_url), bool, "its message")
    assert shop.look_at(order_id)["status"] == "RESERVED"
    assert circuit(shop)["heldBy"]

    # when it is overdue
    def overdue() -> str:
        make_overdue(shop, order_id)
        return run(shop, "overdue")

    # then it is listed (again and again, since the reconciler may put it off meanwhile)
    listed = wait_for(overdue, lambda text: order_id in text, f"{order_id} overdue")
    (line,) = [line for line in listed.splitlines() if order_id in line]
    assert "RESERVED" in line
    assert "StockReserved" in line

    # when
    assert "payment is working" in run(shop, "resume", "payment")

    # then
    shop.until(order_id, "CONFIRMED")
    assert circuit(shop) == {}
    assert order_id not in run(shop, "overdue")


def test_all_events_of_a_span_are_published_again(shop: Shop) -> None:
    # given an order of the span, and one before it
    before = purchases.buy(shop, shows="placed before the span that is published again").order_id
    shop.handed_over(before)
    shop.until_worked_off()
    since = rfc3339(now())
    order_id = purchases.buy(
        shop, shows="published again, by the time at which it was placed"
    ).order_id
    shop.handed_over(order_id)
    until = rfc3339(now() + timedelta(milliseconds=1))

    # when
    said = run(shop, "republish", "--since", since, "--until", until)

    # then
    assert "0 refused, 0 orders unreadable" in said
    wait_for(
        lambda: shop.warehouse.messages_about(order_id),
        lambda messages: len(messages) == 2,
        f"the order {order_id} twice on the fulfilment queue",
    )
    assert len(shop.warehouse.messages_about(before)) == 1

    # and nothing was done once more
    shop.until_worked_off()
    assert history(shop.look_at(order_id))[-1] == "OrderConfirmed"


def test_the_books_tell_what_is_missing(shop: Shop) -> None:
    # given
    since = rfc3339(now())
    purchase = purchases.buy(shop, shows="in the books, with and without its events")
    order_id = purchase.order_id
    shop.audited(shop.look_at(order_id))
    until = rfc3339(now())

    def differences() -> str:
        return orderctl(shop.deployment, "books", "--since", since, "--until", until).stdout

    assert order_id not in differences()

    # when the bucket loses an event, then that is told
    with shop.audit.without(f"{order_id}#2"):
        assert "not in the bucket: #2 OrderValidated" in line_with(differences(), order_id)

    # when the table loses the order, then that is told, and that its stock is held for nobody
    lost = stored(shop, order_id)
    shop.dynamodb.delete_item(
        TableName=shop.deployment.orders_table_name, Key=to_item({"orderId": order_id})
    )
    without = differences()
    assert f"{order_id}" in without
    assert "missing from the table; 4 events recorded" in without
    assert "its reservation is HELD, but there is no such order" in without

    # when it is restored, then the books agree
    shop.dynamodb.put_item(TableName=shop.deployment.orders_table_name, Item=to_item(lost))
    assert order_id not in differences()


def send_poison(shop: Shop, stage: str, order_id: str, secret: str = "") -> Json:
    """Send a stage a message that it can never handle, and return it."""
    poison = {"orderId": order_id, "eventType": "OrderForgotten", "name": secret}
    queue_url = getattr(shop.deployment, f"{stage.replace('-', '_')}_queue_url")
    shop.sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(poison))
    return poison


def line_with(text: str, order_id: str) -> str:
    (line,) = [line for line in text.splitlines() if order_id in line]
    return line


def store(shop: Shop, order: Order, **changes: object) -> None:
    """Put an order into the table, with some attributes as they should not be."""
    values = order.model_dump(mode="json", by_alias=True, exclude_none=True)
    shop.dynamodb.put_item(
        TableName=shop.deployment.orders_table_name, Item=to_item(values | changes)
    )


def stored(shop: Shop, order_id: str) -> Json:
    return from_item(
        shop.dynamodb.get_item(
            TableName=shop.deployment.orders_table_name,
            Key=to_item({"orderId": order_id}),
            ConsistentRead=True,
        )["Item"]
    )


def make_overdue(shop: Shop, order_id: str) -> None:
    shop.dynamodb.update_item(
        TableName=shop.deployment.orders_table_name,
        Key=to_item({"orderId": order_id}),
        UpdateExpression="SET dueAt = :past",
        ExpressionAttributeValues=to_item({":past": rfc3339(now() - timedelta(hours=2))}),
    )


def circuit(shop: Shop) -> Json:
    """Return what says that the payment stage is paused."""
    answer = shop.dynamodb.get_item(
        TableName=f"idempotency-table-{shop.deployment.suffix}",
        Key=to_item({"id": "circuit#payment"}),
        ConsistentRead=True,
    )
    return from_item(answer.get("Item", {}))


def messages_waiting(shop: Shop, queue_url: str) -> int:
    counted = shop.sqs.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(counted["Attributes"]["ApproximateNumberOfMessages"])


def given_up(shop: Shop, order_id: str) -> Json:
    """Return what the stream's mapping puts aside when it gives up the changes of an order."""
    deployment = shop.deployment
    table = shop.dynamodb.describe_table(TableName=deployment.orders_table_name)["Table"]
    arn = table["LatestStreamArn"]
    streams = deployment.session().client(
        "dynamodbstreams", endpoint_url=deployment.endpoint, config=AWS_CONFIG
    )
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        numbers = []
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while page := streams.get_records(ShardIterator=iterator):
            numbers += [
                record["dynamodb"]["SequenceNumber"]
                for record in page["Records"]
                if record["dynamodb"]["Keys"]["orderId"]["S"] == order_id
            ]
            iterator = page.get("NextShardIterator")
            if not page["Records"] or not iterator:
                break
        if numbers:
            return {
                "requestContext": {"condition": "RetryAttemptsExhausted"},
                "DDBStreamBatchInfo": {
                    "shardId": shard["ShardId"],
                    "startSequenceNumber": numbers[0],
                    "endSequenceNumber": numbers[-1],
                    "approximateArrivalOfFirstRecord": rfc3339(now()),
                    "approximateArrivalOfLastRecord": rfc3339(now()),
                    "batchSize": len(numbers),
                    "streamArn": arn,
                },
            }
    raise AssertionError(f"the stream has no change of {order_id}")
