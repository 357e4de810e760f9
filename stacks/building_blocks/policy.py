"""Policies: statements, the documents they make, and grants from one block to another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from stacks.building_blocks.document import as_json

type Condition = Mapping[str, Mapping[str, str | list[str]]]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. Without a `principal` it is of an identity's policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """Or, where `all_but_these`, the resources that the statement is not about."""
    principal: Mapping[str, str] | str | None = None
    conditions: Condition = field(default_factory=dict)
    effect: str = "Allow"
    all_but_these: bool = False

    def rendered(self) -> dict[str, Any]:
        """Return the statement as IAM's JSON has it."""
        statement: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal is not None:
            statement["Principal"] = self.principal
        statement["Action"] = list(self.actions)
        statement["NotResource" if self.all_but_these else "Resource"] = list(self.resources)
        if self.conditions:
            statement["Condition"] = self.conditions
        return statement


@dataclass(frozen=True)
class KeyUse:
    """What a caller of `service` needs of the key that the service encrypts with."""

    service: str
    actions: tuple[str, ...] = ("kms:Decrypt",)

    @classmethod
    def to_send(cls, service: str) -> Self:
        """Return what a sender of messages needs: the service asks for a data key in its name."""
        return cls(service, ("kms:Decrypt", "kms:GenerateDataKey"))


@dataclass(frozen=True)
class Grant:
    """What a block lets a function do, and what that needs of the encryption key."""

    statement: Statement
    key_use: KeyUse | None = None


def policy_document(statements: Iterable[Statement]) -> str:
    """Return a policy document of `statements`."""
    return as_json({"Version": "2012-10-17", "Statement": [each.rendered() for each in statements]})


def assumed_by(service: str, conditions: Condition | None = None) -> str:
    """Return the trust policy of a role that an AWS service assumes."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        statement["Condition"] = conditions
    return as_json({"Version": "2012-10-17", "Statement": [statement]})


def refuse_plain_http(actions: str, *resources: str) -> Statement:
    """Return the statement of a resource's policy that lets nobody in without TLS."""
    return Statement(
        sid="RefusePlainHttp",
        effect="Deny",
        principal="*",
        actions=(actions,),
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def granted(
    grants: Sequence[Grant], *, key_arn: str, region: str, key_uses: Iterable[KeyUse] = ()
) -> list[Statement]:
    """Return the statements for `grants`, and for the key: as they use it, and `key_uses` too."""
    uses = [*key_uses, *(grant.key_use for grant in grants if grant.key_use)]
    return [*(grant.statement for grant in grants), *use_of_key(key_arn, region, uses)]


def use_of_key(key_arn: str, region: str, uses: Iterable[KeyUse]) -> list[Statement]:
    """Return the statements for `uses` of a key: one for each service it is used through."""
    needed: dict[str, set[str]] = {}
    for use in uses:
        needed.setdefault(use.service, set()).update(use.actions)
    return [
        Statement(
            sid=f"UseKeyThrough{service.capitalize()}",
            actions=tuple(sorted(actions)),
            resources=(key_arn,),
            conditions={"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com"}},
        )
        for service, actions in sorted(needed.items())
    ]
