"""What the documents tell people to type can be typed: its commands, options and values exist."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from orderctl.__main__ import app
from tests.docs.markdown import ROOT, documents
from tests.unit.orderctl.test_json import every_command

OPERATIONS = ROOT / "docs" / "operations.md"

_FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_ON_A_LINE = re.compile(r"^ *(?:python -m )?orderctl +(.+)$", re.MULTILINE)
_IN_A_SENTENCE = re.compile(r"`(?:python -m )?orderctl\s+([^`]+)`")
_A_TIME = "2026-01-31T09:00:00Z"


def typed_in(text: str) -> Iterator[list[str]]:
    """Yield what follows `orderctl` in blocks and in sentences, with all that may be left out.

    Comments, brackets, and what stands behind a pipe are not for the tool.
    """
    lines = [line for block in _FENCE.findall(text) for line in _ON_A_LINE.findall(block)]
    for typed in [*lines, *_IN_A_SENTENCE.findall(_FENCE.sub("", text))]:
        ours = re.sub(r"[\[\]]", "", typed).partition(" | ")[0]
        words = shlex.split(ours, comments=True)
        if words != ["COMMAND"]:
            yield words


def parse(words: list[str]) -> None:
    """Read what is typed as the command does, and run nothing; raise what Typer says against it.

    A command that is only named, as a sentence does, may lack what it takes.
    """
    command: Any = get_command(app)
    while words and isinstance(command, TyperGroup):
        if words[0].startswith("-"):
            # Not parsed: an option of the tool itself, such as --install-completion, acts at once.
            assert words[0] in {option for each in command.params for option in each.opts}
            return
        command = command.commands[words[0]]
        words = words[1:]
    if words:
        command.make_context("orderctl", list(map(_a_value, ["", *words], words)))


def _a_value(before: str, word: str) -> str:
    """Return a time where a document only says that there is one."""
    return _A_TIME if before in ("--since", "--until") and word in ("…", "TIME") else word


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(words, id=f"{document.path}: {' '.join(words)}")
        for document in documents()
        for words in typed_in(document.text)
    ],
)
def test_what_is_documented_can_be_typed(words: list[str]) -> None:
    parse(words)


def test_what_is_to_be_typed_is_found_wherever_it_stands() -> None:
    text = (
        "Either `orderctl show\nORD-1`, or `orderctl COMMAND`; `list` is not meant.\n\n"
        "   ```sh\n"
        "   python -m orderctl list --customer C [--limit 5]   # `orderctl nonsense`\n"
        "   cdktf diff\n"
        "   ```\n"
    )
    assert list(typed_in(text)) == [
        ["list", "--customer", "C", "--limit", "5"],
        ["show", "ORD-1"],
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("shw ORD-1", "shw"),
        ("dlq shw payment", "shw"),
        ("--instal-completion", "instal"),
        ("show ORD-1 --jsn", "No such option"),
        ("show ORD-1 ORD-2", "unexpected extra argument"),
        ("ship ORD-1 --carrier C", "Missing parameter: tracking"),
        ("cancel ORD-1 --reason bored", "bored"),
        ("pause paymnt", "paymnt"),
        ("dlq show paymnt", "is not one of"),
        ("books --since", "requires an argument"),
        ("books --since yesterday", "is not a time"),
    ],
)
def test_what_cannot_be_typed_is_found(typed: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        parse(typed.split())


def test_every_option_that_is_named_exists() -> None:
    commands: list[Any] = [get_command(app), *every_command().values()]
    options = {option for command in commands for each in command.params for option in each.opts}
    named = set(re.findall(r"`(--[a-z-]+)", _FENCE.sub("", OPERATIONS.read_text())))
    assert {"--json", "--follow", "--show-completion"} <= named <= options


def test_the_document_of_every_command_is_described() -> None:
    section = OPERATIONS.read_text().partition("\n## JSON\n")[2].partition("\n## ")[0]
    described = {
        name
        for line in section.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert described == every_command().keys()
