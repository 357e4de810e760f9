"""What a resource is called, how it is tagged, and where it is."""

import re
from collections.abc import Iterator

from plan_review.plan import UNKNOWN, PlannedResource, State
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule
from plan_review.values import strings

APPLICATION = "order-pipeline"
REGION = "eu-west-2"

ACCOUNT_WIDE_STACKS = ("bootstrap",)
"""Stacks that exist once per account: their suffix is the environment, whatever the copy's is."""

NAME_OF = {
    "aws_api_gateway_stage": "stage_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_cloudwatch_composite_alarm": "alarm_name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_lambda_function": "function_name",
    "aws_s3_bucket": "bucket",
    "aws_xray_resource_policy": "policy_name",
    "aws_xray_sampling_rule": "rule_name",
}
"""Kind → the attribute with its name, where that is not ``name``."""

_A_REGION = "([a-z]{2}(?:-[a-z]+)?-(?:central|north|south|east|west)[a-z]*-[0-9])"
_IN_REGION = re.compile(rf"arn:aws[\w-]*:[\w-]+:{_A_REGION}:|^{_A_REGION}$")
"""What is in an ARN, or is a region and nothing else: that of a replica, say."""

NAMED_AFTER_ANOTHER = (
    "aws_cloudwatch_event_target",  # belongs to its schedule
    "aws_cloudwatch_log_stream",  # to its log group
    "aws_dynamodb_table_item",  # to its table
    "aws_lambda_alias",  # to its function
)
"""Kinds whose name is unique only within something that carries the suffix."""


@rule(
    "tagged",
    remedy="Leave tags to the provider's default tags (stacks/base.py), and override neither.",
)
def tagged(stack: Stack) -> Iterator[Complaint]:
    """Tags tell whose bill and whose alarm it is, and which deployment goes down with what."""
    expected = {"Application": APPLICATION, "Environment": stack.deployment.environment}
    for resource, state in stack.plan.after:
        if "tags_all" not in state.values and state.value("tags_all") is not UNKNOWN:
            continue  # AWS has no tags for this kind
        for tag, value in expected.items():
            found = state.value(f"tags_all.{tag}")
            if found is UNKNOWN:
                yield cannot_judge(resource.address, f"the tag {tag} is known after the apply only")
            elif found is None:
                yield Complaint(resource.address, f"has no tag {tag}")
            elif found != value:
                yield Complaint(resource.address, f"has the tag {tag} {found!r}, not {value!r}")


@rule(
    "suffixed",
    remedy="Name it by `stacks/names.py`, which ends every name with the suffix.",
)
def suffixed(stack: Stack) -> Iterator[Complaint]:
    """Copies of the pipeline share an account: a name without the suffix belongs to two of them."""
    deployment = stack.deployment
    is_account_wide = stack.name in ACCOUNT_WIDE_STACKS
    suffix = deployment.environment if is_account_wide else deployment.suffix
    for resource, state in stack.plan.after:
        name = _name(resource, state)
        if name is UNKNOWN:
            yield cannot_judge(resource.address, "its name is known after the apply only")
        elif isinstance(name, str) and not _ends_with(suffix, name, resource.type):
            yield Complaint(resource.address, f"is called {name!r}, without the suffix {suffix!r}")


def _name(resource: PlannedResource, state: State) -> object:
    if resource.type in NAMED_AFTER_ANOTHER:
        return None
    return state.value(NAME_OF.get(resource.type, "name"))


def _ends_with(suffix: str, name: str, kind: str) -> bool:
    ending = re.escape(suffix)
    if kind == "aws_s3_bucket":
        return re.search(f"-{ending}-[0-9]{{12}}$", name) is not None
    if kind.startswith("aws_glue_"):  # SQL has no hyphens in names
        return name.endswith("_" + suffix.replace("-", "_"))
    # A stage is called by the suffix alone, and its log after it: …/dev.
    return re.search(f"(^|[-/]){ending}$", name) is not None


@rule(
    "in-london",
    remedy=f"Deploy to {REGION}, and refer to what is there.",
)
def in_london(stack: Stack) -> Iterator[Complaint]:
    """Customers' data stays in the United Kingdom, and an ARN of elsewhere leads to nothing."""
    for provider in stack.plan.providers:
        name = "provider.aws" + (f".{provider.alias}" if provider.alias else "")
        expression = provider.expressions.get("region") or {}
        region = expression.get("constant_value")
        if region is None or "references" in expression:
            yield cannot_judge(name, "its region is not written in the configuration")
        elif region != REGION:
            yield Complaint(name, f"deploys to {region}")
    for resource, state in stack.plan.after:
        regions = {
            in_arn or alone
            for text in strings(state.values)
            for in_arn, alone in _IN_REGION.findall(text)
        }
        for region in sorted(regions - {REGION}):
            yield Complaint(resource.address, f"is in or refers to {region}")
