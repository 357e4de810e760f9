"""Whether a code block is in the language that it names, as far as it shows without running it."""

import json
import subprocess
import tomllib

import yaml  # type: ignore[import-untyped]

from tests.docs.answers import Answer
from tests.docs.markdown import Block
from tests.docs.mermaid import faults_of_diagram

LANGUAGES = frozenset(
    {"bash", "console", "diff", "http", "json", "mermaid", "python", "sh", "text", "toml", "yaml"}
)


def faults_of_block(block: Block) -> list[str]:
    """Return what is wrong with a code block, one sentence for each."""
    if not block.language:
        return ["names no language: text, if it is in none"]
    if block.language not in LANGUAGES:
        return [f"{block.language} is not one of {', '.join(sorted(LANGUAGES))}"]
    return _faults(block.language, block.text)


def _faults(language: str, text: str) -> list[str]:
    match language:
        case "mermaid":
            return faults_of_diagram(text)
        case "sh" | "bash":
            return _shell(text)
        case "console":
            return _shell(_typed(text)) if _typed(text) else ["nothing is typed: no $"]
        case "diff":
            return _diff(text)
        case "text":
            return []
    return _parsed(language, text)


def _parsed(language: str, text: str) -> list[str]:
    try:
        match language:
            case "http":
                Answer.parse(text)
            case "json":
                json.loads(text)
            case "python":
                compile(text, "<block>", "exec")
            case "toml":
                tomllib.loads(text)
            case "yaml":
                list(yaml.safe_load_all(text))
    except (ValueError, SyntaxError, yaml.YAMLError) as error:
        return [f"is no {language}: {error}"]
    return []


def _shell(text: str) -> list[str]:
    done = subprocess.run(
        ["bash", "-n"], input=text, capture_output=True, text=True, check=False, timeout=10
    )
    return [f"is no bash: {done.stderr.strip()}"] if done.returncode or done.stderr else []


def _diff(text: str) -> list[str]:
    """Look at a diff by itself: that it applies is for those to say who know to what."""
    done = subprocess.run(
        ["git", "apply", "--numstat"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return [f"is no diff: {done.stderr.strip()}"] if done.returncode else []


def _typed(session: str) -> str:
    """Return what was typed in a session: after `$ `, and after `> ` where that goes on."""
    lines: list[str] = []
    typing = False
    for line in session.splitlines():
        if line.startswith("$ ") or (typing and line.startswith("> ")):
            lines.append(line[2:])
            typing = True
        else:
            typing = False
    return "\n".join(lines)
