"""What the tests read of a Markdown document: headings, links, code blocks and code spans."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block that is not indented but fenced."""

    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """A Markdown document; its path is relative to the project's folder."""

    path: str
    text: str

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The fenced code blocks."""
        return tuple(
            Block(token.map[0] + 1 if token.map else 0, token.info.strip(), token.content)
            for token in self._tokens
            if token.type == "fence"
        )

    @cached_property
    def spans(self) -> tuple[str, ...]:
        """What stands in backticks within sentences, tables and headings."""
        return tuple(
            " ".join(token.content.split()) for token in self._inline if token.type == "code_inline"
        )

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What a link can name after `#`: headings as GitHub makes ids of them, and HTML's ids."""
        seen: Counter[str] = Counter()
        found = set(re.findall(r'<\w+[^>]* (?:id|name)="([^"]+)"', self.text))
        for before, token in zip(self._tokens, self._tokens[1:], strict=False):
            if before.type == "heading_open":
                slug = slug_of(_plain(token))
                found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
                seen[slug] += 1
        return frozenset(found)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Where links and images lead, also those whose address is elsewhere in the document."""
        attributes = {"link_open": "href", "image": "src"}
        found = (
            str(token.attrs[attributes[token.type]])
            for token in self._inline
            if token.type in attributes
        )
        return (*found, *re.findall(r'<\w+[^>]* (?:href|src)="([^"]+)"', self.text))

    @cached_property
    def broken_references(self) -> tuple[str, ...]:
        """The `[text][label]` whose label is defined nowhere: Markdown leaves them as they are."""
        return tuple(
            match[0]
            for token in self._inline
            if token.type == "text"
            for match in re.finditer(r"\[[^\[\]]+\]\[[^\[\]]*\]", token.content)
        )

    @cached_property
    def _tokens(self) -> list[Token]:
        return MarkdownIt("gfm-like", {"linkify": False}).parse(_COMMENT.sub(_blank, self.text))

    @cached_property
    def _inline(self) -> tuple[Token, ...]:
        return tuple(_flat(self._tokens))


def documents() -> list[Document]:
    """Return every Markdown file that git tracks."""
    return [
        Document(path, (ROOT / path).read_text())
        for path in sorted(tracked())
        if path.endswith(".md")
    ]


def tracked() -> frozenset[str]:
    """Return the paths that git tracks."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"git does not tell which files are the project's: {done.stderr.strip()}\n"
            "Work in a clone of it; what was downloaded without its history can be made one: "
            "git init && git add ."
        )
    return frozenset(path for path in done.stdout.split("\0") if path)


def slug_of(heading: str) -> str:
    """Return the id that GitHub gives a heading: https://github.com/gjtorikian/html-pipeline.

    Examples
    --------
    >>> slug_of("Who may call what, and `why`?")
    'who-may-call-what-and-why'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _plain(inline: Token) -> str:
    """Return a heading's text without its marks; of a link, what is shown."""
    return "".join(
        token.content for token in inline.children or () if token.type in {"text", "code_inline"}
    )


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _blank(match: re.Match[str]) -> str:
    """Keep the lines of a comment, for the numbers of those after it."""
    return "\n" * match[0].count("\n")
