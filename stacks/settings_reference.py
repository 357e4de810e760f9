"""Writes docs/settings.md: every setting, what it may be, and what it is in each environment."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stacks.settings import Environment, Settings, about

REFERENCE = Path(__file__).resolve().parent.parent / "docs/settings.md"

_INTRODUCTION = """\
# Settings

What differs between environments. Generated from `stacks/settings.py` by `make settings`.

What has a variable is read from the environment when the stacks are synthesised. The rest are
sizes: code, in the table at the end of `stacks/settings.py`, changed and reviewed like code. A
setting that is missing or wrong stops the synthesis with a sentence that names it and says what it
must be.
"""

# What stands for the variables that have no default.
_SAMPLE = {
    "AWS_ACCOUNT_ID": "123456789012",
    "EMAIL_SENDER": "orders@shop.example",
    "ALARM_ADDRESSES": "ops@shop.example",
}


def reference() -> str:
    """Return the document."""
    settings = {environment: _settings_of(environment) for environment in Environment}
    parts = [_INTRODUCTION]
    for title, has_variable in (("From the environment", True), ("Sizes", False)):
        columns = ["setting", *(["variable"] if has_variable else []), "it must be"]
        columns += [*Environment, "why"]
        rows = [
            [
                f"`{name}`",
                *([f"`{field.alias}`"] if has_variable else []),
                about(name).allowed,
                *(_shown(name, field.alias, settings[each], each) for each in Environment),
                about(name).why,
            ]
            for name, field in Settings.model_fields.items()
            if (field.alias is not None) == has_variable
        ]
        parts += [f"## {title}\n", *_table(columns, rows), ""]
    return "\n".join(parts)


def _settings_of(environment: Environment) -> Settings:
    return Settings.from_environment(_SAMPLE | {"ENVIRONMENT": environment.value})


def _shown(name: str, variable: str | None, settings: Settings, environment: Environment) -> str:
    """Return what a setting is in an environment, where nobody has set it."""
    if variable not in _SAMPLE:
        return _text(getattr(settings, name))
    try:
        alone = Settings.from_environment(
            {key: value for key, value in _SAMPLE.items() if key != variable}
            | {"ENVIRONMENT": environment.value}
        )
    except ValueError:
        return "to be set"
    return _text(getattr(alone, name))


def _text(value: Any) -> str:
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return str(value).lower()
        case BaseModel():
            return _text(value.model_dump())
        case Mapping():
            return ", ".join(f"{key} {size}" for key, size in value.items()) or "none"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def _table(columns: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    REFERENCE.write_text(reference())
