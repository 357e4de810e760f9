"""Items: what is written is read again, in DynamoDB's own types."""

from typing import Any, cast

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.domain.transitions import Status

VALUES: dict[str, Any] = {
    "text": "tea",
    "empty": "",
    "status": Status.PLACED,
    "number": 29,
    "below": -3,
    "large": 10**15,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": ["a", 1, [], {"deep": [None]}],
    "tuple": ("a", "b"),
    "map": {"units": 2, "lines": [{"itemId": "ITEM-1"}]},
}


def test_values_are_written_as_boto3_writes_them() -> None:
    serializer = TypeSerializer()
    written = {name: serializer.serialize(value) for name, value in VALUES.items()}
    assert to_item(VALUES) == written


def test_what_is_written_is_read_again() -> None:
    assert from_item(to_item(VALUES)) == {**VALUES, "tuple": ["a", "b"]}


def test_a_status_is_written_as_plain_text() -> None:
    (written,) = to_item({"status": Status.PLACED})["status"].values()
    assert type(written) is str


@pytest.mark.parametrize("value", [29.99, {"tea"}, object(), {"price": 0.1}, [b"tea"]])
def test_what_no_item_of_the_pipeline_has_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="DynamoDB is not given a"):
        to_item({"value": value})


@pytest.mark.parametrize(
    "stored",
    [{"SS": ["a", "b"]}, {"NS": ["1", "2"]}, {"BS": [b"a"]}, {"B": b"tea"}, {"NULL": True}],
)
def test_what_another_version_may_have_stored_is_read(stored: dict[str, Any]) -> None:
    read = from_item(cast("Any", {"value": stored}))["value"]
    assert read == TypeDeserializer().deserialize(cast("Any", stored))


def test_a_number_that_is_not_whole_is_no_value_of_the_pipelines() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        from_item({"value": {"N": "1.5"}})


def test_a_type_that_dynamodb_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="no type X"):
        from_item(cast("Any", {"value": {"X": "1"}}))
