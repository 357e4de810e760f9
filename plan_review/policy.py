"""IAM policies, parsed and compared by what they allow instead of by how they are written."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, NamedTuple, Self

ANYBODY = "*"

ACCOUNT = re.compile(r"[0-9]{12}")
"""An account's number."""

NARROWING_OPERATORS = ("arnequals", "arnlike", "stringequals", "stringlike")
"""Operators that refuse a request which lacks the key; `…IfExists`, `ForAllValues:` and `Null` do
not, and what is negated lets in everybody else:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""


class PolicyError(ValueError):
    """A policy document cannot be read; the message says why."""


@dataclass(frozen=True)
class Among:
    """Some names, which may have wildcards, or, where `all_but`, everything else."""

    names: frozenset[str]
    all_but: bool = False

    def covers(self, other: Self) -> bool:
        """Say whether everything that `other` matches is matched here too."""
        if not other.all_but:
            return all(self._covers_name(name) for name in other.names)
        if not self.all_but:
            return ANYBODY in self.names
        return all(any(_covers(theirs, name) for theirs in other.names) for name in self.names)

    def _covers_name(self, name: str) -> bool:
        if self.all_but:
            return not any(_overlap(name, excluded) for excluded in self.names)
        return any(_covers(pattern, name) for pattern in self.names)

    def each(self) -> Iterator[Self]:
        """Yield what is named one by one; all but some is one thing."""
        if self.all_but:
            yield self
        else:
            for name in sorted(self.names):
                yield replace(self, names=frozenset({name}))

    def in_lower_case(self) -> Self:
        """Return the same in lower case."""
        return replace(self, names=frozenset(name.lower() for name in self.names))

    def __str__(self) -> str:
        names = ", ".join(sorted(self.names))
        return f"all but {names}" if self.all_but else names


@dataclass(frozen=True)
class Condition:
    """One condition: an operator, the key it looks at, and the values it compares with."""

    operator: str
    key: str
    values: frozenset[str]

    def implied_by(self, others: Iterable[Self]) -> bool:
        """Say whether a request that fulfils all the others fulfils this one."""
        return any(self._implied_by(other) for other in others)

    def _implied_by(self, other: Self) -> bool:
        # A request without the key fulfils …IfExists, so only this way round.
        operators = {self.operator, self.operator.removesuffix("ifexists")}
        if other.key != self.key or other.operator not in operators:
            return False
        return other.values == self.values or self._is_wider_than(other)

    def _is_wider_than(self, other: Self) -> bool:
        """Compare the values, where it is known what more of them means."""
        if "notequals" in other.operator or "notlike" in other.operator:
            return other.values >= self.values and ":" not in other.operator
        if "like" in other.operator:
            return all(any(_covers(mine, name) for mine in self.values) for name in other.values)
        compares = re.search(r"(^|:)(string|arn|bool|numericequals|null)", other.operator)
        return bool(compares) and other.values <= self.values

    def __str__(self) -> str:
        return f"{self.operator} {self.key}"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. Without `principals` it is of an identity's policy."""

    effect: str
    actions: Among
    resources: Among
    principals: Among | None
    conditions: frozenset[Condition] = frozenset()
    sid: str = ""

    def each(self) -> Iterator[Self]:
        """Yield the statement once for each principal, action and resource that it names."""
        principals = self.principals.each() if self.principals else [None]
        for principal, action, resource in product(
            list(principals), list(self.actions.each()), list(self.resources.each())
        ):
            yield replace(self, principals=principal, actions=action, resources=resource)

    def covers(self, other: Self) -> bool:
        """Say whether this one is about every request that `other` is about."""
        return (
            self.covers_principals(other)
            and self.covers_actions(other)
            and self.resources.covers(other.resources)
            and self.covers_conditions(other)
        )

    def covers_actions(self, other: Self) -> bool:
        """Say whether this one is about all that `other` is about; actions have no case."""
        return self.actions.in_lower_case().covers(other.actions.in_lower_case())

    def covers_principals(self, other: Self) -> bool:
        """Say whether this one is about all whom `other` is about."""
        if self.principals is None or other.principals is None:
            return self.principals is other.principals
        return self.principals.covers(other.principals)

    def covers_conditions(self, other: Self) -> bool:
        """Say whether this one applies whenever `other` does."""
        return all(condition.implied_by(other.conditions) for condition in self.conditions)


def parse_policy(text: str) -> tuple[Statement, ...]:
    """Return the statements of a policy document; none for an empty one.

    Raises
    ------
    PolicyError
        When the text is not a policy document.
    """
    if not text:
        return ()
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PolicyError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("no policy document: it has no Statement")
    return tuple(_statement(each) for each in _listed(document["Statement"]))


@dataclass(frozen=True)
class Widening:
    """Something that a policy allows and did not allow before."""

    statement: Statement
    what: str
    """In what respect it is wider."""


def widenings(before: Sequence[Statement], after: Sequence[Statement]) -> Iterator[Widening]:
    """Yield what `after` allows and `before` does not, and what it has stopped to deny."""
    allowed = [each for each in before if each.effect == "Allow"]
    for statement in after:
        if statement.effect == "Allow":
            for grant in statement.each():
                if not any(each.covers(grant) for each in allowed):
                    yield Widening(grant, _respect(grant, allowed))
    denied = [each for each in after if each.effect == "Deny"]
    for statement in before:
        if statement.effect == "Deny":
            for refusal in statement.each():
                if not any(each.covers(refusal) for each in denied):
                    yield Widening(refusal, "no longer denied")


def _respect(grant: Statement, allowed: Sequence[Statement]) -> str:
    """Say in what respect a grant goes beyond what was allowed, by what comes nearest to it."""
    same_action = [each for each in allowed if each.covers_actions(grant)]
    same_principal = [each for each in same_action if each.covers_principals(grant)]
    if any(each.resources.covers(grant.resources) for each in same_principal):
        return "a condition is gone or wider"
    if same_principal:
        return "a wider or another resource"
    if same_action:
        return "a new principal"
    return "a new action"


def _statement(document: Any) -> Statement:
    if not isinstance(document, dict):
        raise PolicyError("a statement is not an object")
    effect = document.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"a statement has the effect {effect!r}")
    actions = _among(document, "Action")
    if actions is None:
        raise PolicyError("a statement names no action")
    return Statement(
        effect=effect,
        actions=actions,
        # A role's trust policy is about the role itself.
        resources=_among(document, "Resource") or Among(frozenset({ANYBODY})),
        principals=_principals(document),
        conditions=frozenset(_conditions(document.get("Condition") or {})),
        sid=str(document.get("Sid") or ""),
    )


def _among(document: Mapping[str, Any], field: str) -> Among | None:
    for name, all_but in ((field, False), (f"Not{field}", True)):
        if name in document:
            return Among(frozenset(_names(document[name], name)), all_but)
    return None


def _principals(document: Mapping[str, Any]) -> Among | None:
    for name, all_but in (("Principal", False), ("NotPrincipal", True)):
        if name not in document:
            continue
        principal = document[name]
        if principal == ANYBODY:
            return Among(frozenset({ANYBODY}), all_but)
        if not isinstance(principal, dict):
            raise PolicyError(f"{name} is {principal!r}")
        return Among(
            frozenset(
                ANYBODY if (kind, each) == ("AWS", ANYBODY) else f"{kind}:{_account(each)}"
                for kind, names in principal.items()
                for each in _names(names, name)
            ),
            all_but,
        )
    return None


def _account(principal: str) -> str:
    """Return an account's number as the ARN that means the same."""
    if re.fullmatch(r"[0-9]{12}", principal):
        return f"arn:aws:iam::{principal}:root"
    return principal


def _conditions(document: Any) -> Iterator[Condition]:
    if not isinstance(document, dict):
        raise PolicyError("a condition is not an object")
    for operator, keys in document.items():
        if not isinstance(keys, dict):
            raise PolicyError(f"the condition {operator} names no keys")
        for key, values in keys.items():
            texts = frozenset(
                str(each).lower() if isinstance(each, bool) else str(each)
                for each in _listed(values)
            )
            yield Condition(operator.lower(), key.lower(), texts)


def _names(value: Any, field: str) -> list[str]:
    names = _listed(value)
    if not names or not all(isinstance(name, str) for name in names):
        raise PolicyError(f"{field} is {value!r}")
    return names


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def has_wildcard(text: str) -> bool:
    """Say whether a name stands for several."""
    return "*" in text or "?" in text


def account_of(name: str) -> str:
    """Return the account of an ARN, or the number that is one; empty if there is none."""
    parts = name.split(":")
    account = parts[4] if len(parts) > len(("arn", "partition", "service", "region")) else name
    return account if ACCOUNT.fullmatch(account) else ""


class Arn(NamedTuple):
    """The parts of an ARN, or of a pattern of ARNs."""

    prefix: str
    partition: str
    service: str
    region: str
    account: str
    resource: str


def arn(text: str) -> Arn | None:
    """Return a text's parts as an ARN; None if it has fewer."""
    parts = text.split(":", len(Arn._fields) - 1)
    return Arn(*parts) if len(parts) == len(Arn._fields) else None


@cache
def _covers(pattern: str, name: str) -> bool:
    """Say whether a pattern matches whatever `name`, a pattern too, matches."""
    # A question mark stands for one character, which a star in the name need not be.
    parts = (".*" if c == "*" else "[^*]" if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), name, re.DOTALL) is not None


@cache
def _overlap(one: str, other: str) -> bool:
    """Say whether some name is matched by both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _overlap(one[1:], other[1:])
