"""Buckets: versioned, encrypted, private, TLS only, and deleted with all they hold."""

from dataclasses import dataclass

from stacks.base import BaseStack
from stacks.building_blocks.policy import policy_document, refuse_plain_http
from stacks.cdk import (
    S3Bucket,
    S3BucketDefaultEncryption,
    S3BucketEncryption,
    S3BucketEncryptionRule,
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
    S3BucketPolicy,
    S3BucketPublicAccessBlock,
    S3BucketVersioning,
    S3BucketVersioningVersioningConfiguration,
)


@dataclass(frozen=True)
class OldVersions:
    """How long what was overwritten is kept: for so many days, and the `newest` for ever."""

    days: int
    newest: int


class Bucket:
    """A bucket that only its account can use, over TLS."""

    def __init__(
        self,
        stack: BaseStack,
        resource: str,
        *,
        name: str,
        arn: str,
        key_arn: str | None = None,
        old_versions: OldVersions | None = None,
    ) -> None:
        """Make the bucket `name`; without a key it is encrypted with S3's own.

        What was overwritten or deleted is kept for ever, unless `old_versions` says how long.
        """
        bucket = S3Bucket(stack, f"{resource}-bucket", bucket=name, force_destroy=True)
        versioning = S3BucketVersioning(
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
        # LocalStack would take a minute for a rule that it does not carry out.
        if old_versions and not stack.settings.is_local:
            S3BucketLifecycleConfiguration(
                stack,
                f"{resource}-bucket-lifecycle",
                bucket=bucket.id,
                rule=[_expiry_of(old_versions)],
                depends_on=[versioning],
            )


def _expiry_of(old_versions: OldVersions) -> S3BucketLifecycleConfigurationRule:
    return S3BucketLifecycleConfigurationRule(
        id="old-versions",
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                noncurrent_days=old_versions.days,
                newer_noncurrent_versions=old_versions.newest,
            )
        ],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                days_after_initiation=7
            )
        ],
    )
