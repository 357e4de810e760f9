"""The tests' own interpreter of log queries: what it does, and what it refuses."""

import json

import pytest

from stacks.building_blocks.queries import QUERIES, LogQuery
from tests.log_insights import LogEvent, Row, UnknownSyntaxError, run

EVENTS = [
    LogEvent("/aws/lambda/payment", 3, json.dumps({"order_id": "A", "level": "ERROR", "n": 2})),
    LogEvent("/aws/lambda/payment", 1, json.dumps({"order_id": "A", "level": "INFO", "n": 10})),
    LogEvent("/aws/lambda/inventory", 2, json.dumps({"order_id": "B", "level": "ERROR"})),
    LogEvent("/aws/lambda/inventory", 4, json.dumps({"record": {"status": "timeout"}})),
    LogEvent("/aws/lambda/inventory", 5, "no JSON at all"),
]


def result(query: str) -> list[Row]:
    return run(query, EVENTS)


def test_fields_are_those_that_an_event_has() -> None:
    assert result('fields order_id, n | filter level = "ERROR"') == [
        {"order_id": "A", "n": 2},
        {"order_id": "B"},
    ]


def test_a_query_without_fields_shows_time_and_message() -> None:
    (row,) = result("filter @message like /no JSON/")
    assert row == {"@timestamp": 5, "@message": "no JSON at all"}


def test_a_field_within_another_is_named_with_a_dot() -> None:
    (row,) = result('fields @log, record.status | filter record.status in ["error", "timeout"]')
    assert row == {"@log": "000000000000:/aws/lambda/inventory", "record.status": "timeout"}


def test_and_binds_closer_than_or() -> None:
    both = 'filter order_id = "B" or order_id = "A" and level = "INFO"'
    assert len(result(both)) == 2
    assert len(result('filter (order_id = "B" or order_id = "A") and level = "INFO"')) == 1


def test_like_takes_text_and_regular_expressions() -> None:
    assert len(result('filter @log like "payment"')) == 2
    assert len(result("filter @log like /pay|inv/")) == 5


def test_sorting_is_by_value_and_what_lacks_it_is_last() -> None:
    rows = result("fields n, @timestamp | sort n desc, @timestamp asc")
    assert [row.get("n") for row in rows] == [10, 2, None, None, None]
    assert [row["@timestamp"] for row in rows[2:]] == [2, 4, 5]


def test_a_limit_is_how_many_rows_there_are() -> None:
    assert len(result("fields n | limit 2")) == 2


def test_stats_count_by_what_there_is() -> None:
    rows = result("stats count(*) as times, max(n) as most, min(n) as least by level")
    assert rows == [
        {"level": "ERROR", "times": 2, "most": 2, "least": 2},
        {"level": "INFO", "times": 1, "most": 10, "least": 10},
        {"times": 2},
    ]


@pytest.mark.parametrize(
    "query",
    [
        "parse @message /x/",
        "fields concat(a, b)",
        'filter a != "b"',
        "filter a > 1",
        'filter not a = "b"',
        "filter ispresent(a)",
        "stats avg(n) as mean",
        "stats count(*) by bin(5m)",
        "stats count(*)",
        "sort n",
        "fields a b",
        "display a",
        "dedup a",
        "filter a = b",
        "limit",
    ],
)
def test_what_is_not_known_is_refused(query: str) -> None:
    with pytest.raises(UnknownSyntaxError):
        result(query)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_saved_queries_are_known(query: LogQuery) -> None:
    run(query.text, EVENTS)  # and nothing of it is refused
