"""The report: that it can be written, and that the one in docs is of today's settings."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from simulation.findings import LARGE_LOAD, Findings, Key, assemble, plan
from simulation.limits import Account
from simulation.outcome import Outcome
from simulation.pipeline import Pipeline
from simulation.report import capacity_table, report
from simulation.scenarios import LOADS, STANDARD_LOAD, first_day, roomy, sized
from simulation.sizing import ORDERS_OF_A_COUNTER
from simulation.validation import Comparison

COMPARISON = [
    Comparison("time to confirm, p50", "ms", 100, 120, is_held=True),
    Comparison("time to confirm, p95", "ms", 100, 210, is_held=True),
    Comparison("fullest queue of payment", "messages", 100, 300),
]
DOCUMENT = Path(__file__).resolve().parents[3] / "docs/benchmarks/simulation.md"


@pytest.fixture(scope="module")
def outcomes() -> dict[Key, Outcome]:
    """What comes of every sale, if it were over after two seconds."""
    return {
        key: Pipeline(deployment, replace(sale, plateau=2.0, rise=0.0), horizon=20).run()
        for key, (deployment, sale) in plan().items()
    }


@pytest.fixture(scope="module")
def findings(outcomes: dict[Key, Outcome]) -> Findings:
    return assemble(outcomes, None, "local-load.json is not there")


def test_it_has_a_row_for_every_sale(findings: Findings) -> None:
    text = report(findings)
    for load in LOADS:
        rows = re.findall(rf"^\| {load:,.0f} \| (first day|quotas raised) \|", text, re.MULTILINE)
        assert rows == ["first day", "quotas raised"]
    for counters in (1, 32):
        assert re.search(rf"^\| {counters} \| \d+%", text, re.MULTILINE)


def test_it_says_that_nothing_was_measured(findings: Findings) -> None:
    assert "There is none yet: local-load.json is not there." in report(findings)


def test_it_says_what_is_held_to_the_run_and_whether_it_is_close(findings: Findings) -> None:
    text = report(replace(findings, comparison=COMPARISON))
    assert "what is tested is the queueing" in text
    assert "| time to confirm, p50 | ms | 100.0 | 120.0 | 1.20 | yes |" in text
    assert "| time to confirm, p95 | ms | 100.0 | 210.0 | 2.10 | **no** |" in text
    assert "| fullest queue of payment | messages | 100.0 | 300.0 | 3.00 | – |" in text  # noqa: RUF001


def test_it_advises_counters(findings: Findings) -> None:
    assert f"**Advised is a counter for every {ORDERS_OF_A_COUNTER} orders" in report(findings)


@pytest.mark.parametrize("comparison", [None, COMPARISON])
def test_every_table_is_whole(findings: Findings, comparison: list[Comparison] | None) -> None:
    text = report(replace(findings, comparison=comparison))
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    tables = re.split(r"\n(?!\|)", text)
    assert widths
    for table in tables:
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1, rows


def test_the_document_is_of_todays_settings() -> None:
    """`make simulate` writes it. The whole takes minutes, so what is compared is its arithmetic."""
    table = capacity_table(
        {
            "first day": first_day().deployment,
            f"sized for {STANDARD_LOAD:,.0f}": sized(STANDARD_LOAD).deployment,
            f"sized for {LARGE_LOAD:,.0f}": roomy(LARGE_LOAD).deployment,
        }
    )
    assert "\n".join(table) in DOCUMENT.read_text(), "make simulate"


def test_the_pictures_of_the_document_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", DOCUMENT.read_text())
    assert len(pictures) == 3
    for picture in pictures:
        assert (DOCUMENT.parent / picture).is_file()


def test_an_account_begins_with_the_defaults() -> None:
    assert first_day().deployment.account == Account()
