from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from orderctl.move_task import Move, MoveFailedError, move_messages


class Sqs:
    """SQS's moves: each look at them sees the next state."""

    def __init__(self, *looks: dict[str, Any] | None, refuses: bool = False) -> None:
        self._looks = list(looks)
        self._refuses = refuses
        self.started: list[dict[str, str]] = []

    def list_message_move_tasks(self, **request: object) -> dict[str, Any]:
        assert request == {"SourceArn": "dlq", "MaxResults": 1}
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return {"Results": [look] if look else []}

    def start_message_move_task(self, **request: str) -> None:
        if self._refuses:
            raise ClientError({"Error": {"Code": "InvalidParameterValue"}}, "StartMessageMoveTask")
        self.started.append(request)


def task(status: str, moved: int = 0, started: int = 1, **more: object) -> dict[str, Any]:
    return {
        "Status": status,
        "ApproximateNumberOfMessagesMoved": moved,
        "StartedTimestamp": started,
        **more,
    }


def move(sqs: Sqs) -> Move:
    return move_messages(cast("Any", sqs), "dlq", "queue", pause=lambda _: None)


def test_a_move_is_started_with_its_destination_and_followed_to_its_end() -> None:
    sqs = Sqs(None, task("RUNNING", 1), task("RUNNING", 2), task("COMPLETED", 3))
    assert move(sqs) == Move(moved=3, followed=False)
    assert sqs.started == [{"SourceArn": "dlq", "DestinationArn": "queue"}]


def test_the_move_before_is_not_taken_for_this_one() -> None:
    before = task("COMPLETED", 7, started=1)
    sqs = Sqs(before, before, before, task("COMPLETED", 2, started=2))
    assert move(sqs).moved == 2


def test_a_move_that_runs_already_is_followed() -> None:
    running = task("RUNNING", 1)
    sqs = Sqs(running, running, task("COMPLETED", 5), refuses=True)
    assert move(sqs) == Move(moved=5, followed=True)


def test_a_move_that_is_refused_while_none_runs_is_an_error() -> None:
    with pytest.raises(ClientError):
        move(Sqs(task("COMPLETED", 5), refuses=True))


def test_a_move_that_fails_says_why_and_how_far_it_came() -> None:
    sqs = Sqs(None, task("RUNNING"), task("FAILED", 2, FailureReason="AccessDenied"))
    assert move(sqs) == Move(moved=2, followed=False, failure="failed: AccessDenied")


def test_a_move_that_never_shows_is_an_error() -> None:
    with pytest.raises(MoveFailedError):
        move(Sqs(None))
