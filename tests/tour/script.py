"""A document's commands as one script of bash, which shows each and stops where one fails."""

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.docs.markdown import Block, Document

LOCAL = {
    r"ENVIRONMENT=(dev|prod)\b": "ENVIRONMENT=local",
    r"\b123456789012\b": "000000000000",
    r"(?<=[a-z])-(dev|prod)\b": "-local",
    r"(?<![/\w])(dev|prod)/": "local/",
    r"\[(--[^][]+)\]": r"\1",
}
"""Pattern → replacement: how one reads a command who has LocalStack, with all that is optional."""

UNKNOWN = "UnknownOperationException|InternalFailure"
"""What LocalStack, or DynamoDB Local, answers to a call that it does not know."""

WITHIN = 120
"""Seconds in which what a command is waited for comes."""


@dataclass(frozen=True)
class Scene:
    """What a document's commands need to be run, and what is expected of them.

    Each mapping's keys are the beginnings of commands as the document has them, if not said
    otherwise.
    """

    document: str
    """The path of the document."""
    before: Mapping[str, str] = field(default_factory=dict)
    """Script that makes what a command is about: what there would be if somebody needed it."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Text of the document → what this reader puts there. These keys are anywhere in a block."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """An extended regular expression that is in what a command prints; it is run until it is."""
    statuses: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """The exit statuses that a command may have, where not only 0."""
    unknown_here: Mapping[str, str] = field(default_factory=dict)
    """Commands of the AWS CLI that LocalStack does not know, and why: the CLI takes them, and
    LocalStack refuses them."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Commands that are not run, and why, or what else runs them. These keys are all of a command,
    less its comment."""


class TourError(Exception):
    """What a scene and its document do not agree about."""


def commands_of(block: Block) -> Iterator[str]:
    """Yield a block's commands, each with all of its lines.

    A command ends with the line after which bash has nothing left to wait for.
    """
    lines: list[str] = []
    for line in block.text.splitlines():
        if not lines and (not line.strip() or line.lstrip().startswith("#")):
            continue
        lines.append(line)
        command = "\n".join(lines)
        if not line.endswith("\\") and _is_whole(command):
            yield command
            lines = []
    if lines:
        raise TourError(f"line {block.line}: the last command has no end: {lines[0]}")


def script_of(document: Document, scene: Scene) -> str:
    """Return the script of a document.

    Raises
    ------
    TourError
        If the scene speaks of a command or a text that the document has not.
    """
    blocks = [block for block in document.blocks if block.language == "sh"]
    found = [command for block in blocks for command in commands_of(block)]
    _refuse_unknown(scene, found)
    return "\n".join(
        ["set -eo pipefail", *(line for command in found for line in _lines(command, scene))]
    )


def as_read(command: str, reads: Mapping[str, str]) -> str:
    """Return a command with the reader's own values, for LocalStack.

    Examples
    --------
    >>> as_read("make redrive MESSAGE=3f0c… ENVIRONMENT=dev", {"3f0c…": "one"})
    'make redrive MESSAGE=one ENVIRONMENT=local'
    """
    for text, value in reads.items():
        command = command.replace(text, value)
    for pattern, replacement in LOCAL.items():
        command = re.sub(pattern, replacement, command)
    return command


def _lines(command: str, scene: Scene) -> Iterator[str]:
    if reason := scene.left_out.get(without_comment(command)):
        yield _shown(f"{_first_line(command)}\n  (left out: {reason})")
        return
    if script := _given(command, scene.before):
        yield script
    own = as_read(command, scene.reads)
    yield _shown(own)
    if reason := _given(command, scene.unknown_here):
        yield (
            f"if said=$({{\n{own}\n}} 2>&1); then\n"
            "  echo 'error: LocalStack knows this by now: run it' >&2; exit 1\nfi\n"
            f'grep -Eq \'{UNKNOWN}\' <<< "$said" || {{ echo "$said" >&2; exit 1; }}\n'
            f"echo {shlex.quote(f'(taken, and refused: {reason})')}"
        )
        return
    if answer := _given(command, scene.answers):
        yield (
            f"deadline=$((SECONDS + {WITHIN}))\n"
            f'until said=$(\n{own}\n); grep -Eq {shlex.quote(answer)} <<< "$said"; do\n'
            f'  [ $SECONDS -lt $deadline ] || {{ echo "$said"; echo "error: not seen within'
            f' {WITHIN} s:" {shlex.quote(answer)} >&2; exit 1; }}\n  sleep 1\ndone\n'
            'echo "$said"'
        )
    elif statuses := _given(command, scene.statuses):
        yield (
            f"status=0\n{{\n{own}\n}} || status=$?\ncase $status in\n"
            f"  {'|'.join(str(each) for each in sorted(statuses))}) ;;\n"
            '  *) echo "error: exit status $status" >&2; exit 1 ;;\nesac'
        )
    else:
        # What fails before an && does not end bash by itself.
        yield f"{own}\n(exit $?)"


def without_comment(command: str) -> str:
    """Return a command without the comment at its end.

    Examples
    --------
    >>> without_comment("make lock        # pins the newest")
    'make lock'
    """
    return re.sub(r"\s+# .*$", "", command)


def _given[T](command: str, by_beginning: Mapping[str, T]) -> T | None:
    """Return what a mapping has for a command: of the beginnings that fit, the longest's."""
    fitting = [beginning for beginning in by_beginning if command.startswith(beginning)]
    return by_beginning[max(fitting, key=len)] if fitting else None


def _refuse_unknown(scene: Scene, commands: Iterable[str]) -> None:
    known = list(commands)
    for beginnings in (
        scene.before,
        scene.answers,
        scene.statuses,
        scene.unknown_here,
    ):
        for beginning in beginnings:
            if not any(command.startswith(beginning) for command in known):
                raise TourError(f"{scene.document} has no command: {beginning}")
    for whole in scene.left_out:
        if whole not in map(without_comment, known):
            raise TourError(f"{scene.document} has no command: {whole}")
    for text in scene.reads:
        if not any(text in command for command in known):
            raise TourError(f"{scene.document} has no command with: {text}")


def _shown(command: str) -> str:
    return f"printf '\\n\\033[1m$ %s\\033[0m\\n' {shlex.quote(command)}"


def _first_line(command: str) -> str:
    return command.splitlines()[0]


def _is_whole(command: str) -> bool:
    done = subprocess.run(
        ["bash", "-n"], input=command, capture_output=True, text=True, check=False, timeout=10
    )
    return not done.returncode and not done.stderr
