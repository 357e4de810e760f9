"""The figures that documents quote are those of the model and of what an order costs."""

import re
from pathlib import Path

import pytest

from order_pipeline.api.openapi import published_text
from order_pipeline.domain.limits import MAX_STOCK_COUNTERS
from simulation.limits import READS_OF_A_PARTITION, UNITS_OF_A_NEW_TABLE
from simulation.service_times import TRANSACTION_HOLDS
from simulation.sizing import (
    ATTEMPTS_OF_AN_ORDER,
    BACK_TO_THE_QUEUE,
    ORDERS_OF_A_COUNTER,
    ORDERS_OF_A_NEW_TABLE,
    counters_for,
    orders_of_a_counter,
)
from simulation.validation import TOLERANCE
from stacks.order_cost import MOST_WRITE_UNITS, WRITE_UNITS, Resource, Step, write_units

ROOT = Path(__file__).resolve().parents[3]
OPERATIONS = "docs/operations.md"
ADR = "docs/adr/0019-a-hot-items-stock-is-on-counters.md"
MOST = f"{MAX_STOCK_COUNTERS * ORDERS_OF_A_COUNTER:,}"


def text(path: str) -> str:
    """Return a document on one line, however it is broken."""
    return re.sub(r"\s+", " ", (ROOT / path).read_text())


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (OPERATIONS, f"more than {ORDERS_OF_A_COUNTER} times a second"),
        (OPERATIONS, f"a counter for every {ORDERS_OF_A_COUNTER} orders a second"),
        (OPERATIONS, f"{counters_for(600)} for 600"),
        (OPERATIONS, f"--counters {counters_for(600)} "),
        (OPERATIONS, f"{MAX_STOCK_COUNTERS}, the most there are, for {MOST}"),
        (OPERATIONS, f"{1 - BACK_TO_THE_QUEUE:.0%} of its orders"),
        (OPERATIONS, f"takes {TRANSACTION_HOLDS * 1000:.0f} ms"),
        (OPERATIONS, f"up to {ATTEMPTS_OF_AN_ORDER:.1f} reservations"),
        ("docs/api.md", f"sells more than {ORDERS_OF_A_COUNTER} times a second"),
        ("docs/runbook.md", f"one for every {ORDERS_OF_A_COUNTER} orders a second"),
        (ADR, f"At {ORDERS_OF_A_COUNTER} orders a second of a counter"),
        (ADR, f"{MAX_STOCK_COUNTERS} counters take {MOST} orders a second"),
        (ADR, f"up to {ATTEMPTS_OF_AN_ORDER:.1f} transactions"),
        (ADR, f"keeps others off for {TRANSACTION_HOLDS * 1000:.0f} ms"),
        (ADR, f"no more than {1 / TRANSACTION_HOLDS:.0f} a second"),
        (ADR, f"[{READS_OF_A_PARTITION:,.0f} a second]"),
    ],
)
def test_the_advice_for_an_item_that_sells_fast_is_the_models(path: str, sentence: str) -> None:
    assert sentence in text(path)


def test_the_apis_own_document_says_so_too() -> None:
    assert f"sells more than {ORDERS_OF_A_COUNTER} times a second." in published_text()


def test_the_advice_is_what_can_be_and_not_more() -> None:
    most = orders_of_a_counter(TRANSACTION_HOLDS)
    assert most - 5 < ORDERS_OF_A_COUNTER <= most
    assert (ORDERS_OF_A_COUNTER * TRANSACTION_HOLDS) ** 3 <= BACK_TO_THE_QUEUE
    assert counters_for(1e9) == MAX_STOCK_COUNTERS
    assert counters_for(0.1) == 1


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("docs/deploying.md", f"({ORDERS_OF_A_NEW_TABLE} orders)"),
        (OPERATIONS, f"more than {ORDERS_OF_A_NEW_TABLE} orders a second"),
        (OPERATIONS, f"takes {UNITS_OF_A_NEW_TABLE:,.0f} write units a second"),
        (OPERATIONS, f"{write_units(Resource.ORDERS)} of the orders table's and"),
        (OPERATIONS, f"and {write_units(Resource.INVENTORY)} of the inventory table's"),
    ],
)
def test_the_load_that_tables_have_to_be_warm_for_is_the_same(path: str, sentence: str) -> None:
    assert int(UNITS_OF_A_NEW_TABLE / MOST_WRITE_UNITS) == ORDERS_OF_A_NEW_TABLE
    assert sentence in text(path)


def test_the_decision_about_the_model_has_its_tolerance() -> None:
    assert f"within a factor of {TOLERANCE:g}" in text(
        "docs/adr/0018-the-flash-sale-model-is-cohort-based.md"
    )


def test_a_sale_of_one_item_needs_warm_tables_sooner() -> None:
    reserving = WRITE_UNITS[Step.RESERVE]
    orders = min(
        UNITS_OF_A_NEW_TABLE / (write_units(table) + (ATTEMPTS_OF_AN_ORDER - 1) * reserving[table])
        for table in (Resource.ORDERS, Resource.INVENTORY)
    )
    assert f"or {int(orders)} that all want one item" in text(OPERATIONS)
