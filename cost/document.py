"""docs/benchmarks/cost.md: the tables in it, from what was measured and what AWS charges."""

from collections.abc import Mapping, Sequence

from cost.arithmetic import (
    ALONE,
    FULL,
    MAIL_WAIT,
    PROVIDER_WAIT,
    Batches,
    Line,
    also_of,
    batches_of,
    beside_of,
    kept_of,
    total,
    work_of,
)
from cost.month import MonthLine
from cost.prices import Prices
from cost.sizes import Sizes
from cost.work import Measured
from simulation.measured import measured_run
from stacks.packaging import PROJECT

DOCUMENT = PROJECT / "docs/benchmarks/cost.md"

BUDGET_USD, BUDGET_ALONE_USD = 35.0, 42.0
"""What a million confirmed orders of two lines may cost, as in the load test and one by one."""

BUDGET_OF_IDLE_DEV_USD = 10.0
"""What a month of dev may cost in which nobody orders anything."""

LINES_OF_BUDGET = 2


def parts(
    measured: Measured, prices: Prices, sizes: Sizes, months: Mapping[str, Sequence[MonthLine]]
) -> dict[str, str]:
    """Return the parts of the document that are written, by their names.

    `months` are the lines of an idle month, by environment.
    """
    order = measured.by_lines[LINES_OF_BUDGET]
    work = {name: lines_of(measured, sizes, batches) for name, batches in columns().items()}
    also, kept = also_of(sizes), kept_of(order)
    return {
        "total": _total(measured, work, also, kept, prices),
        "work": _table(work, prices),
        "also": _table({"USD a million": also}, prices),
        "kept": _table({"USD a million": kept}, prices),
        "beside": _table({"USD a million": beside_of()}, prices),
        "growth": _growth(measured, sizes, prices),
        "functions": _functions(measured, sizes),
        "months": _months(months, prices),
        "prices": _prices([*work[ONE_BY_ONE], *also, *kept], months, prices),
    }


ONE_BY_ONE = "one after the other"


def columns() -> dict[str, Batches]:
    """Return how orders may come, the dearest way first, by what it is called.

    Raises
    ------
    MeasurementError
        If there is no load test.
    """
    return {
        ONE_BY_ONE: ALONE,
        "as in the load test": batches_of(measured_run()),
        "with full batches": FULL,
    }


def lines_of(
    measured: Measured, sizes: Sizes, batches: Batches, lines: int = LINES_OF_BUDGET
) -> list[Line]:
    """Return the lines of the work that an order of so many lines makes."""
    return work_of(measured.by_lines[lines], measured.starts_ms, sizes, batches)


def _total(
    measured: Measured,
    work: Mapping[str, Sequence[Line]],
    also: Sequence[Line],
    kept: Sequence[Line],
    prices: Prices,
) -> str:
    sums = ", ".join(f"**{total(lines, prices):.2f} USD** {name}" for name, lines in work.items())
    alone = total([*work[ONE_BY_ONE], *also, *kept], prices)
    others = [line for line in work[ONE_BY_ONE] if line.what in (MAIL_WAIT, PROVIDER_WAIT)]
    return (
        f"A million confirmed orders of two lines cost {sums}.\n"
        f"{total(others, prices):.2f} of each is for functions that wait for the payment provider"
        " and for SES.\n"
        f"With what comes along ({total(also, prices):.2f}) and what is kept"
        f" ({total(kept, prices):.2f}): {alone:.2f} {ONE_BY_ONE}.\n\n"
        f"Measured on {measured.date} with {measured.orders} orders of each number of lines:"
        f" {measured.machine}.\n"
    )


def _table(columns: Mapping[str, Sequence[Line]], prices: Prices) -> str:
    """Return a table of the same lines under different circumstances, with a column for each."""
    text = f"| | what | of one order | {' | '.join(columns)} |\n"
    text += f"|---|---|---|{'---|' * len(columns)}\n"
    for lines in zip(*columns.values(), strict=True):
        first = lines[0]
        unit = prices[first.price].unit.partition(",")[0]
        costs = " | ".join(f"{line.usd(prices):,.2f}" for line in lines)
        text += (
            f"| {first.service} | {first.what} | {_quantity(first.quantity)} {unit} | {costs} |\n"
        )
    sums = " | ".join(f"**{total(lines, prices):,.2f}**" for lines in columns.values())
    return f"{text}| **sum** | | | {sums} |\n"


def _quantity(quantity: float) -> str:
    return f"{quantity:.3g}"


def _growth(measured: Measured, sizes: Sizes, prices: Prices) -> str:
    columns = sorted(measured.by_lines)
    by_lines = {
        lines: _by_service(lines_of(measured, sizes, ALONE, lines), prices) for lines in columns
    }
    services = list(dict.fromkeys(name for found in by_lines.values() for name in found))
    text = f"| lines of the order | {' | '.join(map(str, columns))} |\n"
    text += f"|{'---|' * (len(columns) + 1)}\n"
    for service in services:
        cells = (f"{by_lines[lines].get(service, 0):.2f}" for lines in columns)
        text += f"| {service} | {' | '.join(cells)} |\n"
    sums = (f"**{sum(by_lines[lines].values()):.2f}**" for lines in columns)
    return f"{text}| **sum** | {' | '.join(sums)} |\n"


def _by_service(lines: Sequence[Line], prices: Prices) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in lines:
        found[line.service] = found.get(line.service, 0) + line.usd(prices)
    return found


def _functions(measured: Measured, sizes: Sizes) -> str:
    order = measured.by_lines[LINES_OF_BUDGET]
    text = (
        "| function | memory, MB | invocations | processor, ms | on LocalStack, ms | cold, ms |\n"
        "|---|---|---|---|---|---|\n"
    )
    for name, each in order.invocations.items():
        text += (
            f"| {name} | {sizes.memory_mb[name]} | {each.times:g} | {each.processor_ms:.1f}"
            f" | {each.local_ms:.0f} | {measured.starts_ms[name]:.0f} |\n"
        )
    return text


def _months(months: Mapping[str, Sequence[MonthLine]], prices: Prices) -> str:
    found = {
        environment: {line.what: line.usd(prices) for line in lines}
        for environment, lines in months.items()
    }
    names = list(dict.fromkeys(name for lines in found.values() for name in lines))
    text = f"| USD a month | {' | '.join(found)} |\n|{'---|' * (len(found) + 1)}\n"
    for name in names:
        cells = (f"{lines[name]:.2f}" if name in lines else "" for lines in found.values())
        text += f"| {name} | {' | '.join(cells)} |\n"
    sums = (f"**{sum(lines.values()):.2f}**" for lines in found.values())
    return f"{text}| **sum** | {' | '.join(sums)} |\n"


def _prices(
    lines: Sequence[Line], months: Mapping[str, Sequence[MonthLine]], prices: Prices
) -> str:
    used = {line.price for line in lines}
    used |= {line.price for each in months.values() for line in each}
    unchecked = total([line for line in lines if prices[line.price].taken == "unchecked"], prices)
    text = (
        f"Of all that, {unchecked:.2f} USD a million rest on prices that were not read from AWS's"
        " page for this table.\n\n| USD | for | taken | source |\n|---|---|---|---|\n"
    )
    for name, price in prices.items():
        if name in used:
            text += (
                f"| {price.usd:g} | {price.per:,} {price.unit} | {price.taken} | {price.source} |\n"
            )
    return text
