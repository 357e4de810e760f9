"""From the work of an order to dollars for a million: a line for each thing that is charged."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from cost import assumptions
from cost.dynamodb_units import (
    BYTES_OF_STORED_ITEM,
    Attributes,
    Index,
    entry_size,
    index_write_units,
    item_size,
    read_units,
    write_units,
)
from cost.prices import Prices
from cost.sizes import Sizes
from cost.work import LinesOf, Request, TableWrite
from order_pipeline.domain.transitions import Status
from simulation.deployment import MAPPINGS
from simulation.measured import MeasuredRun
from simulation.service_times import WHOLE_PROCESSOR_MB
from stacks.building_blocks.api import ACCESS_LOG
from stacks.building_blocks.document import as_json
from stacks.building_blocks.publisher import BATCH_SIZE as RECORDS_PER_BATCH
from stacks.building_blocks.table import Index as TableIndex
from stacks.building_blocks.worker import BATCH_SIZE as MESSAGES_PER_BATCH
from stacks.settings import STAGES
from stacks.storage import CUSTOMER_INDEX, OPEN_ORDERS_INDEX

MILLION = 1_000_000
GIGABYTE = 1_000_000_000

OTHER_QUEUES = 1
"""The fulfilment queue, which the warehouse's system works off at its own expense."""

EVENTS_PER_PUBLISH = 10
PAYMENTS_PER_BATCH = MAPPINGS["payment"].batch_size

_TABLE_KEY = "orderId"
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})


@dataclass(frozen=True)
class Line:
    """Something that AWS charges for, for one order."""

    service: str
    what: str
    price: str
    """The name of its price."""
    quantity: float
    """For one order."""

    def usd(self, prices: Prices) -> float:
        """Return what a million orders cost by it."""
        return prices[self.price].of(self.quantity * MILLION)


@dataclass(frozen=True)
class Batches:
    """How many messages or records an invocation takes, in the mean: the more, the cheaper."""

    sizes: Mapping[str, float]
    """By function; of those that are not here, each invocation has one."""

    def runs(self, order: LinesOf) -> dict[str, float]:
        """Return the invocations of each function for one order."""
        return {
            name: each.times / self.sizes.get(name, 1) for name, each in order.invocations.items()
        }

    @property
    def events_of_a_request(self) -> float:
        """How many events the publisher sends with a request."""
        return min(EVENTS_PER_PUBLISH, self.sizes.get("event-publisher", 1))


ALONE = Batches({})
"""Orders come one after the other."""

FULL = Batches(
    {
        **dict.fromkeys(STAGES, MESSAGES_PER_BATCH),
        "payment": PAYMENTS_PER_BATCH,
        "event-publisher": RECORDS_PER_BATCH,
    }
)
"""What no change of the code could go below."""


def batches_of(run: MeasuredRun) -> Batches:
    """Return the batches of a load test."""
    stages = (name for name in ("event_publisher", *STAGES) if name in run.stages)
    return Batches({name.replace("_", "-"): run.stages[name].batch_size.mean for name in stages})


def work_of(
    order: LinesOf, starts_ms: Mapping[str, float], sizes: Sizes, batches: Batches
) -> list[Line]:
    """Return the lines of the work that a confirmed order makes.

    `starts_ms` says how long a cold start of each function takes, of a whole processor.
    """
    return [
        *_of_api(),
        *_of_functions(order, sizes, batches),
        _of_cold_starts(order, starts_ms, sizes, batches),
        *_of_tables(order),
        *_of_events(order, batches),
        *_of_insight(order, sizes, batches),
    ]


def also_of(sizes: Sizes) -> list[Line]:
    """Return the lines of what a setting adds to an order."""
    if not sizes.has_firewall:
        return []
    return [Line("WAF", "the web firewall's look at a request", "firewall_requests", 1)]


def kept_of(order: LinesOf) -> list[Line]:
    """Return the lines of what is kept of an order, for as long as it is kept."""
    stored = {kind: _stored_size(item) for kind, item in order.stored.items()}
    indexed = sum(
        entry_size(index, order.stored["order"]) + BYTES_OF_STORED_ITEM for index in _INDEXES
    )
    tables = (stored["order"] + stored["reservation"]) * assumptions.MONTHS_KEPT
    claims = stored["claim"] * assumptions.MONTHS_OF_CLAIMS
    audited = sum(order.events.values()) * assumptions.MONTHS_OF_AUDIT
    logged = _bytes_logged(order) * assumptions.LOGS_COMPRESSED * assumptions.MONTHS_OF_LOGS
    return [
        _kept(
            "DynamoDB",
            "orders and reservations for 93 days, claims for 30",
            "table_gigabyte_months",
            tables + claims + indexed * assumptions.MONTHS_KEPT,
        ),
        _kept("DynamoDB", "recovery to a moment", "recoverable_gigabyte_months", tables + claims),
        _kept("S3", "the audit's events for a year", "bucket_gigabyte_months", audited),
        _kept("CloudWatch", "logs for 90 days", "log_gigabyte_months", logged),
    ]


def beside_of() -> list[Line]:
    """Return the lines of what others take: for messages to the customer, and for payment."""
    return [
        Line("message", "an e-mail", "mails", 1),
        Line("message", "or a text message", "texts", 1),
        Line("message", "or a push notification", "pushes", 1),
        Line("payment", "the provider's fee, without its share of the amount", "charges", 1),
    ]


# ------------------------------------------------------------------ API


def _of_api() -> Iterator[Line]:
    yield Line("API", "POST /orders", "api_requests", 1)
    answer = assumptions.BYTES_OF_ANSWER / GIGABYTE
    yield Line("API", "its answer leaves AWS", "gigabytes_out", answer)


# ------------------------------------------------------------------ functions


def _of_functions(order: LinesOf, sizes: Sizes, batches: Batches) -> Iterator[Line]:
    runs = batches.runs(order)
    yield Line("Lambda", "invocations", "invocations", sum(runs.values()))
    gigabytes = {name: sizes.memory_mb[name] / 1024 for name in runs}
    working, waiting = 0.0, 0.0
    for name, invocation in order.invocations.items():
        share = max(1, WHOLE_PROCESSOR_MB / sizes.memory_mb[name])
        working += invocation.times * invocation.processor_ms * share * gigabytes[name]
        for request in order.requests:
            if request.function == name and (request.service, name) != ("ses", "notification"):
                is_shared = request.operation == "PublishBatch"
                times = request.times / (batches.events_of_a_request if is_shared else 1)
                waiting += times * assumptions.answer_ms(request) * gigabytes[name]
    price = "gigabyte_seconds"
    yield Line("Lambda", "processor time", price, working / 1000)
    yield Line("Lambda", "waiting for AWS's answers", price, waiting / 1000)
    provider = assumptions.PROVIDER_CALLS * assumptions.PROVIDER_MS / 1000
    yield Line("Lambda", PROVIDER_WAIT, price, provider * gigabytes["payment"])
    mail = assumptions.MAIL_MS / 1000
    yield Line("Lambda", MAIL_WAIT, price, mail * gigabytes["notification"])


MAIL_WAIT = "waiting for SES"
PROVIDER_WAIT = (
    f"waiting for the payment provider: {assumptions.PROVIDER_CALLS} calls of"
    f" {assumptions.PROVIDER_MS:.0f} ms"
)


def _of_cold_starts(
    order: LinesOf, starts_ms: Mapping[str, float], sizes: Sizes, batches: Batches
) -> Line:
    """Return the line of the starts, which are billed since August 2025.

    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    seconds = 0.0
    for name, runs in batches.runs(order).items():
        share = max(1, WHOLE_PROCESSOR_MB / sizes.memory_mb[name])
        one = starts_ms[name] / 1000 * share * sizes.memory_mb[name] / 1024
        seconds += runs * assumptions.COLD_SHARE * one
    return Line("Lambda", "cold starts", "gigabyte_seconds", seconds)


# ------------------------------------------------------------------ tables


def index_of(index: TableIndex) -> Index:
    """Return an index of the orders table, which holds keys only."""
    keys = (index.partition_key, index.sort_key)
    return Index(index.name, keys, (_TABLE_KEY,))


_INDEXES = (index_of(CUSTOMER_INDEX), index_of(OPEN_ORDERS_INDEX))


def _of_tables(order: LinesOf) -> Iterator[Line]:
    orders = sum(units_of_write(write) for write in order.writes)
    yield Line("DynamoDB", "writes of the order", "write_units", orders)
    for index in _INDEXES:
        units = sum(index_write_units(index, each.before, each.after) for each in order.writes)
        yield Line("DynamoDB", f"writes of its {index.name}", "write_units", units)
    claims = sum(
        request.times * write_units(0, item_size(order.stored["claim"]))
        for request in order.requests
        if request.operation in _WRITES and request.tables == ("idempotency",)
    )
    yield Line("DynamoDB", "writes of the claim on a message", "write_units", claims)
    stock = sum(_units_of_stock(request, order) for request in order.requests)
    yield Line("DynamoDB", "writes of stock and its reservation", "write_units", stock)
    reads = sum(_units_of_read(request, order) for request in order.requests)
    yield Line("DynamoDB", "reads", "read_units", reads)


def units_of_write(write: TableWrite) -> int:
    """Return the units of a write of the order; that which takes the stock is in a transaction."""
    before, after = (item_size(item) if item else 0 for item in (write.before, write.after))
    status = {"S": Status.RESERVED.value}
    took_stock = write.after["status"] == status and write.before is not None
    took_stock = took_stock and write.before["status"] != status  # type: ignore[index]
    return write_units(before, after, in_transaction=took_stock)


def _units_of_stock(request: Request, order: LinesOf) -> float:
    """Return the units that a request writes in the inventory table."""
    if request.operation != "TransactWriteItems":
        return 0
    actions = Counter(request.tables)["inventory"]
    items = actions - 1  # the last one is the reservation
    of_item = write_units(0, item_size(order.stored["item"]), in_transaction=True)
    of_reservation = write_units(0, item_size(order.stored["reservation"]), in_transaction=True)
    return request.times * (items * of_item + of_reservation)


def _units_of_read(request: Request, order: LinesOf) -> float:
    kinds = {"orders": "order", "inventory": "item", "idempotency": "claim"}
    if request.operation not in {"GetItem", "BatchGetItem"}:
        return 0
    (table,) = request.tables
    return request.entries * read_units(item_size(order.stored[kinds[table]]))


# ------------------------------------------------------------------ events


def _of_events(order: LinesOf, batches: Batches) -> Iterator[Line]:
    published = sum(each.times for each in order.requests if each.operation == "PublishBatch")
    events = len(order.events)
    requests = published / batches.events_of_a_request
    yield Line("SNS", "requests to publish", "published", requests)
    yield Line("SNS", "deliveries to the audit stream", "delivered_to_firehose", events)
    sent = sum(order.invocations[stage].times for stage in STAGES)
    worked_off = sum(batches.runs(order)[stage] for stage in STAGES)
    yield Line("SQS", "messages that the topic sends", "queue_requests", sent + OTHER_QUEUES)
    what = "receiving and deleting them, by Lambda"
    yield Line("SQS", what, "queue_requests", 2 * worked_off)
    rounded = sum(
        ceil(size / assumptions.FIREHOSE_ROUNDS_TO) * assumptions.FIREHOSE_ROUNDS_TO
        for size in order.events.values()
    )
    yield Line("Firehose", "events taken in", "firehose_gigabytes", rounded / GIGABYTE)


# ------------------------------------------------------------------ insight


def _of_insight(order: LinesOf, sizes: Sizes, batches: Batches) -> Iterator[Line]:
    logged = _bytes_logged(order) / GIGABYTE
    yield Line("CloudWatch", "the functions' lines", "log_gigabytes", logged)
    access = len(access_log_line()) + assumptions.BYTES_OF_LOG_EVENT
    yield Line("CloudWatch", "the API's line", "log_gigabytes", access / GIGABYTE)
    runs = batches.runs(order)
    if sizes.platform_lines:
        each = sum(
            len(line) + assumptions.BYTES_OF_LOG_EVENT for line in assumptions.PLATFORM_LINES
        )
        lines = sum(runs.values()) * each / GIGABYTE
        yield Line("CloudWatch", "Lambda's lines", "log_gigabytes", lines)
    yield Line("X-Ray", "traces of orders", "traces", sizes.traced_share)
    # Not of place-order, which is part of its order's trace.
    own = sum(times for name, times in runs.items() if name != "place-order")
    what = "traces that Lambda makes by itself"
    yield Line("X-Ray", what, "traces", own * assumptions.OWN_TRACES_SHARE)


def _bytes_logged(order: LinesOf) -> float:
    return sum(
        log.bytes + log.lines * assumptions.BYTES_OF_LOG_EVENT for log in order.logs.values()
    )


def access_log_line() -> str:
    """Return the line that API Gateway writes about a POST /orders."""
    values = {
        "$context.requestId": "79b4f56e-95b1-4643-9700-2807f4e68189",
        "$context.xrayTraceId": "1-65a1b2c3-0123456789abcdef01234567",
        "$context.requestTime": "30/Nov/2026:07:32:23 +0000",
        "$context.httpMethod": "POST",
        "$context.resourcePath": "/orders",
        "$context.status": "202",
        "$context.integration.status": "200",
        "$context.error.responseType": "-",
    }
    return as_json({name: values.get(value, "123") for name, value in ACCESS_LOG.items()})


# ------------------------------------------------------------------ lines


def _kept(service: str, what: str, price: str, byte_months: float) -> Line:
    return Line(service, what, price, byte_months / GIGABYTE)


def _stored_size(item: Attributes) -> int:
    return item_size(item) + BYTES_OF_STORED_ITEM if item else 0


def total(lines: Sequence[Line], prices: Prices) -> float:
    """Return what a million orders cost by these lines, in USD."""
    return sum(line.usd(prices) for line in lines)
