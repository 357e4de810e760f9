"""The state of the bootstrap stack, made again from what is in the account.

It is a file on the machine of whoever bootstrapped the account, because the stack makes the bucket
for the other states. It holds nothing that the account does not: each resource is imported by the
name that it was given.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from delivery.by_hand import BOOTSTRAP, state_of_bootstrap, synthesise
from delivery.target import DeliveryError, Target
from local.tools import SYNTHESISED

type Resources = Mapping[str, Mapping[str, Mapping[str, Any]]]

_REFERENCE = re.compile(r"\$\{(?P<type>\w+)\.(?P<id>[\w-]+)\.(?P<attribute>\w+)\}")

# What Terraform says of a resource that is not there.
_NOT_THERE = re.compile(r"non-existent remote object|couldn't find resource|not found|NoSuch")


def recover(target: Target) -> int:
    """Import everything of the bootstrap stack that is in the account."""
    state = state_of_bootstrap(target)
    if state.exists():
        raise DeliveryError(f"The state is here: {state}. Move it away to have it made again.")
    # Terraform says at length, and of the first resource only, that nobody has signed in.
    target.client("sts").get_caller_identity()
    synthesise(target)
    target.must(BOOTSTRAP, "init", "-input=false")
    missing = []
    for address, import_id in identities(_resources(), target.settings.account_id):
        done = target.terraform(BOOTSTRAP, "import", "-input=false", address, import_id)
        if done.returncode == 0:
            print(f"found: {address} {import_id}", flush=True)
        elif _NOT_THERE.search(done.stderr):
            missing.append(address)
            print(f"not there: {address} {import_id}", flush=True)
        else:
            raise DeliveryError(f"{address} could not be imported:\n{done.stdout}{done.stderr}")
    print(
        f"The state is back: {state}. What is left to change or to make shows: "
        f"make bootstrap ENVIRONMENT={target.settings.environment}"
    )
    return 0


def identities(resources: Resources, account_id: str) -> Iterator[tuple[str, str]]:
    """Yield the address of each resource, and what AWS knows it by, from the synthesised stack."""
    for kind, of_kind in resources.items():
        for name, body in of_kind.items():
            yield f"{kind}.{name}", _identity(kind, body, resources, account_id)


def _identity(kind: str, body: Mapping[str, Any], resources: Resources, account_id: str) -> str:
    def resolved(value: str) -> str:
        match = _REFERENCE.fullmatch(value)
        if match is None:
            return value
        other = resources[match["type"]][match["id"]]
        return _identity(match["type"], other, resources, account_id)

    iam = f"arn:aws:iam::{account_id}"
    known_by: dict[str, Callable[[], str]] = {
        "aws_api_gateway_account": lambda: "api-gateway-account",  # the name is Terraform's
        "aws_iam_openid_connect_provider": lambda: (
            f"{iam}:oidc-provider/{body['url'].removeprefix('https://')}"
        ),
        "aws_iam_policy": lambda: f"{iam}:policy/{body['name']}",
        "aws_iam_role": lambda: str(body["name"]),
        "aws_iam_role_policy_attachment": lambda: (
            f"{resolved(body['role'])}/{resolved(body['policy_arn'])}"
        ),
        "aws_s3_bucket": lambda: str(body["bucket"]),
        "aws_ses_email_identity": lambda: str(body["email"]),
    }
    if kind in known_by:
        return known_by[kind]()
    if kind.startswith("aws_s3_bucket_"):
        return resolved(body["bucket"])
    raise DeliveryError(f"How a {kind} is imported is not known: add it to {__name__}.")


def _resources() -> Resources:
    stack = json.loads((SYNTHESISED / BOOTSTRAP / "cdk.tf.json").read_text())
    found: Resources = stack["resource"]
    return found
