"""What the load test makes of what it sees: its figures, and the page that shows them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.e2e.deployment import Deployment
from tests.load import bench
from tests.load.bench import Bench, percentiles, series, stage_of, time_to_confirm, what_came_of
from tests.load.report import page
from tests.load.runs import Run, most_at_once, runs_of
from tests.load.watching import Depths
from tests.log_insights import LogEvent

BEGAN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def after(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


def an_order(status: str, placed: float, ended: float | None = None) -> dict[str, Any]:
    """An order that was placed, and confirmed or declined, so many seconds after the beginning."""
    history = [{"event": "OrderPlaced", "at": after(placed)}]
    if ended is not None:
        event = "OrderConfirmed" if status == "CONFIRMED" else "PaymentDeclined"
        history.append({"event": event, "at": after(ended)})
    return {"status": status, "history": history}


def an_answer(order_id: str, status: int = 202, ms: float = 100) -> dict[str, Any]:
    return {"orderId": order_id, "status": status, "sentAt": BEGAN.timestamp() - 1, "ms": ms}


ANSWERS = [an_answer("A"), an_answer("B"), an_answer("C"), an_answer("D", status=503, ms=900)]
STORED = {
    "A": an_order("CONFIRMED", placed=0, ended=2),
    "B": an_order("PAYMENT_DECLINED", placed=4, ended=5),
    # C is not at rest.
}


def a_run(began: float, ended: float, **changes: Any) -> Run:
    values = {"billed_ms": 80, "init_ms": None, "handled": 2, "deferred": 0} | changes
    return Run(function="payment", began=began, ended=ended, **values)


def depths(*seen: tuple[float, int]) -> Depths:
    """The depths of a queue at some seconds after the beginning."""
    looks = [(BEGAN.timestamp() + seconds, {"payment": depth}) for seconds, depth in seen]
    return Depths(cast("Any", None), {"payment": "a queue"}, seen=looks)


# ------------------------------------------------------------------ figures


def test_percentiles_are_of_all_values() -> None:
    assert percentiles(range(101)) == {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    assert percentiles([7]) == {"p50": 7, "p95": 7, "p99": 7, "max": 7}


def test_there_are_no_percentiles_of_nothing() -> None:
    assert percentiles([]) == {"p50": None, "p95": None, "p99": None, "max": None}


def test_the_time_to_confirm_is_from_the_placement() -> None:
    assert time_to_confirm(an_order("CONFIRMED", placed=1, ended=2.5)) == 1500


def test_times_to_confirm_are_of_confirmed_orders_only() -> None:
    came = what_came_of(ANSWERS, STORED)
    assert came["time_to_confirm_ms"]["max"] == 2000
    assert came["sent_to_confirmed_ms"]["max"] == 3000
    assert (came["orders"], came["errors"]) == (3, 1)
    assert came["statuses"] == {"CONFIRMED": 1, "PAYMENT_DECLINED": 1}
    assert came["placing_seconds"] == 4
    assert came["ack_ms"]["max"] == 900


def test_also_without_any_order_at_rest_there_is_a_result() -> None:
    came = what_came_of(ANSWERS, {})
    assert came["time_to_confirm_ms"]["p50"] is None
    assert came["placing_seconds"] == 0


def test_a_stage_is_known_by_its_runs() -> None:
    runs = [
        a_run(0, 2, billed_ms=900, init_ms=600, handled=4),
        a_run(1, 4),
        a_run(3, 5, handled=0),
    ]
    assert stage_of(runs) == {
        "runs": 3,
        "cold_starts": 1,
        "billed_ms": {"p50": 80, "p95": 80, "p99": 80, "max": 80},
        "init_ms": 600,
        "batch_size": {"mean": 3, "max": 4},
        "throughput_per_second": 1.2,
        "concurrency": 2,
    }
    assert stage_of([])["throughput_per_second"] == 0


def test_runs_that_touch_are_not_at_once() -> None:
    assert most_at_once([a_run(0, 1), a_run(1, 2)]) == 1
    assert most_at_once([a_run(0, 3), a_run(1, 2), a_run(2.5, 4)]) == 2
    assert most_at_once([]) == 0


def test_series_count_what_has_happened_by_each_look() -> None:
    seen = series(BEGAN.timestamp(), STORED, depths((1, 3), (4.5, 0)))
    assert seen == {
        "seconds": [1, 4.5],
        "placed": [1, 2],
        "confirmed": [0, 1],
        "queueDepth": {"payment": [3, 0]},
    }


# ------------------------------------------------------------------ logs


def a_log(**line: Any) -> LogEvent:
    return LogEvent("/aws/lambda/place-order-function-local", 0, json.dumps(line))


def a_report(seconds: float, **metrics: float) -> LogEvent:
    return a_log(type="platform.report", time=after(seconds), record={"metrics": metrics})


def test_a_run_is_what_stands_between_its_start_and_its_report() -> None:
    warm, cold = runs_of(
        [
            a_log(message="recorded"),  # of a run that began before
            a_log(type="platform.start"),
            a_log(message="recorded"),
            a_log(message="refused"),
            a_report(2, durationMs=500, billedDurationMs=500),
            a_log(type="platform.start"),
            a_log(message="recorded"),
            a_log(message="deferred"),
            a_report(3, durationMs=100, billedDurationMs=700, initDurationMs=600.5),
        ],
        "local",
    )
    assert warm == Run(
        function="place_order",
        began=BEGAN.timestamp() + 1.5,
        ended=BEGAN.timestamp() + 2,
        billed_ms=500,
        init_ms=None,
        handled=1,
        deferred=0,
    )
    assert (cold.handled, cold.deferred) == (2, 1)
    assert (cold.init_ms, cold.billed_ms) == (600.5, 700)


# ------------------------------------------------------------------ the page


def a_result(stored: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    return {
        "machine": {"description": "two cores"},
        "date": "2026-11-30T12:00:00+00:00",
        "warm_up_orders": 300,
        "unloaded": {
            "orders": 0,
            "ack_ms": percentiles([]),
            "sent_to_confirmed_ms": percentiles([]),
        },
        "clients": 2,
        **what_came_of(ANSWERS, stored),
        "deferred": 1,
        "stages": {"payment": stage_of([a_run(0, 2)])},
        "problems": problems,
    }


def test_the_page_shows_waits_and_stages() -> None:
    text = page(a_result(STORED, []), "load.png")
    assert "1 errors, 0.8 accepted a second" in text
    assert "In the\n  end: 1 CONFIRMED, 1 PAYMENT_DECLINED. Deferred: 1, accepted" in text
    assert "| loaded: confirmation | 3,000 | 3,000 | 3,000 | 3,000 |" in text
    assert "| unloaded: answer | – | – | – | – |" in text  # noqa: RUF001
    assert "| payment | 1 | 0 | 2 | 80 | 80 | 1.0 | 1 |  |" in text
    assert "![Orders and queues over time](load.png)" in text


def test_the_page_says_what_went_wrong() -> None:
    text = page(a_result({}, ["not at rest within 1800 s: 3 orders"]), "load.png")
    assert "* **Went wrong**: not at rest within 1800 s: 3 orders." in text


# ------------------------------------------------------------------ the command


def test_a_result_is_written_also_of_a_run_in_which_something_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "local-load.json"

    class Wrong(Bench):
        def __init__(self, _: object) -> None:
            self.problems = []

        def run(self, *_: int) -> dict[str, Any]:
            self.problems.append("orders that are not confirmed: {'PAYMENT_DECLINED': 1}")
            return a_result(STORED, self.problems)

    monkeypatch.setattr(bench, "Bench", Wrong)
    monkeypatch.setattr(bench, "Shop", lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(Deployment, "read", lambda: None)
    monkeypatch.setattr("sys.argv", ["bench", str(result)])
    assert bench.main() == 1
    assert json.loads(result.read_text())["statuses"]["PAYMENT_DECLINED"] == 1
    assert (
        "error: orders that are not confirmed: {'PAYMENT_DECLINED': 1}" in capsys.readouterr().err
    )


def test_what_is_not_seen_in_time_is_a_problem_and_no_end() -> None:
    broken = Bench.__new__(Bench)
    broken.problems = []
    wait: Callable[[], int] = lambda: pytest.fail("not seen within 60 s")  # noqa: E731
    assert broken._seen(wait) is None
    assert broken.problems == ["not seen within 60 s"]
