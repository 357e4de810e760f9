"""One order goes through the code: what it writes is what `stacks.order_cost` says."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from cost.arithmetic import index_of
from cost.dynamodb_units import index_write_units, item_size
from cost.dynamodb_units import write_units as units_of_write
from event_publisher.outbox import publish_changes
from inventory.stage import reserve_stock
from notification.stage import notify_customer
from order_pipeline.adapters.idempotency_table import IdempotencyTable
from order_pipeline.adapters.inventory_table import InventoryTable
from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.adapters.stock_transactions import StockTransactions
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.order import Order
from order_pipeline.domain.ports import Declined
from order_pipeline.domain.transitions import EventType, Status
from payment.authorisation import authorise_payment
from simulation.service_times import CALLS, DYNAMODB_CALL, PROVIDER_CALL, TRANSACTION
from stacks.order_cost import (
    EVENT_BYTES,
    EVENTS,
    LINES,
    MOST_WRITE_UNITS,
    PROVIDER_CALLS,
    STREAM_RECORDS,
    UNITS_OF_A_STOCK_ITEM,
    WRITE_UNITS,
    WRITES_OF_A_MESSAGE,
    Resource,
    Step,
    write_units,
)
from stacks.storage import CUSTOMER_INDEX, OPEN_ORDERS_INDEX
from tests.unit.builders import a_line, a_storefront_order, an_item
from tests.unit.conftest import IDEMPOTENCY_TABLE, INVENTORY_TABLE, ORDERS_TABLE
from tests.unit.functions.in_memory import Mailbox, Provider
from validation.stage import validate_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = {ORDERS_TABLE: "orderId", INVENTORY_TABLE: "itemId", IDEMPOTENCY_TABLE: "id"}
TABLES: dict[str, Resource | str] = {
    ORDERS_TABLE: Resource.ORDERS,
    INVENTORY_TABLE: Resource.INVENTORY,
    IDEMPOTENCY_TABLE: "idempotency table",
}
INDEXES = {
    Resource.CUSTOMER_INDEX: index_of(CUSTOMER_INDEX),
    Resource.OPEN_ORDERS_INDEX: index_of(OPEN_ORDERS_INDEX),
}

type Item = Mapping[str, Any] | None


class Metered:
    """A DynamoDB client that counts the units of its writes, as DynamoDB counts them."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        self.steps: list[Counter[Resource | str]] = []
        """The units of each write, in the order in which they were made."""
        self.images: list[tuple[Item, Item]] = []
        """Each order's item before and after a write: the records of the stream."""
        self.calls = 0
        """Reads and writes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **call: Any) -> Any:
        self.calls += 1
        return self._client.get_item(**call)

    def batch_get_item(self, **call: Any) -> Any:
        self.calls += 1
        return self._client.batch_get_item(**call)

    def put_item(self, **call: Any) -> Any:
        return self._write(self._client.put_item, call, [call])

    def update_item(self, **call: Any) -> Any:
        return self._write(self._client.update_item, call, [call])

    def transact_write_items(self, **call: Any) -> Any:
        actions = [action for each in call["TransactItems"] for action in each.values()]
        return self._write(self._client.transact_write_items, call, actions, times=2)

    def _write(
        self, operation: Any, call: Mapping[str, Any], writes: list[Any], *, times: int = 1
    ) -> Any:
        self.calls += 1
        before = [self._item(write) for write in writes]
        answer = operation(**call)
        units: Counter[Resource | str] = Counter()
        for write, old in zip(writes, before, strict=True):
            new = self._item(write)
            assert new is not None
            units[TABLES[write["TableName"]]] += times * units_of_write(
                item_size(old) if old else 0, item_size(new)
            )
            if write["TableName"] == ORDERS_TABLE:
                self.images.append((old, new))
                for resource, index in INDEXES.items():
                    units[resource] += index_write_units(index, old, new)
        self.steps.append(+units)
        return answer

    def _item(self, write: Mapping[str, Any]) -> Item:
        table = write["TableName"]
        key = (write.get("Key") or write["Item"])[KEYS[table]]
        return self._client.get_item(TableName=table, Key={KEYS[table]: key}).get("Item")


class Stripe(Provider):
    """A provider whose intents have ids as long as Stripe's: they are stored with the order."""

    def create(self, order: Order) -> str | Declined:
        created = super().create(order)
        assert isinstance(created, str)
        intent_id = "pi_3PqXYZ2eZvKYlo2C1abcdefg"
        self.intents[intent_id] = self.intents.pop(created)
        return intent_id


class Topic:
    """A topic that takes every event."""

    def __init__(self) -> None:
        self.events: list[OrderEvent] = []

    def takes(self, event: OrderEvent) -> bool:
        return event.version > 0

    def publish(self, events: Any) -> set[str]:
        self.events += events
        return set()


class Journey:
    """An order on its way through the code of the stages, and what that took."""

    def __init__(self, client: "DynamoDBClient", lines: int) -> None:
        self.client = Metered(client)
        metered: Any = self.client
        self.provider, self.topic = Stripe(), Topic()
        self.calls: dict[str, int] = {}
        """Of DynamoDB, by the function that makes them."""
        orders = OrdersTable(metered, ORDERS_TABLE)
        catalogue = InventoryTable(metered, INVENTORY_TABLE)
        ledger = StockTransactions(metered, INVENTORY_TABLE, orders)
        for number in range(lines):
            InventoryTable(client, INVENTORY_TABLE).create(
                an_item(f"ITEM-{number:03}", available=5)
            )
        with self._calls_of("place_order"):
            placed = orders.add(an_order(lines))
        with self._calls_of("validation"):
            validate_order(self._published(), orders=orders, catalogue=catalogue)
        with self._calls_of("inventory"):
            reserve_stock(self._published(), orders=orders, ledger=ledger)
        with self._calls_of("payment"):
            authorise_payment(self._published(), orders=orders, payments=self.provider)
        self.order = orders.get(placed.order_id)
        self.writes = list(self.client.steps)
        confirmed = self._published()
        self.messages = Mailbox()
        with self._calls_of("notification"):
            notify_customer(
                confirmed,
                orders=orders,
                claims=IdempotencyTable(metered, IDEMPOTENCY_TABLE),
                messengers=[self.messages],
            )
        self.writes_of_message = self.client.steps[len(self.writes) :]

    @contextmanager
    def _calls_of(self, function: str) -> Iterator[None]:
        before = self.client.calls
        yield
        self.calls[function] = self.client.calls - before

    def _published(self) -> OrderEvent:
        """Publish what the stream has, and return the latest event."""
        images, self.client.images = self.client.images, []
        self.records = getattr(self, "records", 0) + len(images)
        records = [
            {
                "dynamodb": {
                    "SequenceNumber": str(number),
                    "NewImage": new,
                    **({"OldImage": old} if old else {}),
                }
            }
            for number, (old, new) in enumerate(images)
        ]
        assert publish_changes(records, topic=self.topic, parking=self) == []
        return self.topic.events[-1]

    def park(self, order_id: str, version: object, reason: str) -> None:
        raise AssertionError(f"{order_id}, version {version}: {reason}")


def an_order(lines: int) -> Order:
    """An order as a storefront sends it, with a trace."""
    return a_storefront_order(
        *(a_line(f"ITEM-{number:03}", 1, 2999) for number in range(lines)),
        trace_header="Root=1-65a3f4d2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
        at=datetime.now(UTC),
    )


@pytest.fixture
def journey(dynamodb: "DynamoDBClient") -> Journey:
    return Journey(dynamodb, LINES)


def test_every_step_writes_as_many_units_as_are_counted(journey: Journey) -> None:
    assert journey.order.status is Status.CONFIRMED
    assert dict(zip(Step, journey.writes, strict=True)) == WRITE_UNITS


def test_an_orders_units_are_those_of_its_steps(journey: Journey) -> None:
    total = sum(journey.writes, Counter())
    assert total == {resource: write_units(resource) for resource in Resource}
    assert max(total.values()) == MOST_WRITE_UNITS


def test_a_line_more_is_two_units_more_of_the_inventory(dynamodb: "DynamoDBClient") -> None:
    journey = Journey(dynamodb, LINES + 1)
    assert (
        sum(journey.writes, Counter())[Resource.INVENTORY]
        == write_units(Resource.INVENTORY) + UNITS_OF_A_STOCK_ITEM
    )


def test_every_write_of_the_order_is_a_record_and_four_are_events(journey: Journey) -> None:
    assert journey.records == STREAM_RECORDS
    assert [event.event_type for event in journey.topic.events] == [
        EventType.ORDER_PLACED,
        EventType.ORDER_VALIDATED,
        EventType.STOCK_RESERVED,
        EventType.ORDER_CONFIRMED,
    ]
    assert len(journey.topic.events) == EVENTS


def test_the_events_are_as_large_as_is_counted(journey: Journey) -> None:
    size = sum(
        len(event.model_dump_json(by_alias=True, exclude_none=True).encode())
        for event in journey.topic.events
    )
    assert ceil(size / 100) * 100 == EVENT_BYTES


def test_the_provider_is_asked_twice(journey: Journey) -> None:
    assert tuple(journey.provider.calls) == PROVIDER_CALLS


@pytest.mark.parametrize(
    "function", ["place_order", "validation", "inventory", "payment", "notification"]
)
def test_a_function_makes_the_calls_that_the_model_takes_time_for(
    journey: Journey, function: str
) -> None:
    of_tables = [call for call in CALLS[function] if call in (DYNAMODB_CALL, TRANSACTION)]
    assert len(of_tables) == journey.calls[function]


def test_the_model_takes_time_for_each_call_of_the_provider() -> None:
    assert CALLS["payment"].count(PROVIDER_CALL) == len(PROVIDER_CALLS)


def test_a_message_to_the_customer_is_claimed_and_done(journey: Journey) -> None:
    assert len(journey.messages.sent) == 1
    assert journey.writes_of_message == [{"idempotency table": 1}] * WRITES_OF_A_MESSAGE


def test_a_larger_order_is_not_counted_for_less(dynamodb: "DynamoDBClient") -> None:
    """The figures are those of two lines: ten take more of the table too, as the item grows."""
    total = sum(Journey(dynamodb, 10).writes, Counter())
    assert total[Resource.ORDERS] > write_units(Resource.ORDERS)
