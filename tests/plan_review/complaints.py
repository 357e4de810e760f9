"""What a rule says about a plan, to be compared as a whole."""

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.plans import PROD, findings

type Said = tuple[str, Verdict, str]
"""Address, verdict and reason."""


def fails(address: str, *reasons: str) -> list[Said]:
    """Return what a rule says of a resource that breaks it."""
    return [(address, Verdict.FAIL, reason) for reason in reasons]


def cannot_be_judged(address: str, *reasons: str) -> list[Said]:
    """Return what a rule says of a resource about which it cannot tell."""
    return [(address, Verdict.CANNOT_JUDGE, reason) for reason in reasons]


def complaints(
    plan: Plan, rule: str, *, stack: str = "pipeline", deployment: Deployment = PROD
) -> list[Said]:
    """Return what a rule says about a plan."""
    found = findings(plan, rule=rule, stack=stack, deployment=deployment)
    return [(each.address, each.verdict, each.reason) for each in found]
