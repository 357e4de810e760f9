"""The domain can be read, and tested, without AWS, Stripe or any adapter."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from order_pipeline import domain

ALLOWED = {"pydantic", *sys.stdlib_module_names}
MODULES = sorted(Path(domain.__path__[0]).glob("*.py"))


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Import():
                yield from (each.name for each in node.names)
            case ast.ImportFrom():
                yield node.module or "."


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_imports_only_the_domain_and_what_models_need(module: Path) -> None:
    foreign = [
        name
        for name in imported(module)
        if name.partition(".")[0] not in ALLOWED and not name.startswith("order_pipeline.domain")
    ]
    assert foreign == []
