"""The errors that docs/troubleshooting.md quotes, and the texts of the source that they are of."""

import ast
import re
from collections.abc import Collection, Iterator

from tests.docs.markdown import ROOT, Document

VALUE = "\0"
"""What stands in a text for each of its values."""

_PROGRAMS = ("delivery", "lambdas", "local", "orderctl", "plan_review", "stacks")
_SCRIPTS = ("Makefile", "local/check_prerequisites.sh")
# A quotation is all of its line; one that has backticks itself is put into two of them.
_QUOTED = re.compile(r"^\*\*(`+) ?(.+?) ?\1\*\*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\w+\}")
_LEAST = 10
"""How many letters a quotation must have beside its values; fewer would be found anywhere."""


def quoted(document: Document) -> list[str]:
    """Return the errors that a document quotes, each a paragraph of its own."""
    return [text for _, text in _QUOTED.findall(document.text)]


def texts_of_the_source() -> frozenset[str]:
    """Return every text that the project's programs could print."""
    found: set[str] = set()
    for folder in _PROGRAMS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(map(_on_one_line, texts_of_python(path.read_text())))
    for script in _SCRIPTS:
        found.update(texts_of_shell((ROOT / script).read_text()))
    return frozenset(found)


def _on_one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def texts_of_python(source: str) -> Iterator[str]:
    """Yield the texts of a module; what they insert is VALUE.

    Examples
    --------
    >>> [each.replace(VALUE, "…") for each in texts_of_python('f"{name} is " "not there"')]
    ['… is not there']
    """
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        text = _text(node)
        if text is not None:
            yield text
        # The parts of a text are no texts, but what it inserts may have some.
        waiting += [
            each
            for each in ast.iter_child_nodes(node)
            if not (isinstance(node, ast.JoinedStr) and isinstance(each, ast.Constant))
        ]


def texts_of_shell(source: str) -> Iterator[str]:
    """Yield the lines of a shell script or a Makefile; what they insert is VALUE."""
    for line in source.splitlines():
        yield re.sub(r"\$\w+|\$\{[^}]*\}|\$\(\w+\)", VALUE, line)


def unknown(quotations: Collection[str], texts: Collection[str]) -> list[str]:
    """Return the quotations whose constant parts no single text has, in their order."""
    return [each for each in quotations if not _is_known(each, texts)]


def _is_known(quotation: str, texts: Collection[str]) -> bool:
    if len(re.findall(r"[A-Za-z]", _PLACEHOLDER.sub("", quotation))) < _LEAST:
        return False
    parts = [part for part in _PLACEHOLDER.split(quotation) if part]
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return any(pattern.search(text) for text in texts)


def _text(node: ast.AST) -> str | None:
    """Return a text that stands in the source, or that is put together there; else None."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=values):
            return "".join(_text(value) or VALUE for value in values)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = (_text(left), _text(right))
            return None if parts == (None, None) else "".join(part or VALUE for part in parts)
    return None
