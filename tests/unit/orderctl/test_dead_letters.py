import pytest

from orderctl.dead_letters import DEAD_LETTER_QUEUES, DeadLetter, describe
from tests.unit.builders import a_confirmed_order, a_placed_order, latest_event
from tests.unit.orderctl.builders import a_batch, a_message


def described(body: object, queue: str = "payment", reason: str | None = None) -> DeadLetter:
    message = a_message(body, reason=reason)
    return describe(message, DEAD_LETTER_QUEUES[queue], failures=21)


def test_an_event_is_shown_by_its_order_and_type() -> None:
    event = latest_event(a_confirmed_order()).model_dump(mode="json", by_alias=True)
    letter = described(event)
    assert (letter.order_id, letter.event) == ("ORD-1", "#4 OrderConfirmed")
    assert letter.reason == "failed 21 times; see the logs"
    assert letter.receive_count == 3


def test_the_reason_that_a_function_gave_is_shown_on_one_line() -> None:
    assert described("{}", reason="not an order\n event: eventId").reason == (
        "not an order event: eventId"
    )


def test_a_deferred_order_is_shown_by_its_id_alone() -> None:
    order = a_placed_order().model_dump(mode="json", by_alias=True)
    letter = described(order | {"reason": "ada@example.com"}, "intake-overflow")
    assert letter.order_id == "ORD-1"
    assert "ada@example.com" not in str(letter)
    assert "pm_card_visa" not in str(letter)


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        {"orderId": "ada@example.com", "eventType": "ada@example.com", "version": "ada"},
        {
            "orderId": {"ada": 1},
            "DDBStreamBatchInfo": {"batchSize": "ada"},
            "requestContext": {"condition": "ada"},
        },
    ],
)
@pytest.mark.parametrize("queue", ["payment", "intake-overflow", "audit-subscription"])
def test_nothing_is_shown_that_is_not_an_id(body: object, queue: str) -> None:
    letter = described(body, queue)
    assert (letter.order_id, letter.event) == ("-", "-")
    assert "ada" not in letter.reason


def test_what_the_publisher_parked_is_shown_with_its_reason() -> None:
    parked = {"orderId": "ORD-1", "version": 3, "reason": "KeyError: 'status'"}
    letter = described(parked, "event-publisher")
    assert (letter.order_id, letter.event, letter.reason) == ("ORD-1", "#3", "KeyError: 'status'")


def test_a_batch_that_was_given_up_is_shown_with_its_size() -> None:
    letter = described(a_batch(first=1, last=7), "event-publisher")
    assert letter.event == "7 order changes"
    assert letter.reason == "RetryAttemptsExhausted"


def test_what_a_topic_could_not_deliver_says_where_to() -> None:
    assert described("{}", "inventory-subscription").reason == (
        "the topic could not deliver it to inventory"
    )
