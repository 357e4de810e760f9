"""Buckets: versioned, encrypted, private, TLS only, and deleted with all they hold."""

from stacks.base import BaseStack
from stacks.building_blocks.policy import policy_document, refuse_plain_http
from stacks.cdk import (
    S3Bucket,
    S3BucketDefaultEncryption,
    S3BucketEncryption,
    S3BucketEncryptionRule,
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
    S3BucketPolicy,
    S3BucketPublicAccessBlock,
    S3BucketVersioning,
    S3BucketVersioningVersioningConfiguration,
)


class Bucket:
    """A bucket that only its account can use, over TLS."""

    def __init__(
        self, stack: BaseStack, resource: str, *, name: str, arn: str, key_arn: str | None = None
    ) -> None:
        """Make the bucket `name`; without a key it is encrypted with S3's own."""
        bucket = S3Bucket(stack, f"{resource}-bucket", bucket=name, force_destroy=True)
        S3BucketVersioning(
            stack,
            f"{resource}-bucket-versioning",
            bucket=bucket.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketEncryption(
            stack,
            f"{resource}-bucket-encryption",
            bucket=bucket.id,
            rule=[
                S3BucketEncryptionRule(
                    apply_server_side_encryption_by_default=S3BucketDefaultEncryption(
                        sse_algorithm="aws:kms" if key_arn else "AES256",
                        kms_master_key_id=key_arn,
                    ),
                    # One data key for many objects: fewer calls to KMS.
                    bucket_key_enabled=key_arn is not None,
                )
            ],
        )
        S3BucketOwnershipControls(
            stack,
            f"{resource}-bucket-ownership",
            bucket=bucket.id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        access_block = S3BucketPublicAccessBlock(
            stack,
            f"{resource}-bucket-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketPolicy(
            stack,
            f"{resource}-bucket-policy",
            bucket=bucket.id,
            policy=policy_document([refuse_plain_http("s3:*", arn, f"{arn}/*")]),
            # S3 refuses two changes of who may access a bucket at once.
            depends_on=[access_block],
        )
