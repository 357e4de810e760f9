"""What a review finds: the words that rules, waivers and the report share."""

from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """What a review comes to; its number is the exit status of `python -m plan_review`."""

    PASS = 0
    FAIL = 1
    CANNOT_JUDGE = 2

    @property
    def badness(self) -> int:
        """What comes first where several are listed: the greater, the worse."""
        return (Verdict.PASS, Verdict.CANNOT_JUDGE, Verdict.FAIL).index(self)

    def __str__(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a plan, or that nobody can tell from it."""

    verdict: Verdict
    rule: str
    stack: str
    address: str
    """Of the resource; empty where it is about the plan as a whole."""
    reason: str
    remedy: str


@dataclass(frozen=True)
class Deployment:
    """Which deployment the plans are of."""

    environment: str
    suffix: str
    account: str | None = None
    """The account's number, where it is known from elsewhere than the plan."""

    @property
    def is_local(self) -> bool:
        """Whether it is one on LocalStack."""
        return self.environment == "local"
