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
        schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
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
    rule_name = stack.names.of(name, "schedule")
    stack.alarms.watch(*failed_runs(function.id, function.name, rule_name, failed))
