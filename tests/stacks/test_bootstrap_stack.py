"""The bootstrap stack: what an account has once."""

from pathlib import Path

from stacks.cdk import ApiGatewayAccount, S3Bucket, SesEmailIdentity
from tests.stacks.synthesised import Deployment, settings_of, synthesise

# Kind of resource → the call without which a plan cannot tell how it is.
READ_BY = {
    "aws_api_gateway_deployment": "apigateway:GET",
    "aws_api_gateway_method_settings": "apigateway:GET",
    "aws_api_gateway_rest_api": "apigateway:GET",
    "aws_api_gateway_stage": "apigateway:GET",
    "aws_cloudwatch_composite_alarm": "cloudwatch:DescribeAlarms",
    "aws_cloudwatch_dashboard": "cloudwatch:GetDashboard",
    "aws_cloudwatch_event_rule": "events:DescribeRule",
    "aws_cloudwatch_event_target": "events:ListTargetsByRule",
    "aws_cloudwatch_log_group": "logs:DescribeLogGroups",
    "aws_cloudwatch_log_metric_filter": "logs:DescribeMetricFilters",
    "aws_cloudwatch_log_resource_policy": "logs:DescribeResourcePolicies",
    "aws_cloudwatch_log_stream": "logs:DescribeLogStreams",
    "aws_cloudwatch_metric_alarm": "cloudwatch:DescribeAlarms",
    "aws_cloudwatch_query_definition": "logs:DescribeQueryDefinitions",
    "aws_dynamodb_table": "dynamodb:DescribeTable",
    "aws_glue_catalog_database": "glue:GetDatabase",
    "aws_glue_catalog_table": "glue:GetTable",
    "aws_iam_policy": "iam:GetPolicyVersion",
    "aws_iam_role": "iam:GetRole",
    "aws_iam_role_policy": "iam:GetRolePolicy",
    "aws_kinesis_firehose_delivery_stream": "firehose:DescribeDeliveryStream",
    "aws_kms_alias": "kms:ListAliases",
    "aws_kms_key": "kms:DescribeKey",
    "aws_lambda_alias": "lambda:GetAlias",
    "aws_lambda_event_source_mapping": "lambda:GetEventSourceMapping",
    "aws_lambda_function": "lambda:GetFunction",
    "aws_lambda_function_event_invoke_config": "lambda:GetFunctionEventInvokeConfig",
    "aws_lambda_permission": "lambda:GetPolicy",
    "aws_s3_bucket": "s3:ListBucket",
    "aws_s3_bucket_lifecycle_configuration": "s3:GetLifecycleConfiguration",
    "aws_s3_bucket_ownership_controls": "s3:GetBucketOwnershipControls",
    "aws_s3_bucket_policy": "s3:GetBucketPolicy",
    "aws_s3_bucket_public_access_block": "s3:GetBucketPublicAccessBlock",
    "aws_s3_bucket_server_side_encryption_configuration": "s3:GetEncryptionConfiguration",
    "aws_s3_bucket_versioning": "s3:GetBucketVersioning",
    "aws_secretsmanager_secret": "secretsmanager:DescribeSecret",
    "aws_sns_topic": "sns:GetTopicAttributes",
    "aws_sns_topic_subscription": "sns:GetSubscriptionAttributes",
    "aws_sqs_queue": "sqs:GetQueueAttributes",
    "aws_ssm_parameter": "ssm:GetParameter",
    "aws_wafv2_web_acl": "wafv2:GetWebACL",
    "aws_wafv2_web_acl_association": "wafv2:GetWebACLForResource",
    "aws_wafv2_web_acl_logging_configuration": "wafv2:GetLoggingConfiguration",
    "aws_xray_resource_policy": "xray:ListResourcePolicies",
    "aws_xray_sampling_rule": "xray:GetSamplingRules",
}


def test_the_state_bucket_is_the_one_the_others_use(deployment: Deployment) -> None:
    backend = deployment.stacks["storage"]["terraform"]["backend"]["s3"]
    assert deployment.has(S3Bucket, bucket=backend["bucket"])


def test_api_gateway_may_write_logs_in_the_account(deployment: Deployment) -> None:
    assert deployment.has(
        ApiGatewayAccount, cloudwatch_role_arn="${aws_iam_role.api-logging-role.arn}"
    )
    role = deployment.one("aws_iam_role.api-logging-role")
    (statement,) = role.statements("assume_role_policy")
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}


def test_the_sender_of_emails_is_registered(deployment: Deployment) -> None:
    assert deployment.has(SesEmailIdentity, email=deployment.settings.email_sender)


def test_its_state_is_a_file_per_account_that_git_ignores(
    prod: Deployment, local: Deployment
) -> None:
    in_prod = Path(prod.stacks["bootstrap"]["terraform"]["backend"]["local"]["path"])
    in_local = Path(local.stacks["bootstrap"]["terraform"]["backend"]["local"]["path"])
    assert in_prod.name == "terraform.bootstrap.prod.123456789012.tfstate"
    assert in_prod.with_name("cdktf.json").is_file()
    assert in_local == in_prod.with_name(".local") / "4566/terraform.bootstrap.tfstate"


def test_parallel_copies_share_the_accounts_things(tmp_path: Path) -> None:
    # when
    copy = synthesise(settings_of("dev", ENVIRONMENT_SUFFIX="dev-ann"), tmp_path)
    # then
    bucket = copy.one("aws_s3_bucket.state-bucket")["bucket"]
    backend = copy.stacks["pipeline"]["terraform"]["backend"]["s3"]
    assert bucket == backend["bucket"] == "terraform-state-bucket-dev-123456789012"
    assert backend["key"] == "dev-ann/pipeline.tfstate"
    assert copy.one("aws_sqs_queue.payment-queue")["name"] == "payment-queue-dev-ann"


def test_states_that_were_overwritten_are_kept_for_a_while(
    prod: Deployment, local: Deployment
) -> None:
    lifecycle = prod.one("aws_s3_bucket_lifecycle_configuration.state-bucket-lifecycle")
    (rule,) = lifecycle["rule"]
    assert rule["status"] == "Enabled"
    assert rule["noncurrent_version_expiration"] == [
        {"newer_noncurrent_versions": 20, "noncurrent_days": 90}
    ]
    # LocalStack would take a minute for it.
    assert local.all("aws_s3_bucket_lifecycle_configuration") == []


def test_github_is_trusted_by_its_certificate_and_for_one_audience(deployment: Deployment) -> None:
    provider = deployment.one("aws_iam_openid_connect_provider.github").body
    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["client_id_list"] == ["sts.amazonaws.com"]
    assert "thumbprint_list" not in provider


def test_without_a_repository_there_are_no_roles_for_ci(tmp_path: Path) -> None:
    # when
    stacks = synthesise(settings_of("dev", GITHUB_REPOSITORY_NAME=""), tmp_path)
    # then
    assert stacks.all("aws_iam_openid_connect_provider") == []
    roles = {role.id for role in stacks.all("aws_iam_role") if role.stack == "bootstrap"}
    assert roles == {"api-logging-role"}
    # The other stacks' roles name it.
    assert stacks.one("aws_iam_policy.ci-boundary-policy")["name"] == "ci-boundary-policy-dev"


def test_an_account_that_knows_github_is_left_as_it_is(tmp_path: Path) -> None:
    # when
    stacks = synthesise(settings_of("dev", GITHUB_OIDC_PROVIDER="existing"), tmp_path)
    # then
    assert stacks.all("aws_iam_openid_connect_provider") == []
    (statement,) = stacks.one("aws_iam_role.ci-plan-role").statements("assume_role_policy")
    assert statement["Principal"]["Federated"].endswith(
        ":123456789012:oidc-provider/token.actions.githubusercontent.com"
    )


def test_a_plan_may_read_every_kind_of_resource_that_it_is_about(deployment: Deployment) -> None:
    allowed = {
        action
        for part in ("storage", "pipeline", "watching")
        for statement in deployment.one(f"aws_iam_policy.ci-read-{part}-policy").statements()
        for action in statement["Action"]
    }
    kinds = {each.type for each in deployment.all() if each.stack != "bootstrap"}
    assert kinds <= set(READ_BY), "CI has to be able to read these, too"
    assert {READ_BY[kind] for kind in kinds} <= allowed


def test_copies_share_the_boundary_of_the_account(tmp_path: Path) -> None:
    # when
    copy = synthesise(settings_of("dev", ENVIRONMENT_SUFFIX="ann"), tmp_path)
    # then
    boundary = copy.one("aws_iam_role.payment-function-role")["permissions_boundary"]
    assert boundary == "arn:aws:iam::123456789012:policy/ci-boundary-policy-dev"
