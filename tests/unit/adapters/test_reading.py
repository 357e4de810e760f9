"""Many items by their keys, from a table that does not always give all of them."""

from typing import Any
from unittest.mock import Mock

import pytest

from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.reading import read_items
from order_pipeline.domain.ports import UnreadItemsError

TABLE = "some-table-test"
KEYS = [to_item({"id": f"{number:03}"}) for number in range(250)]


def a_client(*, reads: int) -> Mock:
    """A client of a table that has every item, and reads so many of them in a round."""

    def batch_get_item(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        keys = RequestItems[TABLE]["Keys"]
        assert 1 <= len(keys) <= 100, "as many as DynamoDB takes"
        unread = {TABLE: {**RequestItems[TABLE], "Keys": keys[reads:]}} if keys[reads:] else {}
        return {"Responses": {TABLE: keys[:reads]}, "UnprocessedKeys": unread}

    return Mock(batch_get_item=Mock(side_effect=batch_get_item))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of them in earnest."""
    pauses: list[float] = []
    monkeypatch.setattr("order_pipeline.adapters.reading.time.sleep", pauses.append)
    return pauses


def test_all_are_read_however_many_there_are(pauses: list[float]) -> None:
    client = a_client(reads=100)
    found = {item["id"] for item in read_items(client, TABLE, KEYS)}
    assert found == {f"{number:03}" for number in range(250)}
    assert client.batch_get_item.call_count == 3
    assert pauses == []


def test_what_is_left_unread_is_asked_for_again_after_a_pause(pauses: list[float]) -> None:
    client = a_client(reads=30)
    found = list(read_items(client, TABLE, KEYS[:100], {"ConsistentRead": True}))
    assert len(found) == 100
    assert client.batch_get_item.call_count == 4
    assert len(pauses) == 3
    for number, pause in enumerate(pauses):
        assert 0 <= pause <= 0.05 * 2**number
    for call in client.batch_get_item.call_args_list:
        assert call.kwargs["RequestItems"][TABLE]["ConsistentRead"] is True


@pytest.mark.usefixtures("pauses")
def test_a_table_that_never_gives_all_is_a_fault() -> None:
    client = a_client(reads=0)
    with pytest.raises(UnreadItemsError, match="2 items of some-table-test"):
        list(read_items(client, TABLE, KEYS[:2]))
    assert client.batch_get_item.call_count == 4
