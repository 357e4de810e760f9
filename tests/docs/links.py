"""Where a document's links lead: files that git tracks, and headings that there are."""

import posixpath
import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote

from tests.docs.markdown import Document

_LINES = re.compile(r"L\d+(-L\d+)?")


def broken_links(
    document: Document, files: Collection[str], others: Mapping[str, Document]
) -> list[str]:
    """Return what is wrong with the links of a document, one sentence for each.

    Parameters
    ----------
    files
        The paths that git tracks.
    others
        Every document by its path, this one too.
    """
    found = [f"{each} is defined nowhere" for each in document.broken_references]
    folders = {folder for path in files for folder in _folders(path)}
    for link in document.links:
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue  # an address elsewhere
        path, _, anchor = unquote(link).partition("#")
        target = document.path if not path else _resolved(document.path, path)
        if target not in files and target not in folders:
            found.append(f"{link} leads to no file that git tracks")
        elif anchor and target in others:
            if anchor not in others[target].anchors:
                found.append(f"{link} names no heading of {target}")
        elif anchor and (target in folders or not _LINES.fullmatch(anchor)):
            found.append(f"{link}: {target} has no headings")
    return found


def _resolved(document: str, path: str) -> str:
    """Return a link's path from the project's folder; GitHub takes a leading slash for that."""
    base = "" if path.startswith("/") else posixpath.dirname(document)
    return posixpath.normpath(posixpath.join(base, path.lstrip("/")))


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return [".", *("/".join(parts[:number]) for number in range(1, len(parts)))]
