"""The errors that docs/troubleshooting.md quotes are those that the programs print."""

import re

import pytest

from tests.docs.markdown import Document, documents
from tests.docs.messages import (
    quoted,
    texts_of_python,
    texts_of_shell,
    texts_of_the_source,
    unknown,
)

(PAGE,) = (each for each in documents() if each.path == "docs/troubleshooting.md")


def test_every_error_that_is_quoted_is_in_the_source() -> None:
    assert unknown(quoted(PAGE), texts_of_the_source()) == []


def test_no_error_is_quoted_twice() -> None:
    found = quoted(PAGE)
    assert len(found) > 50
    assert sorted(found) == sorted(set(found))


def test_every_error_is_explained() -> None:
    parts = re.split(r"\n\n+", PAGE.text)
    quotations = [bool(quoted(Document("", part))) for part in parts]
    ends = [
        part
        for part, is_quotation, after in zip(
            parts, quotations, [*parts[1:], "# The end"], strict=True
        )
        if is_quotation and after.startswith("#")
    ]
    assert ends == []


SOURCE = '''
def tell(name, port):
    """Tell somebody of a port."""
    raise LocalError(
        f"{name} is not there: "
        f"is it on port {port if port else 'that it should have'}?"
    )
    print("It runs " + ("with" if port else "without") + " a port.")
'''


def known(quotation: str) -> bool:
    return not unknown([quotation], [*texts_of_python(SOURCE), *texts_of_shell('echo "no $1 at"')])


@pytest.mark.parametrize(
    "quotation",
    [
        "{name} is not there: is it on port {port}?",
        "is not there: is it on port",
        "{name} is not there: {question}",
        "It runs {how} a port.",
        "that it should have",
    ],
)
def test_a_quotation_of_the_source_is_known(quotation: str) -> None:
    assert known(quotation)


@pytest.mark.parametrize(
    "quotation",
    [
        "{name} is not here: is it on port {port}?",
        "{name} is not there: is it on port 4566?",
        "is it on port {port} is not there",
        "{name} is not there. {question}",
        "It runs {how} a port.{and} is not there",
        "a port",
        "Tell somebody of a port.",
        "{name} {port}",
    ],
)
def test_a_quotation_of_nothing_is_found(quotation: str) -> None:
    assert not known(quotation)


def test_quotations_are_lines_of_their_own() -> None:
    page = Document("x.md", "**`One {a}.`**\n\n**`` Two `b`. ``**\n\nNot **`three`** and `four`.\n")
    assert quoted(page) == ["One {a}.", "Two `b`."]


def test_what_a_shell_inserts_is_a_value() -> None:
    texts = list(texts_of_shell('missing "Node ($version) at ${from}: $(NOTHING)"'))
    assert unknown(['missing "Node ({version}) at {where}: {more}'], texts) == []
