"""Parts of documents that are measured and written by a command, between marks in the text."""

from pathlib import Path


def write_part(document: Path, name: str, text: str) -> None:
    """Put `text` between ``<!-- {name}: … -->`` and ``<!-- end of {name} -->``.

    Raises
    ------
    ValueError
        If the document has no such part.
    """
    content = document.read_text(encoding="utf-8")
    begin = content.index("-->\n", content.index(f"<!-- {name}: ")) + len("-->\n")
    end = content.index(f"<!-- end of {name} -->", begin)
    document.write_text(content[:begin] + text + content[end:], encoding="utf-8")


def read_part(document: Path, name: str) -> str:
    """Return what stands there."""
    _, _, rest = document.read_text(encoding="utf-8").partition(f"<!-- {name}: ")
    return rest.partition("-->\n")[2].partition(f"<!-- end of {name} -->")[0]
