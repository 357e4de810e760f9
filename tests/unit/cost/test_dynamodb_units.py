"""DynamoDB's rules for sizes and units."""

import pytest

from cost.dynamodb_units import (
    Attributes,
    Index,
    entry_size,
    index_write_units,
    item_size,
    read_units,
    write_units,
)

INDEX = Index("open-orders-index", ("openBucket", "dueAt"), ("orderId",))


def order(**changes: str | None) -> Attributes:
    values = {"orderId": "ORD-1", "openBucket": "open#1", "dueAt": "12:00", "status": "PLACED"}
    return {name: {"S": value} for name, value in (values | changes).items() if value is not None}


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    assert item_size({"id": {"S": "abc"}, "é": {"S": "é"}}) == 2 + 3 + 2 + 2
    assert item_size({"n": {"N": "1234"}, "b": {"BOOL": True}}) == 1 + 5 + 1 + 1
    assert item_size({"l": {"L": [{"S": "ab"}]}}) == 1 + 3 + 1 + 2
    assert item_size({"m": {"M": {"ab": {"S": "cd"}}}}) == 1 + 3 + 1 + 2 + 2


def test_what_the_pipeline_does_not_store_has_no_size() -> None:
    with pytest.raises(ValueError, match="SS"):
        item_size({"set": {"SS": ["a"]}})


@pytest.mark.parametrize(
    ("before", "after", "units"), [(0, 1, 1), (0, 1024, 1), (0, 1025, 2), (3000, 10, 3), (10, 0, 1)]
)
def test_a_write_takes_units_by_the_larger_size(before: int, after: int, units: int) -> None:
    assert write_units(before, after) == units
    assert write_units(before, after, in_transaction=True) == 2 * units


def test_a_read_takes_units_of_four_kilobytes() -> None:
    assert [read_units(size) for size in (0, 4096, 4097)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, order(), 1),
        (order(), order(status="CONFIRMED"), 0),  # the index does not hold it
        (order(), order(dueAt="13:00"), 2),  # deleted and put
        (order(), order(openBucket=None), 1),  # gone
        (order(openBucket=None), order(openBucket=None, status="X"), 0),
        (order(), None, 1),
    ],
)
def test_an_index_is_written_when_its_entry_changes(
    before: Attributes | None, after: Attributes | None, units: int
) -> None:
    assert index_write_units(INDEX, before, after) == units


def test_what_an_index_holds_beside_its_keys_is_written_once() -> None:
    with_status = Index("customer-index", ("orderId",), ("status",))
    assert index_write_units(with_status, order(), order(status="CONFIRMED")) == 1


def test_an_entry_has_the_keys_of_index_and_table() -> None:
    assert entry_size(INDEX, order()) == sum(
        map(len, ("orderId", "ORD-1", "openBucket", "open#1", "dueAt", "12:00"))
    )
    assert entry_size(INDEX, order(dueAt=None)) == 0
