"""docs/benchmarks/simulation.md: what the sales say, as tables and sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from order_pipeline.domain.limits import CONFIRMED_WITHIN, MAX_STOCK_COUNTERS, PAYMENT_DEADLINE
from simulation.capacity import capacities
from simulation.deployment import (
    ATTEMPTS_AT_A_CONFLICT,
    MAPPINGS,
    PAUSE_AT_A_CONFLICT,
    Deployment,
)
from simulation.findings import LARGE_LOAD, Findings
from simulation.limits import (
    FIRST_INVOCATIONS,
    INDEX_PARTITIONS,
    INVOCATIONS_MORE_A_SECOND,
    PROVIDER_CALLS_A_SECOND,
    PROVIDER_CALLS_OF_AN_ENDPOINT,
    READS_OF_A_PARTITION,
    UNITS_OF_A_NEW_TABLE,
    UNITS_OF_A_PARTITION,
)
from simulation.outcome import Bound, Outcome
from simulation.scenarios import HOT_SHARE, LOADS, STANDARD_LOAD, changes, first_day, quotas_raised
from simulation.sizing import (
    ATTEMPTS_OF_AN_ORDER,
    BACK_TO_THE_QUEUE,
    HEADROOM,
    ORDERS_OF_A_COUNTER,
    counters_for,
    payments_that_fit,
    rate_of_one,
)
from simulation.validation import TOLERANCE, Comparison
from simulation.workforce import Publishers, Workers
from stacks.order_cost import (
    EVENTS,
    PROVIDER_CALLS,
    STREAM_RECORDS,
    UNITS_OF_A_STOCK_ITEM,
    Resource,
    write_units,
)
from stacks.settings import GREATEST_MAXIMUM_CONCURRENCY

OBJECTIVE_SECONDS: Final = CONFIRMED_WITHIN.total_seconds()
OBJECTIVE_SHARE: Final = 0.95

NONE: Final = "\N{EN DASH}"
"""In a table, where there is nothing to show."""

_MOST_BOUNDS: Final = 6
"""Limits that are listed for a sale: the first ones tell the story."""

_NAMES: Final = {
    "publisher": "the topic's quota (events wait in the stream)",
    "api throttle": "the API's throttle",
    "payment provider": "the payment provider's limit",
    "intake_drain": "the intake-overflow queue",
    **{name: f"the {name} queue" for name in ("validation", "inventory", "payment")},
    "notification": "the notification queue",
    "hot item": "the hot item's counters",
    "hot item's reads": "the reads of the hot item's key",
    **{
        f"{name} in flight": f"what SQS keeps in flight for the {name} queue"
        for name in ("validation", "inventory", "payment", "notification")
    },
}


def report(findings: Findings) -> str:
    """Return the document."""
    sections = (
        _introduction(findings),
        _what_breaks(findings),
        _what_is_needed(findings),
        _what_each_carries(findings),
        _the_payment_stage(findings),
        _the_hot_item(findings),
        _validation(findings),
        _left_out(),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


# ---------------------------------------------------------------------- sections


def _introduction(findings: Findings) -> Iterator[str]:
    any_sale = next(iter(findings.sales.values()))
    sale, times = any_sale.sale, any_sale.deployment.times
    yield "# What a flash sale does to the pipeline"
    yield ""
    yield (
        "Written by `make simulate` from `stacks/settings.py`, `stacks/order_cost.py` and"
        " `simulation/`. It is a model, not a measurement: how it works, and what it leaves out,"
        " is in [ADR 18](../adr/0018-the-flash-sale-model-is-cohort-based.md)."
    )
    yield ""
    yield (
        f"A sale rises to its rate within {sale.rise:.0f} seconds, holds it for"
        f" {sale.plateau / 60:.0f} minutes, and is watched for {any_sale.horizon / 60:.0f}. An"
        " order has two lines and goes well: stock and cards suffice, so that nothing leaves the"
        f" pipeline early. Clients that are refused try {sale.clients.attempts} times in all, as"
        " AWS's libraries do, and then give up. Service times are"
        f" {times.source}."
    )
    yield ""
    yield (
        f"What a sale is held to: {OBJECTIVE_SHARE:.0%} of the accepted orders are confirmed within"
        f" {OBJECTIVE_SECONDS:g} s, at a standard load of **{STANDARD_LOAD:,.0f} orders/s**. (The"
        " objective for the month, of which a sale is a few minutes, is in"
        " [objectives.md](../objectives.md).) Percentiles are of all accepted orders: one that is"
        " not confirmed by the end took longer than any."
    )
    yield ""


def _what_breaks(findings: Findings) -> Iterator[str]:
    yield "## What breaks first"
    yield ""
    yield (
        "Prod as its settings say, in two accounts: on its first day, with the quotas that AWS and"
        " the payment provider give everybody; and with the topic's quota raised as preflight asks"
        " ([deploying.md](../deploying.md#quotas-to-raise-first)). What is met is what refuses"
        " something, or a queue in which a message waits for more than a second."
    )
    yield ""
    rows = []
    for (situation, load), outcome in findings.sales.items():
        met = [_bound(bound) for bound in outcome.bounds()[:_MOST_BOUNDS]]
        rows.append(
            [
                f"{load:,.0f}",
                situation,
                met[0] if met else "nothing",
                "; ".join(met[1:]) or NONE,
                f"{outcome.accepted:,.0f}",
                _share(outcome.confirmed, outcome.accepted),
                f"{outcome.failed:,.0f}",
                _seconds(outcome.percentile(OBJECTIVE_SHARE)),
            ]
        )
    yield from _table(
        [
            "orders/s",
            "account",
            "first",
            "then",
            "accepted",
            "confirmed by then",
            "dead letters",
            "p95",
        ],
        rows,
    )
    yield ""
    yield "![What waits where](simulation-backlog.png)"
    yield ""
    yield "![Time to confirm](simulation-time-to-confirm.png)"
    yield ""
    yield from _what_it_means(findings)
    yield ""


def _what_it_means(findings: Findings) -> Iterator[str]:
    fresh, raised = first_day().name, quotas_raised().name
    standard = findings.sales[raised, STANDARD_LOAD]
    deployment = findings.sales[fresh, STANDARD_LOAD].deployment
    account = deployment.account
    yield (
        "* **The payment provider** takes"
        f" {min(account.provider_calls_of_an_endpoint, account.provider_calls / 2):.0f} orders a"
        " second by default. A call that it refuses counts as one without an answer, so the"
        " circuit opens and the stage is paused for a minute and tried for the next one: at"
        f" {STANDARD_LOAD:,.0f} orders/s {len(standard.pauses)} times in the hour. What it could"
        " take meanwhile is lost ([below](#the-payment-stage-and-its-provider))."
    )
    publishers = Publishers(deployment)
    yield (
        f"* **The topic's quota** of {account.publishes:,.0f} messages a second is met at"
        f" {account.publishes / EVENTS:.0f} orders/s, and is worse than a queue. SNS refuses whole"
        " requests, and a batch of the stream goes on from its first record that was refused: what"
        " was published behind it is published again. With a backlog in the stream all lanes go on"
        f" trying, and {publishers.rate_when_refused:.0f} events a second get on,"
        f" {publishers.rate_when_refused / EVENTS:.0f} orders' worth. It does not recover while"
        " more come. Raise the quota before anything else."
    )
    yield (
        f"* **A table that is new** does {UNITS_OF_A_NEW_TABLE:,.0f} write units a second:"
        f" {UNITS_OF_A_NEW_TABLE / write_units(Resource.ORDERS):.0f} orders/s in the orders table,"
        f" {UNITS_OF_A_NEW_TABLE / write_units(Resource.INVENTORY):.0f} in the inventory table."
        " What it refuses is tried again with the backoff of messages, and after"
        f" {MAPPINGS['inventory'].max_receives} receives it is a dead letter: an order that stands"
        " still until somebody redrives it. It doubles half an hour after that was reached; warm it"
        " up before the sale"
        " ([AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html))."
    )
    largest = findings.sales[raised, LOADS[-1]]
    hours = largest.still_waiting / max(largest.confirmed / largest.horizon, 1e-9) / 3600
    yield (
        f"* **The throttle** refuses {_share(largest.gave_up, largest.offered)} of"
        f" {LOADS[-1]:,.0f} orders/s and protects all that is behind it. It still lets"
        f" {deployment.settings.throttling.rate:,} a second through, far more than can be paid:"
        " what is accepted and not confirmed after the hour would take"
        f" {hours:,.0f} more, and after {PAYMENT_DEADLINE.total_seconds() / 3600:.0f} hours without"
        " a payment the reconciler cancels it. A throttle above what payment can do promises what"
        " is not kept: who is refused can try again, who is accepted waits."
    )


def _what_is_needed(findings: Findings) -> Iterator[str]:
    yield "## What meets the objective"
    yield ""
    yield (
        "Sized with a quarter in hand (`simulation/sizing.py`), and tried in the model. What is not"
        " listed stays as prod has it."
    )
    yield ""
    yield from _table(
        ["orders/s", "settings", "quotas and contracts", "not a setting", "p50", "p95", "p99"],
        [
            [
                f"{load:,.0f}",
                _settings(outcome.deployment),
                _quotas(outcome.deployment),
                _beyond_settings(outcome.deployment),
                *_percentiles(outcome),
            ]
            for load, outcome in findings.sized.items()
        ],
    )
    yield ""
    more = Workers.of(findings.five_at_a_time.deployment, "payment")
    yield (
        f"* **A batch of {MAPPINGS['payment'].batch_size}** in the payment stage"
        " ([ADR 21](../adr/0021-payments-are-taken-three-at-a-time.md)): with"
        f" {more.mapping.batch_size} the 99th percentile of the standard load, which"
        " [objectives.md](../objectives.md) promises, would be"
        f" {_seconds(findings.five_at_a_time.percentile(0.99))} instead of"
        f" {_seconds(findings.sized[STANDARD_LOAD].percentile(0.99))}. The function begins with a"
        " message only while the time for the longest one is left, which is enough for"
        f" {more.handled:.0f} of them, and puts the others back for a second or more."
    )
    needed = LARGE_LOAD * HEADROOM / rate_of_one("payment")
    behind = (GREATEST_MAXIMUM_CONCURRENCY - FIRST_INVOCATIONS) / INVOCATIONS_MORE_A_SECOND
    yield (
        f"* **{LARGE_LOAD:,.0f} orders/s are not a matter of settings.** Payment handles the"
        f" messages of a batch one after another, a second each, so it would need {needed:,.0f}"
        f" invocations at once; a mapping takes {GREATEST_MAXIMUM_CONCURRENCY:,}. And AWS adds"
        f" {INVOCATIONS_MORE_A_SECOND:.0f} a second, however many may be: to get there takes"
        f" {behind / 60:.0f} minutes. What helps is several messages of a batch at once, and"
        " mappings that start with more than five."
    )
    refusing = findings.refusing
    rate = refusing.sale.rate
    most = INDEX_PARTITIONS * UNITS_OF_A_PARTITION / write_units(Resource.OPEN_ORDERS_INDEX)
    yield (
        f"* **{rate:,.0f} orders/s are met by refusing.** At what was sized for"
        f" {LARGE_LOAD:,.0f}, {_share(refusing.accepted, refusing.offered)} of the orders are"
        " accepted, and 95% of those confirmed within"
        f" {_seconds(refusing.percentile(OBJECTIVE_SHARE))}; the others' clients give up after"
        f" {refusing.sale.clients.attempts} attempts. To take them all needs"
        f" {rate * HEADROOM * len(PROVIDER_CALLS):,.0f} calls of the provider and"
        f" {rate * HEADROOM * EVENTS:,.0f} messages of the topic a second, and the open-orders"
        f" index, as it is cut, ends at {most:,.0f} orders/s."
    )
    yield ""


def _what_each_carries(findings: Findings) -> Iterator[str]:
    yield "## How much each part carries"
    yield ""
    writes = ", ".join(f"{write_units(each)} units to the {each}" for each in Resource)
    yield (
        f"Orders a second by arithmetic, each part by itself. An order writes {writes}; it is"
        f" {STREAM_RECORDS} records of the stream, of which the publisher is handed the {EVENTS}"
        f" that are events, as many messages of the topic, and {len(PROVIDER_CALLS)} calls of the"
        " payment provider"
        " ([counted](../../stacks/order_cost.py), and counted again by a test that sends one"
        " through the code)."
    )
    yield ""
    first = findings.sales[first_day().name, STANDARD_LOAD].deployment
    yield from capacity_table(
        {
            "first day": first,
            **{
                f"sized for {load:,.0f}": outcome.deployment
                for load, outcome in findings.sized.items()
            },
        }
    )
    yield ""


def capacity_table(deployments: Mapping[str, Deployment]) -> Iterator[str]:
    """Yield the table of what each part of some deployments carries, by their names."""
    rows = [
        [parts[0].part, *(f"{part.orders_a_second:,.0f}" for part in parts), parts[0].why]
        for parts in zip(*map(capacities, deployments.values()), strict=True)
    ]
    yield from _table(["part", *deployments, "the first of them, because of"], rows)


def _the_payment_stage(findings: Findings) -> Iterator[str]:
    yield "## The payment stage and its provider"
    yield ""
    yield (
        f"{STANDARD_LOAD:,.0f} orders/s, with the topic's quota raised. The provider's page names"
        f" {PROVIDER_CALLS_A_SECOND:.0f} calls a second in all, and"
        f" {PROVIDER_CALLS_OF_AN_ENDPOINT:.0f} of each operation "
        '"unless otherwise noted" ([Stripe](https://docs.stripe.com/rate-limits)); whether what it'
        " notes for payment intents is instead of that or beside it, it leaves open. So both are"
        " tried."
    )
    yield ""
    yield from _table(
        [
            "concurrency",
            "calls of one operation a second",
            "confirmed a second, during the sale",
            "calls refused",
            "pauses",
            "p50",
            "p95",
        ],
        [
            [
                f"{each.concurrency}",
                f"{each.endpoint:.0f}",
                f"{_confirmed_a_second(each.outcome):.0f}",
                f"{each.outcome.refusing['payment provider'].refused:,.0f}",
                f"{len(each.outcome.pauses)}",
                *_percentiles(each.outcome)[:2],
            ]
            for each in findings.payments
        ],
    )
    yield ""
    one = rate_of_one("payment")
    prod = first_day().deployment.settings.maximum_concurrency["payment"]
    both = payments_that_fit(PROVIDER_CALLS_OF_AN_ENDPOINT)
    in_all = payments_that_fit(PROVIDER_CALLS_A_SECOND / len(PROVIDER_CALLS))
    yield (
        f"An invocation authorises {one:.2f} orders a second: an order takes {len(PROVIDER_CALLS)}"
        f" calls of half a second. So prod's {prod} at once make"
        f" {prod * one * len(PROVIDER_CALLS):.0f} calls a second, above the provider's default by"
        f" either reading. A concurrency of {both} stays below both limits; {in_all} is the most"
        " where only the limit of all calls together holds. With a contract for more it is"
        f" {HEADROOM / one:.1f} for each order a second, and the provider has to take a tenth more"
        " than the stage can ask for. **Ask the provider first, then set the concurrency**: too"
        " high, it costs half of what is there in pauses; too low, only what is above it."
    )
    yield ""


def _the_hot_item(findings: Findings) -> Iterator[str]:
    any_sale = next(iter(findings.hot.values()))
    holds = any_sale.deployment.times.transaction_holds
    yield "## One item that everybody wants"
    yield ""
    yield (
        f"{any_sale.sale.rate:,.0f} orders/s, of which {HOT_SHARE:.0%} want one and the same item,"
        f" at what was sized for {LARGE_LOAD:,.0f}. The item's stock is one number, so all of them"
        " write it in their transactions. Two things bound that. A partition takes"
        f" {UNITS_OF_A_PARTITION:,.0f} write units a second,"
        f" {UNITS_OF_A_PARTITION / UNITS_OF_A_STOCK_ITEM:.0f} such transactions, failed ones"
        " included. And while a transaction is at the item, every other one is cancelled: with"
        f" {holds * 1000:.0f} ms for that, fewer than {1 / holds:.0f} a second can succeed. A"
        f" cancelled one is tried again at once, {ATTEMPTS_AT_A_CONFLICT} times in all with"
        f" {PAUSE_AT_A_CONFLICT[0] * 1000:.0f} to {PAUSE_AT_A_CONFLICT[1] * 1000:.0f} ms between;"
        " then after the message's backoff, and given up after"
        f" {MAPPINGS['inventory'].max_receives} receives. `stockCounters` splits the stock over"
        " several numbers, each of which takes its share of the orders. Each attempt takes its"
        " write units and the function's time, so the tables are warm here for"
        f" {ATTEMPTS_OF_AN_ORDER:.1f} transactions of an order for the item."
    )
    yield ""
    yield from _table(
        [
            "counters",
            "attempts that fail",
            "receives an order",
            "p50, with the item",
            "p95, with the item",
            "p95, without it",
            "dead letters",
        ],
        [
            [
                f"{counters}",
                _share(outcome.refusing["hot item"].refused, outcome.refusing["hot item"].asked),
                f"{outcome.queues['inventory'].served / outcome.accepted:.2f}",
                _seconds(outcome.percentile(0.5, hot=True)),
                _seconds(outcome.percentile(OBJECTIVE_SHARE, hot=True)),
                _seconds(outcome.percentile(OBJECTIVE_SHARE, hot=False)),
                f"{outcome.failed:,.0f}",
            ]
            for counters, outcome in findings.hot.items()
        ],
    )
    yield ""
    yield "![One hot item, its stock split](simulation-hot-item.png)"
    yield ""
    alone = "; ".join(
        f"with {counters} the p95 would be"
        f" {_seconds(outcome.percentile(OBJECTIVE_SHARE, hot=True))},"
        f" and {outcome.failed:,.0f} orders dead letters"
        for counters, outcome in findings.hot_without_conflicts.items()
    )
    yield (
        f"**Advised is a counter for every {ORDERS_OF_A_COUNTER} orders a second**"
        f" (`simulation/sizing.py`), {counters_for(any_sale.sale.rate * HOT_SHARE)} here: then no"
        f" more than {BACK_TO_THE_QUEUE:.0%} of the orders for the item meet others at all"
        f" {ATTEMPTS_AT_A_CONFLICT} attempts and go back to the queue, and the other"
        f" {1 - BACK_TO_THE_QUEUE:.0%} are what the objective is for. {MAX_STOCK_COUNTERS}"
        " counters, the most there may be, are"
        f" {MAX_STOCK_COUNTERS * ORDERS_OF_A_COUNTER:,} orders a second of one item."
    )
    yield ""
    yield (
        f"The {holds * 1000:.0f} ms are an assumption: AWS gives no number, so measure before a"
        f" sale how many reservations of one item succeed. By write units alone: {alone}."
    )
    yield ""
    yield (
        "Validation reads the item's own key once for each order, strongly consistent, however many"
        f" counters there are, and a key takes {READS_OF_A_PARTITION:,.0f} such reads a second:"
        f" that is met at {READS_OF_A_PARTITION:,.0f} orders a second of the item, far above what"
        " the counters take."
    )
    yield ""


def _validation(findings: Findings) -> Iterator[str]:
    yield "## Against a measured run"
    yield ""
    if findings.comparison is None:
        yield (
            f"There is none yet: {findings.why_no_comparison}. `make simulate` writes this section"
            " as soon as there is one; until then the numbers above rest on assumptions."
        )
        yield ""
        return
    yield (
        "The model with the load, the concurrency and the service times of the measured run on"
        " LocalStack, beside what was measured there. As those are the run's own, what is tested is"
        " the queueing: whether queues, batches and hops add up as they should; it does not tell"
        f" how fast AWS is. `make simulate-validate` fails where a row that is held is more than"
        f" {TOLERANCE:g} times above or below."
    )
    yield ""
    yield from _table(
        ["", "unit", "measured", "model", "model / measured", f"held to {TOLERANCE:g} times"],
        [
            [
                each.what,
                each.unit,
                f"{each.measured:,.1f}",
                NONE if each.modelled is None else f"{each.modelled:,.1f}",
                f"{each.ratio:.2f}",
                _held(each),
            ]
            for each in findings.comparison
        ],
    )
    yield ""


def _held(comparison: Comparison) -> str:
    if not comparison.is_held:
        return NONE
    return "yes" if comparison.is_close else "**no**"


def _left_out() -> Iterator[str]:
    yield "## What is left out"
    yield ""
    yield (
        "* Chance in queues: orders wait in the model because more come than go, not because two"
        " meet by accident. Near a limit, real waits are longer."
    )
    yield (
        "* Bursts that DynamoDB and the provider may allow; reads, but for validation's of the hot"
        " item; what other callers ask; what the reconciler publishes again for orders that are"
        " late; second deliveries of events."
    )
    yield (
        "* SES's rate, which AWS sets for each account (`orderctl preflight` shows it). The audit"
        " stream is beside the way to a confirmation; its quota is among what each part carries."
    )
    yield (
        "* That a refused call takes less time than one that is answered: the stage would try more"
        " often than here."
    )


# ---------------------------------------------------------------------- parts of tables


def _settings(deployment: Deployment) -> str:
    return "; ".join(
        f"`{name}` {before:,} → {after:,}" for name, (before, after) in changes(deployment).items()
    )


def _quotas(deployment: Deployment) -> str:
    account = deployment.account
    warm = [
        f"{resource} warm at {units:,.0f} units/s" for resource, units in account.warm_units.items()
    ]
    provider = (
        f"provider {account.provider_calls:,.0f} calls/s,"
        f" {account.provider_calls_of_an_endpoint:,.0f} of one operation"
    )
    return "; ".join([f"topic {account.publishes:,.0f} messages/s", provider, *warm])


def _beyond_settings(deployment: Deployment) -> str:
    beyond = []
    if deployment.payments_at_once > 1:
        beyond.append(
            f"payment takes {deployment.payments_at_once} messages in a batch, and handles them"
            " at once (code)"
        )
    if deployment.scaling.first > FIRST_INVOCATIONS:
        beyond.append(
            f"mappings in provisioned mode, with {deployment.scaling.first:.0f} invocations from"
            " the start and a maximum of pollers instead of a maximum concurrency (building block)"
        )
    return "; ".join(beyond) or NONE


def _percentiles(outcome: Outcome) -> list[str]:
    return [_seconds(outcome.percentile(share)) for share in (0.5, OBJECTIVE_SHARE, 0.99)]


def _bound(bound: Bound) -> str:
    name = _NAMES.get(bound.limit, f"the {bound.limit}")
    return f"{name} (after {_seconds(bound.at)})"


def _confirmed_a_second(outcome: Outcome) -> float:
    """Return the confirmations a second between the first minute and the end of the sale."""
    begin, end = outcome.sale.rise + 60, outcome.sale.ends
    confirmed = sum(each.orders for each in outcome.confirmations if begin <= each.last <= end)
    return confirmed / (end - begin)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "over an hour"
    if seconds < 10:  # noqa: PLR2004 (below, tenths tell something)
        return f"{seconds:.1f} s"
    if seconds < 120:  # noqa: PLR2004 (two minutes)
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _share(part: float, whole: float) -> str:
    share = part / whole if whole else 0.0
    return f"{share:.0%}" if not 0 < share < 0.01 else f"{share:.1%}"  # noqa: PLR2004 (a hundredth)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
