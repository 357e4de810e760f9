"""Commands that documents and workflows name are there, and tools agree with each other.

Those of orderctl are in tests/unit/orderctl/test_documented_commands.py.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.docs.commands import (
    Makefile,
    commands_of,
    made,
    modules_of,
    runs,
    unknown_targets,
    unmentioned_targets,
)
from tests.docs.markdown import ROOT, Document, documents

DOCUMENTS = documents()
MAKEFILE = Makefile((ROOT / "Makefile").read_text())
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
HOOKS = ROOT / ".pre-commit-config.yaml"

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.path)


# ------------------------------------------------------------------ make


@each_document
def test_every_target_that_a_document_names_is_there(document: Document) -> None:
    assert unknown_targets(commands_of(document), MAKEFILE) == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_target_that_a_workflow_makes_is_there(path: Path) -> None:
    assert unknown_targets(runs(yaml.safe_load(path.read_text())), MAKEFILE) == []


def test_every_target_that_continuous_integration_makes_is_there() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [target for line in lines for target in made(line)]
    assert unknown_targets(iter(lines), MAKEFILE) == []


def test_every_target_that_is_explained_is_in_a_document() -> None:
    assert unmentioned_targets(MAKEFILE, DOCUMENTS) == []


SAMPLE = Makefile(
    "NAME := 1\n.PHONY: up\nup: ## Start\n\t@echo a: b\n"
    "down .folder/%.txt: up\nodd: ## Never told\n"
)


def test_the_targets_of_a_makefile_are_found() -> None:
    assert SAMPLE.targets == {"up", "down", ".folder/%.txt", "odd"}
    assert SAMPLE.explained == {"up": "Start", "odd": "Never told"}
    assert SAMPLE.has(".folder/any.txt")
    assert not SAMPLE.has("any.txt")


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        ("make", []),
        ("make up", ["up"]),
        ("$ KEEP=1 make up down", ["up", "down"]),
        ("make -s up STACKS='a b'", ["up"]),
        ("make redrive QUEUE=payment MESSAGE=…", ["redrive"]),
        ("make up && make down   # then make up again", ["up", "down"]),
        ("  # make up", []),
        ("nobody can make up for it", []),
        ("cmake up", []),
    ],
)
def test_what_a_command_makes_is_found(command: str, targets: list[str]) -> None:
    assert list(made(command)) == targets


@pytest.mark.parametrize(
    "text", ["`make sideways`", "```sh\nmake up sideways\n```", "## So: `make sideways`"]
)
def test_a_target_that_is_not_there_is_found(text: str) -> None:
    assert unknown_targets(commands_of(Document("x.md", text)), SAMPLE) == ["sideways"]


def test_a_workflow_with_a_target_that_is_not_there_is_found() -> None:
    workflow = {"jobs": {"a": {"steps": [{"run": "cd x\nmake sideways"}, {"name": "make up"}]}}}
    assert unknown_targets(runs(workflow), SAMPLE) == ["sideways"]


def test_a_target_that_no_document_mentions_is_found() -> None:
    told = Document("x.md", "`make up`, and never make odd things.\n")
    assert unmentioned_targets(SAMPLE, [told]) == ["odd"]


# ------------------------------------------------------------------ modules


def is_runnable(module: str) -> bool:
    path = ROOT / module.replace(".", "/")
    return (path / "__main__.py").is_file() or path.with_suffix(".py").is_file()


@each_document
def test_every_module_that_a_document_has_python_run_is_there(document: Document) -> None:
    modules = {each for command in commands_of(document) for each in modules_of(command)}
    assert {each for each in modules if not is_runnable(each)} == set()


def test_a_module_that_is_not_there_is_found() -> None:
    (module,) = modules_of(".venv/bin/python -m delivery.sideways review")
    assert not is_runnable(module)


# ------------------------------------------------------------------ pre-commit


def test_the_hooks_are_the_commands_of_make_lint() -> None:
    (recipe,) = re.findall(
        r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    linters = [line.removesuffix(" .") for line in re.findall(r"\$\(BIN\)/(.+)", recipe)]
    hooks = [
        hook
        for repository in yaml.safe_load(HOOKS.read_text())["repos"]
        for hook in repository["hooks"]
    ]
    assert [hook["entry"] for hook in hooks] == [f".venv/bin/{linter}" for linter in linters]
    assert {hook["language"] for hook in hooks} == {"system"}


# ------------------------------------------------------------------ editors


def test_editors_look_for_packages_where_the_tests_do() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert [".", *tools["pyright"]["extraPaths"]] == tools["pytest"]["ini_options"]["pythonpath"]
    assert tools["pyright"]["pythonVersion"] == tools["mypy"]["python_version"]
