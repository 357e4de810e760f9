"""What holds data or messages stays where it is."""

from collections.abc import Iterator

from plan_review.plan import Kind
from plan_review.rules.registry import Complaint, Stack, rule

HOLDS = {
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
"""Kind → what is lost with a resource of it."""

TOLD_TO_PEOPLE = ("email", "email-json", "sms")
"""Protocols of subscriptions that hold nothing: a person's new address is an everyday change."""


@rule(
    "data-stays",
    remedy="Change it in place, or move what it holds first (docs/restore.md for tables). If it "
    "is empty or meant to go, waive the rule for this address.",
)
def data_stays(stack: Stack) -> Iterator[Complaint]:
    """Terraform destroys what it replaces, and what a queue or a table held is not in its plan.

    An order that was accepted is never lost: not by a new name of a queue either.
    """
    for change in stack.plan.changes:
        what = HOLDS.get(change.type)
        if change.before and change.before.value("protocol") in TOLD_TO_PEOPLE:
            continue
        if what and change.kind in {Kind.DESTROY, Kind.REPLACE, Kind.FORGET}:
            because = ", ".join(
                ".".join(str(part) for part in path) for path in change.change.replace_paths
            )
            forced = f", since {because} cannot be changed in place" if because else ""
            yield Complaint(change.address, f"is {change.kind}{forced}; it holds {what}")
