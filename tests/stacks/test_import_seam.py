"""CDKTF is imported in one place, fast, and what comes out is the same as without the shortcut."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.deployment import STACKS
from stacks.cdk import STOCK_IMPORT_SWITCH
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import ENVIRONMENTS
from timing.synthesis import DOCUMENT, LONGEST_SYNTHESIS, PROGRAMS
from timing.written_parts import read_part

PROJECT = Path(__file__).resolve().parents[2]
SEAM = PROJECT / "stacks" / "cdk.py"
BEHIND_THE_SEAM = {"cdktf", "cdktf_cdktf_provider_aws", "constructs", "jsii"}

# Synthesises the environments named; prints the processor's seconds until the first was done, and
# how much of the provider was imported.
PROGRAM = """
import sys, time
from pathlib import Path
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import settings_of, synthesise
seconds = None
folder, *environments = sys.argv[1:]
for environment in environments:
    synthesise(settings_of(environment), Path(folder) / environment)
    seconds = seconds or time.process_time()
print(seconds, sum(name.startswith("cdktf_cdktf_provider_aws.") for name in sys.modules))
"""


@dataclass(frozen=True)
class Run:
    """One run of PROGRAM."""

    folder: Path
    processor_seconds: float
    provider_modules: int


def _run(folder: Path, switch: str, *environments: str) -> Run:
    for environment in environments:
        (folder / environment).mkdir()
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), *environments],
        cwd=PROJECT,
        env=os.environ | {STOCK_IMPORT_SWITCH: switch},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, modules = process.stdout.split()
    return Run(folder, float(seconds), int(modules))


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory, deployments: Deployments) -> Run:
    """Every environment, with the provider's own import.

    It imports 2,135 modules, which takes half a minute where no bytecode is kept. What others may
    have to wait for, the functions' packages, is there before.
    """
    deployments(ENVIRONMENTS[0])
    return _run(tmp_path_factory.mktemp("stock"), "1", *ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_both_imports_synthesise_the_same(
    stock: Run, deployments: Deployments, environment: str
) -> None:
    # given: this process imports on demand
    assert os.environ.get(STOCK_IMPORT_SWITCH) != "1"
    # when
    from_stock, on_demand = stock.folder / environment, deployments(environment).folder
    # then
    for stack in STACKS:
        file = Path("stacks", stack, "cdk.tf.json")
        assert (from_stock / file).read_bytes() == (on_demand / file).read_bytes()


def test_synthesis_takes_a_share_of_the_time(stock: Run, tmp_path: Path) -> None:
    """Of Python's own, whatever else this machine does; `make synth-timing` measures all of it."""
    run = _run(tmp_path, "0", ENVIRONMENTS[0])

    assert run.processor_seconds <= LONGEST_SYNTHESIS * stock.processor_seconds
    assert run.provider_modules < 200
    assert stock.provider_modules > 2000


def test_what_was_measured_keeps_the_budget() -> None:
    rows = read_part(DOCUMENT, "synthesis").splitlines()
    shares = [float(row.split("|")[-2]) for row in rows if row.startswith("| the ")]
    assert len(shares) == len(PROGRAMS)
    assert max(shares) <= LONGEST_SYNTHESIS
    assert f"share of {LONGEST_SYNTHESIS:g}" in DOCUMENT.read_text(encoding="utf-8")


def test_cdktf_is_imported_in_one_place() -> None:
    importers = {
        path
        for path in [
            PROJECT / "main.py",
            *PROJECT.glob("stacks/**/*.py"),
            *Path(__file__).parent.glob("*.py"),
        ]
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
        if name.partition(".")[0] in BEHIND_THE_SEAM
    }
    assert importers == {SEAM}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module]
    return []
