"""Measures the work that one confirmed order makes, on the pipeline as LocalStack has it.

Orders are placed one after the other, so that each message has an invocation of its own: on a busy
day, batches share them. What is counted is what does not depend on where it runs: requests, bytes,
items, and processor time. How long LocalStack takes to answer is shown and not used.

Counted are
* what the functions ask AWS for, from LocalStack's record of it (`local.aws_calls`);
* every write of the orders table, from its stream: what the item was before and after;
* the processor time of the functions' processes, from this machine;
* what the functions log, and Lambda's reports, from their log groups.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from secrets import token_hex
from statistics import median
from typing import Any

import httpx
import psutil

from cost.dynamodb_units import Attributes
from cost.work import Invocations, LinesOf, Log, Measured, Request, TableWrite
from local.aws import client
from local.deployment import read_outputs
from local.processes import wait_for
from local.settings import LocalSettings, settings_from_environment
from timing.machine import description

LINES = (1, 2, 5, 8)
"""Lines of the orders: eight are the most that LocalStack's DynamoDB takes in a transaction."""

ORDERS, WARM_UP = 5, 3
"""Of each number of lines, and before anything is measured."""

SETTLED_SECONDS = 3.0
"""How long no function may ask for anything until an order's work is over."""

DEADLINE_SECONDS = 180
BY_THE_CLOCK = frozenset({"payment-breaker", "reconciler", "canary"})
"""The functions that run without orders; what they cost is part of the month (`cost.month`)."""


class MeasuringError(RuntimeError):
    """The deployment did not do what it should; the message says what."""


@dataclass(frozen=True)
class Bench:
    """The deployment on LocalStack, and its resources."""

    settings: LocalSettings
    outputs: Mapping[str, str]

    @cached_property
    def api(self) -> httpx.Client:
        """The deployed API."""
        return httpx.Client(base_url=self.outputs["ApiEndpoint"], timeout=60)

    def aws(self, service: str) -> Any:
        """Return a client for LocalStack."""
        return client(service, self.settings)

    @property
    def suffix(self) -> str:
        """What every name ends with."""
        return self.outputs["OrdersTableName"].removeprefix("orders-table-")

    def place(self, lines: int, payment_method: str) -> str:
        """Place an order as a shop's storefront does: with an address and a contact."""
        order_id = f"ORD-{token_hex(5)}"
        answer = self.api.post(
            "orders",
            json={
                "orderId": order_id,
                "customerId": f"CUST-{token_hex(2)}",
                "items": [
                    {"itemId": item_id(number), "quantity": 2, "price": 29.99}
                    for number in range(lines)
                ],
                "contact": {"email": "ada.lovelace@mail.example"},
                "shippingAddress": {
                    "name": "Ada Lovelace",
                    "line1": "12 Analytical Row",
                    "city": "London",
                    "postcode": "N1 9GU",
                    "country": "GB",
                },
                "payment": {"method": payment_method},
            },
        )
        if answer.status_code != httpx.codes.ACCEPTED:
            raise MeasuringError(f"POST /orders answered {answer.status_code}: {answer.text}")
        return order_id

    def status_of(self, order_id: str) -> str:
        """Return an order's status, without asking the pipeline's functions for it."""
        found = self.aws("dynamodb").get_item(
            TableName=self.outputs["OrdersTableName"], Key={"orderId": {"S": order_id}}
        )
        return str(found.get("Item", {}).get("status", {}).get("S", "absent"))


def item_id(number: int) -> str:
    """Return the id of one of the items that are ordered."""
    return f"COST-{number:03}"


# ------------------------------------------------------------------ the measurement


def measure() -> Measured:
    """Place orders on the deployment of LOCAL_PORT, and return the work they made."""
    bench = Bench(settings_from_environment(), read_outputs())
    stock(bench)
    payment_method = new_payment_method(bench.outputs["PaymentServerUrl"])
    for _ in range(WARM_UP):
        _buy(bench, 2, payment_method)
    of_lines = {}
    for lines in LINES:
        of_lines[lines] = _measure(bench, lines, payment_method)
    return Measured(
        date=datetime.now(UTC).date().isoformat(),
        machine=description(),
        orders=ORDERS,
        starts_ms={
            name: found
            for name in _functions(bench)
            if (found := _median(bench, name, "initDurationMs")) is not None
        },
        runs_ms={
            name: found
            for name in sorted(BY_THE_CLOCK)
            if (found := _median(bench, name, "durationMs")) is not None
        },
        by_lines=of_lines,
    )


def stock(bench: Bench) -> None:
    """Have all items in stock."""
    for number in range(max(LINES)):
        name = f"inventory/{item_id(number)}"
        if bench.api.get(name).status_code == httpx.codes.OK:
            continue
        answer = bench.api.put(name, json={"name": "Tea pot", "price": 29.99, "available": 100_000})
        answer.raise_for_status()


def new_payment_method(server: str) -> str:
    """Return a payment method with an id as long as the provider's own are."""
    answer = httpx.post(
        f"{server}/v1/payment_methods",
        data={
            "type": "card",
            "card[number]": "4242424242424242",
            "card[exp_month]": "12",
            "card[exp_year]": "2040",
            "card[cvc]": "123",
        },
        auth=("sk_test_order_pipeline", ""),
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def _measure(bench: Bench, lines: int, payment_method: str) -> LinesOf:
    """Place orders of so many lines, and return what each made in the mean."""
    began_ms = int(time.time() * 1000)
    first_call = _calls_so_far(bench.settings)
    processes = _processor_seconds()
    order_ids = [_buy(bench, lines, payment_method) for _ in range(ORDERS)]
    after = _processor_seconds()
    if new := {name for (pid, name) in after if (pid, name) not in processes} - BY_THE_CLOCK:
        raise MeasuringError(f"started anew while it was measured: {', '.join(sorted(new))}")
    used: defaultdict[str, float] = defaultdict(float)
    for (pid, name), seconds in after.items():
        used[name] += seconds - processes.get((pid, name), 0)
    logs = _logs(bench, since_ms=began_ms, order_ids=order_ids)
    return LinesOf(
        requests=_requests(bench, first_call),
        writes=_writes(bench, order_ids),
        invocations={
            function: Invocations(
                times=log.reports / ORDERS,
                processor_ms=1000 * used[function] / log.reports,
                local_ms=median(log.durations),
            )
            for function, log in logs.items()
            if log.reports
        },
        logs={
            function: Log(lines=log.lines / ORDERS, bytes=log.bytes / ORDERS)
            for function, log in logs.items()
        },
        stored=_stored(bench, order_ids[0]),
        events=_events(bench, order_ids[0]),
    )


def _buy(bench: Bench, lines: int, payment_method: str) -> str:
    """Place an order, and wait until it is confirmed and all that follows is over."""
    order_id = bench.place(lines, payment_method)
    _wait(lambda: bench.status_of(order_id) == "CONFIRMED", f"{order_id} CONFIRMED")
    seen = _calls_so_far(bench.settings)
    quiet_since = time.monotonic()
    deadline = quiet_since + DEADLINE_SECONDS
    while time.monotonic() - quiet_since < SETTLED_SECONDS:
        time.sleep(0.2)
        now = _calls_so_far(bench.settings)
        if now != seen:
            seen, quiet_since = now, time.monotonic()
        if time.monotonic() > deadline:
            raise MeasuringError("the functions never come to rest")
    return order_id


def _wait(is_so: Callable[[], bool], what: str) -> None:
    if not wait_for(is_so, DEADLINE_SECONDS):
        raise MeasuringError(f"not so within {DEADLINE_SECONDS} s: {what}")


# ------------------------------------------------------------------ what functions ask for


def _calls(settings: LocalSettings) -> Iterator[dict[str, Any]]:
    """Yield the recorded calls of the functions that work for orders."""
    for line in settings.aws_calls.read_text(encoding="utf-8").splitlines():
        call = json.loads(line)
        if _function(call["function"]) not in BY_THE_CLOCK:
            yield call


def _calls_so_far(settings: LocalSettings) -> int:
    return sum(1 for _ in _calls(settings))


def _function(name: str) -> str:
    """Return a function's own name: without its kind and the deployment's suffix."""
    return name.partition("-function-")[0]


def _requests(bench: Bench, first: int) -> Sequence[Request]:
    counted: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
    entries: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
    for call in list(_calls(bench.settings))[first:]:
        key = (
            _function(call["function"]),
            call["service"],
            call["operation"],
            _tables(call["parameters"], bench.suffix),
        )
        counted[key] += 1
        entries[key] += call.get("entries", 1)
    return [
        Request(
            function=function,
            service=service,
            operation=operation,
            tables=tables,
            times=times / ORDERS,
            entries=entries[function, service, operation, tables] / ORDERS,
        )
        for (function, service, operation, tables), times in sorted(counted.items())
    ]


def _tables(parameters: Mapping[str, Any], suffix: str) -> tuple[str, ...]:
    """Return the tables that a request is about, one for each action of a transaction."""
    names: list[str] = []
    if "TableName" in parameters:
        names = [parameters["TableName"]]
    elif "RequestItems" in parameters:
        names = parameters["RequestItems"]
    elif "TransactItems" in parameters:
        names = [table for action in parameters["TransactItems"] for table in action.values()]
    return tuple(name.removesuffix(f"-table-{suffix}") for name in names)


# ------------------------------------------------------------------ what is written


def _writes(bench: Bench, order_ids: Sequence[str]) -> Sequence[TableWrite]:
    """Return the writes of the first of some orders, as the stream has them."""
    records = [
        record["dynamodb"]
        for record in _stream_records(bench)
        if record["dynamodb"]["Keys"]["orderId"]["S"] == order_ids[0]
    ]
    return [
        TableWrite(before=record.get("OldImage"), after=record["NewImage"]) for record in records
    ]


def _stream_records(bench: Bench) -> Iterator[dict[str, Any]]:
    streams = bench.aws("dynamodbstreams")
    table = bench.outputs["OrdersTableName"]
    (stream,) = streams.list_streams(TableName=table)["Streams"]
    described = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
    for shard in described["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"],
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            yield from answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None


def _stored(bench: Bench, order_id: str) -> Mapping[str, Attributes]:
    """Return what is stored for an order when it is confirmed, one item of each kind."""
    dynamodb = bench.aws("dynamodb")
    found = {
        "order": (bench.outputs["OrdersTableName"], {"orderId": {"S": order_id}}),
        "reservation": (
            bench.outputs["InventoryTableName"],
            {"itemId": {"S": f"reservation#{order_id}"}},
        ),
        "item": (bench.outputs["InventoryTableName"], {"itemId": {"S": item_id(0)}}),
        "claim": (
            f"idempotency-table-{bench.suffix}",
            {"id": {"S": f"notification#{order_id}#4#email"}},
        ),
    }
    return {
        kind: dynamodb.get_item(TableName=table, Key=key).get("Item", {})
        for kind, (table, key) in found.items()
    }


def _events(bench: Bench, order_id: str) -> Mapping[str, int]:
    """Return the events of an order, and the bytes of each as the audit bucket has it."""
    s3 = bench.aws("s3")
    bucket = bench.outputs["AuditBucketName"]

    def look() -> dict[str, int]:
        found = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                for line in body.splitlines():
                    event = json.loads(line)
                    if event["orderId"] == order_id:
                        found[event["eventType"]] = len(line) + 1
        return found

    _wait(lambda: "OrderConfirmed" in look(), f"the events of {order_id} in the audit bucket")
    return look()


# ------------------------------------------------------------------ processes and logs


def _processor_seconds() -> dict[tuple[int, str], float]:
    """Return the processor time of each of the functions' processes so far."""
    found = {}
    for process in psutil.process_iter():
        try:
            name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
            if name and "AWS_LAMBDA_RUNTIME_API" in process.environ():
                times = process.cpu_times()
                found[process.pid, _function(name)] = times.user + times.system
        except psutil.Error:
            continue
    return found


@dataclass
class _FunctionsLog:
    """What a function has logged."""

    lines: int = 0
    bytes: int = 0
    reports: int = 0
    """Invocations: Lambda reports each."""
    durations: list[float] = field(default_factory=list)


def _logs(bench: Bench, *, since_ms: int, order_ids: Sequence[str]) -> dict[str, _FunctionsLog]:
    """Return what each function has logged since; LocalStack stores it some time after."""

    def look() -> tuple[dict[str, _FunctionsLog], bool]:
        logs: dict[str, _FunctionsLog] = {}
        told = set()
        for function in _functions(bench):
            log = logs[function] = _FunctionsLog()
            for line in _lines(bench, function, since_ms):
                document = json.loads(line)
                if str(document.get("type", "")).startswith("platform."):
                    if document["type"] == "platform.report":
                        log.reports += 1
                        log.durations.append(document["record"]["metrics"]["durationMs"])
                    continue
                log.lines += 1
                log.bytes += len(line.encode())
                if document.get("message") == "sent" or "recorded" in document:
                    told.add((document["order_id"], document.get("recorded", "sent")))
        complete = all(
            (order_id, what) in told
            for order_id in order_ids
            for what in ("OrderPlaced", "OrderConfirmed", "sent")
        )
        return logs, complete

    _wait(lambda: look()[1], "the logs of all orders")
    time.sleep(SETTLED_SECONDS)
    return look()[0]


def _functions(bench: Bench) -> list[str]:
    functions = bench.aws("lambda").get_paginator("list_functions").paginate()
    names = (
        _function(function["FunctionName"]) for page in functions for function in page["Functions"]
    )
    return sorted(set(names) - BY_THE_CLOCK)


def _lines(bench: Bench, function: str, since_ms: int) -> Iterator[str]:
    group = f"/aws/lambda/{function}-function-{bench.suffix}"
    pages = (
        bench.aws("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, startTime=since_ms)
    )
    for page in pages:
        for event in page["events"]:
            yield event["message"].rstrip("\n")


def _median(bench: Bench, function: str, metric: str) -> float | None:
    """Return the median of what Lambda reported of a function's invocations, if it did."""
    reports = (
        json.loads(line)["record"]["metrics"]
        for line in _lines(bench, function, 0)
        if '"platform.report"' in line
    )
    found = [each[metric] for each in reports if metric in each]
    return median(found) if found else None
