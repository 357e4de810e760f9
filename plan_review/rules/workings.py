"""What guards, starts and watches the pipeline stays on."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from plan_review.plan import UNKNOWN, Kind, ResourceChange, State
from plan_review.policy import account_of
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule

GONE = (Kind.DESTROY, Kind.FORGET)

FIREWALL = ("aws_wafv2_web_acl", "aws_wafv2_web_acl_association")

STARTS = {
    "aws_cloudwatch_event_rule": "what it starts is not started any more",
    "aws_cloudwatch_event_target": "what it starts is not started any more",
    "aws_lambda_alias": "what calls the function by it gets an error",
    "aws_lambda_permission": "whoever it let in cannot call the function any more",
    "aws_scheduler_schedule": "what it starts is not started any more",
}
"""Kind → what no longer happens without it; a mapping that goes is a matter of `data-stays`."""

OFF: Mapping[str, Mapping[str, object]] = {
    "aws_cloudwatch_event_rule": {"is_enabled": False, "state": "DISABLED"},
    "aws_lambda_event_source_mapping": {"enabled": False},
    "aws_scheduler_schedule": {"state": "DISABLED"},
}
"""Kind → the values that turn it off."""

ALARMS = ("aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm")

WITHOUT_BOUNDARY = (
    "aws_iam_role.api-logging-role",  # of the account: a person applies the bootstrap stack
    "aws_iam_role.ci-apply-role",  # bounded by its own policies: it makes the boundary's roles
    "aws_iam_role.ci-plan-role",  # reads only, by policies of its own
)
"""Addresses of roles that have no permissions boundary."""

EVENTS_GO_TO = ("email", "firehose", "sms", "sqs")
"""Protocols of what the pipeline itself subscribes."""


@rule(
    "firewall-stays",
    remedy="Leave the web ACL and its association as they are; to renew one, say in a waiver for "
    "how long the API is without it.",
)
def firewall_stays(stack: Stack) -> Iterator[Complaint]:
    """An API that had a firewall is open to what it stopped while it is gone or replaced."""
    for change in stack.plan.changes:
        if change.type in FIREWALL and change.kind in {*GONE, Kind.REPLACE}:
            yield Complaint(change.address, f"is {change.kind}, and the API is without it")


@rule("bodies-not-logged", remedy="Leave `data_trace_enabled` off.")
def bodies_not_logged(stack: Stack) -> Iterator[Complaint]:
    """API Gateway's data trace logs whole requests: names, addresses and payment tokens.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    for kind, path in (
        ("aws_api_gateway_method_settings", "settings.0.data_trace_enabled"),
        ("aws_apigatewayv2_stage", "default_route_settings.0.data_trace_enabled"),
    ):
        for resource, state in stack.plan.all(kind):
            traces = state.value(path)
            if traces is True:
                yield Complaint(resource.address, "logs whole requests and answers")
            elif traces is UNKNOWN and stack.plan.is_configured(
                resource.address, path.partition(".")[0]
            ):
                yield cannot_judge(resource.address, f"{path} is known after the apply only")


@rule(
    "keeps-running",
    remedy="Leave it on; to pause a stage for a while, see docs/operations.md.",
)
def keeps_running(stack: Stack) -> Iterator[Complaint]:
    """A stage whose mapping, schedule, permission or alias is off stands still without an error."""
    for kind, values in OFF.items():
        for resource, state in stack.plan.all(kind):
            for attribute, off in values.items():
                if state.value(attribute) == off:
                    yield Complaint(resource.address, f"is turned off by {attribute}")
    for change in stack.plan.changes:
        if change.type in STARTS and change.kind in GONE:
            yield Complaint(change.address, f"is {change.kind}: {STARTS[change.type]}")


@rule("watched", remedy="Leave the alarm; if it is wrong, change what it looks at.")
def watched(stack: Stack) -> Iterator[Complaint]:
    """Without its alarm a failure is found by a customer."""
    for change in stack.plan.changes:
        if change.type in ALARMS and change.kind in GONE:
            yield Complaint(change.address, f"is {change.kind}, and nobody is told any more")
    for alarm, before, after in stack.plan.compared(*ALARMS):
        for attribute in ("actions_enabled", "alarm_actions"):
            if before.value(attribute) and not after.value(attribute):
                yield Complaint(alarm.address, f"{attribute} is off, and nobody is told")
        told = after.value("alarm_actions")
        for action in before.value("alarm_actions") or ():
            # What is known later only may be the same.
            if told and told is not UNKNOWN and action not in told:
                yield Complaint(alarm.address, f"no longer tells {action}")


@rule(
    "roles-bounded",
    remedy="Leave the permissions boundary that the stacks give each role (stacks/base.py).",
)
def roles_bounded(stack: Stack) -> Iterator[Complaint]:
    """The boundary is the most that a role can ever be given, whatever its policies say later."""
    if stack.deployment.is_local:
        return  # the boundary is CI's, which LocalStack has not
    for role, state in stack.plan.all("aws_iam_role"):
        boundary = state.value("permissions_boundary")
        is_left_out = boundary is UNKNOWN and not stack.plan.is_configured(
            role.address, "permissions_boundary"
        )
        if (not boundary or is_left_out) and role.address not in WITHOUT_BOUNDARY:
            yield Complaint(role.address, "has no permissions boundary")


@rule(
    "events-stay-inside",
    remedy="Have somebody who knows the consumer look: who gets which events now, and what is in "
    "them. Then waive the rule for this address with what they found.",
)
def events_stay_inside(stack: Stack) -> Iterator[Complaint]:
    """Events are about customers, and a stage sees those only that its filter lets through.

    A new subscriber of another kind takes them elsewhere; another filter gives a stage more than
    it knows, or keeps from it what it waits for.
    """
    for change in stack.plan.changes:
        if change.type == "aws_sns_topic_subscription" and change.after:
            yield from _of_subscriber(stack, change, change.after)
            if change.before:
                yield from _of_filter(stack, change, change.before, change.after)


def _of_subscriber(stack: Stack, change: ResourceChange, after: State) -> Iterator[Complaint]:
    protocol, endpoint = after.value("protocol"), after.value("endpoint")
    is_the_same = change.before and change.before.value("protocol") == protocol
    if protocol not in EVENTS_GO_TO and not is_the_same:
        yield Complaint(change.address, f"takes events out by {protocol}")
    account = account_of(endpoint) if isinstance(endpoint, str) else ""
    if stack.account and account not in {"", stack.account}:
        yield Complaint(change.address, f"takes events to another account: {endpoint}")


def _of_filter(
    stack: Stack, change: ResourceChange, before: State, after: State
) -> Iterator[Complaint]:
    for attribute in ("filter_policy", "filter_policy_scope"):
        was, is_now = _parsed(before.value(attribute)), _parsed(after.value(attribute))
        # What AWS fills in itself where nothing is said is no other filter.
        is_filled_in = is_now is UNKNOWN and not stack.plan.is_configured(change.address, attribute)
        if was != is_now and not is_filled_in:
            yield cannot_judge(change.address, f"its {attribute} changes")


def _parsed(policy: Any) -> Any:
    """Return a filter policy as what it says, however it is written."""
    try:
        return json.loads(policy) if policy and isinstance(policy, str) else policy or None
    except json.JSONDecodeError:
        return policy
