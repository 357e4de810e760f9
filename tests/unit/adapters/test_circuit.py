"""The circuit in front of the payment provider."""

from typing import TYPE_CHECKING

import pytest

from order_pipeline.adapters.circuit import FAILURES_TO_OPEN, Breaker, CircuitTable, OpenCircuit
from order_pipeline.ports import CallOutcome, ServiceCall
from tests.unit.conftest import IDEMPOTENCY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def circuit(dynamodb: "DynamoDBClient") -> CircuitTable:
    return CircuitTable(dynamodb, IDEMPOTENCY_TABLE)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.note(ServiceCall("confirm", 3.0, CallOutcome.UNKNOWN, "APIConnectionError"))


def test_calls_in_a_row_without_an_answer_open_it(circuit: CircuitTable) -> None:
    breaker = Breaker(circuit)
    fail(breaker, FAILURES_TO_OPEN - 1)
    assert circuit.look() is None
    fail(breaker, 1)
    assert circuit.look() == OpenCircuit("APIConnectionError", held_by=None)


@pytest.mark.parametrize("outcome", sorted(set(CallOutcome) - {CallOutcome.UNKNOWN}))
def test_an_answer_in_between_begins_the_count_anew(
    circuit: CircuitTable, outcome: CallOutcome
) -> None:
    breaker = Breaker(circuit)
    fail(breaker, FAILURES_TO_OPEN - 1)
    breaker.note(ServiceCall("confirm", 0.2, outcome))
    fail(breaker, FAILURES_TO_OPEN - 1)
    assert circuit.look() is None


def test_it_opens_again_when_it_was_closed_too_early(circuit: CircuitTable) -> None:
    breaker = Breaker(circuit)
    fail(breaker, FAILURES_TO_OPEN)
    circuit.close()
    assert circuit.look() is None
    fail(breaker, FAILURES_TO_OPEN)
    assert circuit.look() is not None


def test_what_somebody_holds_is_closed_only_by_letting_go(circuit: CircuitTable) -> None:
    circuit.open("a new key is being put in", held_by="ann")
    fail(Breaker(circuit), FAILURES_TO_OPEN)
    circuit.close()
    assert circuit.look() == OpenCircuit("a new key is being put in", held_by="ann")
    circuit.let_go()
    assert circuit.look() is None


def test_an_open_circuit_can_be_taken_hold_of(circuit: CircuitTable) -> None:
    circuit.open("APIError")
    circuit.open("waiting for the provider's word", held_by="ann")
    assert circuit.look() == OpenCircuit("APIError", held_by="ann")


def test_closing_what_is_closed_changes_nothing(circuit: CircuitTable) -> None:
    circuit.close()
    assert circuit.look() is None
