"""The circuit in front of the payment provider."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from order_pipeline.adapters.circuit import FAILURES_TO_OPEN, Breaker, CircuitTable, OpenCircuit
from order_pipeline.domain.ports import CallOutcome, ServiceCall
from tests.unit.conftest import IDEMPOTENCY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def circuit(dynamodb: "DynamoDBClient") -> CircuitTable:
    return CircuitTable(dynamodb, IDEMPOTENCY_TABLE)


def fail(breaker: Breaker, times: int, *, name: str = "confirm") -> None:
    for _ in range(times):
        breaker.note(ServiceCall(name, 3.0, CallOutcome.UNKNOWN, "APIConnectionError"))


def fail_in_attempts(breaker: Breaker, times: int, *, answered: str = "create") -> None:
    """Fail as attempts do whose first call is answered."""
    for _ in range(times):
        breaker.note(ServiceCall(answered, 0.2, CallOutcome.OK))
        fail(breaker, 1)


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


@pytest.mark.parametrize("answered", ["create", "retrieve"])
def test_calls_of_one_kind_open_it_while_those_of_another_are_answered(
    circuit: CircuitTable, answered: str
) -> None:
    breaker = Breaker(circuit)
    fail_in_attempts(breaker, FAILURES_TO_OPEN - 1, answered=answered)
    assert circuit.look() is None
    fail_in_attempts(breaker, 1, answered=answered)
    assert circuit.look() == OpenCircuit("APIConnectionError", held_by=None)


def test_calls_of_several_kinds_open_it_when_none_is_answered(circuit: CircuitTable) -> None:
    breaker = Breaker(circuit)
    for name in ["create", "retrieve", "capture", "list_refunds"]:
        fail(breaker, 1, name=name)
    assert circuit.look() is None
    fail(breaker, 1, name="cancel")
    assert circuit.look() is not None


def test_calls_of_several_kinds_do_not_open_it_with_answers_in_between(
    circuit: CircuitTable,
) -> None:
    breaker = Breaker(circuit)
    for name in ["capture", "list_refunds", "cancel"] * (FAILURES_TO_OPEN - 1):
        breaker.note(ServiceCall("create", 0.2, CallOutcome.OK))
        fail(breaker, 1, name=name)
    assert circuit.look() is None


@pytest.mark.parametrize("fail", [fail, fail_in_attempts])
def test_it_opens_again_when_it_was_closed_too_early(
    circuit: CircuitTable, fail: Callable[[Breaker, int], None]
) -> None:
    breaker = Breaker(circuit)
    fail(breaker, FAILURES_TO_OPEN)
    circuit.close()
    fail(breaker, FAILURES_TO_OPEN - 1)
    assert circuit.look() is None
    fail(breaker, 1)
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
