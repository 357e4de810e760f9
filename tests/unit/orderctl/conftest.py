"""A person at the terminal, where a test needs one to be asked."""

import pytest


@pytest.fixture
def somebody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests' input count as typed by a person."""
    monkeypatch.setattr("orderctl.terminal.is_interactive", lambda: True)
    monkeypatch.setattr("orderctl.commands.orders.is_interactive", lambda: True)
