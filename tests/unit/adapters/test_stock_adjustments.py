from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.stock_adjustments import StockAdjustments
from order_pipeline.domain.limits import MAX_AVAILABLE
from order_pipeline.domain.ports import (
    ConcurrentChangeError,
    NotEnoughStockError,
    TooMuchStockError,
)
from tests.unit.builders import an_item
from tests.unit.conftest import IDEMPOTENCY_TABLE, INVENTORY_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def inventory(dynamodb: "DynamoDBClient") -> InventoryTable:
    return InventoryTable(dynamodb, INVENTORY_TABLE)


@pytest.fixture
def adjustments(dynamodb: "DynamoDBClient", inventory: InventoryTable) -> StockAdjustments:
    inventory.create(an_item(available=10))
    return StockAdjustments(
        dynamodb, INVENTORY_TABLE, IdempotencyTable(dynamodb, IDEMPOTENCY_TABLE)
    )


@pytest.mark.parametrize(("delta", "available"), [(5, 15), (-10, 0), (0, 10)])
def test_units_come_and_go(
    adjustments: StockAdjustments, inventory: InventoryTable, delta: int, available: int
) -> None:
    assert adjustments.make("ITEM-001", "ADJ-1", delta) == delta
    item = inventory.get("ITEM-001")
    assert item
    assert (item.available, item.version) == (available, 2)


def test_an_adjustment_is_made_once(
    adjustments: StockAdjustments, inventory: InventoryTable
) -> None:
    adjustments.make("ITEM-001", "ADJ-1", 5)
    assert adjustments.make("ITEM-001", "ADJ-1", 5) == 5
    assert adjustments.make("ITEM-001", "ADJ-1", 7) == 5
    assert inventory.get("ITEM-001") == an_item(available=15, version=2)


def test_more_than_there_is_cannot_be_taken_and_can_be_tried_again(
    adjustments: StockAdjustments, inventory: InventoryTable
) -> None:
    with pytest.raises(NotEnoughStockError):
        adjustments.make("ITEM-001", "ADJ-1", -11)
    assert inventory.get("ITEM-001") == an_item(available=10)
    adjustments.make("ITEM-001", "ADJ-2", 1)
    assert adjustments.make("ITEM-001", "ADJ-1", -11) == -11


def test_no_more_can_be_added_than_an_item_may_have(
    adjustments: StockAdjustments, inventory: InventoryTable
) -> None:
    room = MAX_AVAILABLE - 10
    with pytest.raises(TooMuchStockError):
        adjustments.make("ITEM-001", "ADJ-1", room + 1)
    assert adjustments.make("ITEM-001", "ADJ-2", room) == room
    assert inventory.get("ITEM-001") == an_item(available=MAX_AVAILABLE, version=2)
    assert adjustments.make("ITEM-001", "ADJ-3", -1) == -1


def test_no_item_is_made_by_adjusting_it(adjustments: StockAdjustments) -> None:
    for delta, refused in ((1, TooMuchStockError), (0, NotEnoughStockError)):
        with pytest.raises(refused):
            adjustments.make("UNKNOWN", "ADJ-1", delta)


def test_a_conflict_is_a_fault_not_a_lack_of_stock() -> None:
    client = Mock()
    client.exceptions.TransactionCanceledException = ClientError
    client.transact_write_items.side_effect = ClientError(
        {"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]},
        "TransactWriteItems",
    )
    idempotency = IdempotencyTable(client, IDEMPOTENCY_TABLE)
    with pytest.raises(ConcurrentChangeError):
        StockAdjustments(client, INVENTORY_TABLE, idempotency).make("A", "ADJ-1", 1)
