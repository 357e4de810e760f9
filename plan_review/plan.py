"""A plan as `terraform show -json` prints it, typed.

The format: https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plan_review.faults import first_fault

FORMAT_MAJOR_VERSION = "1"
"""Minor versions only add to the format; a new major version may mean anything."""


class PlanError(ValueError):
    """What was given is not a plan; the message says why."""


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNTIL_APPLY = "known after apply"


UNKNOWN: Final = Unknown.UNTIL_APPLY
"""Stands for a value that Terraform learns only from AWS, when it applies the plan."""


class Kind(StrEnum):
    """What is to happen to a resource."""

    DESTROY = "destroyed"
    FORGET = "forgotten"
    """Taken out of the state, and left as it is."""
    REPLACE = "replaced"
    CREATE = "created"
    CHANGE = "changed"
    READ = "read"
    NONE = "unchanged"
    OTHER = "treated in a way this review does not know"


_KINDS = {
    ("no-op",): Kind.NONE,
    ("read",): Kind.READ,
    ("create",): Kind.CREATE,
    ("update",): Kind.CHANGE,
    ("delete",): Kind.DESTROY,
    ("forget",): Kind.FORGET,
    ("delete", "create"): Kind.REPLACE,
    ("create", "delete"): Kind.REPLACE,
    ("create", "forget"): Kind.REPLACE,
}


class State(BaseModel):
    """A resource as it is, or as it will be."""

    model_config = ConfigDict(frozen=True)

    values: Mapping[str, Any]
    unknown: Any = Field(default_factory=dict)
    """Like `values`, with true in place of what is known after the apply only."""
    sensitive: Any = Field(default_factory=dict)
    """Like `values`, with true in place of what must not be shown."""

    def value(self, path: str) -> Any:
        """Return what is at a path such as ``tracing_config.0.mode``: None where nothing is."""
        if _marked(self.unknown, path):
            return UNKNOWN
        return _at(self.values, path)

    def is_sensitive(self, path: str) -> bool:
        """Say whether a value, or a part of it, must not be shown."""
        return _marked(self.sensitive, path) or has_mark(_at(self.sensitive, path))


class Change(BaseModel):
    """What is to become of one resource's values."""

    model_config = ConfigDict(frozen=True)

    actions: tuple[str, ...]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    after_unknown: Any = Field(default_factory=dict)
    before_sensitive: Any = Field(default_factory=dict)
    after_sensitive: Any = Field(default_factory=dict)
    replace_paths: tuple[tuple[str | int, ...], ...] = ()


class ResourceChange(BaseModel):
    """What is to happen to one resource."""

    model_config = ConfigDict(frozen=True)

    address: str
    mode: str
    type: str
    name: str
    change: Change
    previous_address: str | None = None

    @property
    def kind(self) -> Kind:
        """What is to happen."""
        return _KINDS.get(self.change.actions, Kind.OTHER)

    @cached_property
    def before(self) -> State | None:
        """The resource as it is; None if it does not exist yet."""
        if self.change.before is None:
            return None
        return State(values=self.change.before, sensitive=self.change.before_sensitive)

    @cached_property
    def after(self) -> State | None:
        """The resource as it will be; None if it will not exist any more."""
        if self.change.after is None:
            return None
        return State(
            values=self.change.after,
            unknown=self.change.after_unknown,
            sensitive=self.change.after_sensitive,
        )


class PlannedResource(BaseModel):
    """A resource that exists once the plan has been applied, changed by it or not."""

    model_config = ConfigDict(frozen=True)

    address: str
    mode: str
    type: str
    name: str
    values: dict[str, Any] = Field(default_factory=dict)
    sensitive_values: Any = Field(default_factory=dict)


class _Module(BaseModel):
    resources: tuple[PlannedResource, ...] = ()
    child_modules: tuple[Self, ...] = ()

    def all(self) -> Iterator[PlannedResource]:
        yield from self.resources
        for module in self.child_modules:
            yield from module.all()


class _PlannedValues(BaseModel):
    root_module: _Module = Field(default_factory=_Module)


class _ConfiguredResource(BaseModel):
    address: str
    expressions: dict[str, Any] = Field(default_factory=dict)


class _ConfiguredModule(BaseModel):
    resources: tuple[_ConfiguredResource, ...] = ()


class Provider(BaseModel):
    """A provider as it is configured."""

    model_config = ConfigDict(frozen=True)

    name: str
    alias: str | None = None
    expressions: dict[str, Any] = Field(default_factory=dict)


class _Configuration(BaseModel):
    provider_config: dict[str, Provider] = Field(default_factory=dict)
    root_module: _ConfiguredModule = Field(default_factory=_ConfiguredModule)


class OutputChange(BaseModel):
    """What is to happen to an output."""

    actions: tuple[str, ...]
    after: Any = None


class Plan(BaseModel):
    """The plan of one stack."""

    model_config = ConfigDict(frozen=True)

    format_version: str
    terraform_version: str = ""
    errored: bool = False
    complete: bool = True
    resource_changes: tuple[ResourceChange, ...] = ()
    resource_drift: tuple[ResourceChange, ...] = ()
    output_changes: dict[str, OutputChange] = Field(default_factory=dict)
    planned_values: _PlannedValues = Field(default_factory=_PlannedValues)
    configuration: _Configuration = Field(default_factory=_Configuration)

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse what `terraform show -json` printed.

        Raises
        ------
        PlanError
            When it is not the JSON of a plan. A plan in a format of another major version is
            returned with nothing in it: see `has_known_format`.
        """
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise PlanError(f"is not JSON: {error}") from None
        if not isinstance(document, dict) or not isinstance(document.get("format_version"), str):
            raise PlanError("is not a plan as `terraform show -json` prints it")
        empty = cls(format_version=document["format_version"])
        if not empty.has_known_format:
            return empty
        if "resource_changes" not in document and "planned_values" not in document:
            raise PlanError("is the JSON of a state or of nothing, not of a plan")
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise PlanError(f"is not a plan: {first_fault(error)}") from None

    @property
    def has_known_format(self) -> bool:
        """Say whether this review knows what the plan's format means."""
        return self.format_version.partition(".")[0] == FORMAT_MAJOR_VERSION

    @cached_property
    def changes(self) -> tuple[ResourceChange, ...]:
        """What is to happen to each resource that Terraform manages; data sources are left out."""
        return tuple(each for each in self.resource_changes if each.mode == "managed")

    @cached_property
    def kind_of(self) -> Mapping[str, Kind]:
        """What is to happen to the resource at an address."""
        return {each.address: each.kind for each in self.changes}

    @cached_property
    def after(self) -> tuple[tuple[PlannedResource, State], ...]:
        """Every resource that exists after the apply, with its values then."""
        states = {each.address: each.after for each in self.changes}
        return tuple(
            (
                each,
                states.get(each.address)
                or State(values=each.values, sensitive=each.sensitive_values),
            )
            for each in self.planned_values.root_module.all()
            if each.mode == "managed"
        )

    def compared(self, *types: str) -> Iterator[tuple[ResourceChange, State, State]]:
        """Yield what is there before and after the apply, of some types or all, in both states."""
        return (
            (each, each.before, each.after)
            for each in self.changes
            if each.before and each.after and (not types or each.type in types)
        )

    def all(self, *types: str) -> Iterator[tuple[PlannedResource, State]]:
        """Yield the resources of some types that exist after the apply, with their values then."""
        return (each for each in self.after if each[0].type in types)

    @property
    def providers(self) -> Iterator[Provider]:
        """The AWS providers, as configured."""
        return (
            provider
            for provider in self.configuration.provider_config.values()
            if provider.name == "aws"
        )

    @cached_property
    def account(self) -> str | None:
        """The account that is deployed to; None where the plan does not tell.

        The providers refuse any other, or what is there already has it in its ARN.
        """
        allowed = [
            (each.expressions.get("allowed_account_ids") or {}).get("constant_value")
            for each in self.providers
        ]
        accounts = {account for each in allowed if isinstance(each, list) for account in each}
        if not accounts:
            arns = [str(each.before.value("arn")) for each in self.changes if each.before]
            accounts = {
                match[1]
                for arn in arns
                if (match := re.match(r"arn(?::[^:]*){3}:([0-9]{12}):", arn))
            }
        return str(accounts.pop()) if len(accounts) == 1 else None

    def is_configured(self, address: str, attribute: str) -> bool:
        """Say whether the configuration sets an attribute, or leaves it to AWS."""
        return attribute in self._configured(address)

    def is_left_to_aws(self, address: str, attribute: str) -> bool:
        """Say whether the configuration has a resource and does not set an attribute of it."""
        configured = self._configured(address)
        return bool(configured) and attribute not in configured

    def referred(self, address: str, attribute: str) -> tuple[str, ...]:
        """Return the addresses of the resources that an attribute's expression refers to."""
        found: list[str] = []
        for reference in _references(self._configured(address).get(attribute)):
            parts = reference.split(".")
            length = 3 if parts[0] == "data" else 2
            if len(parts) >= length and (each := ".".join(parts[:length])) not in found:
                found.append(each)
        return tuple(found)

    def unknown_because(self, address: str, attribute: str) -> str:
        """Say that an attribute is not known yet, and what it waits for."""
        waits_for = ", ".join(
            each
            for each in self.referred(address, attribute)
            if each.startswith("data.") or self.kind_of.get(each, Kind.NONE) is not Kind.NONE
        )
        return "is known after the apply only" + (f", of {waits_for}" if waits_for else "")

    def _configured(self, address: str) -> Mapping[str, Any]:
        """Return the expressions of a resource, which all its instances share."""
        return self._expressions.get(re.sub(r"\[[^]]*\]", "", address), {})

    @cached_property
    def _expressions(self) -> Mapping[str, Mapping[str, Any]]:
        return {each.address: each.expressions for each in self.configuration.root_module.resources}


def _references(expression: Any) -> Iterator[str]:
    if isinstance(expression, list):
        for each in expression:
            yield from _references(each)
    elif isinstance(expression, dict):
        for key, value in expression.items():
            if key == "references" and isinstance(value, list):
                yield from value
            elif key != "constant_value":
                yield from _references(value)


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _marked(marks: Any, path: str) -> bool:
    """Say whether a tree of marks has true at a path or above it."""
    for part in path.split("."):
        if marks is True:
            return True
        marks = _at(marks, part)
    return marks is True


def has_mark(marks: Any) -> bool:
    """Say whether there is a true anywhere in a tree of marks."""
    if isinstance(marks, dict):
        return any(has_mark(each) for each in marks.values())
    if isinstance(marks, list):
        return any(has_mark(each) for each in marks)
    return marks is True
