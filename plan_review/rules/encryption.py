"""Encryption at rest, with the pipeline's own key."""

from collections.abc import Iterator

from plan_review.plan import UNKNOWN
from plan_review.policy import account_of
from plan_review.rules.buckets import buckets_with
from plan_review.rules.registry import Complaint, Stack, cannot_judge, rule

_BUCKET_RULE = "rule.0.apply_server_side_encryption_by_default.0"

KEY_OF = {
    "aws_cloudwatch_log_group": "kms_key_id",
    "aws_dynamodb_table": "server_side_encryption.0.kms_key_arn",
    "aws_kinesis_firehose_delivery_stream": "server_side_encryption.0.key_arn",
    "aws_kinesis_stream": "kms_key_id",
    "aws_lambda_function": "kms_key_arn",
    "aws_s3_bucket_server_side_encryption_configuration": f"{_BUCKET_RULE}.kms_master_key_id",
    "aws_secretsmanager_secret": "kms_key_id",
    "aws_sns_topic": "kms_master_key_id",
    "aws_sqs_queue": "kms_master_key_id",
}
"""Kind → the path of the key that it is encrypted with."""

SWITCH_OF = {
    "aws_dynamodb_table": "server_side_encryption.0.enabled",
    "aws_kinesis_firehose_delivery_stream": "server_side_encryption.0.enabled",
    "aws_kms_key": "is_enabled",
}
"""Kind → the path of what turns encryption on."""

NOT_ON_LOCALSTACK = (
    "aws_kinesis_firehose_delivery_stream",  # its Firehose cannot be told to encrypt
    "aws_lambda_function",  # it does not keep the key of environment variables
)
"""Kinds that LocalStack does not encrypt."""

NOT_OUR_KEY = (
    # The state is there before any key of ours.
    "aws_s3_bucket_server_side_encryption_configuration.state-bucket-encryption",
)
"""Addresses for which S3's own key will do."""


@rule(
    "encrypted",
    remedy="Encrypt it with the storage stack's key, as the building blocks do.",
)
def encrypted(stack: Stack) -> Iterator[Complaint]:
    """Who may read data is decided by the key's policy; a key of AWS's has none of ours.

    Nor has another account's, which can be taken away from us besides.

    Alarms cannot publish to a topic on the AWS-managed key either, nor a topic deliver to a queue:
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    plan = stack.plan
    for resource, state in plan.all(*KEY_OF):
        if stack.deployment.is_local and resource.type in NOT_ON_LOCALSTACK:
            continue
        if resource.address in NOT_OUR_KEY:
            if state.value(f"{_BUCKET_RULE}.sse_algorithm") != "AES256":
                yield Complaint(resource.address, "is not encrypted with S3's own key")
            continue
        path = KEY_OF[resource.type]
        key = state.value(path)
        if key is UNKNOWN:
            yield from _of_unknown_key(stack, resource.address, path.partition(".")[0])
        elif not key:
            yield Complaint(resource.address, f"is not encrypted with a key of ours: no {path}")
        elif "alias/aws/" in key:
            yield Complaint(resource.address, f"is encrypted with a key of AWS's: {key}")
        elif stack.account and account_of(key) not in {"", stack.account}:
            yield Complaint(resource.address, f"is encrypted with another account's key: {key}")
    for resource, state in plan.all(*SWITCH_OF):
        if stack.deployment.is_local and resource.type in NOT_ON_LOCALSTACK:
            continue
        if state.value(SWITCH_OF[resource.type]) is False:
            yield Complaint(resource.address, "its encryption is turned off")


def _of_unknown_key(stack: Stack, address: str, attribute: str) -> Iterator[Complaint]:
    """Look at what a key that is not known yet will be taken from."""
    if not stack.plan.is_configured(address, attribute):
        yield Complaint(address, f"is not encrypted with a key of ours: no {attribute}")
        return
    keys = stack.plan.referred(address, attribute)
    if not keys or not all(key.startswith("aws_kms_key.") for key in keys):
        yield cannot_judge(address, f"its key {stack.plan.unknown_because(address, attribute)}")


@rule(
    "buckets-encrypted",
    remedy="Give the bucket its encryption (stacks/building_blocks/bucket.py).",
)
def buckets_encrypted(stack: Stack) -> Iterator[Complaint]:
    """A bucket's encryption is a resource of its own, which can be missing or go by itself."""
    encrypted = buckets_with(stack.plan, "aws_s3_bucket_server_side_encryption_configuration")
    for bucket, _ in stack.plan.all("aws_s3_bucket"):
        if bucket.address not in encrypted:
            yield Complaint(bucket.address, "has no encryption configured")


@rule(
    "keys-rotate",
    remedy="Leave `enable_key_rotation` on.",
)
def keys_rotate(stack: Stack) -> Iterator[Complaint]:
    """A key that is renewed every year limits what one key ever encrypts."""
    for key, state in stack.plan.all("aws_kms_key"):
        if state.value("enable_key_rotation") is not True:
            yield Complaint(key.address, "is never rotated")
    for alias, before, after in stack.plan.compared("aws_kms_alias"):
        if before.value("target_key_id") != after.value("target_key_id"):
            yield Complaint(alias.address, "points to another key")
