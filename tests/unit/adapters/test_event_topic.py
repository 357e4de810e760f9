import json
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.event_topic import EventTopic
from order_pipeline.domain.order import Line, Priority
from tests.unit.adapters.tracing import NOT_SAMPLED, PARENT, ROOT, SAMPLED, on_lambda
from tests.unit.builders import a_placed_order, latest_event

TOPIC = "arn:aws:sns:eu-west-2:000000000000:order-events-topic-test"


def placed(number: int, lines: int = 1, trace_header: str | None = None) -> Any:
    return latest_event(
        a_placed_order(
            *(Line(item_id=f"{line:064}", quantity=1) for line in range(lines)),
            order_id=f"ORD-{number}",
            priority=Priority.HIGH,
            trace_header=trace_header,
        )
    )


def accepting() -> Mock:
    client = Mock()
    client.publish_batch.return_value = {"Successful": [], "Failed": []}
    return client


def batches(client: Mock) -> list[list[dict[str, Any]]]:
    return [call.kwargs["PublishBatchRequestEntries"] for call in client.publish_batch.mock_calls]


def test_an_event_carries_what_subscriptions_filter_by() -> None:
    client = accepting()
    assert EventTopic(client, TOPIC).publish([placed(1)]) == set()
    entry = batches(client)[0][0]
    assert entry["MessageAttributes"] == {
        "eventType": {"DataType": "String", "StringValue": "OrderPlaced"},
        "customerId": {"DataType": "String", "StringValue": "CUST-1"},
        "priority": {"DataType": "String", "StringValue": "high"},
    }
    assert json.loads(entry["Message"])["eventId"] == "ORD-1#1"
    assert client.publish_batch.call_args.kwargs["TopicArn"] == TOPIC


def test_events_go_out_ten_at_a_time_in_their_order() -> None:
    client = accepting()
    EventTopic(client, TOPIC).publish([placed(number) for number in range(23)])
    assert [len(batch) for batch in batches(client)] == [10, 10, 3]
    ids = [json.loads(entry["Message"])["orderId"] for batch in batches(client) for entry in batch]
    assert ids == [f"ORD-{number}" for number in range(23)]


@pytest.mark.parametrize(("lines", "taken"), [(400, True), (4000, False)])
def test_only_what_fits_into_a_message_can_be_published(lines: int, *, taken: bool) -> None:
    assert EventTopic(accepting(), TOPIC).takes(placed(1, lines)) is taken


def test_a_batch_stays_below_the_size_that_the_topic_takes() -> None:
    client = accepting()
    EventTopic(client, TOPIC).publish([placed(number, lines=400) for number in range(10)])
    sizes = [sum(len(entry["Message"]) for entry in batch) for batch in batches(client)]
    assert len(sizes) > 1
    assert max(sizes) < 256 * 1024


def test_events_that_the_topic_refuses_are_named() -> None:
    client = Mock()
    client.publish_batch.return_value = {
        "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]
    }
    assert EventTopic(client, TOPIC).publish([placed(1), placed(2)]) == {"ORD-2#1"}


def test_a_batch_that_fails_as_a_whole_does_not_stop_the_next() -> None:
    client = Mock()
    client.publish_batch.side_effect = [ClientError({}, "PublishBatch"), {"Failed": []}]
    refused = EventTopic(client, TOPIC).publish([placed(number) for number in range(12)])
    assert refused == {f"ORD-{number}#1" for number in range(10)}


def test_nothing_to_publish_asks_nothing() -> None:
    client = Mock()
    assert EventTopic(client, TOPIC).publish([]) == set()
    client.publish_batch.assert_not_called()


def mixed() -> list[Any]:
    """Return the events of six orders, every third of which is sampled."""
    headers = (SAMPLED, NOT_SAMPLED, None)
    return [placed(number, trace_header=headers[number % 3]) for number in range(6)]


def order_ids(batch: list[dict[str, Any]]) -> list[str]:
    return [json.loads(entry["Message"])["orderId"] for entry in batch]


def test_events_of_sampled_orders_go_out_alone_and_the_others_together() -> None:
    client = accepting()
    assert EventTopic(client, TOPIC).publish(mixed()) == set()
    assert [order_ids(batch) for batch in batches(client)] == [
        ["ORD-0"],
        ["ORD-3"],
        ["ORD-1", "ORD-2", "ORD-4", "ORD-5"],
    ]


def test_a_trace_travels_in_no_event() -> None:
    client = accepting()
    EventTopic(client, TOPIC).publish(mixed())
    assert ROOT not in json.dumps(batches(client))


def test_a_published_event_is_a_segment_of_its_order_and_so_is_one_that_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a topic that takes the first sampled event, and neither the second nor the others
    client = Mock()
    refusal = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    client.publish_batch.side_effect = [{"Failed": []}, refusal, ClientError({}, "PublishBatch")]

    # when
    with on_lambda(monkeypatch) as daemon:
        refused = EventTopic(client, TOPIC).publish(mixed())
        segments = daemon.documents()

    # then
    assert refused == {f"ORD-{number}#1" for number in (1, 2, 3, 4, 5)}
    assert [each["annotations"]["orderId"] for each in segments] == ["ORD-0", "ORD-3"]
    assert {each["annotations"]["eventType"] for each in segments} == {"OrderPlaced"}
    assert {(each["trace_id"], each["parent_id"]) for each in segments} == {(ROOT, PARENT)}
    assert ["fault" in each for each in segments] == [False, True]
