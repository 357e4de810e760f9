"""Judges the plans of a deployment: every rule on every plan, the waivers, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from plan_review.findings import Deployment, Finding, Verdict
from plan_review.plan import Plan
from plan_review.rules import RULES
from plan_review.rules.registry import Stack
from plan_review.waivers import Waiver, waive

NOT_PLANNED_RULE = "stack-planned"


@dataclass(frozen=True)
class PlannedStack:
    """A stack, with its plan."""

    name: str
    plan: Plan
    file: Path | None = None
    """Where the plan is."""
    why_not_real: str = ""
    """Why it could not be planned for real; then the plan is one of a first deploy, in which all
    that comes from other stacks is unknown."""


@dataclass(frozen=True)
class Judged:
    """A finding, and the waiver that covers it."""

    finding: Finding
    waiver: Waiver | None


@dataclass(frozen=True)
class Review:
    """What the review of some plans came to."""

    deployment: Deployment
    stacks: tuple[PlannedStack, ...]
    judged: tuple[Judged, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that no waiver covers, worst first."""
        return tuple(each.finding for each in self.judged if each.waiver is None)

    @property
    def waived(self) -> tuple[Judged, ...]:
        """The findings that a waiver covers."""
        return tuple(each for each in self.judged if each.waiver is not None)

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found."""
        return max(
            (finding.verdict for finding in self.open),
            key=lambda verdict: verdict.badness,
            default=Verdict.PASS,
        )


def review(
    stacks: Sequence[PlannedStack],
    deployment: Deployment,
    *,
    waivers: Sequence[Waiver] = (),
    today: date,
    is_whole: bool = True,
    more: Sequence[Finding] = (),
) -> Review:
    """Return the review of the plans of some stacks.

    `is_whole` says that these are all the plans that waivers are about, but for those that name
    another stack; `more` is what others (checkov) found in them.
    """
    holding = [
        each
        for each in waivers
        if not each.environments or deployment.environment in each.environments
    ]
    findings = [*more]
    for stack in stacks:
        if stack.why_not_real:
            findings.append(_not_planned(stack))
        findings += [
            finding
            for rule in RULES.values()
            for finding in rule.findings(Stack(stack.name, stack.plan, deployment))
        ]
    is_whole = is_whole and not any(stack.why_not_real for stack in stacks)
    # A rule may come to the same thing in two ways.
    judged = [
        Judged(finding, waiver)
        for finding, waiver in waive(
            list(dict.fromkeys(findings)),
            holding,
            today=today,
            is_whole=is_whole,
            stacks={stack.name for stack in stacks},
        )
    ]
    judged.sort(key=lambda each: _order(each.finding))
    return Review(deployment, tuple(stacks), tuple(judged))


def _not_planned(stack: PlannedStack) -> Finding:
    return Finding(
        verdict=Verdict.CANNOT_JUDGE,
        rule=NOT_PLANNED_RULE,
        stack=stack.name,
        address="",
        reason=stack.why_not_real,
        remedy="Apply what it waits for, then plan and review this stack again before applying it.",
    )


def _order(finding: Finding) -> tuple[int, str, str, str, str]:
    return (
        -finding.verdict.badness,
        finding.rule,
        finding.stack,
        finding.address,
        finding.reason,
    )
