"""What holds data or messages is neither destroyed, replaced nor forgotten unseen."""

import pytest

from tests.plan_review.complaints import complaints, fails
from tests.plan_review.plans import change, plan_of

HELD = {
    "aws_cloudwatch_log_group": "the logs that tell what became of an order",
    "aws_dynamodb_table": "items",
    "aws_dynamodb_table_item": "an item",
    "aws_efs_file_system": "files",
    "aws_kinesis_firehose_delivery_stream": "events that it has not written yet",
    "aws_kinesis_stream": "records",
    "aws_kms_key": "the only means to read what it has encrypted",
    "aws_lambda_event_source_mapping": "how far its source has been read",
    "aws_rds_cluster": "a database",
    "aws_s3_bucket": "objects",
    "aws_s3_object": "an object",
    "aws_secretsmanager_secret": "a secret, which nobody may have elsewhere",
    "aws_secretsmanager_secret_version": "a secret's value",
    "aws_sns_topic": "subscriptions, also those that people have confirmed by hand",
    "aws_sns_topic_subscription": "its place: what is published while it is gone is lost to it",
    "aws_sqs_queue": "messages",
    "aws_ssm_parameter": "a value",
}


@pytest.mark.parametrize(("kind", "what"), HELD.items())
def test_what_holds_something_is_not_lost(kind: str, what: str) -> None:
    address = f"{kind}.orders"
    for actions, becomes in (
        (["delete"], "destroyed"),
        (["forget"], "forgotten"),
        (["delete", "create"], "replaced"),
    ):
        after = {"name": "b"} if "create" in actions else None
        lost = plan_of(change(address, {"name": "a"}, after, actions=actions))
        assert complaints(lost, "data-stays") == fails(address, f"is {becomes}; it holds {what}")


def test_what_stays_or_holds_nothing_is_no_loss() -> None:
    queue = "aws_sqs_queue.payment"
    assert complaints(plan_of(change(queue, None, {"name": "a"})), "data-stays") == []
    assert complaints(plan_of(change(queue, {"name": "a"}, {"name": "b"})), "data-stays") == []
    assert complaints(plan_of(change(queue, {"name": "a"}, {"name": "a"})), "data-stays") == []
    assert (
        complaints(plan_of(change("aws_iam_role.payment", {"name": "a"}, None)), "data-stays") == []
    )


def test_what_forces_a_replacement_is_told() -> None:
    replaced = change(
        "aws_dynamodb_table.orders",
        {"name": "a"},
        {"name": "b"},
        actions=["delete", "create"],
        replace_paths=[["name"], ["attribute", 0, "type"]],
    )
    assert complaints(plan_of(replaced), "data-stays") == fails(
        "aws_dynamodb_table.orders",
        "is replaced, since name, attribute.0.type cannot be changed in place; it holds items",
    )


@pytest.mark.parametrize("protocol", ["email", "email-json", "sms"])
def test_a_person_s_subscription_may_go_and_nothing_else_with_it(protocol: str) -> None:
    person_s = change("aws_sns_topic_subscription.on_call", {"protocol": protocol}, None)
    queue_s = change("aws_sns_topic_subscription.payment", {"protocol": "sqs"}, None)
    assert complaints(plan_of(person_s), "data-stays") == []
    assert [address for address, *_ in complaints(plan_of(person_s, queue_s), "data-stays")] == [
        "aws_sns_topic_subscription.payment"
    ]
