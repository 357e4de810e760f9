"""Mutates the domain and the rules of the plan review: `make mutants`."""

import argparse
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.running import prepare, survivors
from tests.mutation.suites import SUITES, Suite

EQUIVALENT = Path(__file__).parent / "equivalent.toml"

type Known = tuple[str, str, str]
"""A mutant that nothing can tell from the module: path, what was there, what is there."""


def main() -> int:
    """Run the suites asked for; 1 if a mutant survives that is not known to be equivalent."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--modules", nargs="+", help="only modules of these names")
    parser.add_argument("--every", type=int, default=1, help="only every so-manieth mutant")
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - SUITES.keys():
        parser.error(f"no suite is called {', '.join(sorted(unknown))}")
    known = {
        (each["path"], each["before"], each["after"])
        for each in tomllib.loads(EQUIVALENT.read_text())["mutant"]
    }
    results = [_run(name, SUITES[name], known, arguments) for name in arguments.suites or SUITES]
    return 0 if all(results) else 1


def _run(name: str, suite: Suite, known: set[Known], only: argparse.Namespace) -> bool:
    modules = [path for path in suite.modules if path.stem in (only.modules or [path.stem])]
    mutants = [mutant for path in modules for mutant in mutants_of(path)[:: only.every]]
    with tempfile.TemporaryDirectory() as scratch:
        seconds = prepare(suite.tests, Path(scratch))
    _progress(f"{name}: {len(mutants)} mutants, the tests take {seconds:.1f} s")
    alive = survivors(
        mutants,
        suite.rounds_for,
        seconds=10 * seconds + 10,
        tell=partial(_tell, name, len(mutants), known),
    )
    equivalent = [mutant for mutant in alive if _known_as(mutant) in known]
    left = [mutant for mutant in alive if mutant not in equivalent]
    _table(name, modules, mutants, alive, equivalent)
    tried = {str(path) for path in modules}
    made = {_known_as(mutant) for mutant in alive}
    stale = sorted(
        each for each in known if each[0] in tried and each not in made and only.every == 1
    )
    for path, before, after in stale:
        sys.stdout.write(f"no longer survives: {path}\n    - {before}\n    + {after}\n")
    return not left and not stale


def _known_as(mutant: Mutant) -> Known:
    return str(mutant.path), mutant.removed, mutant.added


def _table(
    name: str,
    modules: Sequence[Path],
    mutants: Sequence[Mutant],
    alive: Sequence[Mutant],
    equivalent: Sequence[Mutant],
) -> None:
    of = [Counter(mutant.path for mutant in each) for each in (mutants, alive, equivalent)]
    sys.stdout.write(
        f"\n| {name} | mutants | killed | equivalent | score |\n|---|--:|--:|--:|--:|\n"
    )
    for label, (made, lived, same) in [
        *((path.stem, [counter[path] for counter in of]) for path in modules),
        ("all", [counter.total() for counter in of]),
    ]:
        score = (made - lived) / (made - same) if made > same else 1
        sys.stdout.write(f"| `{label}` | {made} | {made - lived} | {same} | {score:.1%} |\n")


def _tell(name: str, number: int, known: set[Known], done: int, alive: Mutant | None) -> None:
    if alive is not None and _known_as(alive) not in known:
        sys.stdout.write(f"survives: {alive}\n")
        sys.stdout.flush()
    _progress(f"{name}: {done}/{number}")


def _progress(text: str) -> None:
    sys.stderr.write(f"\r\033[K{text}" if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
