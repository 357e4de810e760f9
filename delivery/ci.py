"""What the workflows do, step by step (.github/workflows/)."""

import json
import os
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import httpx

from delivery import github, reviewed
from delivery.by_hand import synthesise
from delivery.locks import refuse_locked
from delivery.rollbacks import refuse_rolled_back
from delivery.target import SHARED_STACKS, DeliveryError, Target
from local.settings import ROOT

AGAIN = ROOT / "build/applied-review"
"""Where the review of the plans that are about to be applied goes."""


class Verdict(IntEnum):
    """What the plan review ends with; its exit status. Worse ones are greater in `SEVERITY`."""

    PASS = 0
    FAIL = 1
    CANNOT_JUDGE = 2


SEVERITY = (Verdict.PASS, Verdict.CANNOT_JUDGE, Verdict.FAIL)


def review(target: Target) -> int:
    """Plan and review the stacks, and pack what was reviewed unless the review fails.

    What the review cannot judge, the people who merge and approve do: it is in the comment.
    """
    verdict = _review(target, "--plan", "--stacks", *SHARED_STACKS, "--out", str(reviewed.REVIEW))
    github.summarise((reviewed.REVIEW / "review.md").read_text())
    if verdict is Verdict.FAIL:
        return 1
    reviewed.pack(target)
    if "GITHUB_OUTPUT" in os.environ:
        github.tell_next_step("artifact", reviewed.artifact_name(target.name, reviewed.tree_hash()))
    return 0


def comment(review_file: Path) -> int:
    """Put a review on the pull request; the one of the run before is replaced."""
    environment = json.loads(review_file.with_name("verdict.json").read_text())["suffix"]
    github.GitHub.from_environment().comment(
        github.pull_request_of_event(),
        subject=f"plan-review of {environment}",
        text=review_file.read_text(),
    )
    return 0


def find(target: Target) -> int:
    """Find the run that has reviewed the tree that is checked out, and may be trusted."""
    name = reviewed.artifact_name(target.name, reviewed.tree_hash())
    run = github.GitHub.from_environment().reviewed_run(name, commit=github.commit_of_run())
    github.tell_next_step("artifact", name)
    github.tell_next_step("run", str(run))
    return 0


def apply(target: Target, packed: Path) -> int:
    """Apply the plans that were reviewed, if they are of this tree and of what is live, and pass.

    Raises
    ------
    DeliveryError
        If they are not, or do not; nothing was applied then. Or if one cannot be applied.
    """
    packed = packed.absolute()
    synthesise(target)
    reviewed.check_same(target, packed)
    reviewed.initialise(target, packed)
    # Again, with the main branch's own rules: a pull request could have brought others along.
    files = reviewed.show(target, packed, AGAIN)
    verdict = _review(target, *map(str, files), "--out", str(AGAIN))
    github.summarise((AGAIN / "review.md").read_text())
    before = Verdict(json.loads((packed / "verdict.json").read_text())["exit_status"])
    if SEVERITY.index(verdict) > SEVERITY.index(before) or verdict is Verdict.FAIL:
        raise DeliveryError(
            f"The review of the same plans ends with {verdict.name} now; it was {before.name} when "
            "they were reviewed. Nothing was applied."
        )
    refuse_locked(target, SHARED_STACKS)
    for plan in files:
        refuse_rolled_back(target, plan)
    reviewed.apply(target, packed)
    return 0


def smoke(target: Target) -> int:
    """Ask the deployed API for something without a signature: it is there, and it refuses."""
    endpoint = target.outputs("pipeline")["ApiEndpoint"]
    answer = httpx.get(f"{endpoint}inventory/SMOKE-TEST", timeout=30)
    expected = httpx.codes.NOT_FOUND if target.settings.is_local else httpx.codes.FORBIDDEN
    if answer.status_code != expected:
        raise DeliveryError(
            f"The API answers {answer.status_code} to a call that it must answer {expected}: "
            f"{answer.text[:500]}"
        )
    print(f"The API is there, and answers {expected} as it must.")
    return 0


def drift(target: Target) -> int:
    """Plan what is deployed, and fail if the plan is not empty."""
    _review(target, "--plan", "--stacks", *SHARED_STACKS, "--out", str(reviewed.REVIEW))
    found = [
        f"{stack}: {change}"
        for stack in SHARED_STACKS
        for change in reviewed.changes(reviewed.planned(stack))
    ]
    if not found:
        github.summarise(f"{target.name} is as it was deployed.")
        print(f"{target.name} is as it was deployed.")
        return 0
    github.summarise((reviewed.REVIEW / "review.md").read_text())
    print(
        f"{target.name} is not what the main branch defines. Somebody changed it by hand, or what "
        "was merged is not applied:\n  " + "\n  ".join(found),
        file=sys.stderr,
    )
    return 1


def _review(target: Target, *arguments: str) -> Verdict:
    """Run the plan review and return its verdict."""
    status = subprocess.run(
        [sys.executable, "-m", "plan_review", *arguments, "--checkov"],
        env=dict(target.variables),
        cwd=ROOT,
        check=False,
    ).returncode
    try:
        return Verdict(status)
    except ValueError:
        raise DeliveryError("There is no review: see what it says above.") from None
