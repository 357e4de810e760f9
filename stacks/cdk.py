"""The one module that knows CDKTF: everything the stacks use of it is imported from here.

A move to another distribution of it (CDK Terrain) is a rename in this file.
"""

# ruff: noqa: E402 - the provider's stub must be in place before anything of it is imported

import importlib.util
import os
import sys
from types import ModuleType

_PROVIDER = "cdktf_cdktf_provider_aws"
STOCK_IMPORT_SWITCH = "CDKTF_STOCK_PROVIDER_IMPORT"


def _load_provider_modules_on_demand() -> None:
    """Stand in for the provider package, whose own ``__init__`` imports its 2,135 modules at once.

    The stub has the package's search path, so each module is found and loaded when asked for.
    """
    specification = importlib.util.find_spec(_PROVIDER)
    if specification is None or specification.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{_PROVIDER} is not installed; run: make setup")
    stub = ModuleType(_PROVIDER)
    stub.__path__ = list(specification.submodule_search_locations)
    stub.__spec__ = specification
    sys.modules[_PROVIDER] = stub


if os.environ.get(STOCK_IMPORT_SWITCH) != "1":
    _load_provider_modules_on_demand()

# jsii warns about Node releases past their end of life, in a dozen lines, but for those named here.
os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"

from cdktf import (
    App,
    LocalBackend,
    S3Backend,
    S3BackendEndpointConfig,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    Testing,
)
from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_rest_api import (
    ApiGatewayRestApi,
    ApiGatewayRestApiEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_stage import (
    ApiGatewayStage,
    ApiGatewayStageAccessLogSettings,
)
from cdktf_cdktf_provider_aws.cloudwatch_composite_alarm import CloudwatchCompositeAlarm
from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_resource_policy import CloudwatchLogResourcePolicy
from cdktf_cdktf_provider_aws.cloudwatch_log_stream import CloudwatchLogStream
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from cdktf_cdktf_provider_aws.cloudwatch_query_definition import CloudwatchQueryDefinition
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from cdktf_cdktf_provider_aws.glue_catalog_database import GlueCatalogDatabase
from cdktf_cdktf_provider_aws.glue_catalog_table import (
    GlueCatalogTable,
    GlueCatalogTablePartitionKeys,
    GlueCatalogTableStorageDescriptor,
    GlueCatalogTableStorageDescriptorColumns,
    GlueCatalogTableStorageDescriptorSerDeInfo,
)
from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from cdktf_cdktf_provider_aws.kinesis_firehose_delivery_stream import (
    KinesisFirehoseDeliveryStream,
    KinesisFirehoseDeliveryStreamExtendedS3Configuration,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfiguration,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessors,
    KinesisFirehoseDeliveryStreamServerSideEncryption,
)
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.lambda_alias import LambdaAlias
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingDestinationConfig,
    LambdaEventSourceMappingDestinationConfigOnFailure,
    LambdaEventSourceMappingFilterCriteria,
    LambdaEventSourceMappingFilterCriteriaFilter,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionLoggingConfig,
    LambdaFunctionTracingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from cdktf_cdktf_provider_aws.provider import (
    AwsProvider,
    AwsProviderDefaultTags,
    AwsProviderEndpoints,
)
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA as S3BucketEncryption,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleA as S3BucketEncryptionRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA as S3BucketDefaultEncryption,  # noqa: E501 - the generated name is that long
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA as S3BucketVersioning
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningVersioningConfiguration
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from cdktf_cdktf_provider_aws.ses_email_identity import SesEmailIdentity
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclAssociationConfig,
    Wafv2WebAclAssociationConfigRequestBody,
    Wafv2WebAclAssociationConfigRequestBodyApiGateway,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationLoggingFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition,
    Wafv2WebAclLoggingConfigurationRedactedFields,
)
from cdktf_cdktf_provider_aws.xray_resource_policy import XrayResourcePolicy
from cdktf_cdktf_provider_aws.xray_sampling_rule import XraySamplingRule
from constructs import Construct

# Shorter names for generated ones.
AuditBucketDestination = KinesisFirehoseDeliveryStreamExtendedS3Configuration
AuditDeliveryLog = KinesisFirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions
AuditProcessing = KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfiguration
AuditProcessor = (
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessors
)
FirewallAction = Wafv2WebAclRuleAction
FirewallAllow = Wafv2WebAclDefaultActionAllow
FirewallAssociationConfig = Wafv2WebAclAssociationConfig
FirewallBlock = Wafv2WebAclRuleActionBlock
FirewallBodySize = Wafv2WebAclAssociationConfigRequestBodyApiGateway
FirewallDefaultAction = Wafv2WebAclDefaultAction
FirewallInspectedBody = Wafv2WebAclAssociationConfigRequestBody
FirewallKeepGroupsActions = Wafv2WebAclRuleOverrideAction
FirewallMetric = Wafv2WebAclVisibilityConfig
FirewallNoOverride = Wafv2WebAclRuleOverrideActionNone
FirewallRule = Wafv2WebAclRule
FirewallRuleMetric = Wafv2WebAclRuleVisibilityConfig
FirewallLogCondition = Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition
FirewallLogFilter = Wafv2WebAclLoggingConfigurationLoggingFilterFilter
FirewallLogFilters = Wafv2WebAclLoggingConfigurationLoggingFilter
FirewallLogRedaction = Wafv2WebAclLoggingConfigurationRedactedFields

__all__ = [
    "STOCK_IMPORT_SWITCH",
    "ApiGatewayAccount",
    "ApiGatewayDeployment",
    "ApiGatewayMethodSettings",
    "ApiGatewayMethodSettingsSettings",
    "ApiGatewayRestApi",
    "ApiGatewayRestApiEndpointConfiguration",
    "ApiGatewayStage",
    "ApiGatewayStageAccessLogSettings",
    "App",
    "AuditBucketDestination",
    "AuditDeliveryLog",
    "AuditProcessing",
    "AuditProcessor",
    "AwsProvider",
    "AwsProviderDefaultTags",
    "AwsProviderEndpoints",
    "CloudwatchCompositeAlarm",
    "CloudwatchDashboard",
    "CloudwatchEventRule",
    "CloudwatchEventTarget",
    "CloudwatchLogGroup",
    "CloudwatchLogMetricFilter",
    "CloudwatchLogMetricFilterMetricTransformation",
    "CloudwatchLogResourcePolicy",
    "CloudwatchLogStream",
    "CloudwatchMetricAlarm",
    "CloudwatchMetricAlarmMetricQuery",
    "CloudwatchMetricAlarmMetricQueryMetric",
    "CloudwatchQueryDefinition",
    "Construct",
    "DynamodbTable",
    "DynamodbTableAttribute",
    "DynamodbTableGlobalSecondaryIndex",
    "DynamodbTablePointInTimeRecovery",
    "DynamodbTableServerSideEncryption",
    "DynamodbTableTtl",
    "FirewallAction",
    "FirewallAllow",
    "FirewallAssociationConfig",
    "FirewallBlock",
    "FirewallBodySize",
    "FirewallDefaultAction",
    "FirewallInspectedBody",
    "FirewallKeepGroupsActions",
    "FirewallLogCondition",
    "FirewallLogFilter",
    "FirewallLogFilters",
    "FirewallLogRedaction",
    "FirewallMetric",
    "FirewallNoOverride",
    "FirewallRule",
    "FirewallRuleMetric",
    "GlueCatalogDatabase",
    "GlueCatalogTable",
    "GlueCatalogTablePartitionKeys",
    "GlueCatalogTableStorageDescriptor",
    "GlueCatalogTableStorageDescriptorColumns",
    "GlueCatalogTableStorageDescriptorSerDeInfo",
    "IamOpenidConnectProvider",
    "IamPolicy",
    "IamRole",
    "IamRolePolicy",
    "IamRolePolicyAttachment",
    "KinesisFirehoseDeliveryStream",
    "KinesisFirehoseDeliveryStreamServerSideEncryption",
    "KmsAlias",
    "KmsKey",
    "LambdaAlias",
    "LambdaEventSourceMapping",
    "LambdaEventSourceMappingDestinationConfig",
    "LambdaEventSourceMappingDestinationConfigOnFailure",
    "LambdaEventSourceMappingFilterCriteria",
    "LambdaEventSourceMappingFilterCriteriaFilter",
    "LambdaEventSourceMappingScalingConfig",
    "LambdaFunction",
    "LambdaFunctionEnvironment",
    "LambdaFunctionEventInvokeConfig",
    "LambdaFunctionLoggingConfig",
    "LambdaFunctionTracingConfig",
    "LambdaPermission",
    "LocalBackend",
    "S3Backend",
    "S3BackendEndpointConfig",
    "S3Bucket",
    "S3BucketDefaultEncryption",
    "S3BucketEncryption",
    "S3BucketEncryptionRule",
    "S3BucketLifecycleConfiguration",
    "S3BucketLifecycleConfigurationRule",
    "S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload",
    "S3BucketLifecycleConfigurationRuleFilter",
    "S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration",
    "S3BucketOwnershipControls",
    "S3BucketOwnershipControlsRule",
    "S3BucketPolicy",
    "S3BucketPublicAccessBlock",
    "S3BucketVersioning",
    "S3BucketVersioningVersioningConfiguration",
    "SecretsmanagerSecret",
    "SesEmailIdentity",
    "SnsTopic",
    "SnsTopicSubscription",
    "SqsQueue",
    "SsmParameter",
    "TerraformOutput",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "Testing",
    "Wafv2WebAcl",
    "Wafv2WebAclAssociation",
    "Wafv2WebAclLoggingConfiguration",
    "XrayResourcePolicy",
    "XraySamplingRule",
]
