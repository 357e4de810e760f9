"""What is not worked off, or not delivered, ends in a dead-letter queue as well."""

import json
from typing import Any

import pytest

from plan_review.findings import Verdict
from plan_review.plan import Plan
from tests.plan_review.plans import change, findings, plan_of

ARN = "arn:aws:sqs:eu-west-2:123456789012:"
REDRIVE = json.dumps({"deadLetterTargetArn": f"{ARN}refunds-dlq-prod", "maxReceiveCount": 10})


def queue(name: str, redrive: str | None = None) -> dict[str, Any]:
    values = {"name": f"{name}-prod", "redrive_policy": redrive}
    return change(f"aws_sqs_queue.{name}", None, values)


def subscription(protocol: str, redrive: str | None, was: str | None = None) -> dict[str, Any]:
    before = {"protocol": protocol, "redrive_policy": was} if was else None
    after = {"protocol": protocol, "redrive_policy": redrive}
    return change("aws_sns_topic_subscription.refunds", before, after)


def found(plan: Plan) -> list[str]:
    return [each.address for each in findings(plan, rule="dead-letters")]


def test_a_queue_that_no_function_works_off_needs_one_as_well() -> None:
    assert found(plan_of(queue("refunds"))) == ["aws_sqs_queue.refunds"]
    assert found(plan_of(queue("refunds", "{}"))) == ["aws_sqs_queue.refunds"]
    assert found(plan_of(queue("refunds", REDRIVE), queue("refunds-dlq"))) == []


def test_a_dead_letter_queue_of_nothing_is_a_queue_without_one() -> None:
    assert found(plan_of(queue("refunds-dlq"))) == ["aws_sqs_queue.refunds-dlq"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "aws_lambda_event_source_mapping",
            {
                "starting_position": "LATEST",
                "destination_config": [
                    {"on_failure": [{"destination_arn": f"{ARN}refunds-dlq-prod"}]}
                ],
            },
        ),
        (
            "aws_lambda_function_event_invoke_config",
            {"destination_config": [{"on_failure": [{"destination": f"{ARN}refunds-dlq-prod"}]}]},
        ),
        ("aws_sns_topic_subscription", {"protocol": "sqs", "redrive_policy": REDRIVE}),
    ],
)
def test_what_failures_are_led_to_is_a_dead_letter_queue(kind: str, values: dict[str, Any]) -> None:
    assert found(plan_of(queue("refunds-dlq"), change(f"{kind}.refunds", None, values))) == []


def test_a_queue_is_where_a_function_parks_only_beside_what_it_parks() -> None:
    parked = queue("intake-overflow-dlq")
    overflow = queue("intake-overflow-queue")
    assert found(plan_of(parked)) == ["aws_sqs_queue.intake-overflow-dlq"]
    # No function works the overflow off in this plan, so nothing parks what is in it.
    assert found(plan_of(parked, overflow)) == ["aws_sqs_queue.intake-overflow-queue"]


@pytest.mark.parametrize("protocol", ["sqs", "firehose", "https", "lambda"])
def test_a_subscription_needs_one(protocol: str) -> None:
    dead_letters = queue("refunds-dlq")
    kept = subscription(protocol, REDRIVE, was=REDRIVE)
    assert found(plan_of(kept, dead_letters)) == []
    assert found(plan_of(subscription(protocol, None))) == ["aws_sns_topic_subscription.refunds"]
    lost = subscription(protocol, None, was=REDRIVE)
    assert "aws_sns_topic_subscription.refunds" in found(plan_of(lost, dead_letters))


@pytest.mark.parametrize("protocol", ["email", "email-json", "sms"])
def test_a_person_s_subscription_needs_none(protocol: str) -> None:
    assert found(plan_of(subscription(protocol, None))) == []


def test_a_redrive_policy_that_is_known_later_cannot_be_judged() -> None:
    address = "aws_sns_topic_subscription.refunds"
    configured = {"address": address, "expressions": {"redrive_policy": {"references": []}}}
    later = change(address, None, {"protocol": "sqs"}, after_unknown={"redrive_policy": True})
    plan = plan_of(later, configuration={"root_module": {"resources": [configured]}})
    (finding,) = findings(plan, rule="dead-letters")
    assert finding.verdict is Verdict.CANNOT_JUDGE
