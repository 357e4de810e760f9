"""The API guide: commands for curl, each followed by the answer that it gets."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.docs.answers import Answer, FormError
from tests.docs.markdown import ROOT, Block, Document

PAGE = "docs/api.md"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj/+EXAMPLE==",
}

_IDS = re.compile(r"\b(?:ORD|ITEM|CUST|BASKET)-\d+\b")
_URL = re.compile(r'"\$\{API\}(?P<path>[^"?]*)')


@dataclass(frozen=True)
class Example:
    """A command, and the answer that the guide shows below it."""

    line: int
    script: str
    """The command, after all that the guide prepares before it."""
    command: str
    answer: Answer

    @property
    def only_looks(self) -> bool:
        """Tell whether the command changes nothing, so that it can be repeated until it sees."""
        return not re.search(r"--(data|request)\b", self.command)

    @property
    def call(self) -> tuple[str, str]:
        """The method and the path of the command's last request."""
        *_, url = _URL.finditer(self.command)
        if asked := re.search(r"--request (\w+)", self.command):
            return asked[1], f"/{url['path']}"
        return ("GET" if self.only_looks else "POST"), f"/{url['path']}"


@dataclass(frozen=True)
class Guide:
    """What the guide has of commands and answers, in its order."""

    examples: tuple[Example, ...]
    explained: tuple[Answer, ...]
    """Answers without a command."""
    programs: tuple[str, ...]
    """In Python."""


def published() -> Document:
    """Return docs/api.md."""
    return Document(PAGE, (ROOT / PAGE).read_text())


def read(document: Document) -> Guide:
    """Return a guide's commands and answers.

    Raises
    ------
    FormError
        If a command is not followed by its answer.
    """
    prepared = ""
    examples: list[Example] = []
    explained: list[Answer] = []
    answered: Block | None = None
    for block, following in zip(document.blocks, (*document.blocks[1:], None), strict=True):
        if block.language == "sh" and "curl" not in block.text:
            prepared += block.text
        elif block.language == "sh":
            answered = _answer_to(block, following, document)
            answer = Answer.parse(answered.text)
            examples.append(Example(block.line, prepared + block.text, block.text, answer))
        elif block.language == "http" and block is not answered:
            explained.append(Answer.parse(block.text))
    programs = tuple(block.text for block in document.blocks if block.language == "python")
    return Guide(tuple(examples), tuple(explained), programs)


def _answer_to(command: Block, following: Block | None, document: Document) -> Block:
    """Return the block that shows the answer: the next, with nothing but an empty line between."""
    where = f"{document.path}:{command.line}"
    if not _URL.search(command.text):
        raise FormError(f'{where}: the command must call "${{API}}…"')
    expected = command.line + command.text.count("\n") + 3
    if following is None or (following.language, following.line) != ("http", expected):
        raise FormError(f"{where}: the command's answer must follow")
    return following


def with_ids_of_its_own(guide: Document, suffix: str) -> Document:
    """Return a guide whose orders, items, customers and baskets are nobody else's.

    Examples
    --------
    >>> with_ids_of_its_own(Document("x.md", "orders/ORD-1"), "4f2a1c").text
    'orders/ORD-1-4f2a1c'
    """
    return Document(guide.path, _IDS.sub(rf"\g<0>-{suffix}", guide.text))


def run_script(script: str, api: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a reader does who has set the variables that the guide asks for.

    Parameters
    ----------
    api
        The API's address, which ends with a slash.
    """
    return _run(["bash", "-euo", "pipefail", "-c", script], api)


def run_program(program: str, api: str) -> subprocess.CompletedProcess[str]:
    """Run a program in Python, in the same way."""
    return _run([sys.executable, "-c", program], api)


def _run(command: list[str], api: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "API": api, **CREDENTIALS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Outcome(NamedTuple):
    """An answer that a call can get."""

    operation: str
    status: int
    problem: str | None
    """The problem's `type`; None where all is well."""


def outcomes(openapi: Mapping[str, Any]) -> Iterator[Outcome]:
    """Yield what the API's document says of each operation's answers."""
    for calls in openapi["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                for problem in re.findall(r"`(urn:[^`]+)`", answer["description"]) or [None]:
                    yield Outcome(call["operationId"], int(status), problem)


def unshown(guide: Guide, openapi: Mapping[str, Any]) -> list[str]:
    """Return what the API's document has and the guide does not show, one line for each.

    Every answer of an operation that is well must be there, and every problem once.
    """
    shown = {(_operation(each.call, openapi), each.answer.status) for each in guide.examples}
    answers = (*guide.explained, *(each.answer for each in guide.examples))
    shown |= {(_problem(each), each.status) for each in answers}
    found = [
        f"{name}: {each.status}"
        for each in outcomes(openapi)
        if ((name := each.problem or each.operation), each.status) not in shown
    ]
    return list(dict.fromkeys(found))


def undocumented(guide: Guide, openapi: Mapping[str, Any]) -> list[str]:
    """Return the examples with an answer that the API's document does not have, by their lines.

    A call of no operation is one that there is not, and documented nowhere.
    """
    documented = set(outcomes(openapi))
    return [
        f"line {each.line}: {operation} does not answer {each.answer.status}"
        for each in guide.examples
        if (operation := _operation(each.call, openapi))
        and Outcome(operation, each.answer.status, _problem(each.answer)) not in documented
    ]


def _operation(call: tuple[str, str], openapi: Mapping[str, Any]) -> str | None:
    method, path = call
    for template, calls in openapi["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path) and method.lower() in calls:
            return str(calls[method.lower()]["operationId"])
    return None


def _problem(answer: Answer) -> str | None:
    problem: str | None = (answer.body or {}).get("type")
    return problem
