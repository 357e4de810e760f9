"""Parts of documents that a command writes."""

from pathlib import Path

import pytest

from timing.written_parts import read_part, write_part

TEXT = """\
# Title

<!-- first: written by `make first` -->
old
<!-- end of first -->

Between.

<!-- second: written by `make second` -->
<!-- end of second -->
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "document.md"
    file.write_text(TEXT)
    return file


def test_a_part_is_written_and_all_else_stays(document: Path) -> None:
    write_part(document, "first", "new\n")
    write_part(document, "second", "also\n")
    expected = TEXT.replace("old\n", "new\n").replace("second` -->\n", "second` -->\nalso\n")
    assert document.read_text() == expected


def test_a_part_is_read_as_it_was_written(document: Path) -> None:
    assert read_part(document, "first") == "old\n"
    write_part(document, "second", "| a | b |\n")
    assert read_part(document, "second") == "| a | b |\n"


def test_a_part_that_is_not_there_is_an_error(document: Path) -> None:
    with pytest.raises(ValueError, match="not found"):
        write_part(document, "third", "x")
    assert read_part(document, "third") == ""
