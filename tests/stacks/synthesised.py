"""The stacks as Terraform reads them: the synthesised JSON, parsed."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.deployment import STACKS
from main import order_pipeline
from stacks.cdk import Testing
from stacks.settings import Settings

ENVIRONMENTS = ("local", "dev", "staging", "prod")
ACCOUNT_ID = "123456789012"

_REFERENCE = re.compile(r"\$\{(?P<type>\w+)\.(?P<id>[\w-]+)\.\w+\}")


@dataclass(frozen=True)
class Resource:
    """One resource of one stack."""

    stack: str
    type: str
    id: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}: {self.type}.{self.id}"

    def __getitem__(self, attribute: str) -> Any:
        return self.body[attribute]

    def get(self, attribute: str) -> Any:
        """Return an attribute, or None where it is not set."""
        return self.body.get(attribute)

    def statements(self, attribute: str = "policy") -> list[dict[str, Any]]:
        """Return the statements of the policy document in an attribute."""
        text = self.get(attribute)
        found: list[dict[str, Any]] = json.loads(text)["Statement"] if text else []
        return found


@dataclass(frozen=True)
class Deployment:
    """The stacks of one environment."""

    settings: Settings
    folder: Path
    stacks: dict[str, dict[str, Any]]

    def all(self, *types: str) -> list[Resource]:
        """Return the resources of the given types, or all."""
        return [resource for resource in self._resources() if resource.type in types or not types]

    def one(self, address: str) -> Resource:
        """Return the resource at an address such as ``aws_sqs_queue.payment-queue``."""
        kind, _, name = address.partition(".")
        (found,) = (each for each in self.all(kind) if each.id == name)
        return found

    def referred(self, stack: str, reference: str) -> Resource | None:
        """Return what a Terraform reference such as ``${aws_sqs_queue.payment-dlq.arn}`` means."""
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return None
        body = self.stacks[stack]["resource"].get(match["type"], {}).get(match["id"])
        return None if body is None else Resource(stack, match["type"], match["id"], body)

    def has(self, kind: Any, **properties: Any) -> bool:
        """Whether CDKTF's own matcher finds a resource of the construct `kind` like this."""
        assert None not in properties.values(), "the matcher takes None for anything"
        return any(
            Testing.to_have_resource_with_properties(
                self.text(stack), kind.TF_RESOURCE_TYPE, properties
            )
            for stack in self.stacks
        )

    def text(self, stack: str) -> str:
        """Return a stack as the JSON that Terraform gets."""
        return json.dumps(self.stacks[stack])

    def copied(self) -> "Deployment":
        """Return a copy to change."""
        return replace(self, stacks=copy.deepcopy(self.stacks))

    def changed(self, address: str, **attributes: Any) -> "Deployment":
        """Return a copy in which a resource has other attributes; None removes one."""
        copied = self.copied()
        body = copied.one(address).body
        for name, value in attributes.items():
            if value is None:
                body.pop(name)
            else:
                body[name] = value
        return copied

    def without(self, address: str) -> "Deployment":
        """Return a copy in which a resource is missing."""
        copied = self.copied()
        gone = copied.one(address)
        copied.stacks[gone.stack]["resource"][gone.type].pop(gone.id)
        return copied

    def _resources(self) -> Iterator[Resource]:
        for stack, content in self.stacks.items():
            for kind, resources in content["resource"].items():
                for name, body in resources.items():
                    yield Resource(stack, kind, name, body)


def settings_of(environment: str, **variables: str) -> Settings:
    """Return the settings of an environment as a person would set them."""
    told = {
        "ENVIRONMENT": environment,
        "AWS_ACCOUNT_ID": ACCOUNT_ID,
        "EMAIL_SENDER": "orders@example.com",
        "ALARM_ADDRESSES": "ops@example.com",
        "GITHUB_REPOSITORY_NAME": "example/order-pipeline",
        "CANARY_ITEM": "canary",
        "CANARY_PAYMENT_METHOD": "pm_card_visa",
    }
    return Settings.from_environment(told | variables)


def synthesise(settings: Settings, folder: Path) -> Deployment:
    """Synthesise the stacks into `folder` and read them."""
    order_pipeline(settings, outdir=str(folder)).synth()
    return Deployment(settings, folder, read_stacks(folder))


def read_stacks(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the stacks synthesised into `folder`."""
    return {
        stack: json.loads((folder / "stacks" / stack / "cdk.tf.json").read_text())
        for stack in STACKS
    }
