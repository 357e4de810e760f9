"""`python -m timing.synthesis`: what importing on demand saves (docs/benchmarks/synthesis.md).

The app and the import of its tests, each with the provider's modules on demand and with the
provider's own import of all 2,135, in turn on one machine. Bytecode is kept between the runs, in a
folder of its own, and the runs that write it do not count: without it the difference is larger.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stacks.cdk import STOCK_IMPORT_SWITCH
from stacks.packaging import PROJECT
from timing.machine import description
from timing.written_parts import write_part

DOCUMENT = PROJECT / "docs/benchmarks/synthesis.md"

LONGEST_SYNTHESIS = 0.4
"""How long synthesis may take, as a share of the time with the provider's own import."""

ROUNDS = 5

PROGRAMS = {
    "the app, as `cdktf synth` runs it": ("main.py",),
    "the stack tests' import": ("-c", "import tests.stacks.conftest"),
}


@dataclass(frozen=True)
class Run:
    """One run: seconds by the clock, and of processor with all processes that it started."""

    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Comparison:
    """Runs of one program, on demand and with the stock import."""

    on_demand: Sequence[Run]
    stock: Sequence[Run]

    @property
    def ratio(self) -> float:
        """The share of the processor's time that is left, whatever else runs; medians."""
        return _median(self.on_demand).processor_seconds / _median(self.stock).processor_seconds


def compare(program: Sequence[str], *, rounds: int = ROUNDS) -> Comparison:
    """Run a program in turn with both imports."""
    on_demand, stock = [], []
    with tempfile.TemporaryDirectory() as temporary:
        variables = _variables(Path(temporary))
        for switch in ("0", "1"):
            _run(program, variables | {STOCK_IMPORT_SWITCH: switch})
        for _ in range(rounds):
            on_demand.append(_run(program, variables | {STOCK_IMPORT_SWITCH: "0"}))
            stock.append(_run(program, variables | {STOCK_IMPORT_SWITCH: "1"}))
    return Comparison(on_demand, stock)


def table(comparisons: Mapping[str, Comparison]) -> str:
    """Return the table of what takes how long."""
    rounds = len(next(iter(comparisons.values())).stock)
    text = (
        f"{datetime.now(UTC).date()}: {description()}; medians of {rounds} runs.\n\n"
        "| | on demand, s (processor) | stock import, s (processor) | share |\n|---|---|---|---|\n"
    )
    for name, comparison in comparisons.items():
        on_demand, stock = _median(comparison.on_demand), _median(comparison.stock)
        text += (
            f"| {name} | {on_demand.seconds:.1f} ({on_demand.processor_seconds:.1f})"
            f" | {stock.seconds:.1f} ({stock.processor_seconds:.1f}) | {comparison.ratio:.2f} |\n"
        )
    return text


def _variables(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "ENVIRONMENT": "prod",
        "AWS_ACCOUNT_ID": "123456789012",
        "EMAIL_SENDER": "orders@example.com",
        "ALARM_ADDRESSES": "ops@example.com",
        "CANARY_ITEM": "canary",
        "CANARY_PAYMENT_METHOD": "pm_card_visa",
        "CDKTF_OUTDIR": str(folder / "cdktf.out"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }


def _run(program: Sequence[str], variables: Mapping[str, str]) -> Run:
    before, began = _processor_seconds(), time.monotonic()
    subprocess.run([sys.executable, *program], cwd=PROJECT, env=dict(variables), check=True)
    return Run(time.monotonic() - began, _processor_seconds() - before)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _median(runs: Sequence[Run]) -> Run:
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor_seconds for run in runs),
    )


def main() -> None:
    """Measure, and write it down."""
    comparisons = {name: compare(program) for name, program in PROGRAMS.items()}
    write_part(DOCUMENT, "synthesis", table(comparisons))


if __name__ == "__main__":
    main()
