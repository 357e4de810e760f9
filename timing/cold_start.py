"""`python -m timing.cold_start`: measures how functions start (docs/benchmarks/cold-start.md).

A start is what Lambda calls the init phase: a fresh process imports the function's handler, which
makes its clients and builds its models. Each start is compared with one that imports boto3 and
makes one client, taken just before or after it, so that the ratio carries over to other machines.

The packages are those that are deployed, unpacked; boto3 is this environment's. Nothing is compiled
and kept on the way (``-B``), since Lambda's task folder cannot be written to.
"""

import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from timing.functions import FUNCTIONS, Packages, as_source, secrets, unpacked, variables
from timing.machine import description
from timing.written_parts import write_part

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/benchmarks/cold-start.md"

YARDSTICK = "import boto3; boto3.client('dynamodb')"
LONGEST_START = 1.5
"""How long place-order may take to start, as a multiple of the yardstick."""

LARGEST_PACKAGE_MB = 10.0
"""How large a package may be, unpacked, without boto3; the provider's library has its own."""

LARGEST_PACKAGE_WITH_PROVIDER_MB = 21.5

ROUNDS = 11
_TRACED_ROUNDS = 5
MEGABYTE = 1_000_000
_LEAST_SHARE = 0.5
"""In percent: what less has is not worth a line."""

_PROGRAM = """
import sys, time
statement, *sys.path[:0] = sys.argv[1:]
began, worked = time.perf_counter(), time.process_time()
exec(statement)
seconds, processor_seconds = time.perf_counter() - began, time.process_time() - worked
try:
    with open("/proc/self/status") as status:  # not getrusage: it has what the parent used, too
        kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM"))
except OSError:
    kilobytes = "nan"  # not on Linux
print(seconds, processor_seconds, kilobytes, *sys.modules)
"""
_LINE = re.compile(r"import time:\s+(?P<self>\d+) \|\s+\d+ \| \s*(?P<module>\S+)")

WHY = {
    "botocore": "AWS's API: signing, retries, connections",
    "urllib3": "connections, for botocore",
    "dateutil": "times in AWS's answers, for botocore",
    "jmespath": "paths in AWS's answers, for botocore",
    "six": "for dateutil",
    "pydantic": "models: whatever comes in or is stored is validated by one",
    "pydantic_core": "pydantic's validators, compiled",
    "annotated_types": "for pydantic",
    "typing_extensions": "for pydantic",
    "typing_inspection": "for pydantic",
    "aws_lambda_powertools": "structured logs, and metrics in them",
    "stripe": "the payment provider's API",
    "requests": "connections, for Stripe's library",
    "certifi": "authorities, for requests",
    "charset_normalizer": "for requests",
    "idna": "for requests",
}
"""Every package of others that a function may begin with, and what for."""

_INTERNAL = ("_sysconfigdata_", "_cython_", "cython_runtime")

FIRST_PARTY = "order_pipeline"
STANDARD = "Python's own modules"


@dataclass(frozen=True)
class Start:
    """One start: seconds by the clock, seconds of processor, megabytes at most, modules."""

    seconds: float
    processor_seconds: float
    megabytes: float
    modules: frozenset[str]


@dataclass(frozen=True)
class Starts:
    """Starts of one function, each with a yardstick next to it."""

    of_function: Sequence[Start]
    of_yardstick: Sequence[Start]

    @property
    def ratio(self) -> float:
        """How long a start takes, as a multiple of the yardstick.

        Of processor time, since a start waits for nothing: what else the machine does then counts
        less. Medians, for the same reason.
        """
        return _median_processor(self.of_function) / _median_processor(self.of_yardstick)

    @property
    def ratio_by_clock(self) -> float:
        """The same by the clock."""
        return _median_clock(self.of_function) / _median_clock(self.of_yardstick)


def start(statement: str, paths: Iterable[Path], environment: Mapping[str, str]) -> Start:
    """Run a statement in a fresh process that finds modules in `paths` and nowhere else."""
    output = _run([], statement, paths, environment).stdout
    seconds, processor_seconds, kilobytes, *modules = output.split()
    return Start(
        float(seconds), float(processor_seconds), float(kilobytes) / 1000, frozenset(modules)
    )


def measure(
    functions: Sequence[str], packages: Packages, *, endpoint: str, rounds: int = ROUNDS
) -> dict[str, Starts]:
    """Start functions again and again, in turn, with a yardstick before each."""
    found: dict[str, list[tuple[Start, Start]]] = {function: [] for function in functions}
    for _ in range(rounds):
        for function, pairs in found.items():
            environment = variables(function, endpoint=endpoint)
            yardstick = start(YARDSTICK, [packages.runtime], environment)
            own = start(f"import {function}.handler", packages.paths(function), environment)
            pairs.append((own, yardstick))
    return {
        function: Starts([own for own, _ in pairs], [yardstick for _, yardstick in pairs])
        for function, pairs in found.items()
    }


def shares(
    function: str, packages: Packages, *, endpoint: str, rounds: int = _TRACED_ROUNDS
) -> dict[str, float]:
    """Return what each package takes of a start, in percent, the largest first.

    Of each module's own time (``-X importtime``) the least of some starts counts: that of the
    handler has the clients it makes and the models it builds.
    """
    least: dict[str, int] = {}
    for _ in range(rounds):
        traced = _run(
            ["-X", "importtime"],
            f"import {function}.handler",
            packages.paths(function),
            variables(function, endpoint=endpoint),
        )
        loaded = set(traced.stdout.split())
        for line in _LINE.finditer(traced.stderr):
            module, own = line["module"], int(line["self"])
            if module in loaded:  # and not just looked for
                least[module] = min(own, least.get(module, own))
    by_package: Counter[str] = Counter()
    for module, own in least.items():
        by_package[package_of(module, function)] += own
    return {name: 100 * own / by_package.total() for name, own in by_package.most_common()}


def package_of(module: str, function: str) -> str:
    """Return what a module is counted with: others' packages by name, ours and Python's as one."""
    top = module.partition(".")[0]
    if top in {function, FIRST_PARTY}:
        return FIRST_PARTY
    return top if top in WHY else STANDARD


def unexplained(modules: Iterable[str], function: str) -> set[str]:
    """Return the packages among `modules` that neither Python nor we have made and WHY has not."""
    tops = {name.partition(".")[0] for name in modules}
    known = {*WHY, function, FIRST_PARTY, "__main__", *sys.stdlib_module_names}
    # What the interpreter was built with, and what compiled modules share, are modules, too.
    return {name for name in tops - known if not name.startswith(_INTERNAL)}


def _run(
    options: Sequence[str], statement: str, paths: Iterable[Path], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-B", *options, "-c", _PROGRAM, statement]
    return subprocess.run(
        [*command, *map(str, paths)],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=True,
    )


def _median_processor(starts: Sequence[Start]) -> float:
    return statistics.median(each.processor_seconds for each in starts)


def _median_clock(starts: Sequence[Start]) -> float:
    return statistics.median(each.seconds for each in starts)


# ------------------------------------------------------------------ the document


def table_of_starts(packages: Packages, starts: Mapping[str, Starts]) -> str:
    """Return the table of how long each function takes to start, and how large it is."""
    rounds = len(next(iter(starts.values())).of_function)
    text = (
        f"{datetime.now(UTC).date()}: {description()}; medians of {rounds} starts.\n\n"
        "| function | package, MB | times boto3 | processor, ms | by the clock, ms | memory, MB |\n"
        "|---|---|---|---|---|---|\n"
    )
    for function, found in starts.items():
        text += (
            f"| {function.replace('_', '-')} | {packages.bytes_of(function) / MEGABYTE:.1f}"
            f" | {found.ratio:.2f} | {_figures(found.of_function)} |\n"
        )
    yardsticks = [each for found in starts.values() for each in found.of_yardstick]
    return f"{text}| *boto3 and a client* | | 1.00 | {_figures(yardsticks)} |\n"


def table_of_reasons(shares_of_function: Mapping[str, float]) -> str:
    """Return the table of what a function imports, and why."""
    reasons = {**WHY, FIRST_PARTY: "our own code", STANDARD: "what all of these use"}
    rows = (
        f"| {package} | {share:.0f} % | {reasons[package]} |\n"
        for package, share in shares_of_function.items()
        if share >= _LEAST_SHARE
    )
    return "| package | share | why |\n|---|---|---|\n" + "".join(rows)


def table_of_shares(shares_of: Mapping[str, Mapping[str, float]]) -> str:
    """Return the table of the packages' shares of every function's start."""
    total: Counter[str] = Counter()
    for found in shares_of.values():
        total.update(found)
    columns = [package for package, _ in total.most_common()]
    text = f"| function | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    for function, found in shares_of.items():
        cells = (f"{found[package]:.0f}" if package in found else "" for package in columns)
        text += f"| {function.replace('_', '-')} | {' | '.join(cells)} |\n"
    return text


def _figures(starts: Sequence[Start]) -> str:
    return (
        f"{1000 * _median_processor(starts):.0f} | {1000 * _median_clock(starts):.0f}"
        f" | {max(each.megabytes for each in starts):.0f}"
    )


def main() -> None:
    """Measure, and write it down."""
    with unpacked(*FUNCTIONS) as packages, secrets() as endpoint:
        starts = measure(FUNCTIONS, packages, endpoint=endpoint)
        shares_of = {
            function: shares(function, packages, endpoint=endpoint) for function in FUNCTIONS
        }
        with tempfile.TemporaryDirectory() as folder:
            of_source = _without_bytecode(packages, Path(folder), endpoint)
        write_part(DOCUMENT, "starts", table_of_starts(packages, starts))
        write_part(DOCUMENT, "reasons", table_of_reasons(shares_of["place_order"]))
        write_part(DOCUMENT, "shares", table_of_shares(shares_of))
        write_part(
            DOCUMENT,
            "source",
            f"Without it, place-order takes {of_source.ratio:.1f} times boto3.\n",
        )


def _without_bytecode(packages: Packages, folder: Path, endpoint: str) -> Starts:
    as_source("place_order", folder / "place_order")
    (folder / "runtime").symlink_to(packages.runtime)
    return measure(["place_order"], Packages(folder), endpoint=endpoint)["place_order"]


if __name__ == "__main__":
    main()
