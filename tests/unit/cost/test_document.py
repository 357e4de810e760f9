"""docs/benchmarks/cost.md follows from what was measured and the prices, and keeps the budget."""

import re

import pytest

from cost.arithmetic import ALONE, total
from cost.document import (
    BUDGET_ALONE_USD,
    BUDGET_OF_IDLE_DEV_USD,
    BUDGET_USD,
    DOCUMENT,
    columns,
    lines_of,
    parts,
)
from cost.month import MonthLine
from cost.prices import read_prices
from cost.sizes import Sizes
from cost.work import Measured
from timing.written_parts import read_part

PRICES = read_prices()
SIZES = Sizes.of("prod")
BUT_MONTHS = ("total", "work", "also", "kept", "beside", "growth", "functions")
"""The parts that need no synthesis; `tests/stacks/test_cost_table.py` has the months."""


@pytest.fixture(scope="module")
def measured() -> Measured:
    return Measured.read()


def test_an_order_costs_no_more_than_its_budget(measured: Measured) -> None:
    alone, busy, full = (
        total(lines_of(measured, SIZES, batches), PRICES) for batches in columns().values()
    )
    assert full < busy <= BUDGET_USD
    assert busy < alone <= BUDGET_ALONE_USD


@pytest.mark.parametrize("part", BUT_MONTHS)
def test_the_page_follows_from_the_numbers(measured: Measured, part: str) -> None:
    """Or else: make cost-table."""
    months = {"dev": [MonthLine("key", "keys", 1)]}
    assert read_part(DOCUMENT, part) == parts(measured, PRICES, SIZES, months)[part]


def test_the_page_says_what_the_budget_is() -> None:
    budgets = f"{BUDGET_USD:g} USD as in the load test and {BUDGET_ALONE_USD:g} one after the other"
    assert budgets in DOCUMENT.read_text(encoding="utf-8")


def test_an_idle_month_of_dev_costs_no_more_than_its_budget() -> None:
    (row,) = re.findall(r"^\| \*\*sum\*\* \|(.+)\|$", read_part(DOCUMENT, "months"), re.MULTILINE)
    dev, prod = (float(cell.strip(" *")) for cell in row.split("|"))
    assert dev <= BUDGET_OF_IDLE_DEV_USD < prod


def test_more_lines_cost_more(measured: Measured) -> None:
    sums = [
        total(lines_of(measured, SIZES, ALONE, lines), PRICES)
        for lines in sorted(measured.by_lines)
    ]
    assert sums == sorted(sums)


def test_what_was_measured_is_whole(measured: Measured) -> None:
    functions = {"place-order", "event-publisher", "validation", "inventory", "payment"}
    functions.add("notification")
    for order in measured.by_lines.values():
        assert order.invocations.keys() == functions
        assert order.events.keys() == {
            "OrderPlaced",
            "OrderValidated",
            "StockReserved",
            "OrderConfirmed",
        }
        assert len(order.writes) == 5
        assert all(order.stored.values())
        # each of the publisher's invocations publishes, and none of them for nothing
        assert order.invocations["event-publisher"].times == 4
    assert measured.starts_ms.keys() >= functions
