from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.items import to_item
from order_pipeline.domain.ports import ItemChangedError, ItemExistsError
from tests.unit.builders import an_item
from tests.unit.conftest import INVENTORY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def inventory(dynamodb: "DynamoDBClient") -> InventoryTable:
    return InventoryTable(dynamodb, INVENTORY_TABLE)


def test_items_are_found_by_id(inventory: InventoryTable) -> None:
    inventory.create(an_item("A"))
    inventory.create(an_item("B"))
    assert inventory.find(["A", "B", "UNKNOWN", "A"]) == {"A": an_item("A"), "B": an_item("B")}
    assert inventory.get("UNKNOWN") is None


def test_keys_that_were_not_read_are_asked_for_again() -> None:
    item = to_item(an_item("A").model_dump(mode="json", by_alias=True))
    key = to_item({"itemId": "A"})
    client = Mock()
    client.batch_get_item.side_effect = [
        {"Responses": {}, "UnprocessedKeys": {INVENTORY_TABLE: {"Keys": [key]}}},
        {"Responses": {INVENTORY_TABLE: [item]}, "UnprocessedKeys": {}},
    ]
    found = InventoryTable(client, INVENTORY_TABLE).find(["A"])
    assert found == {"A": an_item("A")}


def test_an_existing_item_is_not_made_again(inventory: InventoryTable) -> None:
    inventory.create(an_item(available=3))
    with pytest.raises(ItemExistsError):
        inventory.create(an_item(available=99))
    assert inventory.get("ITEM-001") == an_item(available=3)


def test_an_item_that_is_stored_already_may_be_made_again(inventory: InventoryTable) -> None:
    inventory.create(an_item(available=3))
    inventory.create(an_item(available=3))
    assert inventory.get("ITEM-001") == an_item(available=3)


def test_an_item_is_replaced_if_it_is_the_version_that_was_read(inventory: InventoryTable) -> None:
    inventory.create(an_item(available=3))
    inventory.replace(an_item(available=7, version=2), expected_version=1)
    with pytest.raises(ItemChangedError):
        inventory.replace(an_item(available=99, version=2), expected_version=1)
    assert inventory.get("ITEM-001") == an_item(available=7, version=2)


def test_a_reservation_is_not_taken_for_the_replacement_that_it_looks_like(
    inventory: InventoryTable,
) -> None:
    inventory.create(an_item(available=1))
    reserved = an_item(available=0, version=2)
    inventory.replace(reserved, expected_version=1)
    with pytest.raises(ItemChangedError):
        inventory.replace(reserved, expected_version=1)


def test_an_item_that_is_not_there_cannot_be_replaced(inventory: InventoryTable) -> None:
    with pytest.raises(ItemChangedError):
        inventory.replace(an_item(), expected_version=1)
