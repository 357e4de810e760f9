"""Measurements as they stand in the log."""

import logging

import pytest

from order_pipeline.adapters.observability import CallMetrics, measure, note_recorded
from order_pipeline.domain.measurements import Measurement, Unit
from order_pipeline.domain.ports import CallOutcome, ServiceCall
from tests.embedded_metrics import Embedded, embedded_metrics
from tests.unit.builders import a_confirmed_order, a_reserved_order

NAMESPACE = "OrderPipeline/test"


def embedded(capsys: pytest.CaptureFixture[str]) -> list[Embedded]:
    return list(embedded_metrics(capsys.readouterr().out.splitlines()))


def test_what_is_told_apart_by_the_same_shares_a_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "payment")
    measure(
        [
            Measurement("OrdersConfirmed", 1),
            Measurement("RevenueConfirmed", 59.98, Unit.NONE, {"currency": "GBP"}),
            Measurement("TimeToConfirm", 4200.0, Unit.MILLISECONDS),
        ]
    )
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    of_all: frozenset[tuple[str, str]] = frozenset({("service", "payment")})
    by_currency = of_all | {("currency", "GBP")}
    assert set(embedded_metrics(out.splitlines())) == {
        Embedded(NAMESPACE, "OrdersConfirmed", "Count", of_all, (1,)),
        Embedded(NAMESPACE, "TimeToConfirm", "Milliseconds", of_all, (4200.0,)),
        Embedded(NAMESPACE, "RevenueConfirmed", "None", by_currency, (59.98,)),
    }


def test_a_recorded_event_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    note_recorded(a_reserved_order(), a_confirmed_order())
    assert {each.name for each in embedded(capsys)} == {
        "ConfirmedLate",
        "OrdersConfirmed",
        "RevenueConfirmed",
        "StageLatency",
        "TimeToConfirm",
    }


def test_a_call_is_measured_by_its_name_and_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    CallMetrics("Payment").note(ServiceCall("confirm", 0.25, CallOutcome.DECLINED))
    calls, latency = embedded(capsys)
    assert (calls.name, calls.unit, calls.values) == ("PaymentCalls", "Count", (1,))
    assert (latency.name, latency.unit) == ("PaymentCallLatency", "Milliseconds")
    assert latency.values == (250.0,)
    assert calls.dimensions == latency.dimensions
    assert {("call", "confirm"), ("outcome", "declined")} <= calls.dimensions


@pytest.mark.parametrize("library", ["botocore.credentials", "stripe"])
def test_libraries_tell_of_nothing_but_trouble(library: str) -> None:
    log = logging.getLogger(library)
    assert not log.isEnabledFor(logging.INFO)
    assert log.isEnabledFor(logging.WARNING)
