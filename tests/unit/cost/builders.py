"""The work of an order as the arithmetic gets it, made from the domain's own objects."""

from collections.abc import Iterable

from cost.work import Invocations, LinesOf, Log, Measured, Request, TableWrite
from order_pipeline.adapters.items import to_item
from order_pipeline.adapters.orders_table import stored_attributes
from order_pipeline.domain.order import Contact, Order
from tests.unit.builders import a_line, a_storefront_order, an_item, to_its_confirmation


def steps(lines: int) -> list[Order]:
    """Return an order after each of its writes, to its confirmation."""
    placed = a_storefront_order(
        *(a_line(f"ITEM-{number:03}", 2, 2999) for number in range(lines)),
        contact=Contact(email="ada.lovelace@mail.example"),
    )
    return to_its_confirmation(placed)


def a_request(
    function: str, operation: str, *tables: str, service: str = "dynamodb", entries: float = 1
) -> Request:
    return Request(
        function=function,
        service=service,
        operation=operation,
        tables=tables,
        times=1,
        entries=entries,
    )


def requests(lines: int) -> Iterable[Request]:
    yield a_request("place-order", "PutItem", "orders")
    yield a_request("validation", "GetItem", "orders")
    yield a_request("validation", "BatchGetItem", "inventory", entries=lines)
    yield a_request("validation", "UpdateItem", "orders")
    yield a_request("inventory", "GetItem", "orders")
    transaction = (*("inventory",) * (lines + 1), "orders")
    yield a_request("inventory", "TransactWriteItems", *transaction, entries=lines + 2)
    for _ in range(2):
        yield a_request("payment", "GetItem", "orders")
        yield a_request("payment", "UpdateItem", "orders")
    yield a_request("notification", "GetItem", "orders")
    yield a_request("notification", "SendEmail", service="ses")
    for _ in range(2):
        yield a_request("notification", "UpdateItem", "idempotency")
    for _ in range(4):
        yield a_request("event-publisher", "PublishBatch", service="sns")


def an_order(lines: int = 2, *, processor_ms: float = 10) -> LinesOf:
    """Return the work of an order of so many lines."""
    orders = steps(lines)
    images = [to_item(stored_attributes(order)) for order in orders]
    times = {"place-order": 1, "event-publisher": 4, "validation": 1, "inventory": 1}
    times |= {"payment": 1, "notification": 1}
    reservation = {
        "itemId": "reservation#ORD-2026-000123",
        "orderId": "ORD-2026-000123",
        "state": "HELD",
        "units": {f"ITEM-{number:03}": 2 for number in range(lines)},
    }
    item = an_item().model_dump(mode="json", by_alias=True)
    claim = {
        "id": "notification#ORD-2026-000123#4#email",
        "leaseUntil": 1796023943,
        "doneAt": 1796023943,
        "expiresAt": 1796023943,
    }
    return LinesOf(
        requests=list(requests(lines)),
        writes=[
            TableWrite(before=before, after=after)
            for before, after in zip([None, *images], images, strict=False)
        ],
        invocations={
            name: Invocations(times=each, processor_ms=processor_ms, local_ms=50)
            for name, each in times.items()
        },
        logs={name: Log(lines=2 * each, bytes=500 * each) for name, each in times.items()},
        stored={
            "order": images[-1],
            "reservation": to_item(reservation),
            "item": to_item(item),
            "claim": to_item(claim),
        },
        events={
            "OrderPlaced": 700,
            "OrderValidated": 750,
            "StockReserved": 750,
            "OrderConfirmed": 750,
        },
    )


def measured() -> Measured:
    """Return what a measurement might give."""
    return Measured(
        date="2026-11-30",
        machine="a machine",
        orders=5,
        starts_ms=dict.fromkeys(an_order().invocations, 600.0),
        runs_ms={"payment-breaker": 50.0, "reconciler": 500.0},
        by_lines={lines: an_order(lines) for lines in (1, 2, 5, 8)},
    )
