"""The rules of the architecture hold in every environment, and each of them can fail."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stacks.settings import Alarms, Firewall
from tests.stacks import architecture
from tests.stacks.architecture import RULES, Rule
from tests.stacks.synthesised import Deployment

DAY = 24 * 60 * 60


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_architecture_holds(deployment: Deployment, rule: Rule) -> None:
    assert list(rule(deployment)) == []


type Breach = Callable[[Deployment], Deployment]


def _policy_changed(address: str, sid: str, **changes: object) -> Breach:
    """Return a breach: the statement `sid` of a policy says something else."""

    def breach(deployment: Deployment) -> Deployment:
        resource = deployment.one(address)
        statements = [
            {**statement, **changes} if statement["Sid"] == sid else statement
            for statement in resource.statements()
        ]
        assert statements != resource.statements()
        return deployment.changed(address, policy=json.dumps({"Statement": statements}))

    return breach


def _changed(address: str, **attributes: object) -> Breach:
    return lambda deployment: deployment.changed(address, **attributes)


def _part_changed(address: str, attribute: str, **parts: object) -> Breach:
    return lambda deployment: deployment.changed(
        address, **{attribute: deployment.one(address)[attribute] | parts}
    )


def _missing(address: str) -> Breach:
    return lambda deployment: deployment.without(address)


def _stack_changed(stack: str, *keys: str | int, value: object) -> Breach:
    """Return a breach: what `keys` lead to in a stack's JSON is `value`."""

    def breach(deployment: Deployment) -> Deployment:
        copied = deployment.copied()
        part: Any = copied.stacks[stack]
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        return copied

    return breach


def _asked_for(**settings: object) -> Breach:
    """Return a breach: the same stacks, and settings that ask for something else."""
    return lambda deployment: replace(
        deployment, settings=deployment.settings.model_copy(update=settings)
    )


def _firewall_rule_changed(name: str, **changes: object) -> Breach:
    """Return a breach: a rule of the firewall is another."""
    return lambda deployment: deployment.changed(
        FIREWALL,
        rule=[
            each | changes if each["name"] == name else each
            for each in deployment.one(FIREWALL)["rule"]
        ],
    )


def _without_firewall_rule(name: str) -> Breach:
    return lambda deployment: deployment.changed(
        FIREWALL, rule=[each for each in deployment.one(FIREWALL)["rule"] if each["name"] != name]
    )


PAYMENT_FUNCTION = "aws_lambda_function.payment-function"
PAYMENT_ALIAS = "aws_lambda_alias.payment-function-alias"
PAYMENT_MAPPING = "aws_lambda_event_source_mapping.payment-mapping"
STREAM_MAPPING = "aws_lambda_event_source_mapping.event-publisher-mapping"
PAYMENT_POLICY = "aws_iam_role_policy.payment-function-policy"
PAYMENT_QUEUE = "aws_sqs_queue.payment-queue"
PAYMENT_DLQ = "aws_sqs_queue.payment-dlq"
OVERFLOW_QUEUE = "aws_sqs_queue.intake-overflow-queue"
SUBSCRIPTION = "aws_sns_topic_subscription.payment-subscription"
SAMPLING = "aws_xray_sampling_rule.orders-api-sampling"
FIREWALL = "aws_wafv2_web_acl.orders-firewall"
FIREWALL_LOG = "aws_wafv2_web_acl_logging_configuration.orders-firewall-log"
STAGE = "aws_api_gateway_stage.orders-api-stage"
TRACING_OFF = {"mode": "PassThrough"}

READ_PIPELINE = "aws_iam_policy.ci-read-pipeline-policy"
CHANGE_ROLES = "aws_iam_policy.ci-change-roles-policy"
CI_BREACHES: list[tuple[Rule, str, Breach]] = [
    (
        architecture.every_role_of_the_application_has_the_boundary,
        "aws_iam_role.payment-function-role is not held",
        _changed("aws_iam_role.payment-function-role", permissions_boundary=None),
    ),
    (
        architecture.no_role_is_promised_more_than_the_boundary_lets_through,
        "the boundary stops dynamodb:Scan on arn:aws:dynamodb",
        _policy_changed(PAYMENT_POLICY, "GetItemOfOrders", Action=["dynamodb:Scan"]),
    ),
    (
        architecture.no_role_is_promised_more_than_the_boundary_lets_through,
        "the boundary stops dynamodb:GetItem on arn:aws:dynamodb:eu-west-2:000000000000",
        _policy_changed(
            PAYMENT_POLICY,
            "GetItemOfOrders",
            Resource=["arn:aws:dynamodb:eu-west-2:000000000000:table/other"],
        ),
    ),
    (
        architecture.ci_reaches_this_environment_only,
        "allows sqs:*",
        _policy_changed(READ_PIPELINE, "ReadQueues", Action=["sqs:*"]),
    ),
    (
        architecture.ci_reaches_this_environment_only,
        "allows sqs:GetQueueUrl on everything",
        _policy_changed(READ_PIPELINE, "ReadQueues", Resource=["*"]),
    ),
    (
        architecture.ci_reaches_this_environment_only,
        "reaches arn:aws:sqs:eu-west-2:123456789012:*",
        _policy_changed(
            READ_PIPELINE, "ReadQueues", Resource=["arn:aws:sqs:eu-west-2:123456789012:*"]
        ),
    ),
    (
        architecture.ci_reaches_this_environment_only,
        "reaches every key",
        _policy_changed(
            "aws_iam_policy.ci-read-storage-policy",
            "ReadKey",
            Condition={},
        ),
    ),
    (
        architecture.ci_sees_no_data,
        "allows sqs:ReceiveMessage",
        _policy_changed(READ_PIPELINE, "ReadQueues", Action=["sqs:ReceiveMessage"]),
    ),
    (
        architecture.ci_sees_no_data,
        "decrypts everything",
        _policy_changed(READ_PIPELINE, "ReadVariablesOfFunctions", Condition={}),
    ),
    (
        architecture.a_plan_changes_nothing,
        "lets a plan sqs:SetQueueAttributes",
        _policy_changed(READ_PIPELINE, "ReadQueues", Action=["sqs:SetQueueAttributes"]),
    ),
    (
        architecture.ci_cannot_make_itself_an_administrator,
        "lets CI iam:PutRolePolicy without the boundary",
        _policy_changed(CHANGE_ROLES, "ChangeRolesWithinTheBoundary", Condition={}),
    ),
    (
        architecture.ci_cannot_make_itself_an_administrator,
        "give roles to any service",
        _policy_changed(CHANGE_ROLES, "GiveRolesToServices", Condition={}),
    ),
    (
        architecture.ci_cannot_make_itself_an_administrator,
        "does not refuse iam:UpdateAssumeRolePolicy on the roles of CI",
        _policy_changed(CHANGE_ROLES, "LeaveBootstrapAlone", Action=["iam:PassRole"]),
    ),
    (
        architecture.ci_cannot_make_itself_an_administrator,
        "does not refuse iam:CreatePolicyVersion on the boundary",
        _policy_changed(CHANGE_ROLES, "LeaveBootstrapAlone", Resource=["arn:aws:iam::1:role/x"]),
    ),
    (
        architecture.every_condition_is_one_that_its_action_can_meet,
        "has iam:DeleteRole depend on iam:PermissionsBoundary, which it does not have",
        _policy_changed(
            CHANGE_ROLES,
            "ChangeRolesWithinTheBoundary",
            Action=["iam:CreateRole", "iam:DeleteRole"],
        ),
    ),
    (
        architecture.every_condition_is_one_that_its_action_can_meet,
        "has sqs:SendMessage depend on aws:ResourceTag/Application, which it does not have",
        _policy_changed(
            CHANGE_ROLES,
            "GiveRolesToServices",
            Action=["sqs:SendMessage"],
            Condition={"StringEquals": {"aws:ResourceTag/Application": "x"}},
        ),
    ),
    (
        architecture.ci_deletes_roles_and_changes_whom_they_trust,
        "CI may not iam:DeleteRole",
        _policy_changed(
            CHANGE_ROLES,
            "DeleteAndTrustRoles",
            Condition={"StringEquals": {"iam:PermissionsBoundary": "x"}},
        ),
    ),
    (
        architecture.ci_is_trusted_for_one_repository,
        "ci-plan-role trusts",
        lambda deployment: deployment.changed(
            "aws_iam_role.ci-plan-role",
            assume_role_policy=deployment.one("aws_iam_role.ci-plan-role")[
                "assume_role_policy"
            ].replace("example/order-pipeline", "example/*"),
        ),
    ),
    (
        architecture.managed_policies_are_not_too_long,
        "ci-read-pipeline-policy has",
        _policy_changed(READ_PIPELINE, "ReadQueues", Action=["sqs:GetQueueUrl"] * 500),
    ),
]

BREACHES: list[tuple[Rule, str, Breach]] = [
    *CI_BREACHES,
    (
        architecture.a_schedule_runs_one_function_of_its_own_and_somebody_hears_of_a_failed_run,
        "reconciler-schedule may not run",
        _missing("aws_lambda_permission.reconciler-schedule-permission"),
    ),
    (
        architecture.a_schedule_runs_one_function_of_its_own_and_somebody_hears_of_a_failed_run,
        "nobody hears of a failed run of pipeline: aws_lambda_function.reconciler-function",
        _missing("aws_cloudwatch_metric_alarm.reconciler-function-errors-alarm"),
    ),
    (
        architecture.a_schedule_runs_one_function_of_its_own_and_somebody_hears_of_a_failed_run,
        "is repeated beside the next one",
        _missing("aws_lambda_function_event_invoke_config.reconciler-invocations"),
    ),
    (
        architecture.a_schedule_runs_one_function_of_its_own_and_somebody_hears_of_a_failed_run,
        "runs nothing of ours",
        _changed("aws_cloudwatch_event_target.reconciler-target", arn="arn:aws:lambda:other"),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "payment-queue has no dead-letter queue",
        _changed(PAYMENT_QUEUE, redrive_policy=None),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "payment-dlq-prod, for pipeline: aws_sqs_queue.payment-queue, does not exist",
        _missing(PAYMENT_DLQ),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "payment-dlq does not say that exactly",
        _changed(PAYMENT_DLQ, redrive_allow_policy=None),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "inventory-dlq-prod is shared by",
        lambda deployment: deployment.changed(
            PAYMENT_QUEUE,
            redrive_policy=deployment.one("aws_sqs_queue.inventory-queue")["redrive_policy"],
        ),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "intake-overflow-queue gives up orders that were accepted",
        lambda deployment: deployment.changed(
            OVERFLOW_QUEUE, redrive_policy=deployment.one(PAYMENT_QUEUE)["redrive_policy"]
        ),
    ),
    (
        architecture.every_queue_has_a_dead_letter_queue_of_its_own,
        "intake-overflow-dlq-prod, for pipeline: aws_sqs_queue.intake-overflow-queue, does not",
        _missing("aws_sqs_queue.intake-overflow-dlq"),
    ),
    (
        architecture.a_function_may_park_what_no_redrive_takes_away,
        "nothing works off pipeline: aws_sqs_queue.intake-overflow-queue",
        _missing("aws_lambda_event_source_mapping.intake-drain-mapping"),
    ),
    (
        architecture.a_function_may_park_what_no_redrive_takes_away,
        "intake-drain-function may not put messages on",
        _policy_changed(
            "aws_iam_role_policy.intake-drain-function-policy",
            "SendToDeadLetterQueue",
            Resource=["arn:aws:sqs:eu-west-2:123456789012:payment-dlq-prod"],
        ),
    ),
    (
        architecture.a_function_may_park_what_no_redrive_takes_away,
        "intake-drain-function parks elsewhere than on",
        _changed(
            "aws_lambda_function.intake-drain-function",
            environment={"variables": {"DEAD_LETTER_QUEUE_URL": "https://sqs/payment-dlq-prod"}},
        ),
    ),
    (
        architecture.every_dead_letter_queue_has_an_alarm,
        "messages on intake-overflow-dlq-prod",
        _missing("aws_cloudwatch_metric_alarm.intake-overflow-dlq-alarm"),
    ),
    (
        architecture.dead_letters_are_kept_longest,
        "intake-overflow-queue keeps messages 604800 s",
        _changed(OVERFLOW_QUEUE, message_retention_seconds=7 * DAY),
    ),
    (
        architecture.every_dead_letter_queue_has_an_alarm,
        "messages on payment-dlq-prod",
        _missing("aws_cloudwatch_metric_alarm.payment-dlq-alarm"),
    ),
    (
        architecture.every_dead_letter_queue_has_an_alarm,
        "messages on audit-subscription-dlq-prod",
        _changed("aws_cloudwatch_metric_alarm.audit-subscription-dlq-alarm", alarm_actions=[]),
    ),
    (
        architecture.every_dead_letter_queue_has_an_alarm,
        "messages on event-publisher-dlq-prod",
        _changed("aws_cloudwatch_metric_alarm.event-publisher-dlq-alarm", threshold=10),
    ),
    (
        architecture.dead_letters_are_kept_longest,
        "payment-dlq keeps messages",
        _changed(PAYMENT_DLQ, message_retention_seconds=4 * DAY),
    ),
    (
        architecture.dead_letters_are_kept_longest,
        "payment-queue keeps messages as long",
        _changed(PAYMENT_QUEUE, message_retention_seconds=14 * DAY),
    ),
    (
        architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
        "has no dead-letter queue",
        _changed(SUBSCRIPTION, redrive_policy=None),
    ),
    (
        architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
        "does not filter by event type",
        _changed(SUBSCRIPTION, filter_policy='{"eventType":["StockReserved","Unheard"]}'),
    ),
    (
        architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
        "does not filter by event type",
        _changed(SUBSCRIPTION, filter_policy=None),
    ),
    *(
        (
            architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
            "leaves customers out",
            _changed(
                SUBSCRIPTION,
                filter_policy=json.dumps({"eventType": ["StockReserved"], "customerId": customers}),
            ),
        )
        for customers in (["CUST-1"], [{"anything-but": ["CUST-1"]}], [{"prefix": "CUST"}])
    ),
    (
        architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
        "something else than attributes",
        _changed(SUBSCRIPTION, filter_policy_scope="MessageBody"),
    ),
    (
        architecture.every_subscription_has_a_dead_letter_queue_and_a_filter,
        "wraps the event",
        _changed("aws_sns_topic_subscription.audit-subscription", raw_message_delivery=None),
    ),
    (
        architecture.every_function_is_traced_timed_and_logs_to_its_own_group,
        "no log group of its own",
        _missing("aws_cloudwatch_log_group.payment-function-log-group"),
    ),
    (
        architecture.every_function_is_traced_timed_and_logs_to_its_own_group,
        "does not log JSON",
        _part_changed(PAYMENT_FUNCTION, "logging_config", log_format="Text"),
    ),
    (
        architecture.every_function_is_traced_timed_and_logs_to_its_own_group,
        "is not traced",
        _changed(PAYMENT_FUNCTION, tracing_config=TRACING_OFF),
    ),
    (
        architecture.every_function_is_traced_timed_and_logs_to_its_own_group,
        "leaves its timeout to chance",
        _changed(PAYMENT_FUNCTION, timeout=None),
    ),
    (
        architecture.every_function_is_traced_timed_and_logs_to_its_own_group,
        "runs on ['x86_64']",
        _changed(PAYMENT_FUNCTION, architectures=["x86_64"]),
    ),
    (
        architecture.every_function_has_a_role_of_its_own,
        "shares its role",
        _changed(PAYMENT_FUNCTION, role="${aws_iam_role.inventory-function-role.arn}"),
    ),
    (
        architecture.every_function_has_a_role_of_its_own,
        "not only Lambda assumes",
        _changed(
            "aws_iam_role.payment-function-role",
            assume_role_policy='{"Statement": [{"Principal": {"Service": "ec2.amazonaws.com"}}]}',
        ),
    ),
    (
        architecture.every_function_has_its_package,
        "no package at packages/elsewhere.zip",
        _changed(PAYMENT_FUNCTION, filename="packages/elsewhere.zip"),
    ),
    (
        architecture.every_function_has_its_package,
        "has the digest of another package",
        _changed(PAYMENT_FUNCTION, filename="packages/validation.zip"),
    ),
    (
        architecture.every_function_publishes_versions_behind_an_alias,
        "payment-function publishes no versions",
        _changed(PAYMENT_FUNCTION, publish=None),
    ),
    (
        architecture.every_function_publishes_versions_behind_an_alias,
        "payment-function has no alias",
        _missing(PAYMENT_ALIAS),
    ),
    (
        architecture.every_function_publishes_versions_behind_an_alias,
        "payment-function-alias is not the alias live of a function",
        _changed(PAYMENT_ALIAS, name="newest"),
    ),
    (
        architecture.every_function_publishes_versions_behind_an_alias,
        "payment-function-alias does not name the version that was published last",
        _changed(PAYMENT_ALIAS, function_version="$LATEST"),
    ),
    (
        architecture.every_function_is_called_by_its_alias,
        "payment-mapping calls ${aws_lambda_function.payment-function.arn}, not an alias",
        _changed(PAYMENT_MAPPING, function_name="${aws_lambda_function.payment-function.arn}"),
    ),
    (
        architecture.every_function_is_called_by_its_alias,
        "reconciler-target calls ${aws_lambda_function.reconciler-function.arn}, not an alias",
        _changed(
            "aws_cloudwatch_event_target.reconciler-target",
            arn="${aws_lambda_function.reconciler-function.arn}",
        ),
    ),
    (
        architecture.every_function_is_called_by_its_alias,
        "place-order-function-permission is about None, not about the alias",
        _changed("aws_lambda_permission.place-order-function-permission", qualifier=None),
    ),
    (
        architecture.every_function_is_called_by_its_alias,
        "reconciler-invocations is about None, not about the alias",
        _changed("aws_lambda_function_event_invoke_config.reconciler-invocations", qualifier=None),
    ),
    (
        architecture.every_function_is_called_by_its_alias,
        "orders-api calls place-order-function-prod, not an alias",
        lambda deployment: deployment.changed(
            "aws_api_gateway_rest_api.orders-api",
            body=deployment.one("aws_api_gateway_rest_api.orders-api")["body"].replace(
                ":place-order-function-prod:live", ":place-order-function-prod"
            ),
        ),
    ),
    (
        architecture.the_release_record_has_the_live_version_of_every_function,
        "release-parameter does not record what is live",
        _changed("aws_ssm_parameter.release-parameter", value='{"versions": {}}'),
    ),
    (
        architecture.the_release_record_has_the_live_version_of_every_function,
        "nothing does not record what is live",
        _missing("aws_ssm_parameter.release-parameter"),
    ),
    (
        architecture.queue_mappings_report_each_failure_and_hold_back,
        "function_response_types",
        _changed(PAYMENT_MAPPING, function_response_types=None),
    ),
    (
        architecture.queue_mappings_report_each_failure_and_hold_back,
        "scaling_config",
        _changed(PAYMENT_MAPPING, scaling_config=None),
    ),
    (
        architecture.queue_mappings_report_each_failure_and_hold_back,
        "batch_size 10, not 3",
        _changed(PAYMENT_MAPPING, batch_size=10),
    ),
    (
        architecture.queue_mappings_report_each_failure_and_hold_back,
        "before six timeouts",
        _changed(PAYMENT_QUEUE, visibility_timeout_seconds=60),
    ),
    (
        architecture.queue_mappings_report_each_failure_and_hold_back,
        "gives up after 5 receives",
        _changed(
            "aws_sqs_queue.validation-queue",
            redrive_policy='{"maxReceiveCount": 5}',
        ),
    ),
    (
        architecture.stream_mappings_retry_half_a_day_and_then_record,
        "bisect_batch_on_function_error",
        _changed(STREAM_MAPPING, bisect_batch_on_function_error=False),
    ),
    (
        architecture.stream_mappings_retry_half_a_day_and_then_record,
        "has no destination_config",
        _changed(STREAM_MAPPING, destination_config=None),
    ),
    (
        architecture.stream_mappings_retry_half_a_day_and_then_record,
        "nothing publishes",
        _missing(STREAM_MAPPING),
    ),
    (
        architecture.reserved_concurrency_is_what_the_settings_say,
        "payment-function does not reserve 60",
        _changed(PAYMENT_FUNCTION, reserved_concurrent_executions=None),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "allows dynamodb:*",
        _policy_changed(PAYMENT_POLICY, "GetItemOfOrders", Action=["dynamodb:*"]),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "allows dynamodb:GetItem on everything",
        _policy_changed(PAYMENT_POLICY, "GetItemOfOrders", Resource=["*"]),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "is about arn:aws:dynamodb:eu-west-2:123456789012:table/*",
        _policy_changed(
            PAYMENT_POLICY,
            "GetItemOfOrders",
            Resource=["arn:aws:dynamodb:eu-west-2:123456789012:table/*"],
        ),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "allows ['sns:Publish'] on all but ['arn:aws:sns:*:*:endpoint/*']",
        _policy_changed(
            "aws_iam_role_policy.notification-function-policy",
            "SendSms",
            NotResource=["arn:aws:sns:*:*:endpoint/*"],
        ),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "storefront-policy is about ${aws_api_gateway_rest_api.orders-api.execution_arn}/prod/*",
        _policy_changed(
            "aws_iam_policy.storefront-policy",
            "MakeCalls",
            Resource=["${aws_api_gateway_rest_api.orders-api.execution_arn}/prod/*"],
        ),
    ),
    (
        architecture.identity_policies_name_exact_actions_and_resources,
        "gives arn:aws:iam::aws:policy/AdministratorAccess",
        _changed(
            "aws_iam_role_policy_attachment.api-logging-policy",
            policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
        ),
    ),
    (
        architecture.resource_policies_let_in_only_whom_they_name,
        "payment-queue lets in {'Service': 'sns.amazonaws.com'} under []",
        _policy_changed(PAYMENT_QUEUE, "SendFromTopic", Condition={}),
    ),
    (
        architecture.resource_policies_let_in_only_whom_they_name,
        "payment-queue lets in *",
        _policy_changed(PAYMENT_QUEUE, "SendFromTopic", Principal="*"),
    ),
    (
        architecture.resource_policies_let_in_only_whom_they_name,
        "pipeline-key lets in {'AWS': '*'}",
        _policy_changed("aws_kms_key.pipeline-key", "LogGroups", Principal={"AWS": "*"}),
    ),
    (
        architecture.resource_policies_let_in_only_whom_they_name,
        "pipeline-key allows ['kms:*']",
        _policy_changed("aws_kms_key.pipeline-key", "Account", Action=["kms:*"]),
    ),
    (
        architecture.queues_topics_and_buckets_refuse_plain_http,
        "payment-queue can be reached without TLS",
        _policy_changed(PAYMENT_QUEUE, "RefusePlainHttp", Effect="Allow"),
    ),
    (
        architecture.queues_topics_and_buckets_refuse_plain_http,
        "order-events-topic can be reached without TLS",
        _changed("aws_sns_topic.order-events-topic", policy=None),
    ),
    (
        architecture.queues_topics_and_buckets_refuse_plain_http,
        "audit-bucket has no policy",
        _missing("aws_s3_bucket_policy.audit-bucket-policy"),
    ),
    (
        architecture.buckets_are_private_and_versioned,
        "audit-bucket can be made public",
        _changed(
            "aws_s3_bucket_public_access_block.audit-bucket-access", restrict_public_buckets=False
        ),
    ),
    (
        architecture.buckets_are_private_and_versioned,
        "state-bucket forgets",
        _missing("aws_s3_bucket_versioning.state-bucket-versioning"),
    ),
    *(
        (
            architecture.everything_is_encrypted_with_our_key,
            f"{address} is not encrypted with our key",
            _changed(address, **{attribute: None}),
        )
        for address, attribute in (
            (PAYMENT_DLQ, "kms_master_key_id"),
            ("aws_sns_topic.alarm-topic", "kms_master_key_id"),
            ("aws_cloudwatch_log_group.audit-stream-log-group", "kms_key_id"),
            ("aws_secretsmanager_secret.payment-secret", "kms_key_id"),
            ("aws_ssm_parameter.release-parameter", "key_id"),
            ("aws_dynamodb_table.inventory-table", "server_side_encryption"),
            (PAYMENT_FUNCTION, "kms_key_arn"),
            ("aws_kinesis_firehose_delivery_stream.audit-stream", "server_side_encryption"),
        )
    ),
    (
        architecture.everything_is_encrypted_with_our_key,
        "state-bucket is not encrypted",
        _missing("aws_s3_bucket_server_side_encryption_configuration.state-bucket-encryption"),
    ),
    (
        architecture.everything_is_encrypted_with_our_key,
        "is never rotated",
        _changed("aws_kms_key.pipeline-key", enable_key_rotation=False),
    ),
    (
        architecture.no_secret_passes_through_terraform,
        "payment-function has PAYMENT_API_KEY in its environment",
        _changed(PAYMENT_FUNCTION, environment={"variables": {"PAYMENT_API_KEY": "x"}}),
    ),
    (
        architecture.no_secret_passes_through_terraform,
        "has a key of the payment provider in ACCOUNT",
        _changed(PAYMENT_FUNCTION, environment={"variables": {"ACCOUNT": "sk_live_x"}}),
    ),
    (
        architecture.the_api_is_logged_throttled_traced_and_signed,
        "keeps no access log",
        _changed(STAGE, access_log_settings=None),
    ),
    (
        architecture.the_api_is_logged_throttled_traced_and_signed,
        "is not traced",
        _changed(STAGE, xray_tracing_enabled=False),
    ),
    (
        architecture.the_api_is_logged_throttled_traced_and_signed,
        "'data_trace_enabled': True",
        _part_changed(
            "aws_api_gateway_method_settings.orders-api-methods",
            "settings",
            data_trace_enabled=True,
        ),
    ),
    (
        architecture.the_api_is_logged_throttled_traced_and_signed,
        "is not renewed with the document",
        _changed("aws_api_gateway_deployment.orders-api-deployment", triggers={"document": "old"}),
    ),
    (
        architecture.the_api_is_logged_throttled_traced_and_signed,
        "post /orders: signed is False",
        lambda deployment: deployment.changed(
            "aws_api_gateway_rest_api.orders-api",
            body=deployment.one("aws_api_gateway_rest_api.orders-api")["body"].replace(
                '"security":[{"sigv4":[]}]', '"security":[]'
            ),
        ),
    ),
    (
        architecture.the_api_may_call_exactly_the_functions_it_names,
        "and may call ['inventory-api-function-prod', 'orders-api-function-prod']",
        _missing("aws_lambda_permission.place-order-function-permission"),
    ),
    (
        architecture.the_api_may_call_exactly_the_functions_it_names,
        "lets in arn:aws:execute-api:eu-west-2:123456789012:*",
        _changed(
            "aws_lambda_permission.place-order-function-permission",
            source_arn="arn:aws:execute-api:eu-west-2:123456789012:*",
        ),
    ),
    (
        architecture.every_name_ends_with_the_suffix,
        "payment-queue is called 'payment-queue'",
        _changed(PAYMENT_QUEUE, name="payment-queue"),
    ),
    (
        architecture.every_name_ends_with_the_suffix,
        "audit-bucket is called 'audit-bucket-prod'",
        _changed("aws_s3_bucket.audit-bucket", bucket="audit-bucket-prod"),
    ),
    (
        architecture.every_name_ends_with_the_suffix,
        "aws_sfn_state_machine.saga: is its kind named or nameless?",
        _stack_changed("pipeline", "resource", "aws_sfn_state_machine", value={"saga": {}}),
    ),
    (
        architecture.no_two_resources_share_a_name,
        "is called like",
        _changed(PAYMENT_QUEUE, name="inventory-queue-prod"),
    ),
    (
        architecture.everything_is_tagged_and_in_london,
        "storage is deployed to eu-west-1",
        _stack_changed("storage", "provider", "aws", 0, "region", value="eu-west-1"),
    ),
    (
        architecture.everything_is_tagged_and_in_london,
        "pipeline is tagged []",
        _stack_changed("pipeline", "provider", "aws", 0, "default_tags", value=[]),
    ),
    (
        architecture.everything_is_tagged_and_in_london,
        "bootstrap can be deployed to any account",
        _stack_changed("bootstrap", "provider", "aws", 0, "allowed_account_ids", value=None),
    ),
    (
        architecture.everything_is_tagged_and_in_london,
        "pipeline refers to us-east-1",
        _changed(SUBSCRIPTION, redrive_policy="arn:aws:sqs:us-east-1:123456789012:elsewhere"),
    ),
    (
        architecture.everything_is_tagged_and_in_london,
        "pipeline refers to the account 210987654321",
        _changed(SUBSCRIPTION, redrive_policy="arn:aws:sqs:eu-west-2:210987654321:elsewhere"),
    ),
    (
        architecture.state_is_locked_and_encrypted,
        "storage has state that is not locked",
        _stack_changed("storage", "terraform", "backend", "s3", "use_lockfile", value=False),
    ),
    (
        architecture.state_is_locked_and_encrypted,
        "bootstrap keeps its state in the bucket",
        _stack_changed("bootstrap", "terraform", "backend", value={"s3": {}}),
    ),
    (
        architecture.state_is_locked_and_encrypted,
        "pipeline has state at pipeline.tfstate",
        _stack_changed("pipeline", "terraform", "backend", "s3", "key", value="pipeline.tfstate"),
    ),
    (
        architecture.logs_are_kept_as_long_as_the_settings_say,
        "keeps None days",
        _changed("aws_cloudwatch_log_group.payment-function-log-group", retention_in_days=None),
    ),
    (
        architecture.everything_can_be_destroyed,
        "cannot be destroyed",
        _changed("aws_dynamodb_table.orders-table", lifecycle={"prevent_destroy": True}),
    ),
    (
        architecture.everything_can_be_destroyed,
        "orders-table stays behind",
        _changed("aws_dynamodb_table.orders-table", deletion_protection_enabled=True),
    ),
    *(
        (architecture.the_api_samples_traces_as_the_settings_ask, complaint, breach)
        for complaint, breach in (
            ("1 sampling rules, where None is asked for", _asked_for(trace_sampling=None)),
            ("0 sampling rules, where", _missing(SAMPLING)),
            ("samples by {'reservoir_size': 50", _changed(SAMPLING, reservoir_size=50)),
            ("'fixed_rate': 1", _changed(SAMPLING, fixed_rate=1)),
            ("'service_name': '*'", _changed(SAMPLING, service_name="*")),
            ("'url_path': '/orders'", _changed(SAMPLING, url_path="/orders")),
            ("does not come before the account's default", _changed(SAMPLING, priority=10_000)),
        )
    ),
    *(
        (
            architecture.the_api_is_behind_the_firewall_that_the_settings_ask_for,
            complaint,
            breach,
        )
        for complaint, breach in (
            ("orders-firewall is not asked for", _asked_for(firewall=None)),
            ("orders-api-stage is not behind one firewall", _missing(FIREWALL)),
            (
                "orders-api-stage is not behind one firewall",
                _missing("aws_wafv2_web_acl_association.orders-firewall-association"),
            ),
            (
                "does not limit the rate of an address to 10",
                _asked_for(firewall=Firewall(rate_per_address=10)),
            ),
            (
                "does not limit the rate of an address",
                _without_firewall_rule("rate-per-address"),
            ),
            (
                "lets through what comes at too high a rate",
                _firewall_rule_changed("rate-per-address", action={"count": {}}),
            ),
            (
                "does not do what the group AWSManagedRulesKnownBadInputsRuleSet says",
                _firewall_rule_changed(
                    "AWSManagedRulesKnownBadInputsRuleSet", override_action={"count": {}}
                ),
            ),
            ("has the managed rules", _without_firewall_rule("AWSManagedRulesCommonRuleSet")),
            ("does not look at whole bodies", _changed(FIREWALL, association_config=None)),
            (
                "does not count x",
                _part_changed(
                    FIREWALL,
                    "visibility_config",
                    cloudwatch_metrics_enabled=False,
                    metric_name="x",
                ),
            ),
            (
                "keeps requests with their signatures",
                _part_changed(FIREWALL, "visibility_config", sampled_requests_enabled=True),
            ),
            ("orders-firewall keeps no log", _missing(FIREWALL_LOG)),
            ("shows who signed, and how", _changed(FIREWALL_LOG, redacted_fields=None)),
            (
                "where WAF does not write",
                _changed(
                    "aws_cloudwatch_log_group.orders-firewall-log-group", name="firewall-log-prod"
                ),
            ),
        )
    ),
    (
        architecture.resource_policies_let_in_only_whom_they_name,
        "orders-firewall-log-policy lets in {'Service': 'delivery.logs.amazonaws.com'} under []",
        lambda deployment: deployment.changed(
            "aws_cloudwatch_log_resource_policy.orders-firewall-log-policy",
            policy_document=json.dumps(
                {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["logs:PutLogEvents"],
                            "Principal": {"Service": "delivery.logs.amazonaws.com"},
                        }
                    ]
                }
            ),
        ),
    ),
    (
        architecture.functions_have_the_memory_that_the_settings_say,
        "payment-function has 128 MB, not 256",
        _changed(PAYMENT_FUNCTION, memory_size=128),
    ),
    (
        architecture.tables_can_be_restored_to_a_point_in_time,
        "orders-table has None, not {'enabled': True}",
        _changed("aws_dynamodb_table.orders-table", point_in_time_recovery=None),
    ),
    (
        architecture.only_local_and_dev_charge_a_default_method,
        "place-order-function charges pm_card_visa",
        _changed(
            "aws_lambda_function.place-order-function",
            environment={"variables": {"DEFAULT_PAYMENT_METHOD": "pm_card_visa"}},
        ),
    ),
    (
        architecture.there_are_the_alarms_that_the_settings_ask_for,
        "stuck-orders-alarm is not asked for",
        _asked_for(alarms=Alarms.FAULTS),
    ),
    (
        architecture.there_are_the_alarms_that_the_settings_ask_for,
        "there is no alarm stuck-orders",
        _missing("aws_cloudwatch_metric_alarm.stuck-orders-alarm"),
    ),
    *(
        (
            architecture.there_are_the_alarms_that_the_settings_ask_for,
            f"there is no alarm {name}",
            _missing(f"aws_cloudwatch_metric_alarm.{name}-alarm"),
        )
        for name in (
            "payment-function-errors",
            "payment-function-throttles",
            "payment-function-duration",
            "payment-function-concurrency",
            "reconciler-function-not-run",
            "event-publisher-function-iterator-age",
            "payment-age",
            "payment-depth",
            "payment-in-flight",
            "order-events-topic-failed",
            "order-events-topic-lost",
            "orders-api-5xx",
            "orders-api-4xx",
            "orders-api-latency",
            "orders-api-requests",
            "orders-table-read-throttles",
            "orders-table-write-throttles",
            "orders-table-system-errors",
            "audit-stream-freshness",
        )
    ),
    (
        architecture.there_are_the_alarms_that_the_settings_ask_for,
        "payment-depth-alarm looks at ApproximateNumberOfMessagesNotVisible, not at",
        _changed(
            "aws_cloudwatch_metric_alarm.payment-depth-alarm",
            metric_name="ApproximateNumberOfMessagesNotVisible",
        ),
    ),
    (
        architecture.every_alarm_tells_people_or_is_part_of_one_that_does,
        "payment-age-alarm tells nobody",
        _changed("aws_cloudwatch_metric_alarm.payment-age-alarm", ok_actions=None),
    ),
    (
        architecture.every_alarm_tells_people_or_is_part_of_one_that_does,
        "orders-not-flowing-alarm tells nobody",
        _changed("aws_cloudwatch_composite_alarm.orders-not-flowing-alarm", alarm_actions=[]),
    ),
    (
        architecture.every_alarm_tells_people_or_is_part_of_one_that_does,
        "accepted-5-minutes-alarm tells nobody",
        _missing("aws_cloudwatch_composite_alarm.accepted-fast-burn-alarm"),
    ),
    (
        architecture.every_alarm_tells_people_or_is_part_of_one_that_does,
        "there is no alarm payment-age-alarm-prod, which another is made of",
        _missing("aws_cloudwatch_metric_alarm.payment-age-alarm"),
    ),
    (
        architecture.everybody_who_is_named_hears_of_alarms,
        "ops@example.com does not hear of alarms",
        _missing("aws_sns_topic_subscription.alarm-subscription-1"),
    ),
    (
        architecture.everything_can_be_destroyed,
        "audit-bucket stays behind with its objects",
        _changed("aws_s3_bucket.audit-bucket", force_destroy=None),
    ),
    (
        architecture.everything_can_be_destroyed,
        "payment-secret keeps its name occupied",
        _changed("aws_secretsmanager_secret.payment-secret", recovery_window_in_days=None),
    ),
    (
        architecture.everything_can_be_destroyed,
        "pipeline-key stays longer",
        _changed("aws_kms_key.pipeline-key", deletion_window_in_days=30),
    ),
]


@pytest.mark.parametrize(
    ("rule", "complaint", "breach"), BREACHES, ids=[complaint for _, complaint, _ in BREACHES]
)
def test_a_breach_is_found(prod: Deployment, rule: Rule, complaint: str, breach: Breach) -> None:
    # given
    broken = breach(prod)
    # when
    found = list(rule(broken))
    # then
    assert any(complaint in each for each in found), found


def test_every_rule_is_seen_to_fail() -> None:
    assert {rule.__name__ for rule, _, _ in BREACHES} == {rule.__name__ for rule in RULES}
