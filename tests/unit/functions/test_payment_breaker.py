"""The payment stage is paused while its circuit is open, and never for good."""

import pytest

from order_pipeline.adapters.circuit import OpenCircuit
from payment_breaker.breaker import tend_circuit

OPEN = OpenCircuit("APIConnectionError", held_by=None)


class Circuit:
    def __init__(self, opened: OpenCircuit | None, journal: list[str]) -> None:
        self.opened = opened
        self._journal = journal

    def look(self) -> OpenCircuit | None:
        return self.opened

    def close(self) -> None:
        self._journal.append("close")
        self.opened = None


class Stage:
    def __init__(self, state: str, journal: list[str]) -> None:
        self.state = state
        self._journal = journal

    def pause(self) -> None:
        self._journal.append("pause")

    def resume(self) -> None:
        self._journal.append("resume")


@pytest.mark.parametrize(
    ("opened", "state", "answers", "done", "waits"),
    [
        (None, "Enabled", True, [], False),
        (None, "Disabled", True, [], False),  # paused by other means than the circuit
        (OPEN, "Enabled", True, ["pause"], True),
        (OPEN, "Enabled", False, ["pause"], True),
        (OPEN, "Disabling", True, [], True),
        (OPEN, "Disabled", False, ["probe"], True),
        (OPEN, "Disabled", True, ["probe", "resume", "close"], False),
        (OpenCircuit("deploy", held_by="ann"), "Disabled", True, [], False),
        (OpenCircuit("deploy", held_by="ann"), "Enabled", True, ["pause"], False),
    ],
)
def test_the_next_step_follows_from_circuit_stage_and_provider(
    opened: OpenCircuit | None, state: str, answers: bool, done: list[str], waits: bool
) -> None:
    journal: list[str] = []

    def provider_answers() -> bool:
        journal.append("probe")
        return answers

    still_waits = tend_circuit(
        circuit=Circuit(opened, journal),
        stage=Stage(state, journal),
        provider_answers=provider_answers,
    )
    assert journal == done
    assert still_waits is waits


def test_a_hold_that_is_taken_during_the_probe_is_respected() -> None:
    journal: list[str] = []
    circuit = Circuit(OPEN, journal)

    def somebody_pauses() -> bool:
        circuit.opened = OpenCircuit("deploy", held_by="ann")
        return True

    still_waits = tend_circuit(
        circuit=circuit, stage=Stage("Disabled", journal), provider_answers=somebody_pauses
    )
    assert journal == []
    assert not still_waits
