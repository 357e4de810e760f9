"""What CI may do on AWS: what a plan reads, what a deploy changes, and what neither may touch.

A row is one kind of thing. Its resources are this environment's by name; where a service names its
resources by ids of its own, or has none, the row says so. The actions are those that the Terraform
provider calls to read and to change such a thing. Where they are from, and which of them take a
resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stacks.base import APPLICATION
from stacks.building_blocks.callers import CALLS_OF_CANARY
from stacks.building_blocks.policy import Condition, Statement
from stacks.names import Names

ANY = ("*",)


@dataclass(frozen=True)
class Reach:
    """One kind of thing: which resources, how a plan reads them, how a deploy changes them."""

    what: str
    resources: tuple[str, ...]
    reads: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    conditions: Condition = field(default_factory=dict)


def reach_of_storage(names: Names) -> tuple[Reach, ...]:
    """Return what CI reads and changes of what holds data, and of the key it is encrypted with.

    Nothing here reads what the resources hold: no item, object, message, secret's value or logged
    event. Nothing deletes a table, a bucket, the key or a secret: to do that is a person's decision
    (docs/adr/0013-apply-exactly-what-was-reviewed.md).
    """
    ours = f"*-{names.suffix}"
    return (
        Reach(
            "Tables",
            (names.table_arn(ours),),
            (
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
            ),
            (
                "dynamodb:CreateTable",
                "dynamodb:TagResource",
                "dynamodb:UntagResource",
                "dynamodb:UpdateContinuousBackups",
                "dynamodb:UpdateTable",
                "dynamodb:UpdateTimeToLive",
            ),
        ),
        Reach(
            "AuditBucket",
            (names.bucket_arn(names.bucket("audit")),),
            (
                "s3:GetAccelerateConfiguration",
                "s3:GetBucketAcl",
                "s3:GetBucketCORS",
                "s3:GetBucketLocation",
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketRequestPayment",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",  # is it there? Also lists keys, which are dates.
            ),
            (
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ),
        ),
        Reach(
            "Secrets",
            (names.arn("secretsmanager", f"secret:{ours}-??????"),),
            ("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"),
            (
                "secretsmanager:CreateSecret",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ),
        ),
        Reach("ListOfKeys", ANY, ("kms:ListAliases",)),  # takes no resource
        Reach(
            "Key",
            (names.arn("kms", "key/*"),),  # known by an id; the tags tell whose it is
            (
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
            ),
            (
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ),
            conditions=_tagged(names),
        ),
        Reach(
            # What a service asks for in the name of whoever makes a resource with a key:
            # https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
            "KeyForNewResources",
            (names.arn("kms", "key/*"),),
            changes=("kms:CreateGrant",),
            conditions=_tagged(names)
            | _through(names, "dynamodb", "firehose", "lambda")
            | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        Reach(
            "UseOfKeyForNewResources",
            (names.arn("kms", "key/*"),),
            changes=("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
            conditions=_tagged(names)
            | _through(names, "dynamodb", "firehose", "lambda", "secretsmanager", "ssm"),
        ),
    )


def reach_of_pipeline(names: Names) -> tuple[Reach, ...]:
    """Return what CI reads and changes of what moves orders; again nothing of what it holds."""
    suffix = names.suffix
    ours = f"*-{suffix}"
    functions = (names.function_arn(ours), names.function_arn(f"{ours}:*"))
    log_groups = (ours, f"API-Gateway-Execution-Logs_*/{suffix}")
    of_glue = f"*_{suffix.replace('-', '_')}"
    apis = f"arn:aws:apigateway:{names.region}::"
    return (
        Reach(
            "Queues",
            (names.queue_arn(ours),),
            ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"),
            (
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ),
        ),
        Reach(
            "Topics",
            (names.topic_arn(ours),),
            ("sns:GetTopicAttributes", "sns:ListTagsForResource"),
            (
                "sns:CreateTopic",
                "sns:DeleteTopic",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
                "sns:TagResource",
                "sns:UntagResource",
            ),
        ),
        Reach(
            "Subscriptions",
            ANY,  # IAM knows no resource for them
            ("sns:GetSubscriptionAttributes",),
            ("sns:SetSubscriptionAttributes", "sns:Unsubscribe"),
        ),
        Reach(
            "Functions",
            functions,
            (
                "lambda:GetAlias",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionConfiguration",
                "lambda:GetFunctionEventInvokeConfig",
                "lambda:GetPolicy",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
            ),
            (
                "lambda:AddPermission",
                "lambda:CreateAlias",
                "lambda:CreateFunction",
                "lambda:DeleteAlias",
                "lambda:DeleteFunction",
                "lambda:DeleteFunctionConcurrency",
                "lambda:DeleteFunctionEventInvokeConfig",
                "lambda:PublishVersion",
                "lambda:PutFunctionConcurrency",
                "lambda:PutFunctionEventInvokeConfig",
                "lambda:RemovePermission",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateAlias",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
                "lambda:UpdateFunctionEventInvokeConfig",
            ),
        ),
        Reach(
            "Mappings",
            (names.arn("lambda", "event-source-mapping:*"),),  # known by an id
            ("lambda:GetEventSourceMapping", "lambda:ListTags"),
            ("lambda:TagResource", "lambda:UntagResource"),
        ),
        Reach(
            "NewMappings",
            ANY,  # a new one has no resource; what counts is whose function it calls
            changes=("lambda:CreateEventSourceMapping",),
            conditions={"ArnLike": {"lambda:FunctionArn": list(functions)}},
        ),
        Reach(
            "MappingsOfFunctions",
            (names.arn("lambda", "event-source-mapping:*"),),
            changes=("lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"),
            conditions={"ArnLike": {"lambda:FunctionArn": list(functions)}},
        ),
        Reach(
            "LogGroups",
            tuple(names.log_group_arn(name + end) for name in log_groups for end in ("", ":*")),
            (
                "logs:DescribeLogStreams",
                "logs:DescribeMetricFilters",
                "logs:ListTagsForResource",
            ),
            (
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DeleteLogGroup",
                "logs:DeleteLogStream",
                "logs:DeleteMetricFilter",
                "logs:DeleteRetentionPolicy",
                "logs:PutMetricFilter",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ),
        ),
        Reach("ListOfLogGroups", ANY, ("logs:DescribeLogGroups",)),  # takes no resource
        Reach(
            # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
            "LogsOfTheFirewall",
            ANY,  # none of these takes a resource
            ("logs:DescribeResourcePolicies",),
            (
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DeleteResourcePolicy",
                "logs:PutResourcePolicy",
            ),
        ),
        Reach(
            "Release",  # which versions are live together
            (names.arn("ssm", f"parameter/{ours}"),),
            ("ssm:GetParameter", "ssm:ListTagsForResource"),
            (
                "ssm:AddTagsToResource",
                "ssm:DeleteParameter",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ),
        ),
        Reach("ListOfParameters", ANY, ("ssm:DescribeParameters",)),  # takes no resource
        Reach(
            "Schedules",
            (names.arn("events", f"rule/{ours}"),),
            ("events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"),
            (
                "events:DeleteRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
                "events:TagResource",
                "events:UntagResource",
            ),
        ),
        Reach(
            "DeliveryStreams",
            (names.delivery_stream_arn(ours),),
            ("firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream"),
            (
                "firehose:CreateDeliveryStream",
                "firehose:DeleteDeliveryStream",
                "firehose:StartDeliveryStreamEncryption",
                "firehose:TagDeliveryStream",
                "firehose:UntagDeliveryStream",
                "firehose:UpdateDestination",
            ),
        ),
        Reach(
            "Catalogue",
            (
                names.arn("glue", "catalog"),
                names.arn("glue", f"database/{of_glue}"),
                names.arn("glue", f"table/{of_glue}/{of_glue}"),
            ),
            (
                "glue:GetDatabase",
                "glue:GetPartitionIndexes",
                "glue:GetTable",
                "glue:GetTags",
            ),
            (
                "glue:CreateDatabase",
                "glue:CreateTable",
                "glue:DeleteDatabase",
                "glue:DeleteTable",
                "glue:TagResource",
                "glue:UntagResource",
                "glue:UpdateDatabase",
                "glue:UpdateTable",
            ),
        ),
        Reach(
            "Apis",
            (f"{apis}/restapis", f"{apis}/restapis/*", f"{apis}/tags/*"),  # known by an id
            ("apigateway:GET",),
            (
                "apigateway:DELETE",
                "apigateway:PATCH",
                "apigateway:POST",
                "apigateway:PUT",
                "apigateway:SetWebACL",
            ),
        ),
        Reach(
            "Firewall",
            (
                names.arn("wafv2", f"regional/webacl/{ours}/*"),
                f"{apis}/restapis/*/stages/{suffix}",
            ),
            (
                "wafv2:GetLoggingConfiguration",
                "wafv2:GetWebACL",
                "wafv2:GetWebACLForResource",
                "wafv2:ListTagsForResource",
            ),
            (
                "wafv2:AssociateWebACL",
                "wafv2:CreateWebACL",
                "wafv2:DeleteLoggingConfiguration",
                "wafv2:DeleteWebACL",
                "wafv2:DisassociateWebACL",
                "wafv2:PutLoggingConfiguration",
                "wafv2:TagResource",
                "wafv2:UntagResource",
                "wafv2:UpdateWebACL",
            ),
        ),
        Reach(
            "ManagedRules",  # AWS's own rules, which a firewall is made of
            (f"arn:aws:wafv2:{names.region}:*:regional/managedruleset/*/*",),
            changes=("wafv2:CreateWebACL", "wafv2:UpdateWebACL"),
        ),
        Reach(
            "Traces",
            ANY,  # X-Ray's policies are no resources, and its list of rules takes none
            ("xray:GetSamplingRules", "xray:ListResourcePolicies"),
            ("xray:DeleteResourcePolicy", "xray:PutResourcePolicy"),
        ),
        Reach(
            "Policies",
            (names.policy_arn(ours),),
            ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"),
            (
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ),
        ),
        Reach(
            "Roles",
            (names.role_arn(ours),),
            (
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
            ),
            ("iam:TagRole", "iam:UntagRole", "iam:UpdateRole"),
        ),
        Reach(
            # Without it, Lambda does not show a function's variables, nor Systems Manager which
            # versions are live, and a plan sets them again:
            # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
            "VariablesOfFunctions",
            (names.arn("kms", "key/*"),),
            reads=("kms:Decrypt",),
            conditions=_tagged(names) | _through(names, "lambda", "ssm"),
        ),
    )


def reach_of_watching(names: Names) -> tuple[Reach, ...]:
    """Return what CI reads and changes of what tells people how orders do."""
    ours = f"*-{names.suffix}"
    return (
        Reach(
            "SavedQueries",
            ANY,  # IAM knows no resource for them
            ("logs:DescribeQueryDefinitions",),
            ("logs:DeleteQueryDefinition", "logs:PutQueryDefinition"),
        ),
        Reach(
            "Alarms",
            (names.arn("cloudwatch", f"alarm:{ours}"),),
            ("cloudwatch:ListTagsForResource",),
            (
                "cloudwatch:DeleteAlarms",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ),
        ),
        Reach(
            # Composite alarms are refused to a permission for some alarms only.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
            "CompositeAlarms",
            ANY,
            ("cloudwatch:DescribeAlarms",),
            ("cloudwatch:PutCompositeAlarm",),
        ),
        Reach(
            "Dashboards",
            (f"arn:aws:cloudwatch::{names.account_id}:dashboard/{ours}",),
            ("cloudwatch:GetDashboard",),
            ("cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"),
        ),
        Reach(
            "SamplingRules",
            (names.arn("xray", f"sampling-rule/{ours}"),),
            ("xray:ListTagsForResource",),
            (
                "xray:CreateSamplingRule",
                "xray:DeleteSamplingRule",
                "xray:TagResource",
                "xray:UntagResource",
                "xray:UpdateSamplingRule",
            ),
        ),
    )


def reading(reaches: Iterable[Reach]) -> Iterator[Statement]:
    """Yield the statements that let a plan read resources, but not what they hold."""
    for reach in reaches:
        if reach.reads:
            yield Statement(
                f"Read{reach.what}", reach.reads, reach.resources, conditions=reach.conditions
            )


def changing(reaches: Iterable[Reach]) -> Iterator[Statement]:
    """Yield the statements that let a deploy change resources."""
    for reach in reaches:
        if reach.changes:
            yield Statement(
                f"Change{reach.what}", reach.changes, reach.resources, conditions=reach.conditions
            )


def reading_state(names: Names, bucket: str) -> Iterator[Statement]:
    """Yield the statements that let a plan read the state of the environment itself."""
    arn = names.bucket_arn(bucket)
    yield Statement("ListStates", ("s3:ListBucket",), (arn,))
    yield Statement("ReadStates", ("s3:GetObject",), (f"{arn}/{names.suffix}/*.tfstate",))


def changing_state(names: Names, bucket: str) -> Iterator[Statement]:
    """Yield the statements that let a deploy write the state, and lock it while it does."""
    states = f"{names.bucket_arn(bucket)}/{names.suffix}/*.tfstate"
    yield Statement("WriteStates", ("s3:PutObject",), (states,))
    yield Statement(
        "LockStates",
        ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        (f"{states}.tflock",),
    )


def changing_roles(names: Names, boundary_arn: str) -> Iterator[Statement]:
    """Yield the statements that let a deploy make roles, but none that could do more than it.

    Every role that it makes, or gives or takes permissions, has the permissions boundary, and
    neither the boundary nor the roles of CI, nor others of the account's own, are its to change:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
    """
    roles = (names.role_arn(f"*-{names.suffix}"),)
    yield Statement(
        "ChangeRolesWithinTheBoundary",
        (
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
        ),
        roles,
        conditions={"StringEquals": {"iam:PermissionsBoundary": boundary_arn}},
    )
    # IAM has no boundary in these requests, so a condition on it would refuse them always:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    yield Statement("DeleteAndTrustRoles", ("iam:DeleteRole", "iam:UpdateAssumeRolePolicy"), roles)
    yield Statement(
        "GiveRolesToServices",
        ("iam:PassRole",),
        roles,
        conditions={
            "StringEquals": {
                "iam:PassedToService": [
                    "firehose.amazonaws.com",
                    "lambda.amazonaws.com",
                    "sns.amazonaws.com",
                ]
            }
        },
    )
    yield Statement(
        "LeaveBootstrapAlone",
        (
            "iam:AttachRolePolicy",
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:CreateRole",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagPolicy",
            "iam:TagRole",
            "iam:UntagPolicy",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ),
        (
            names.role_arn("ci-*"),
            names.role_arn(names.of("api-logging", "role")),
            names.policy_arn("ci-*"),
        ),
        effect="Deny",
    )


def boundary(names: Names, email_sender: str) -> Iterator[Statement]:
    """Yield what a role of this application can do at most, in any copy of the pipeline.

    It gives nothing: a role can do what its own policy and this both allow.
    """
    audit_buckets = names.bucket_arn(f"audit-bucket-*-{names.account_id}")
    yield Statement(
        "Tables",
        (
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:DescribeStream",
            "dynamodb:GetItem",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ),
        (names.table_arn("*-table-*"),),
    )
    yield Statement(
        "Queues",
        (
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ),
        (names.queue_arn("*-queue-*"), names.queue_arn("*-dlq-*")),
    )
    yield Statement(
        "Topics", ("sns:Publish",), (names.topic_arn("*-topic-*"), names.topic_arn("endpoint/*"))
    )
    yield Statement(
        "Phones", ("sns:Publish",), ("arn:aws:sns:*:*:*",), all_but_these=True
    )  # a phone number has no ARN
    yield Statement("Mail", ("ses:SendEmail",), (names.arn("ses", f"identity/{email_sender}"),))
    yield Statement(
        "Secrets",
        ("secretsmanager:GetSecretValue",),
        (names.arn("secretsmanager", "secret:*-secret-*"),),
    )
    yield Statement(
        "TestOrders",
        ("execute-api:Invoke",),
        tuple(  # of an API that is known by an id
            names.arn("execute-api", f"*/{method}{path}") for method, path in CALLS_OF_CANARY
        ),
    )
    yield Statement(
        "Mappings",
        ("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"),
        (names.arn("lambda", "event-source-mapping:*"),),  # known by an id
    )
    yield Statement(
        "Audit",
        (
            "s3:AbortMultipartUpload",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:PutObject",
        ),
        (audit_buckets, f"{audit_buckets}/*"),
    )
    yield Statement(
        "DeliveryStreams",
        (
            "firehose:DescribeDeliveryStream",
            "firehose:ListDeliveryStreams",
            "firehose:ListTagsForDeliveryStream",
            "firehose:PutRecord",
            "firehose:PutRecordBatch",
        ),
        (names.delivery_stream_arn("*-stream-*"),),
    )
    yield Statement(
        "Logs",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        (names.log_group_arn("/aws/*:log-stream:*"),),
    )
    yield Statement("Tracing", ("xray:PutTelemetryRecords", "xray:PutTraceSegments"), ANY)
    yield Statement(
        "Key",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (names.arn("kms", "key/*"),),
        conditions=_tagged(names),
    )


def _tagged(names: Names) -> dict[str, dict[str, str | list[str]]]:
    """Return the condition that a key is this application's, in this environment."""
    return {
        "StringEquals": {
            "aws:ResourceTag/Application": APPLICATION,
            "aws:ResourceTag/Environment": names.suffix,
        }
    }


def _through(names: Names, *services: str) -> dict[str, dict[str, str | list[str]]]:
    """Return the condition that a key is used through one of some services only."""
    return {
        "StringLike": {
            "kms:ViaService": [f"{service}.{names.region}.amazonaws.com" for service in services]
        }
    }
