"""The audit stream: every event, as it was published, into the audit bucket."""

from stacks.building_blocks.policy import KeyUse, Statement, assumed_by, policy_document, use_of_key
from stacks.building_blocks.topic import EventTopic
from stacks.building_blocks.watched import of_delivery_stream
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    AuditBucketDestination,
    AuditDeliveryLog,
    AuditProcessing,
    AuditProcessor,
    CloudwatchLogGroup,
    CloudwatchLogStream,
    IamRole,
    IamRolePolicy,
    KinesisFirehoseDeliveryStream,
    KinesisFirehoseDeliveryStreamServerSideEncryption,
)
from stacks.names import AUDIT_EVENTS_PREFIX

ERRORS_PREFIX = "errors/"
# A file a minute, or sooner when it is this large.
BUFFER_SECONDS = 60
BUFFER_MB = 64


class AuditStream:
    """A Firehose stream that writes a topic's events to a bucket, one JSON document per line."""

    def __init__(self, stack: WorkloadStack, *, from_: EventTopic, bucket_name: str) -> None:
        names = stack.names
        self._stack = stack
        self._name = names.of("audit", "stream")
        self._arn = names.delivery_stream_arn(self._name)
        bucket_arn = names.bucket_arn(bucket_name)

        log_group_name = f"/aws/kinesisfirehose/{self._name}"
        log_group = CloudwatchLogGroup(
            stack,
            "audit-stream-log-group",
            name=log_group_name,
            retention_in_days=stack.settings.log_retention_days,
            kms_key_id=stack.key_arn,
        )
        log_stream = CloudwatchLogStream(
            stack, "audit-stream-log", name="delivery", log_group_name=log_group.name
        )
        role, policy = self._role(
            "audit-stream",
            "firehose",
            [
                # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
                Statement(
                    "WriteToBucket",
                    (
                        "s3:AbortMultipartUpload",
                        "s3:GetBucketLocation",
                        "s3:GetObject",
                        "s3:ListBucket",
                        "s3:ListBucketMultipartUploads",
                        "s3:PutObject",
                    ),
                    (bucket_arn, f"{bucket_arn}/*"),
                ),
                Statement(
                    "WriteLog",
                    ("logs:PutLogEvents",),
                    (names.log_group_arn(f"{log_group_name}:log-stream:*"),),
                ),
                *use_of_key(stack.key_arn, names.region, [KeyUse.to_send("s3")]),
            ],
        )
        stream = KinesisFirehoseDeliveryStream(
            stack,
            "audit-stream",
            name=self._name,
            destination="extended_s3",
            # LocalStack's Firehose cannot be told to encrypt.
            server_side_encryption=None
            if stack.settings.is_local
            else KinesisFirehoseDeliveryStreamServerSideEncryption(
                enabled=True, key_type="CUSTOMER_MANAGED_CMK", key_arn=stack.key_arn
            ),
            extended_s3_configuration=AuditBucketDestination(
                bucket_arn=bucket_arn,
                role_arn=role.arn,
                kms_key_arn=stack.key_arn,
                prefix=AUDIT_EVENTS_PREFIX,
                error_output_prefix=ERRORS_PREFIX,
                buffering_interval=BUFFER_SECONDS,
                buffering_size=BUFFER_MB,
                cloudwatch_logging_options=AuditDeliveryLog(
                    enabled=True,
                    log_group_name=log_group.name,
                    log_stream_name=log_stream.name,
                ),
                # SNS passes raw messages on without a line end.
                processing_configuration=AuditProcessing(
                    enabled=True, processors=[AuditProcessor(type="AppendDelimiterToRecord")]
                ),
            ),
            depends_on=[policy],
        )
        subscriber, _ = self._role(
            "audit-subscription",
            "sns",
            [
                # https://docs.aws.amazon.com/sns/latest/dg/prereqs-kinesis-data-firehose.html
                Statement(
                    "PutRecords",
                    (
                        "firehose:DescribeDeliveryStream",
                        "firehose:ListDeliveryStreams",
                        "firehose:ListTagsForDeliveryStream",
                        "firehose:PutRecord",
                        "firehose:PutRecordBatch",
                    ),
                    (self._arn,),
                )
            ],
            # The guide (prereqs-kinesis-data-firehose.html) sets no condition, and no document says
            # that SNS sends aws:SourceAccount here: to demand it could keep every event out.
            account_is="StringEqualsIfExists",
        )
        from_.record(stream.arn, "audit", subscriber.arn)
        stack.alarms.watch(
            of_delivery_stream("audit-stream", self._name, buffer_seconds=BUFFER_SECONDS)
        )

    def _role(
        self,
        resource: str,
        service: str,
        statements: list[Statement],
        *,
        account_is: str = "StringEquals",
    ) -> tuple[IamRole, IamRolePolicy]:
        """Make a role that `service` assumes for this account only.

        `account_is` is the operator that compares the account which the service says it acts for.
        """
        names = self._stack.names
        role = IamRole(
            self._stack,
            f"{resource}-role",
            name=names.of(resource, "role"),
            assume_role_policy=assumed_by(
                service, {account_is: {"aws:SourceAccount": names.account_id}}
            ),
            permissions_boundary=self._stack.permissions_boundary,
        )
        policy = IamRolePolicy(
            self._stack,
            f"{resource}-policy",
            name=names.of(resource, "policy"),
            role=role.name,
            policy=policy_document(statements),
        )
        return role, policy
