"""Rules are registered by name, and what they say becomes findings."""

from collections.abc import Iterator

import pytest

from plan_review.findings import Deployment, Finding, Verdict
from plan_review.plan import Plan
from plan_review.rules import RULES, access
from plan_review.rules.registry import Complaint, Rule, Stack, cannot_judge, rule
from tests.plan_review.plans import PROD, change, plan_of


def check(stack: Stack) -> Iterator[Complaint]:
    """Say something of each stack.

    Its name is
    all that it takes.
    """
    yield Complaint("aws_sqs_queue.payment", f"is in {stack.name}")
    yield cannot_judge("aws_sns_topic.events", "is not known yet")


def test_what_a_rule_says_becomes_a_finding_with_its_remedy() -> None:
    found = Rule("always", "Live with it.", check).findings(Stack("pipeline", plan_of(), PROD))
    of_rule = {"rule": "always", "stack": "pipeline", "remedy": "Live with it."}
    assert list(found) == [
        Finding(
            verdict=Verdict.FAIL,
            address="aws_sqs_queue.payment",
            reason="is in pipeline",
            **of_rule,
        ),
        Finding(
            verdict=Verdict.CANNOT_JUDGE,
            address="aws_sns_topic.events",
            reason="is not known yet",
            **of_rule,
        ),
    ]


def test_a_rule_s_docstring_says_in_one_paragraph_why_there_is_it() -> None:
    why = "Say something of each stack. Its name is all that it takes."
    assert Rule("always", "", check).why == why
    assert Rule("always", "", lambda _: iter(())).why == ""


def test_a_rule_is_known_by_its_name_and_its_check_stays_as_it_is() -> None:
    known = RULES["buckets-private"]
    assert (known.name, known.check) == ("buckets-private", access.buckets_private)
    assert known.remedy.startswith("Leave the bucket's public access block")


def test_two_rules_have_two_names() -> None:
    with pytest.raises(ValueError, match=r"^two rules are called buckets-private$"):
        rule("buckets-private", remedy="None.")(check)


@pytest.mark.parametrize(
    ("told", "planned", "account"),
    [
        ("123456789012", "999999999999", "123456789012"),
        ("123456789012", None, "123456789012"),
        (None, "999999999999", "999999999999"),
        (None, None, None),
    ],
)
def test_the_account_is_the_caller_s_word_before_the_plan_s(
    told: str | None, planned: str | None, account: str | None
) -> None:
    arn = f"arn:aws:sns:eu-west-2:{planned}:events-topic-prod"
    plan: Plan = plan_of(change("aws_sns_topic.events", {"arn": arn}, {"arn": arn}))
    assert Stack("pipeline", plan, Deployment("prod", "prod", told)).account == account
