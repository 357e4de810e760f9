"""What one order that goes well asks of the services: writes, events, calls of the provider.

The counts are those of the code, and `tests/unit/simulation/test_order_cost.py` counts them again
by sending an order through it. Preflight compares quotas with them, and the flash-sale model
(`simulation/`) adds them up.

DynamoDB's rules of counting:

* A write of up to 1 KB is a unit, and of an item that is changed its larger size counts:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
* In a transaction each item is written twice, to prepare and to commit:
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
* An index is written when an attribute that it holds has changed, and twice when it is a part of
  the index's key (the old entry goes, the new one comes):
  https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes

An index is written after a transaction and is no part of it, so there it counts once.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

LINES: Final = 2
"""Of the order that is counted, of different items, with contact, address and trace header.

Its item passes 1 KB when it is confirmed. One of three lines passes it a step earlier, one of
eight when it is placed.
"""


class Step(StrEnum):
    """A write on an order's way to its confirmation, in this order."""

    PLACE = "place"
    VALIDATE = "validate"
    RESERVE = "reserve"
    REMEMBER_INTENT = "remember intent"
    CONFIRM = "confirm"


class Resource(StrEnum):
    """What is written: a table or an index, each with a throughput of its own."""

    ORDERS = "orders table"
    CUSTOMER_INDEX = "customer index"
    OPEN_ORDERS_INDEX = "open-orders index"
    INVENTORY = "inventory table"


UNITS_OF_A_STOCK_ITEM: Final = 2
"""One write of an item's stock, in the transaction."""

WRITE_UNITS: Final[Mapping[Step, Mapping[Resource, int]]] = MappingProxyType(
    {
        # OrdersTable.add: an entry in both indexes.
        Step.PLACE: {
            Resource.ORDERS: 1,
            Resource.CUSTOMER_INDEX: 1,
            Resource.OPEN_ORDERS_INDEX: 1,
        },
        # OrdersTable.change: no index holds what it changes, here and in the next two.
        Step.VALIDATE: {Resource.ORDERS: 1},
        # StockTransactions.reserve: order, reservation and the items of the lines.
        Step.RESERVE: {
            Resource.ORDERS: 2,
            Resource.INVENTORY: 2 + LINES * UNITS_OF_A_STOCK_ITEM,
        },
        # OrdersTable.remember_intent.
        Step.REMEMBER_INTENT: {Resource.ORDERS: 1},
        # OrdersTable.change: the time when the order is due is a key of the open-orders index.
        Step.CONFIRM: {
            Resource.ORDERS: 2,
            Resource.OPEN_ORDERS_INDEX: 2,
        },
    }
)

STREAM_RECORDS: Final = len(Step)
"""Every write of the order is a record of the table's stream, also the one without an event."""

EVENTS: Final = 4
"""Placed, validated, reserved, confirmed: one message each to the topic."""

EVENT_BYTES: Final = 1900
"""Of these events' messages together, rounded up to hundreds: what the audit stream takes in."""

PROVIDER_CALLS: Final = ("create", "confirm")
"""What the payment stage asks of the provider for an authorisation, one call each."""

WRITES_OF_A_MESSAGE: Final = 2
"""To the idempotency table, for each message to a customer: claimed, then done."""


def write_units(resource: Resource) -> int:
    """Return the write units that one order takes of a table or an index."""
    return sum(units.get(resource, 0) for units in WRITE_UNITS.values())


MOST_WRITE_UNITS: Final = max(write_units(resource) for resource in Resource)
"""Of one table or index: what DynamoDB's quota is compared with.

For tables on demand the quota is for each table and each index by itself:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""
