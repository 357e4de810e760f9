"""CDKTF is imported in one place, fast, and what comes out is the same as without the shortcut."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.cdk import STOCK_IMPORT_SWITCH
from tests.stacks.synthesised import ENVIRONMENTS, STACKS

PROJECT = Path(__file__).resolve().parents[2]
SEAM = PROJECT / "stacks" / "cdk.py"
BEHIND_THE_SEAM = {"cdktf", "cdktf_cdktf_provider_aws", "constructs", "jsii"}

# Synthesises every environment; prints the seconds until the first was done, as for one synth.
PROGRAM = """
import sys, time
started = time.monotonic()
from pathlib import Path
from tests.stacks.synthesised import ENVIRONMENTS, settings_of, synthesise
seconds = None
for environment in ENVIRONMENTS:
    folder = Path(sys.argv[1]) / environment
    folder.mkdir()
    synthesise(settings_of(environment), folder)
    seconds = seconds or time.monotonic() - started
print(seconds, sum(name.startswith("cdktf_cdktf_provider_aws.") for name in sys.modules))
"""


@dataclass(frozen=True)
class Run:
    """One run of PROGRAM."""

    folder: Path
    seconds: float
    provider_modules: int

    def text(self, environment: str, stack: str) -> str:
        """Return a stack as it was written."""
        return (self.folder / environment / "stacks" / stack / "cdk.tf.json").read_text()


def _run(folder: Path, *, stock: bool) -> Run:
    folder.mkdir()
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=PROJECT,
        env=os.environ | {STOCK_IMPORT_SWITCH: "1" if stock else "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, modules = process.stdout.split()
    return Run(folder, float(seconds), int(modules))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """One run on demand, one with the provider's own import.

    The latter imports 2,135 modules, which takes most of a minute where no bytecode is kept.
    """
    folder = tmp_path_factory.mktemp("import-seam")
    return _run(folder / "on-demand", stock=False), _run(folder / "stock", stock=True)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_both_imports_synthesise_the_same(runs: tuple[Run, Run], environment: str) -> None:
    on_demand, stock = runs
    for stack in STACKS:
        text = on_demand.text(environment, stack)
        assert text == stock.text(environment, stack)
        assert json.loads(text)["resource"]


def test_synthesis_is_at_least_twice_as_fast(runs: tuple[Run, Run]) -> None:
    on_demand, stock = runs
    assert on_demand.seconds * 2 <= stock.seconds
    # Both did what their names say.
    assert on_demand.provider_modules < 200
    assert stock.provider_modules > 2000


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
