"""The commands of documents and workflows: targets of the Makefile, modules that Python runs."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tests.docs.markdown import Document

_PROGRAMS = frozenset({"bash", "console", "sh", "text"})
_COMMENT = re.compile(r"(^|\s)#.*")
_BEFORE_A_PROGRAM = r"(?:^\s*(?:\$ )?|[;&|(]\s*|-m |[A-Z_]+=\S* )"
_AFTER_A_COMMAND = re.compile(r"[|;&)]+|\s[<>]\s|['\"`]")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
_TARGET = re.compile(r"[A-Za-z0-9_.%/-]+")


class Makefile:
    """The targets of a Makefile."""

    def __init__(self, text: str) -> None:
        self.targets = frozenset(
            target
            for match in re.finditer(r"^([^\s:#=][^:#=\n]*):(?!=)", text, re.MULTILINE)
            for target in match[1].split()
            if not target.startswith(".PHONY")
        )
        self.explained: Mapping[str, str] = dict(
            re.findall(r"^([a-z0-9-]+):.*?## (.+)$", text, re.MULTILINE)
        )

    def has(self, target: str) -> bool:
        """Tell whether there is such a target, or a pattern that makes it."""
        patterns = (re.escape(each).replace("%", ".+") for each in self.targets)
        return any(re.fullmatch(pattern, target) for pattern in patterns)


def commands_of(document: Document) -> Iterator[str]:
    """Yield what a document has of commands: its code spans, and the lines of its code blocks."""
    yield from document.spans
    for block in document.blocks:
        if block.language in _PROGRAMS:
            yield from block.text.replace("\\\n", " ").splitlines()


def runs(node: Any) -> Iterator[str]:
    """Yield the lines that a workflow runs, wherever in it they are."""
    if isinstance(node, dict):
        for key, value in node.items():
            is_script = key == "run" and isinstance(value, str)
            yield from value.splitlines() if is_script else runs(value)
    elif isinstance(node, list):
        for each in node:
            yield from runs(each)


def made(command: str) -> Iterator[str]:
    """Yield the targets that a command makes.

    Examples
    --------
    >>> list(made("make setup deploy YES=1 && make destroy  # and make up"))
    ['setup', 'deploy', 'destroy']
    """
    for words in _arguments(command, "make"):
        for word in words:
            if word.startswith("-") or _ASSIGNMENT.fullmatch(word):
                continue
            if not _TARGET.fullmatch(word):
                break
            yield word


def unknown_targets(commands: Iterator[str], makefile: Makefile) -> list[str]:
    """Return the targets that commands make and that the Makefile does not have."""
    return [each for command in commands for each in made(command) if not makefile.has(each)]


def unmentioned_targets(makefile: Makefile, documents: Collection[Document]) -> list[str]:
    """Return the targets that `make help` explains and that no document mentions."""
    mentioned = {
        target
        for document in documents
        for command in commands_of(document)
        for target in made(command)
    }
    return sorted(set(makefile.explained) - mentioned - {"help"})


def modules_of(command: str) -> Iterator[str]:
    """Yield the modules that a line has Python run."""
    for words in _arguments(command, r"(?:\S*/)?python3?"):
        if words[:1] == ["-m"] and len(words) > 1:
            yield words[1]


def _arguments(command: str, program: str) -> Iterator[list[str]]:
    """Yield the words after each call of a program in a line."""
    line = _COMMENT.sub("", command)
    for match in re.finditer(rf"{_BEFORE_A_PROGRAM}{program}(?=\s)", line):
        yield _AFTER_A_COMMAND.split(line[match.end() :], maxsplit=1)[0].split()
