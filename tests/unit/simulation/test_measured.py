"""The measured run: its schema, and the model beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulation.__main__ import APART, NO_RUN, main
from simulation.measured import LOCAL_LOAD, STAGES, MeasurementError, measured_run
from simulation.service_times import of_run
from simulation.validation import TOLERANCE, Comparison, compare, local_deployment


def a_stage(**changes: Any) -> dict[str, Any]:
    return {
        "billed_ms": {"p50": 80, "p95": 160},
        "init_ms": 900,
        "batch_size": {"mean": 2.0, "max": 10},
        "throughput_per_second": 10.0,
        "peak_queue_depth": 30,
        "concurrency": 5,
    } | changes


def a_run(**changes: Any) -> dict[str, Any]:
    """A run of twenty clients that places ten orders a second for a minute."""
    return {
        "machine": {"description": "two cores", "cores": 2},
        "date": "2026-11-30T12:00:00+00:00",
        "clients": 20,
        "orders": 600,
        "placing_seconds": 60.0,
        "ack_ms": {"p50": 120, "p95": 300, "p99": 500},
        "time_to_confirm_ms": {"p50": 1500, "p95": 3000, "p99": 4000},
        "stages": {name: a_stage() for name in STAGES}
        | {"place_order": a_stage(peak_queue_depth=None)},
    } | changes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "local-load.json"
    path.write_text(json.dumps(a_run()))
    return path


def test_a_run_is_read(file: Path) -> None:
    run = measured_run(file)
    assert run.rate == 10
    assert run.stages["payment"].billed_ms.p95 == 160


def test_a_run_may_say_more(file: Path) -> None:
    file.write_text(
        json.dumps(a_run(command="make bench", errors=0, series={"seconds": [], "placed": []}))
    )
    assert measured_run(file).orders == 600


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"orders": 0}, "orders"),
        ({"placing_seconds": None}, "placing_seconds"),
        ({"ack_ms": {"p50": 9, "p95": 3, "p99": 10}}, "p50 must not be above p95"),
        ({"stages": {"payment": a_stage()}}, "stages lacks place_order, event_publisher"),
        ({"stages": {name: a_stage(concurrency=0) for name in STAGES}}, "concurrency"),
    ],
)
def test_a_run_that_is_wrong_is_explained(file: Path, changes: dict[str, Any], says: str) -> None:
    file.write_text(json.dumps(a_run(**changes)))
    with pytest.raises(MeasurementError, match=says):
        measured_run(file)


def test_a_run_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="make bench"):
        measured_run(tmp_path / "local-load.json")


def test_what_is_billed_is_shared_by_the_messages_of_a_batch(file: Path) -> None:
    run = measured_run(file)
    times = of_run(run, local_deployment(run).settings)
    assert times.functions["payment"].message[0].p50 == pytest.approx(0.040)
    assert times.functions["payment"].invocation == 0


def test_a_stage_with_a_backlog_is_as_fast_as_it_was(file: Path) -> None:
    run = a_run()
    run["stages"]["payment"] = a_stage(throughput_per_second=4, concurrency=2, peak_queue_depth=100)
    file.write_text(json.dumps(run))
    of_payment = of_run(measured_run(file), local_deployment(measured_run(file)).settings)
    assert of_payment.functions["payment"].message[0].p50 == pytest.approx(0.5)
    run["stages"]["payment"]["peak_queue_depth"] = 99  # less than ten full batches
    file.write_text(json.dumps(run))
    of_payment = of_run(measured_run(file), local_deployment(measured_run(file)).settings)
    assert of_payment.functions["payment"].message[0].p50 == pytest.approx(0.04)


def test_the_model_takes_the_runs_concurrency(file: Path) -> None:
    to = local_deployment(measured_run(file))
    assert to.ceiling("payment") == 5
    assert to.lanes == 5


def test_the_model_is_held_against_the_run(file: Path) -> None:
    by_what = {each.what: each for each in compare(measured_run(file))}
    median = by_what["time to confirm, p50"]
    assert median.measured == 1500
    assert median.modelled is not None
    assert median.ratio == pytest.approx(median.modelled / 1500)
    # Nothing is full: three times the stream, the publisher and the topic, and three stages.
    least = 3 * (50 + 40 + 50) + 3 * 40
    assert least <= median.modelled < 2 * least
    assert by_what["orders confirmed"].modelled == pytest.approx(10, rel=0.05)


def test_a_stage_that_is_too_slow_waits_in_the_model_as_in_the_run(file: Path) -> None:
    slow = a_run()
    slow["stages"]["payment"] = a_stage(
        billed_ms={"p50": 2000, "p95": 2000}, batch_size={"mean": 2.0, "max": 5}
    )
    file.write_text(json.dumps(slow))
    by_what = {each.what: each for each in compare(measured_run(file))}
    # Five at once with a second for a message do half of what comes; the last ones come back from
    # their backoff one after another.
    assert by_what["fullest queue of payment"].modelled == pytest.approx(300, rel=0.1)
    assert by_what["orders confirmed"].modelled == pytest.approx(4.5, abs=0.5)


def of_the_model(file: Path) -> dict[str, Any]:
    """The run that would be measured if all were as the model has it."""
    times = {each.what: each.modelled for each in compare(measured_run(file))}
    shares = {name: times[f"time to confirm, {name}"] for name in ("p50", "p95", "p99")}
    return a_run(time_to_confirm_ms=shares)


def test_the_command_compares(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = of_the_model(file)
    file.write_text(json.dumps(run))
    assert main(["--validate", "--run", str(file)]) == 0
    said = capsys.readouterr()
    assert "time to confirm, p95: measured" in said.out
    assert not said.err


def test_the_command_fails_where_the_model_is_too_far_from_the_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = of_the_model(file)
    run["time_to_confirm_ms"]["p95"] *= 1.1 * TOLERANCE
    del run["time_to_confirm_ms"]["p99"]
    file.write_text(json.dumps(run))
    assert main(["--validate", "--run", str(file)]) == APART
    assert capsys.readouterr().err == (
        "the model is more than 2 times above or below the measured run: time to confirm, p95\n"
    )


@pytest.mark.parametrize(
    ("modelled", "is_close"), [(49, False), (50, True), (200, True), (201, False), (None, False)]
)
def test_what_is_held_is_within_the_tolerance(modelled: float | None, is_close: bool) -> None:
    assert Comparison("rate", "a second", 100, modelled, is_held=True).is_close is is_close
    assert Comparison("fullest queue", "messages", 100, modelled).is_close


def test_the_model_is_as_close_to_the_run_in_docs_as_it_has_to_be() -> None:
    compared = compare(measured_run())
    assert [each for each in compared if not each.is_close] == []
    assert sum(each.is_held for each in compared) == 3


def test_the_command_fails_clearly_where_there_is_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--validate", "--run", str(tmp_path / "local-load.json")]) == NO_RUN
    assert "local-load.json is not there: `make bench` writes it" in capsys.readouterr().err


def test_the_runs_place_is_among_the_benchmarks() -> None:
    assert LOCAL_LOAD.parts[-3:] == ("docs", "benchmarks", "local-load.json")
