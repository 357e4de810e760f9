"""`python -m simulation`: runs the sales, writes docs/benchmarks/simulation.md and its pictures.

With `--validate` it only holds the model against the measured run, and fails where they are too far
apart (1) or there is none (2).
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from time import monotonic
from typing import Final

from simulation.deployment import Deployment
from simulation.findings import Findings, Key, assemble, plan
from simulation.measured import LOCAL_LOAD, MeasurementError, measured_run
from simulation.outcome import Outcome
from simulation.pipeline import Pipeline
from simulation.report import NONE, report
from simulation.sale import Sale
from simulation.scenarios import HOT_SHARE
from simulation.validation import TOLERANCE, Comparison, compare

FOLDER: Final = LOCAL_LOAD.parent
APART: Final = 1
"""The exit status when the model is too far from the measured run."""
NO_RUN: Final = 2
"""The exit status when there is no measured run to compare with."""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--validate", action="store_true", help="compare with the measured run")
    parser.add_argument("--run", type=Path, default=LOCAL_LOAD, help="the measured run's file")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder to write to")
    parser.add_argument(
        "--processes", type=int, default=os.process_cpu_count() or 1, help="sales run at once"
    )
    options = parser.parse_args(arguments)
    if options.validate:
        return validate(options.run)
    comparison, why_not = _comparison(options.run)
    outcomes = run_all(plan(), options.processes)
    document = write(assemble(outcomes, comparison, why_not), options.into)
    print(f"written: {document}")
    return 0


def validate(path: Path) -> int:
    """Print the model beside the measured run."""
    try:
        comparisons = compare(measured_run(path))
    except MeasurementError as error:
        print(f"cannot validate the model: {error}", file=sys.stderr)
        return NO_RUN
    for each in comparisons:
        modelled = NONE if each.modelled is None else f"{each.modelled:,.1f}"
        print(
            f"{each.what}: measured {each.measured:,.1f}, model {modelled} {each.unit},"
            f" ratio {each.ratio:.2f}"
        )
    if apart := [each.what for each in comparisons if not each.is_close]:
        print(
            f"the model is more than {TOLERANCE:g} times above or below the measured run:"
            f" {'; '.join(apart)}",
            file=sys.stderr,
        )
        return APART
    return 0


def run_all(sales: Mapping[Key, tuple[Deployment, Sale]], processes: int) -> Mapping[Key, Outcome]:
    """Run every sale, several at once, and say of each when it is done."""
    outcomes = {}
    for key, outcome, seconds in _run(sales, processes):
        outcomes[key] = outcome
        name = ", ".join(str(part) for part in key)
        print(f"{len(outcomes)}/{len(sales)} {name}: {seconds:.0f} s", flush=True)
    return outcomes


def _run(
    sales: Mapping[Key, tuple[Deployment, Sale]], processes: int
) -> Iterator[tuple[Key, Outcome, float]]:
    if processes == 1:
        for key, (deployment, sale) in sales.items():
            yield key, *_timed(deployment, sale)
        return
    with ProcessPoolExecutor(processes) as pool:
        running = {pool.submit(_timed, *sale): key for key, sale in sales.items()}
        for done in as_completed(running):
            yield running[done], *done.result()


def _timed(deployment: Deployment, sale: Sale) -> tuple[Outcome, float]:
    began = monotonic()
    return Pipeline(deployment, sale).run(), monotonic() - began


def write(findings: Findings, folder: Path) -> Path:
    """Write the report and the pictures into a folder; return the report."""
    # matplotlib is in the model's own environment, and not where its tests run.
    from simulation.plots import draw_backlogs, draw_hot_item, draw_times  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    draw_backlogs(findings.sales, folder / "simulation-backlog.png")
    draw_times(
        {
            **{f"{load:,.0f}/s, {name}": each for (name, load), each in findings.sales.items()},
            **{f"{load:,.0f}/s, sized for it": each for load, each in findings.sized.items()},
        },
        folder / "simulation-time-to-confirm.png",
    )
    rate = next(iter(findings.hot.values())).sale.rate
    draw_hot_item(
        findings.hot,
        folder / "simulation-hot-item.png",
        title=f"{rate:,.0f} orders/s, {HOT_SHARE:.0%} of one item",
    )
    document = folder / "simulation.md"
    document.write_text(report(findings))
    return document


def _comparison(measured: Path) -> tuple[list[Comparison] | None, str]:
    try:
        return compare(measured_run(measured)), ""
    except MeasurementError as error:
        return None, str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
