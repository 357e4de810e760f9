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


def test_every_table_is_whole(findings: Findings) -> None:
    widths = [line.count("|") for line in report(findings).splitlines() if line.startswith("|")]
    tables = re.split(r"\n(?!\|)", report(findings))
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
