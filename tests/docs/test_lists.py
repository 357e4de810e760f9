"""Lists in documents leave nothing out."""

import re

from stacks.settings import FUNCTIONS
from tests.docs.markdown import documents

DOCUMENTS = {document.path: document for document in documents()}


def test_the_architecture_lists_every_function() -> None:
    text = DOCUMENTS["docs/architecture.md"].text
    (table,) = re.findall(r"^\| function \| .*\n\|---.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    listed = re.findall(r"^\| ([a-z-]+) \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(function.replace("_", "-") for function in FUNCTIONS)


def test_the_index_of_decisions_has_every_one_with_its_title() -> None:
    decisions = {
        path.rpartition("/")[2]: document.text.partition("\n")[0].removeprefix("# ")
        for path, document in DOCUMENTS.items()
        if re.fullmatch(r"docs/adr/\d{4}-.*\.md", path)
    }
    listed = re.findall(
        r"^(\d+\. )\[(.+)\]\((.+)\)$", DOCUMENTS["docs/adr/README.md"].text, re.MULTILINE
    )
    assert {file: f"{number}{title}" for number, title, file in listed} == decisions
