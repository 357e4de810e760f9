"""What every function has: a way out for what fails, traces, a log, a bound."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from plan_review.plan import UNKNOWN, Plan, PlannedResource, State
from plan_review.rules.data import TOLD_TO_PEOPLE
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule

PARKED_BY_FUNCTION = (
    # An order that was accepted is never given up: intake-drain parks by itself.
    "aws_sqs_queue.intake-overflow-queue",
)
"""Queues without redrive. Their function must know a dead-letter queue."""

WHERE_FUNCTIONS_PARK = {
    "aws_sqs_queue.intake-overflow-dlq": "aws_sqs_queue.intake-overflow-queue",
}
"""Dead-letter queue that no redrive leads to → the queue whose function puts messages there."""

ASYNCHRONOUS_CALLERS = ("events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com")
"""Services that do not wait for a function's answer:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html"""

STREAM_ATTRIBUTE = "starting_position"
"""What a mapping of a stream has, and one of a queue has not."""

NOTHING_RESERVED = (None, -1)


@rule(
    "dead-letters",
    remedy="Build it of `Worker`, `EventPublisher` or `run_every`, which come with their "
    "dead-letter queue or their alarm.",
)
def dead_letters(stack: Stack) -> Iterator[Complaint]:
    """What a function cannot handle must end where somebody finds it, and be taken from there.

    A queue needs a redrive policy that does not lead back to it, or a function that parks by
    itself, or is a dead-letter queue itself; a subscription, but for a person's, needs a redrive
    policy too; a stream's mapping an on-failure destination; a function that is invoked
    asynchronously one too, or no retries and an alarm on its errors, where the next run does what
    a run has missed.
    """
    plan = stack.plan
    worked_off = set()
    for mapping, state in plan.all("aws_lambda_event_source_mapping"):
        if state.value(STREAM_ATTRIBUTE):
            if not state.value("destination_config.0.on_failure.0.destination_arn"):
                yield Complaint(mapping.address, "has no on-failure destination")
        elif queue := _mapped_queue(plan, mapping, state):
            worked_off.add(queue[0])
            yield from _of_queue(plan, mapping, state, *queue)
        else:
            yield cannot_judge(mapping.address, "its queue is not in this plan")
    dead_letter_queues = {*_dead_letter_queues(plan)}
    leads_to = _where_dead_letters_go(plan)
    for resource, state in plan.all("aws_sqs_queue"):
        names = {resource.address, state.value("name")}
        if not names & dead_letter_queues and resource.address not in worked_off:
            yield from _of_redrive(plan, resource, state)
        if state.value("name") in _way(leads_to, state.value("name")):
            yield Complaint(resource.address, "its dead letters come back to it")
    for subscription, state in plan.all("aws_sns_topic_subscription"):
        if state.value("protocol") not in TOLD_TO_PEOPLE:
            yield from _of_redrive(plan, subscription, state)
    for address in sorted(_invoked_asynchronously(plan)):
        yield from _of_asynchronous(plan, address)


def _mapped_queue(plan: Plan, mapping: PlannedResource, state: State) -> tuple[str, State] | None:
    name = str(state.value("event_source_arn")).rpartition(":")[2]
    return _target(plan, mapping.address, "event_source_arn", "aws_sqs_queue", name)


def _of_queue(
    plan: Plan, mapping: PlannedResource, state: State, queue: str, its: State
) -> Iterator[Complaint]:
    target = _dead_letter_target(plan, queue, its)
    if target is UNKNOWN:
        yield cannot_judge(queue, "its redrive policy is known after the apply only")
    elif not target and not (
        queue in PARKED_BY_FUNCTION and _knows_dead_letters(plan, mapping, state)
    ):
        yield Complaint(queue, f"has no dead-letter queue, and {mapping.address} works it off")


def _of_redrive(plan: Plan, resource: PlannedResource, state: State) -> Iterator[Complaint]:
    target = _dead_letter_target(plan, resource.address, state)
    if target is UNKNOWN:
        yield cannot_judge(resource.address, "its redrive policy is known after the apply only")
    elif not target:
        yield Complaint(resource.address, "has no dead-letter queue, and is none")


def _dead_letter_target(plan: Plan, address: str, state: State) -> Any:
    """Return the ARN that a redrive policy leads to: UNKNOWN until the apply, None if nowhere."""
    redrive = state.value("redrive_policy")
    if redrive is UNKNOWN and plan.is_configured(address, "redrive_policy"):
        return UNKNOWN
    if not isinstance(redrive, str):
        return None
    try:
        policy = json.loads(redrive)
    except json.JSONDecodeError:
        return None  # AWS refuses it, too
    return policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None


def _where_dead_letters_go(plan: Plan) -> dict[Any, str]:
    """Return the name of each queue's dead-letter queue by its own, as far as known."""
    return {
        state.value("name"): name
        for resource, state in plan.all("aws_sqs_queue")
        for name in _queue_named_in(_dead_letter_target(plan, resource.address, state))
    }


def _way(leads_to: Mapping[Any, str], queue: Any) -> list[str]:
    """Return the names of the queues that a queue's dead letters go through."""
    way: list[str] = []
    name = leads_to.get(queue)
    while name and name not in way:
        way.append(name)
        name = leads_to.get(name)
    return way


def _queue_named_in(arn: Any) -> Iterator[str]:
    """Yield the name of a queue out of its ARN; a topic or a function has an ARN, too."""
    if isinstance(arn, str) and ":sqs:" in arn:
        yield arn.rpartition(":")[2]


def _dead_letter_queues(plan: Plan) -> Iterator[str]:
    """Yield the addresses and names of the queues that something else leads dead letters to.

    Where an ARN is not known yet, the expression tells; a queue that a function parks on is one
    as long as what it parks is there.
    """
    for resource, state in plan.all("aws_sqs_queue", "aws_sns_topic_subscription"):
        yield from plan.referred(resource.address, "redrive_policy")
        yield from _queue_named_in(_dead_letter_target(plan, resource.address, state))
    for kind, attribute, path in (
        ("aws_lambda_event_source_mapping", "destination_config", "on_failure.0.destination_arn"),
        (
            "aws_lambda_function_event_invoke_config",
            "destination_config",
            "on_failure.0.destination",
        ),
        ("aws_lambda_function", "dead_letter_config", "target_arn"),
        ("aws_cloudwatch_event_target", "dead_letter_config", "arn"),
    ):
        for resource, state in plan.all(kind):
            yield from plan.referred(resource.address, attribute)
            yield from _queue_named_in(state.value(f"{attribute}.0.{path}"))
    there = {resource.address for resource, _ in plan.all("aws_sqs_queue")}
    yield from (parked for parked, queue in WHERE_FUNCTIONS_PARK.items() if queue in there)


def _knows_dead_letters(plan: Plan, mapping: PlannedResource, state: State) -> bool:
    function = _function(plan, mapping.address, state)
    # What is known after the apply only is there all the same.
    return function is not None and bool(
        function[1].value("environment.0.variables.DEAD_LETTER_QUEUE_URL")
    )


def _invoked_asynchronously(plan: Plan) -> set[str]:
    """Return the addresses of the functions that are called by who does not wait."""
    found = set()
    for permission, state in plan.all("aws_lambda_permission"):
        if state.value("principal") in ASYNCHRONOUS_CALLERS:
            function = _function(plan, permission.address, state)
            if function:
                found.add(function[0])
    return found


def _of_asynchronous(plan: Plan, address: str) -> Iterator[Complaint]:
    for each, state in plan.all("aws_lambda_function_event_invoke_config"):
        function = _function(plan, each.address, state)
        if function is None or function[0] != address:
            continue
        if state.value("destination_config.0.on_failure.0.destination"):
            return
        if state.value("maximum_retry_attempts") == 0 and _errors_are_watched(plan, address):
            return
    yield Complaint(
        address,
        "is invoked asynchronously, and what fails goes nowhere: no on-failure destination, or no"
        " alarm on its errors",
    )


def _errors_are_watched(plan: Plan, address: str) -> bool:
    names = [state.value("function_name") for each, state in plan.after if each.address == address]
    return any(
        state.value("metric_name") == "Errors"
        and state.value("dimensions.FunctionName") in names
        and state.value("alarm_actions")
        and state.value("actions_enabled") is not False
        for _, state in plan.all("aws_cloudwatch_metric_alarm")
    )


@rule("traced", remedy="Leave `tracing_config` at Active (stacks/building_blocks/function.py).")
def traced(stack: Stack) -> Iterator[Complaint]:
    """Where an order is, and where it waited, is read off its trace."""
    for function, state in stack.plan.all("aws_lambda_function"):
        if state.value("tracing_config.0.mode") != "Active":
            yield Complaint(function.address, "is not traced")
    for stage, state in stack.plan.all("aws_api_gateway_stage"):
        if state.value("xray_tracing_enabled") is not True:
            yield Complaint(stage.address, "is not traced")


@rule(
    "logged",
    remedy="Give the function its log group (stacks/building_blocks/function.py).",
)
def logged(stack: Stack) -> Iterator[Complaint]:
    """A log group that Lambda makes itself is not encrypted with our key, and is kept for ever."""
    plan = stack.plan
    groups = {state.value("name") for _, state in plan.all("aws_cloudwatch_log_group")}
    for function, state in plan.all("aws_lambda_function"):
        own = state.value("logging_config.0.log_group")
        if own is UNKNOWN:
            referred = plan.referred(function.address, "logging_config")
            if not any(each.startswith("aws_cloudwatch_log_group.") for each in referred):
                yield cannot_judge(function.address, "its log group is known after the apply only")
        elif (own or f"/aws/lambda/{state.value('function_name')}") not in groups:
            yield Complaint(function.address, "has no log group of its own in this plan")
    for stage, state in plan.all("aws_api_gateway_stage"):
        if not state.value("access_log_settings"):
            yield Complaint(stage.address, "keeps no access log")


@rule(
    "concurrency-bounded",
    remedy="Set `maximum_concurrency` and `reserved_concurrency` in stacks/settings.py.",
)
def concurrency_bounded(stack: Stack) -> Iterator[Complaint]:
    """One stage must not take all of the account's concurrency from the others.

    A mapping of a queue has a maximum, which the function's reservation covers: with less it
    over-polls, and messages end in the dead-letter queue unhandled. In prod every function
    reserves its share, and nowhere does one lose it.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """
    plan = stack.plan
    for mapping, state in plan.all("aws_lambda_event_source_mapping"):
        if state.value(STREAM_ATTRIBUTE):
            continue  # bounded by the stream's shards
        maximum = state.value("scaling_config.0.maximum_concurrency")
        if maximum is None:
            yield Complaint(mapping.address, "has no maximum concurrency")
            continue
        function = _function(plan, mapping.address, state)
        reserved = function[1].value("reserved_concurrent_executions") if function else None
        if isinstance(reserved, int) and isinstance(maximum, int) and 0 <= reserved < maximum:
            yield Complaint(
                mapping.address, f"calls up to {maximum} at once, of which {reserved} are reserved"
            )
    for function_, state in plan.all("aws_lambda_function"):
        reserved = state.value("reserved_concurrent_executions")
        if reserved == 0:
            yield Complaint(function_.address, "reserves 0, so that it never runs")
        elif stack.deployment.environment == "prod" and reserved in NOTHING_RESERVED:
            yield Complaint(function_.address, "reserves no concurrency")
    for change, before, after in plan.compared("aws_lambda_function"):
        was = before.value("reserved_concurrent_executions")
        is_now = after.value("reserved_concurrent_executions")
        if was not in NOTHING_RESERVED and is_now in NOTHING_RESERVED:
            yield Complaint(change.address, f"no longer reserves {was}")


def _function(plan: Plan, address: str, state: State) -> tuple[str, State] | None:
    """Return the function that a mapping, a permission or a configuration is about."""
    for alias, its in plan.all("aws_lambda_alias"):
        if alias.address in plan.referred(address, "function_name"):
            return _function(plan, alias.address, its)
    # A name or an ARN, which may have a version or an alias at its end.
    name = str(state.value("function_name")).split(":function:")[-1].partition(":")[0]
    return _target(plan, address, "function_name", "aws_lambda_function", name)


def _target(
    plan: Plan, address: str, attribute: str, kind: str, name: str
) -> tuple[str, State] | None:
    """Return the resource of a kind that an attribute refers to, or that has a name."""
    referred = plan.referred(address, attribute)
    name_of_it = "function_name" if kind == "aws_lambda_function" else "name"
    for resource, state in plan.all(kind):
        if resource.address in referred or state.value(name_of_it) == name:
            return resource.address, state
    return None
