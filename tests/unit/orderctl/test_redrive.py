from datetime import timedelta

import pytest

from orderctl.publisher_records import NotRedrivenError
from orderctl.queues import Message
from orderctl.redrive import discard, find, redrive_each
from tests.unit.builders import NOON
from tests.unit.orderctl.builders import QueueInMemory, a_message


def three() -> QueueInMemory:
    return QueueInMemory([a_message("x", message_id=message_id) for message_id in "ABC"])


class Destination:
    """Takes messages, but for those that it refuses."""

    def __init__(self, *refused: str) -> None:
        self._refused = refused
        self.taken: list[str] = []

    def __call__(self, message: Message) -> None:
        if message.message_id in self._refused:
            raise NotRedrivenError("refused")
        self.taken.append(message.message_id)


def test_every_message_is_passed_on_and_deleted() -> None:
    queue, destination = three(), Destination()
    outcome = redrive_each(queue, destination, began_at=NOON)
    assert (outcome.moved, outcome.failed) == (3, {})
    assert destination.taken == ["A", "B", "C"]
    assert queue.messages == []


def test_a_message_that_cannot_be_passed_on_stays_and_is_counted() -> None:
    queue = three()
    outcome = redrive_each(queue, Destination("B"), began_at=NOON)
    assert (outcome.moved, outcome.failed) == (2, {"B": "refused"})
    assert [message.message_id for message in queue.messages] == ["B"]


def test_one_message_is_redriven_and_the_others_are_left() -> None:
    queue, destination = three(), Destination()
    assert redrive_each(queue, destination, message_id="B").moved == 1
    assert destination.taken == ["B"]
    assert [message.message_id for message in queue.messages] == ["A", "C"]


def test_a_message_that_is_not_there_is_not_found_and_changes_nothing() -> None:
    queue, destination = three(), Destination()
    outcome = redrive_each(queue, destination, message_id="D")
    assert not outcome.found
    assert (outcome.moved, len(queue.messages)) == (0, 3)


def test_what_comes_back_meanwhile_is_left_for_the_next_time() -> None:
    queue = three()
    queue.messages.append(a_message("x", message_id="D", sent_at=NOON + timedelta(seconds=1)))
    outcome = redrive_each(queue, Destination(), began_at=NOON)
    assert (outcome.moved, outcome.failed) == (3, {})
    assert [message.message_id for message in queue.messages] == ["D"]


def test_a_crash_after_passing_on_leaves_the_message_in_both_places() -> None:
    class DyingQueue(QueueInMemory):
        def delete(self, message: Message) -> None:
            assert message.message_id == "A"
            raise KeyboardInterrupt

    queue, destination = DyingQueue([a_message("x", message_id="A")]), Destination()
    with pytest.raises(KeyboardInterrupt):
        redrive_each(queue, destination, began_at=NOON)
    assert destination.taken == ["A"]
    assert len(queue.messages) == 1


def test_one_message_is_found_and_left() -> None:
    queue = three()
    found = find(queue, "B")
    assert found
    assert found.message_id == "B"
    assert find(queue, "D") is None
    assert len(queue.messages) == 3


def test_one_message_is_discarded_and_the_others_are_left() -> None:
    queue = three()
    assert discard(queue, "B")
    assert not discard(queue, "B")
    assert [message.message_id for message in queue.messages] == ["A", "C"]
