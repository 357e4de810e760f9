from typing import TYPE_CHECKING

import pytest

from orderctl.queues import Queue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def url(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName="payment-dlq-test")["QueueUrl"]


@pytest.fixture
def queue(sqs: "SQSClient", url: str) -> Queue:
    for number in range(25):
        sqs.send_message(
            QueueUrl=url,
            MessageBody=f"body {number}",
            MessageAttributes={
                "reason": {"DataType": "String", "StringValue": "poison"},
                "priority": {"DataType": "String", "StringValue": "high"},
            },
            MessageSystemAttributes={
                "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e1b4151-1"}
            },
        )
    found = Queue.named(sqs, "payment-dlq-test")
    assert found
    return found


def test_a_queue_that_does_not_exist_is_none(sqs: "SQSClient") -> None:
    assert Queue.named(sqs, "payment-dlq-elsewhere") is None


@pytest.mark.parametrize("limit", [1, 10, 13, 100])
def test_peeking_leaves_every_message_visible(queue: Queue, limit: int) -> None:
    seen = queue.peek(limit)
    assert len({message.message_id for message in seen}) == min(limit, 25)
    assert {message.reason for message in seen} == {"poison"}
    assert (queue.depth().visible, queue.depth().in_flight) == (25, 0)


def test_what_is_taken_and_not_deleted_comes_back(queue: Queue) -> None:
    with queue.taken() as messages:
        for number, message in enumerate(messages):
            if number < 5:
                messages.delete(message)
        assert queue.depth().in_flight == 20
    assert (queue.depth().visible, queue.depth().in_flight) == (20, 0)


def test_taking_has_an_end_though_messages_come_back_meanwhile(queue: Queue) -> None:
    with queue.taken(hold_seconds=0) as messages:
        ids = [message.message_id for message in messages]
    assert ids
    assert len(ids) == len(set(ids))


def test_what_is_taken_comes_back_from_a_failure(queue: Queue) -> None:
    def fail() -> None:
        with queue.taken() as messages:
            next(iter(messages))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert (queue.depth().visible, queue.depth().in_flight) == (25, 0)


def test_a_message_is_sent_on_with_what_it_carries_but_for_the_reason(
    queue: Queue, sqs: "SQSClient"
) -> None:
    url = sqs.create_queue(QueueName="payment-queue-test")["QueueUrl"]
    source = Queue(sqs, url)
    (message,) = queue.peek(1)
    source.send(message)
    (received,) = source.peek(1)
    assert received.body == message.body
    assert received.reason is None
    assert received.attributes["priority"]["StringValue"] == "high"
    assert received.trace_header == "Root=1-5e1b4151-1"


@pytest.mark.usefixtures("url")
def test_how_often_a_message_fails_is_read_from_the_redrive_policy(sqs: "SQSClient") -> None:
    arn = "arn:aws:sqs:eu-west-2:123456789012:payment-dlq-test"
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 21}}'
    url = sqs.create_queue(QueueName="source", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    assert Queue(sqs, url).failures_before_given_up() == 21
