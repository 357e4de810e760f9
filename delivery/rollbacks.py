"""Rollbacks since a plan was made: they change what is live, but not the state that it is of.

So Terraform does not find such a plan stale. It would leave the aliases that were moved back where
they are and say in the release record that they are where they were before: the next rollback would
take that for a deploy that ended half way.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from delivery.target import DeliveryError, Target

_GONE = ("ParameterNotFound", "ResourceNotFoundException")


def refuse_rolled_back(target: Target, plan: Path) -> None:
    """Compare what is live with what it was when the plan, as JSON, was made.

    Raises
    ------
    DeliveryError
        If an alias or the release record is another one.
    """
    if differences := list(_differences(target, plan)):
        raise DeliveryError(
            f"{target.name} was rolled back since this was planned, so nothing was applied:\n  "
            + "\n  ".join(differences)
            + "\nRun the workflow `pull-request` on the main branch to plan and review it again, "
            "then run this one again. It makes the newest versions live, those that were rolled "
            "back too: merge what is repaired, or a revert, first."
        )


def _differences(target: Target, plan: Path) -> Iterator[str]:
    for resource in json.loads(plan.read_text()).get("resource_changes", []):
        planned = resource["change"]["before"]
        if planned is None:
            continue
        if resource["type"] == "aws_lambda_alias":
            before, live = planned["function_version"], _live_version(target, planned)
            if live != before:
                name = planned["function_name"].rpartition(":")[2]
                yield f"{name} is at version {live or 'none'}; it was at {before}"
        elif resource["type"] == "aws_ssm_parameter":
            live = _live_value(target, planned)
            if live != planned["value"]:
                yield f"{planned['name']} is {live or 'gone'}; it was {planned['value']}"


def _live_version(target: Target, alias: dict[str, Any]) -> str | None:
    try:
        found = target.client("lambda").get_alias(
            FunctionName=alias["function_name"], Name=alias["name"]
        )
    except ClientError as error:
        _must_be_gone(error)
        return None
    return str(found["FunctionVersion"])


def _live_value(target: Target, parameter: dict[str, Any]) -> str | None:
    try:
        found = target.client("ssm").get_parameter(Name=parameter["name"], WithDecryption=True)
    except ClientError as error:
        _must_be_gone(error)
        return None
    return str(found["Parameter"]["Value"])


def _must_be_gone(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _GONE:
        raise error
