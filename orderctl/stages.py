"""Pausing a stage and resuming it: its queue, or the stream, keeps what is for it meanwhile."""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from order_pipeline.adapters.event_source import EventSourceMapping
from order_pipeline.domain.ports import EventSource
from orderctl.errors import NOT_THERE, OrderctlError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ENABLED, DISABLED = "Enabled", "Disabled"

_PAUSE_SECONDS = 0.5
_LOOKS = 600
"""Five minutes: AWS takes up to a minute or two to switch a mapping."""

_TRIES = 5


class StageName(StrEnum):
    """The stages that can be paused."""

    VALIDATION = "validation"
    INVENTORY = "inventory"
    PAYMENT = "payment"
    NOTIFICATION = "notification"
    INTAKE_DRAIN = "intake-drain"
    EVENT_PUBLISHER = "event-publisher"


class StageError(OrderctlError):
    """A stage whose mapping does not get where it should."""


class NoSuchStageError(StageError):
    """A stage that is not deployed."""

    exit_code = NOT_THERE


class Circuit(Protocol):
    """What tells the circuit breaker to leave a stage alone."""

    def open(self, reason: str, *, held_by: str | None = None) -> None:
        """Say that the stage is paused, and by whom."""

    def let_go(self) -> None:
        """Say no longer that it is."""


class Stage:
    """A stage that can be paused and resumed, as often as one likes."""

    def __init__(
        self,
        mapping: EventSource,
        circuit: Circuit | None = None,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the stage's mapping, and its circuit if it has a circuit breaker."""
        self._mapping = mapping
        self._circuit = circuit
        self._wait = wait

    def pause(self, by: str) -> None:
        """Pause the stage; the circuit breaker leaves it so.

        The circuit opens first: should this end in between, the breaker pauses the stage. The
        other way round it would stay paused, and nothing would say that this is meant.
        """
        if self._circuit:
            self._circuit.open(f"paused by {by}", held_by=by)
        self._switch(DISABLED, self._mapping.pause)

    def resume(self) -> None:
        """Resume the stage.

        The circuit closes last: should this end in between, the breaker pauses the stage once
        more, and it can be resumed again. The other way round it would stay paused with nothing
        to say so. A breaker that has just seen the circuit open may pause the stage nevertheless,
        so it is resumed until it is.
        """
        if self._at_rest() != ENABLED:
            self._mapping.resume()
        if self._circuit:
            self._circuit.let_go()
        self._switch(ENABLED, self._mapping.resume)

    def _switch(self, wanted: str, switch: Callable[[], None]) -> None:
        """Switch until the mapping is as it should be: somebody else may switch it back."""
        for _ in range(_TRIES):
            if self._at_rest() == wanted:
                return
            switch()
        raise StageError(f"something keeps the stage's mapping from being {wanted}")

    def _at_rest(self) -> str:
        """Wait until the mapping is not on its way: only then it can be switched."""
        state = self._mapping.state
        for _ in range(_LOOKS):
            if state in (ENABLED, DISABLED):
                return state
            self._wait(_PAUSE_SECONDS)
            state = self._mapping.state
        raise StageError(f"the stage's mapping has been {state} for minutes: check it in Lambda")


def mapping_of(client: "LambdaClient", live_arn: str) -> EventSourceMapping:
    """Return the mapping of a function, which has one, by the ARN of its alias.

    A mapping belongs to what it names: one of the alias is not listed for the function itself.

    Raises
    ------
    StageError
        If the function is not deployed, or has no mapping.
    """
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=live_arn)
    try:
        ids = [mapping["UUID"] for page in pages for mapping in page["EventSourceMappings"]]
    except client.exceptions.ResourceNotFoundException:
        ids = []
    if len(ids) != 1:
        function_name = live_arn.split(":")[-2]
        if not ids:
            raise NoSuchStageError(f"{function_name} is not deployed")
        raise StageError(
            f"{function_name} has {len(ids)} mappings: it is not clear which one is meant"
        )
    return EventSourceMapping(client, ids[0])
