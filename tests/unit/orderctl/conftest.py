"""A person at the terminal, where a test needs one to be asked, and queues to look at."""

from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def somebody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests' input count as typed by a person."""
    monkeypatch.setattr("orderctl.terminal.is_interactive", lambda: True)
    monkeypatch.setattr("orderctl.commands.orders.is_interactive", lambda: True)


@pytest.fixture
def sqs(aws: None, monkeypatch: pytest.MonkeyPatch) -> "SQSClient":
    """SQS, whose queues are not waited for when they are empty."""
    monkeypatch.setattr("orderctl.queues._WAIT_SECONDS", 0)
    return boto3.client("sqs")
