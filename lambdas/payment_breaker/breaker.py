"""Pause a stage while its circuit is open, and resume it once the provider answers a probe."""

from collections.abc import Callable
from typing import Protocol

from order_pipeline.adapters.circuit import OpenCircuit
from order_pipeline.adapters.observability import logger
from order_pipeline.domain.ports import EventSource


class Circuit(Protocol):
    """What says whether the stage is to be paused."""

    def look(self) -> OpenCircuit | None:
        """Return why the circuit is open; None when it is closed."""

    def close(self) -> None:
        """Close the circuit, unless somebody has taken hold of it."""


def tend_circuit(
    *, circuit: Circuit, stage: EventSource, provider_answers: Callable[[], bool]
) -> bool:
    """Do the next step of pausing, probing and resuming; each step is repeatable.

    The circuit closes after the stage was resumed: a crash in between pauses the stage once more
    and never leaves it paused for good.

    Returns
    -------
    bool
        Whether the stage still waits for the provider; one that a person has paused waits for them.
    """
    opened = circuit.look()
    if opened is None:
        return False
    state = stage.state
    if state == "Enabled":
        logger.warning("pausing the stage", reason=opened.reason)
        stage.pause()
    elif state == "Disabled" and not _is_held(opened) and provider_answers():
        if _is_held(circuit.look()):
            return False  # somebody took hold of it during the probe
        logger.info("resuming the stage")
        stage.resume()
        circuit.close()
        return False
    return not _is_held(opened)


def _is_held(opened: OpenCircuit | None) -> bool:
    return opened is not None and opened.held_by is not None
