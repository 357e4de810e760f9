"""Whether a plan can be read at all, and is the whole of what is to happen."""

from collections.abc import Iterator

from plan_review.plan import FORMAT_MAJOR_VERSION, Kind
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule


@rule(
    "plan-is-whole",
    remedy="Plan the stack again, whole and without errors, with the Terraform that the project "
    "names; teach the review a format or an action that is new.",
)
def plan_is_whole(stack: Stack) -> Iterator[Complaint]:
    """A review is worth what it has seen.

    A plan in an unknown format, one that ended in an error or leaves a part for later, and an
    action that the review does not know say nothing about what is going to happen.
    """
    plan = stack.plan
    if not plan.has_known_format:
        yield cannot_judge(
            "",
            f"the plan has the format {plan.format_version};"
            f" this review knows {FORMAT_MAJOR_VERSION}.x",
        )
    if plan.errored:
        yield cannot_judge("", "planning ended in an error, so the plan is not complete")
    if not plan.complete:
        yield cannot_judge("", "the plan puts a part of the changes off to a later one")
    for change in plan.changes:
        if change.kind is Kind.OTHER:
            yield cannot_judge(change.address, f"unknown actions: {list(change.change.actions)}")
