"""Schedules: functions that run by the clock."""

from stacks.building_blocks.function import Function
from stacks.building_blocks.watched import failed_runs
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    CloudwatchEventRule,
    CloudwatchEventTarget,
    LambdaFunctionEventInvokeConfig,
    LambdaPermission,
)

_DAY = 24 * 60
"""In minutes."""


def run_every(stack: WorkloadStack, function: Function, *, minutes: int, failed: str) -> None:
    """Run a function every so many minutes; an alarm says what it means when a run has `failed`.

    What a run missed the next one does, so a failed run is not repeated: it would only come beside
    the next one.
    """
    name = function.folder.replace("_", "-")
    rule = CloudwatchEventRule(
        stack,
        f"{name}-schedule",
        name=stack.names.of(name, "schedule"),
        description=f"Runs {function.name}",
        schedule_expression=f"rate({_interval(minutes)})",
    )
    CloudwatchEventTarget(
        stack, f"{name}-target", rule=rule.name, arn=function.alias.arn, target_id=name
    )
    LambdaPermission(
        stack,
        f"{name}-schedule-permission",
        statement_id="RunBySchedule",
        action="lambda:InvokeFunction",
        function_name=function.resource.function_name,
        qualifier=function.alias.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
    )
    LambdaFunctionEventInvokeConfig(
        stack,
        f"{name}-invocations",
        function_name=function.resource.function_name,
        qualifier=function.alias.name,
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=60,
    )
    stack.alarms.watch(*failed_runs(function.id, function.name, failed, minutes=minutes))


def _interval(minutes: int) -> str:
    """Return an interval as schedules have it: in days, where it is a number of whole ones.

    LocalStack makes a pattern of cron of it, in which minutes end at 59.
    """
    number, unit = (minutes // _DAY, "day") if minutes % _DAY == 0 else (minutes, "minute")
    return f"{number} {unit}{'s' if number > 1 else ''}"
