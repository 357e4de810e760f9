"""A plan that nobody can read, or that leaves something out, is not judged."""

import pytest

from plan_review.plan import Plan
from tests.plan_review.complaints import cannot_be_judged, complaints
from tests.plan_review.plans import change, plan_of

RULE = "plan-is-whole"


def test_a_whole_plan_is_judged() -> None:
    created = change("aws_sqs_queue.payment", None, {"name": "payment-queue-prod"})
    assert complaints(plan_of(created), RULE) == []


def test_a_format_of_another_major_version_is_not_known() -> None:
    said = "the plan has the format 2.0; this review knows 1.x"
    assert complaints(Plan(format_version="2.0"), RULE) == cannot_be_judged("", said)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"errored": True}, "planning ended in an error, so the plan is not complete"),
        ({"complete": False}, "the plan puts a part of the changes off to a later one"),
    ],
)
def test_a_plan_that_is_not_whole_says_nothing(part: dict[str, bool], said: str) -> None:
    assert complaints(plan_of(**part), RULE) == cannot_be_judged("", said)


def test_an_action_that_the_review_does_not_know_may_be_anything() -> None:
    moved = change("aws_sqs_queue.payment", {}, {}, actions=["move", "lend"])
    known = change("aws_sqs_queue.refunds", {}, {})
    said = "unknown actions: ['move', 'lend']"
    assert complaints(plan_of(known, moved), RULE) == cannot_be_judged(
        "aws_sqs_queue.payment", said
    )
