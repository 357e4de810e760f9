import pytest

from inventory_api.stock_keeping import adjust_stock, etag, item_now, set_item
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.api.stock import AdjustStockRequest, SetItemRequest
from order_pipeline.domain.catalogue import Item
from order_pipeline.domain.ports import (
    ItemChangedError,
    ItemExistsError,
    NotEnoughStockError,
    TooMuchStockError,
)
from tests.unit.builders import an_item


class Inventory:
    """Items by id, with the conditions of the table."""

    def __init__(self, *items: Item) -> None:
        self.items = {item.item_id: item for item in items}

    def get(self, item_id: str) -> Item | None:
        return self.items.get(item_id)

    def create(self, item: Item) -> None:
        if item.item_id in self.items:
            raise ItemExistsError(item.item_id)
        self.items[item.item_id] = item

    def replace(self, item: Item, *, expected_version: int) -> None:
        if item.item_id not in self.items or self.items[item.item_id].version != expected_version:
            raise ItemChangedError(item.item_id)
        self.items[item.item_id] = item


def tea_pot(available: int = 10, price: str = "29.99") -> SetItemRequest:
    return SetItemRequest.model_validate(
        {"name": "Tea pot", "price": price, "available": available}
    )


def test_a_new_item_is_made() -> None:
    inventory = Inventory()
    item = set_item("ITEM-001", tea_pot(), if_match=None, inventory=inventory)
    assert item == an_item()
    assert item_now("ITEM-001", inventory=inventory) == item
    assert etag(item) == '"1"'


def test_an_item_that_exists_is_changed_with_its_version_only() -> None:
    inventory = Inventory(an_item(version=3))
    with pytest.raises(ProblemError) as error:
        set_item("ITEM-001", tea_pot(), if_match=None, inventory=inventory)
    assert error.value.problem is ProblemType.ITEM_EXISTS
    with pytest.raises(ProblemError) as error:
        set_item("ITEM-001", tea_pot(), if_match='"2"', inventory=inventory)
    assert error.value.problem is ProblemType.ITEM_CHANGED

    changed = set_item("ITEM-001", tea_pot(available=7), if_match='"3"', inventory=inventory)

    assert (changed.available, changed.version) == (7, 4)
    assert inventory.get("ITEM-001") == changed


@pytest.mark.parametrize(
    "if_match",
    [
        "*",
        "",
        "3",
        '"3',
        '3"',
        '""3""',
        ' "3"',
        '"3"\n',
        '"03"',
        '"0"',
        '"abc"',
        "abc",
        'W/"3"',
        '"3", "4"',
        f'"{"9" * 30}"',
        '"٣"',
    ],
)
def test_an_entity_tag_must_be_one(if_match: str) -> None:
    with pytest.raises(ProblemError) as error:
        set_item("ITEM-001", tea_pot(), if_match=if_match, inventory=Inventory(an_item()))
    assert error.value.errors[0].field == "If-Match"


def test_a_price_must_be_one_in_its_currency() -> None:
    request = SetItemRequest.model_validate(
        {"name": "Tea pot", "price": "29.99", "available": 1, "currency": "JPY"}
    )
    with pytest.raises(ProblemError) as error:
        set_item("ITEM-001", request, if_match=None, inventory=Inventory())
    assert error.value.errors[0].field == "price"


def test_an_item_that_is_not_there_is_not_found() -> None:
    with pytest.raises(ProblemError) as error:
        item_now("ITEM-009", inventory=Inventory())
    assert error.value.problem is ProblemType.NOT_FOUND


class Adjustments:
    """Adjustments by id."""

    def __init__(self, refused: Exception | None = None) -> None:
        self.made: dict[tuple[str, str], int] = {}
        self._refused = refused

    def make(self, item_id: str, adjustment_id: str, delta: int) -> int:
        if self._refused:
            raise self._refused
        return self.made.setdefault((item_id, adjustment_id), delta)


def adjustment(delta: int, adjustment_id: str = "ADJ-1") -> AdjustStockRequest:
    return AdjustStockRequest.model_validate({"adjustmentId": adjustment_id, "delta": delta})


def test_stock_is_adjusted_once_for_each_id() -> None:
    inventory, adjustments = Inventory(an_item()), Adjustments()
    for _ in range(2):
        adjust_stock("ITEM-001", adjustment(5), inventory=inventory, adjustments=adjustments)
    assert adjustments.made == {("ITEM-001", "ADJ-1"): 5}


def test_another_adjustment_with_the_same_id_is_a_conflict() -> None:
    inventory, adjustments = Inventory(an_item()), Adjustments()
    adjust_stock("ITEM-001", adjustment(5), inventory=inventory, adjustments=adjustments)
    with pytest.raises(ProblemError) as error:
        adjust_stock("ITEM-001", adjustment(6), inventory=inventory, adjustments=adjustments)
    assert error.value.problem is ProblemType.ID_CONFLICT


def test_more_than_there_is_cannot_be_taken() -> None:
    with pytest.raises(ProblemError) as error:
        adjust_stock(
            "ITEM-001",
            adjustment(-11),
            inventory=Inventory(an_item(available=10)),
            adjustments=Adjustments(NotEnoughStockError()),
        )
    assert error.value.problem is ProblemType.NOT_ENOUGH_STOCK
    assert error.value.detail == "Cannot take 11 from the stock of ITEM-001, which is now 10."


def test_more_than_an_item_may_have_cannot_be_added() -> None:
    with pytest.raises(ProblemError) as error:
        adjust_stock(
            "ITEM-001",
            adjustment(1_000_000),
            inventory=Inventory(an_item(available=999_999_999)),
            adjustments=Adjustments(TooMuchStockError()),
        )
    assert error.value.problem is ProblemType.TOO_MUCH_STOCK
    assert error.value.detail == (
        "Cannot add 1000000 to the stock of ITEM-001, which is now 999999999; "
        "the maximum is 1000000000."
    )


def test_a_refusal_quotes_the_stock_as_it_was_found_afterwards() -> None:
    inventory = Inventory(an_item(available=10))

    class SoldMeanwhile(Adjustments):
        def make(self, item_id: str, adjustment_id: str, delta: int) -> int:  # noqa: ARG002
            inventory.items[item_id] = an_item(available=3)
            raise NotEnoughStockError(item_id)

    with pytest.raises(ProblemError, match="is now 3"):
        adjust_stock("ITEM-001", adjustment(-5), inventory=inventory, adjustments=SoldMeanwhile())


def test_an_item_that_is_not_there_cannot_be_adjusted() -> None:
    with pytest.raises(ProblemError) as error:
        adjust_stock("X", adjustment(1), inventory=Inventory(), adjustments=Adjustments())
    assert error.value.problem is ProblemType.NOT_FOUND
