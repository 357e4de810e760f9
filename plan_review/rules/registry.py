"""How rules are written and found: small functions, registered by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from plan_review.findings import Deployment, Finding, Verdict
from plan_review.plan import Plan


@dataclass(frozen=True)
class Stack:
    """The plan of one stack, and which deployment's it is."""

    name: str
    plan: Plan
    deployment: Deployment

    @property
    def account(self) -> str | None:
        """The account that is deployed to: None where neither the caller nor the plan tells."""
        return self.deployment.account or self.plan.account


@dataclass(frozen=True)
class Complaint:
    """What a rule says about a resource; an empty address is about the plan as a whole."""

    address: str
    reason: str
    verdict: Verdict = Verdict.FAIL


def cannot_judge(address: str, reason: str) -> Complaint:
    """Say that a rule cannot be judged yet."""
    return Complaint(address, reason, Verdict.CANNOT_JUDGE)


type Check = Callable[[Stack], Iterator[Complaint]]


@dataclass(frozen=True)
class Rule:
    """One rule of the review."""

    name: str
    remedy: str
    """What to do about a finding."""
    check: Check

    @property
    def why(self) -> str:
        """Why there is the rule: the check's docstring, as one paragraph."""
        return " ".join((self.check.__doc__ or "").split())

    def findings(self, stack: Stack) -> Iterator[Finding]:
        """Yield what breaks the rule in a stack's plan."""
        for complaint in self.check(stack):
            yield Finding(
                verdict=complaint.verdict,
                rule=self.name,
                stack=stack.name,
                address=complaint.address,
                reason=complaint.reason,
                remedy=self.remedy,
            )


_RULES: dict[str, Rule] = {}


def rule(name: str, *, remedy: str) -> Callable[[Check], Check]:
    """Register a check under a name; its docstring says why there is the rule."""

    def register(check: Check) -> Check:
        if name in _RULES:
            raise ValueError(f"two rules are called {name}")
        _RULES[name] = Rule(name, remedy, check)
        return check

    return register


def registered() -> Mapping[str, Rule]:
    """Return the rules by name, in the order in which they were registered."""
    return _RULES
