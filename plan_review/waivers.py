"""Waivers: findings that a person has looked at and taken upon themselves, for a time."""

import tomllib
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from plan_review.faults import first_fault
from plan_review.findings import Finding, Verdict

LONGEST = timedelta(days=90)
"""How far ahead a waiver may end: a quarter, after which somebody looks again."""

WAIVER_RULE = "waivers"

type Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class WaiverError(ValueError):
    """The file of waivers is not what it should be; the message says where and how."""


class Waiver(BaseModel):
    """One finding that is accepted: this rule, at this address, until the end of this day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Text
    address: Text
    """Of the resource, exactly; no patterns."""
    reason: Annotated[Text, Field(min_length=10)]
    until: date
    environments: tuple[Text, ...] = ()
    """Where it holds; everywhere, if none is named."""
    stack: Text | None = None
    """The stack that the resource is in. Must be named for one that CI does not review."""

    def fits(self, finding: Finding) -> bool:
        """Say whether it is about a finding."""
        is_there = self.stack in (None, finding.stack)
        return is_there and (self.rule, self.address) == (finding.rule, finding.address)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    waiver: tuple[Waiver, ...] = ()


def read_waivers(path: Path, *, rules: Sequence[str], today: date) -> tuple[Waiver, ...]:
    """Read a file of waivers.

    Raises
    ------
    WaiverError
        When the file is missing or malformed, names a rule that there is not, or holds a waiver
        for longer than `LONGEST`.
    """
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise WaiverError(f"{path} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WaiverError(f"{path} is not TOML: {error}") from None
    try:
        waivers = _File.model_validate(document).waiver
    except ValidationError as error:
        raise WaiverError(f"{path}: {first_fault(error)}") from None
    for number, waiver in enumerate(waivers, start=1):
        if waiver.rule not in rules:
            raise WaiverError(
                f"{path}: waiver {number} is about the rule {waiver.rule!r};"
                f" there are {', '.join(rules)}"
            )
        if waiver.until > today + LONGEST:
            raise WaiverError(
                f"{path}: waiver {number} is until {waiver.until}; the latest is"
                f" {today + LONGEST}, {LONGEST.days} days ahead"
            )
    return waivers


def waive(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    *,
    today: date,
    is_whole: bool,
    stacks: Collection[str],
) -> Iterator[tuple[Finding, Waiver | None]]:
    """Yield each finding with the waiver that covers it, then what is wrong with the waivers.

    Only a review of everything (`is_whole`) can tell that a waiver is of no use; one that names a
    stack which is not among the reviewed `stacks` is then left aside.
    """
    used: set[Waiver] = set()
    for finding in findings:
        fitting = [each for each in waivers if each.fits(finding)]
        used.update(fitting)
        yield finding, next((each for each in fitting if each.until >= today), None)
    for waiver in waivers:
        if waiver.until < today:
            yield _about(waiver, f"its waiver of {waiver.rule} ended on {waiver.until}"), None
        elif waiver not in used and is_whole and waiver.stack in (None, *stacks):
            yield _about(waiver, f"its waiver of {waiver.rule} waives nothing"), None


def _about(waiver: Waiver, reason: str) -> Finding:
    return Finding(
        verdict=Verdict.FAIL,
        rule=WAIVER_RULE,
        stack="",
        address=waiver.address,
        reason=reason,
        remedy="Remove the waiver; if it is needed still, decide anew and say until when.",
    )
