"""Runs the tests on mutants: a process for each, forked from one that has imported the libraries.

A mutant is never written to a file: the forked process imports its text in place of the module.
"""

import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutation.mutants import Mutant

PROCESSES = int(os.environ.get("PROCESSES", os.process_cpu_count() or 1))
OPTIONS = (
    "-x",
    "-q",
    "--noconftest",  # AWS in memory, which these tests do without
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",  # collects garbage at the end, which takes longer than a test
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",  # hypothesis was imported before pytest began
)


class BaselineError(Exception):
    """The tests fail without any mutant."""


class _Substitute(MetaPathFinder, Loader):
    """Imports one module from a text."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name, self._code = name, code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 (the interface's)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 (the mutant)


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "lambdas" else parts)


def _fork(task: Callable[[], int]) -> int:
    """Begin a task in a process of its own, which says nothing, and return its id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os._exit(task())
    except BaseException:  # noqa: BLE001 (a mutant may raise anything while it is imported)
        os._exit(1)


def _test(mutant: Mutant | None, *rounds: Sequence[str]) -> int:
    """Run rounds of tests until one fails."""
    if mutant is not None:
        code = compile(mutant.source, str(mutant.path.resolve()), "exec")
        sys.meta_path.insert(0, _Substitute(_module_name(mutant.path), code))
    return next((int(failed) for tests in rounds if (failed := pytest.main([*OPTIONS, *tests]))), 0)


def prepare(tests: Sequence[str], scratch: Path) -> float:
    """Run the tests as they are, import the libraries that they do, and tell how long it took.

    Raises
    ------
    BaselineError
        If the tests fail.
    """
    names = scratch / "libraries.json"

    def tests_then_names() -> int:
        failed = _test(None, tests)
        libraries = [
            name
            for name, module in list(sys.modules.items())
            if "site-packages" in (getattr(module, "__file__", None) or "")
        ]
        names.write_text(json.dumps(libraries))
        return failed

    began = time.monotonic()
    _, status = os.waitpid(_fork(tests_then_names), 0)
    if status:
        raise BaselineError(f"these fail by themselves: pytest {' '.join([*OPTIONS, *tests])}")
    for name in json.loads(names.read_text()):
        if name not in sys.modules:
            importlib.import_module(name)
    gc.freeze()
    return time.monotonic() - began


def survivors(
    mutants: Sequence[Mutant],
    rounds_for: Callable[[Path], Sequence[Sequence[str]]],
    *,
    seconds: float,
    tell: Callable[[int, Mutant | None], None],
) -> list[Mutant]:
    """Return the mutants on which all tests pass; one that takes more than `seconds` is killed."""
    alive: list[Mutant] = []
    waiting = list(reversed(mutants))
    running: dict[int, tuple[Mutant, float]] = {}
    while waiting or running:
        while waiting and len(running) < PROCESSES:
            mutant = waiting.pop()
            child = _fork(partial(_test, mutant, *rounds_for(mutant.path)))
            running[child] = (mutant, time.monotonic() + seconds)
        child, status = os.waitpid(-1, os.WNOHANG)
        if child:
            mutant, _ = running.pop(child)
            if status == 0:
                alive.append(mutant)
            tell(len(mutants) - len(waiting) - len(running), mutant if status == 0 else None)
            continue
        for child, (_, deadline) in running.items():
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    return alive
