import pytest

from orderctl.stages import Stage, StageError


class Mapping:
    """A mapping that is on its way for one look after each switch."""

    def __init__(self, state: str = "Enabled") -> None:
        self._states = [state]
        self.switched: list[str] = []

    @property
    def state(self) -> str:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def pause(self) -> None:
        self._switch("Disabling", "Disabled")

    def resume(self) -> None:
        self._switch("Enabling", "Enabled")

    def _switch(self, *states: str) -> None:
        assert self._states[0] in ("Enabled", "Disabled"), "Lambda refuses it on its way"
        self.switched.append(states[1])
        self._states = list(states)


class Circuit:
    """A circuit that says who holds it, and what it saw of the mapping when it was moved."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self.held_by: str | None = None
        self.switched_before: list[str] = []

    def open(self, reason: str, *, held_by: str | None = None) -> None:
        assert held_by is not None
        assert held_by in reason
        self.held_by = held_by
        self.switched_before = list(self._mapping.switched)

    def let_go(self) -> None:
        self.held_by = None
        self.switched_before = list(self._mapping.switched)


def stage(mapping: Mapping, circuit: Circuit | None = None) -> Stage:
    return Stage(mapping, circuit, wait=lambda _: None)


def test_a_stage_is_paused_and_resumed() -> None:
    mapping = Mapping()
    stage(mapping).pause("ada")
    assert mapping.state == "Disabled"
    stage(mapping).resume()
    assert mapping.state == "Enabled"


def test_what_is_done_is_not_done_again() -> None:
    mapping = Mapping("Disabled")
    stage(mapping).pause("ada")
    assert mapping.switched == []
    mapping = Mapping("Enabled")
    stage(mapping).resume()
    assert mapping.switched == []


def test_a_mapping_on_its_way_is_waited_for_before_it_is_switched() -> None:
    mapping = Mapping("Enabled")
    mapping.resume()
    stage(mapping).pause("ada")
    assert mapping.switched == ["Enabled", "Disabled"]


def test_the_circuit_opens_before_the_stage_is_paused() -> None:
    mapping = Mapping()
    circuit = Circuit(mapping)
    stage(mapping, circuit).pause("ada")
    assert circuit.held_by == "ada"
    assert circuit.switched_before == []


def test_the_circuit_closes_after_the_stage_was_resumed() -> None:
    mapping = Mapping("Disabled")
    circuit = Circuit(mapping)
    stage(mapping, circuit).resume()
    assert circuit.held_by is None
    assert circuit.switched_before == ["Enabled"]


def test_a_stage_that_the_breaker_has_paused_once_more_is_resumed_again() -> None:
    class Breaking(Circuit):
        def let_go(self) -> None:
            assert mapping.state == "Enabling"
            assert mapping.state == "Enabled"
            mapping.pause()
            super().let_go()

    mapping = Mapping("Disabled")
    stage(mapping, Breaking(mapping)).resume()
    assert mapping.state == "Enabled"


def test_a_mapping_that_never_comes_to_rest_is_an_error() -> None:
    with pytest.raises(StageError, match="Creating"):
        stage(Mapping("Creating")).pause("ada")


def test_a_mapping_that_somebody_keeps_switching_back_is_an_error() -> None:
    class Stubborn(Mapping):
        def pause(self) -> None:
            self.switched.append("Disabled")

    with pytest.raises(StageError, match="keeps"):
        stage(Stubborn()).pause("ada")
