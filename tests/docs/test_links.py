"""Links lead somewhere."""

import pytest

from tests.docs.links import broken_links
from tests.docs.markdown import Document, documents, slug_of, tracked

DOCUMENTS = {document.path: document for document in documents()}
FILES = tracked()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(path: str) -> None:
    assert broken_links(DOCUMENTS[path], FILES, DOCUMENTS) == []


def test_there_is_what_to_look_at() -> None:
    assert "README.md" in DOCUMENTS
    assert "docs/runbook.md" in DOCUMENTS
    assert sum(len(document.links) for document in DOCUMENTS.values()) > 100


OTHER = "# Way on\n\n## What is `left`?\n\n## Twice\n\n## Twice\n"


def broken(text: str) -> list[str]:
    here, there = Document("docs/here.md", text), Document("docs/a/there.md", OTHER)
    files = {"README.md", "docs/here.md", "docs/a/there.md", "docs/picture.png", "main.py"}
    return broken_links(here, files, {here.path: here, there.path: there})


@pytest.mark.parametrize(
    "text",
    [
        "[x](a/there.md)",
        "[x](a/there.md#way-on)",
        "[x](a/there.md#what-is-left)",
        "[x](a/there.md#twice-1)",
        "[x](a/)",
        "[x](..)",
        "[x](../main.py#L3-L9)",
        "[x](/main.py)",
        "![x](picture.png)",
        '<img src="picture.png" width="400">',
        "# Here\n\n[x](#here)",
        '<a id="spot"></a>\n\n[x](#spot)',
        "[x][there]\n\n[there]: a/there.md#way-on",
        "[there]\n\n[there]: a/there.md",
        "[x](https://example.com/nowhere#at-all), <mailto:somebody@example.com>",
        "`[x](nowhere.md)`",
        "```text\n[x](nowhere.md)\n```",
        "<!-- [x](nowhere.md) -->",
        "`list[int][0]`",
    ],
)
def test_a_good_link_is_not_found_fault_with(text: str) -> None:
    assert broken(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "[x](nowhere.md)",
        "[x](there.md)",
        "[x](../../README.md)",
        "| a |\n|---|\n| [x](nowhere.md) |",
        "[x](a/there.md#way-off)",
        "[x](a/there.md#Way-on)",
        "[x](a/there.md#twice-2)",
        "# Here\n\n[x](#there)",
        "[x](../main.py#way-on)",
        "[x](a#way-on)",
        "![x](pictures/none.png)",
        '<img src="none.png">',
        "[x][there]\n\n[there]: nowhere.md",
        "[x][there]",
        "[there][]",
    ],
)
def test_a_broken_link_is_found(text: str) -> None:
    (fault,) = broken(text)
    assert fault


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("From an empty account to a running dev", "from-an-empty-account-to-a-running-dev"),
        ("Who may call what, and why?", "who-may-call-what-and-why"),
        ("A & B", "a--b"),
        ("under_score and hy-phen", "under_score-and-hy-phen"),
        ("Größe", "größe"),
    ],
)
def test_headings_have_the_ids_that_github_gives_them(heading: str, slug: str) -> None:
    assert slug_of(heading) == slug


def test_marks_of_a_heading_are_not_in_its_id() -> None:
    document = Document("x.md", "# The `orderctl` *tool* and [more](x.md)\n")
    assert document.anchors == {"the-orderctl-tool-and-more"}
