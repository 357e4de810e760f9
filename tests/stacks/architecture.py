"""The architecture as rules over the synthesised stacks; each yields what breaks it.

Exceptions are tables here, each entry with its reason.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from order_pipeline.domain.canary import CUSTOMER_ID as CANARY
from order_pipeline.domain.transitions import EventType
from stacks.settings import Alarms, Environment
from tests.stacks.metrics import looked_at
from tests.stacks.synthesised import Deployment, Resource

type Rule = Callable[[Deployment], Iterator[str]]

RULES: list[Rule] = []

DAY = 24 * 60 * 60

# Workers that wait for others than AWS, in seconds: four calls to the payment provider for one
# message, three channels that may hang one after the other.
TIMEOUTS = {"payment": 20, "notification": 25}

# Attribute that holds the name, for every kind of resource that has a name of its own.
NAME_OF = {
    "aws_api_gateway_rest_api": "name",
    "aws_api_gateway_stage": "stage_name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_composite_alarm": "alarm_name",
    "aws_cloudwatch_event_rule": "name",
    "aws_cloudwatch_log_group": "name",
    "aws_cloudwatch_log_metric_filter": "name",
    "aws_cloudwatch_log_resource_policy": "policy_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_cloudwatch_query_definition": "name",
    "aws_dynamodb_table": "name",
    "aws_glue_catalog_database": "name",
    "aws_glue_catalog_table": "name",
    "aws_iam_policy": "name",
    "aws_iam_role": "name",
    "aws_iam_role_policy": "name",
    "aws_kinesis_firehose_delivery_stream": "name",
    "aws_kms_alias": "name",
    "aws_lambda_function": "function_name",
    "aws_s3_bucket": "bucket",
    "aws_secretsmanager_secret": "name",
    "aws_sns_topic": "name",
    "aws_sqs_queue": "name",
    "aws_ssm_parameter": "name",
    "aws_wafv2_web_acl": "name",
    "aws_xray_resource_policy": "policy_name",
    "aws_xray_sampling_rule": "rule_name",
}

NAMELESS = {
    "aws_api_gateway_account": "a setting of the account",
    "aws_api_gateway_deployment": "belongs to its API",
    "aws_api_gateway_method_settings": "belongs to its stage",
    "aws_cloudwatch_event_target": "belongs to its schedule",
    "aws_cloudwatch_log_stream": "belongs to its log group",
    "aws_iam_openid_connect_provider": "its name is GitHub's address",
    "aws_iam_role_policy_attachment": "belongs to its role",
    "aws_kms_key": "has an alias",
    "aws_lambda_alias": "belongs to its function",
    "aws_lambda_event_source_mapping": "belongs to its function",
    "aws_lambda_function_event_invoke_config": "belongs to its function",
    "aws_lambda_permission": "belongs to its function",
    "aws_s3_bucket_lifecycle_configuration": "belongs to its bucket",
    "aws_s3_bucket_ownership_controls": "belongs to its bucket",
    "aws_s3_bucket_policy": "belongs to its bucket",
    "aws_s3_bucket_public_access_block": "belongs to its bucket",
    "aws_s3_bucket_server_side_encryption_configuration": "belongs to its bucket",
    "aws_s3_bucket_versioning": "belongs to its bucket",
    "aws_ses_email_identity": "its name is the address",
    "aws_sns_topic_subscription": "belongs to its topic",
    "aws_wafv2_web_acl_association": "belongs to its firewall",
    "aws_wafv2_web_acl_logging_configuration": "belongs to its firewall",
}

ANY_RESOURCE_ALLOWED = {
    "xray:PutTelemetryRecords": "X-Ray has no resources for it",
    "xray:PutTraceSegments": "X-Ray has no resources for it",
    "xray:GetSamplingRules": "X-Ray has no resources for it",
    "xray:GetSamplingTargets": "X-Ray has no resources for it",
}

PART_OF_A_RESOURCE = {
    r":log-group:[^*]+:log-stream:\*$": "streams of one log group, which the service names",
    r"^arn:aws:s3:::[^*]+/\*$": "objects of one bucket",
    r"^\$\{aws_api_gateway_rest_api\.[^}]+\}/[^/*]+/[A-Z]+/[\w-]+/\*(/|$)": (
        "ids in paths of the API"
    ),
    r"^\$\{aws_api_gateway_rest_api\.[^}]+\}/[^/*]+/[A-Z]+/orders/canary-\*(/cancel)?$": (
        "the canary's orders, whose ids begin so"
    ),
    r"^arn:aws:sns:[^*]+:endpoint/\*$": "this account's mobile devices, one endpoint each",
}

ALL_BUT_THESE_ALLOWED = {
    ("sns:Publish", "arn:aws:sns:*:*:*"): "a phone number has no ARN: all but topics and endpoints",
}

MANAGED_POLICIES = {
    "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs": (
        "API Gateway asks for this one when it is given its logging role"
    ),
}

# Actions of CI that no resource narrows down → why that is no more than it needs.
CI_ON_EVERYTHING = {
    "cloudwatch:DescribeAlarms": "tells of composite alarms only where it is for every alarm",
    "cloudwatch:PutCompositeAlarm": "makes none where it is for some alarms only",
    "kms:ListAliases": "takes no resource, and shows names only",
    "lambda:CreateEventSourceMapping": "takes no resource; a condition names the functions",
    "logs:CreateLogDelivery": "takes no resource",
    "logs:DeleteLogDelivery": "takes no resource",
    "logs:DeleteQueryDefinition": "IAM knows no resource for saved queries",
    "logs:DeleteResourcePolicy": "takes no resource",
    "logs:DescribeLogGroups": "takes no resource, and shows names only",
    "logs:DescribeQueryDefinitions": "IAM knows no resource for saved queries",
    "logs:DescribeResourcePolicies": "takes no resource",
    "logs:PutQueryDefinition": "IAM knows no resource for saved queries",
    "logs:PutResourcePolicy": "takes no resource",
    "ssm:DescribeParameters": "takes no resource, and shows names only",
    "sns:GetSubscriptionAttributes": "IAM knows no resource for subscriptions",
    "sns:SetSubscriptionAttributes": "IAM knows no resource for subscriptions",
    "sns:Unsubscribe": "IAM knows no resource for subscriptions",
    "xray:DeleteResourcePolicy": "X-Ray's policies are no resources",
    "xray:GetSamplingRules": "takes no resource",
    "xray:ListResourcePolicies": "X-Ray's policies are no resources",
    "xray:PutResourcePolicy": "X-Ray's policies are no resources",
}

CI_WITHOUT_A_NAME = {
    r":apigateway:eu-west-2::/(restapis|restapis/\*|tags/\*)$": "APIs are known by an id",
    r":event-source-mapping:\*$": "mappings are known by an id",
    r":glue:[^*]+:catalog$": "every call to Glue is one about the catalogue, too",
    r":kms:[^*]+:key/\*$": "keys are known by an id; a condition names their tags",
    r":regional/managedruleset/\*/\*$": "AWS's own rules",
    r":(role|policy)/ci-\*$": "refused",
}

# What shows data, wherever it is: https://docs.aws.amazon.com/service-authorization/latest/reference/
READS_DATA = {
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "lambda:InvokeFunction",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:StartQuery",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
    "xray:BatchGetTraces",
}

CHANGES_PERMISSIONS = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)

# IAM knows no boundary when it decides about these.
CHANGES_ROLES_OF_ANY_BOUNDARY = ("iam:DeleteRole", "iam:UpdateAssumeRolePolicy")

# Condition key of a service → the actions that have it, of those that policies make depend on one.
# A condition on a key that the action lacks is never met, so what it is to allow is refused always.
# From the pages of IAM, KMS and Lambda in
# https://docs.aws.amazon.com/service-authorization/latest/reference/
ACTIONS_WITH_KEY = {
    "iam:PassedToService": {"iam:PassRole"},
    "iam:PermissionsBoundary": {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    },
    "kms:GrantIsForAWSResource": {"kms:CreateGrant"},
    "kms:ViaService": {"kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "lambda:FunctionArn": {
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
    },
}

# The same of the tags of what an action is about.
ACTIONS_WITH_TAGS_OF_RESOURCE = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
}

# "Size quotas" of managed policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_POLICY = 6144

LAST_PRIORITY = 9999
"""Of the sampling rules that come before the account's default one."""

PINNED_BY = {
    "sns.amazonaws.com": "aws:SourceArn",
    "cloudwatch.amazonaws.com": "aws:SourceArn",
    "logs.eu-west-2.amazonaws.com": "kms:EncryptionContext:aws:logs:arn",
    "delivery.logs.amazonaws.com": "aws:SourceAccount",
}

# An AWS service's principal in the key's policy → the condition that pins whom it acts for.
KEY_PINNED_BY = PINNED_BY | {"cloudwatch.amazonaws.com": "aws:SourceAccount"}

# Queue → its dead-letter queue, where no redrive connects the two, and why.
PARKED_BY_FUNCTION = {
    "intake-overflow": "an order that was accepted is never given up: intake-drain parks by itself",
}

# AWS's managed rule group → its rules that only count: they would block what the API takes.
FIREWALL_GROUPS: dict[str, set[str]] = {
    "AWSManagedRulesAmazonIpReputationList": set(),
    "AWSManagedRulesKnownBadInputsRuleSet": set(),
    "AWSManagedRulesCommonRuleSet": {
        "SizeRestrictions_BODY",
        "NoUserAgent_HEADER",
        "RestrictedExtensions_URIPATH",
    },
}

# Where the settings ask for all alarms: kind of resource → what is watched of each, as the end of
# the alarm's name, and the metric.
WATCHED_OF_EACH = {
    "aws_lambda_function": (
        ("errors", "Errors"),
        ("throttles", "Throttles"),
        ("duration", "Duration"),
    ),
    "aws_dynamodb_table": (
        ("read-throttles", "ReadThrottleEvents"),
        ("write-throttles", "WriteThrottleEvents"),
        ("system-errors", "SystemErrors"),
    ),
    "aws_api_gateway_rest_api": (
        ("5xx", "5XXError"),
        ("4xx", "4XXError"),
        ("latency", "Latency"),
        ("requests", "Count"),
    ),
    "aws_kinesis_firehose_delivery_stream": (("freshness", "DeliveryToS3.DataFreshness"),),
}
WATCHED_OF_QUEUES = (
    ("age", "ApproximateAgeOfOldestMessage"),
    ("depth", "ApproximateNumberOfMessagesVisible"),
    ("in-flight", "ApproximateNumberOfMessagesNotVisible"),
)
WATCHED_OF_TOPICS = (
    ("failed", "NumberOfNotificationsFailed"),
    ("lost", "NumberOfNotificationsFailedToRedriveToDlq"),
)

# What is watched of orders, money, stock and service levels.
WATCHED_BESIDE = (
    "accepted-30-minutes",
    "accepted-360-minutes",
    "accepted-5-minutes",
    "accepted-60-minutes",
    "accepted-fast-burn",
    "accepted-slow-burn",
    "account-concurrency",
    "confirmed-30-minutes",
    "confirmed-360-minutes",
    "confirmed-5-minutes",
    "confirmed-60-minutes",
    "confirmed-fast-burn",
    "confirmed-slow-burn",
    "intake-overflow-retries",
    "inventory-table-conflicts",
    "lost-orders",
    "none-published",
    "orders-not-flowing",
    "orders-table-conflicts",
    "payment-capture-failed",
    "payment-circuit-open",
    "payment-declines",
    "payment-differences",
    "payment-expired",
    "refund-failed",
    "stock-differences",
    "stuck-orders",
    "time-to-confirm",
)

ALARM_KINDS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")

# Whom alarms tell.
ALARM_TOPIC = ["${aws_sns_topic.alarm-topic.arn}"]

NOT_OUR_KEY = {
    "aws_s3_bucket_server_side_encryption_configuration.state-bucket-encryption": (
        "the state is there before any key of ours"
    ),
}


def rule(check: Rule) -> Rule:
    """Register a rule."""
    RULES.append(check)
    return check


# ------------------------------------------------------------------ queues


def _dead_letter_queues(deployment: Deployment) -> dict[str, list[str]]:
    """Return ARN of a dead-letter queue → what it serves."""
    served: dict[str, list[str]] = {}
    for each in deployment.all("aws_sqs_queue", "aws_sns_topic_subscription"):
        if each.get("redrive_policy"):
            target = json.loads(each["redrive_policy"])["deadLetterTargetArn"]
            served.setdefault(target, []).append(str(each))
    for mapping in deployment.all("aws_lambda_event_source_mapping"):
        on_failure = (mapping.get("destination_config") or {}).get("on_failure")
        if on_failure:
            queue = deployment.referred(mapping.stack, on_failure["destination_arn"])
            if queue is not None:
                served.setdefault(_queue_arn(deployment, queue), []).append(str(mapping))
    for queue, dead_letters in _parking(deployment):
        served.setdefault(dead_letters, []).append(str(queue))
    return served


def _parking(deployment: Deployment) -> Iterator[tuple[Resource, str]]:
    """Return each queue whose function parks, and the ARN of the dead-letter queue it parks on."""
    suffix = deployment.settings.suffix
    queues = {queue["name"]: queue for queue in deployment.all("aws_sqs_queue")}
    for resource in PARKED_BY_FUNCTION:
        if queue := queues.get(f"{resource}-queue-{suffix}"):
            arn = _queue_arn(deployment, queue)
            yield queue, arn.replace(f"{resource}-queue", f"{resource}-dlq")


def _queue_arn(deployment: Deployment, queue: Resource) -> str:
    return f"arn:aws:sqs:eu-west-2:{deployment.settings.account_id}:{queue['name']}"


@rule
def every_queue_has_a_dead_letter_queue_of_its_own(deployment: Deployment) -> Iterator[str]:
    dead_letters = _dead_letter_queues(deployment)
    queues = {_queue_arn(deployment, queue): queue for queue in deployment.all("aws_sqs_queue")}
    parking = [str(queue) for queue, _ in _parking(deployment)]
    for arn, queue in queues.items():
        if str(queue) in parking:
            if queue.get("redrive_policy") is not None:
                yield f"{queue} gives up orders that were accepted"
        elif queue.get("redrive_policy") is None and arn not in dead_letters:
            yield f"{queue} has no dead-letter queue and is none"
    for arn, served in dead_letters.items():
        if len(served) > 1:
            yield f"{arn} is shared by {', '.join(served)}"
        if arn not in queues:
            yield f"{arn}, for {served[0]}, does not exist"
            continue
        source = next((key for key, queue in queues.items() if str(queue) == served[0]), None)
        if source and served[0] not in parking:
            allowed = json.loads(queues[arn].get("redrive_allow_policy") or "{}")
            if allowed != {"redrivePermission": "byQueue", "sourceQueueArns": [source]}:
                yield f"{queues[arn]} does not say that exactly {source} may use it"


@rule
def a_function_may_park_what_no_redrive_takes_away(deployment: Deployment) -> Iterator[str]:
    for queue, dead_letters in _parking(deployment):
        for mapping in _mappings(deployment, of_queues=True):
            if deployment.referred(mapping.stack, mapping["event_source_arn"]) == queue:
                break
        else:
            yield f"nothing works off {queue}"
            continue
        function = _called(deployment, mapping.stack, mapping["function_name"])
        assert function is not None
        policy = deployment.one(f"aws_iam_role_policy.{function.id}-policy")
        if not any(
            statement["Action"] == ["sqs:SendMessage"] and statement["Resource"] == [dead_letters]
            for statement in policy.statements()
        ):
            yield f"{function} may not put messages on {dead_letters}"
        url = function["environment"]["variables"].get("DEAD_LETTER_QUEUE_URL", "")
        if not url.endswith(f"/{dead_letters.rpartition(':')[2]}"):
            yield f"{function} parks elsewhere than on {dead_letters}"


@rule
def every_dead_letter_queue_has_an_alarm(deployment: Deployment) -> Iterator[str]:
    watched = {
        alarm["dimensions"]["QueueName"]
        for alarm in deployment.all("aws_cloudwatch_metric_alarm")
        if alarm.get("metric_name") == "ApproximateNumberOfMessagesVisible"
        and alarm["comparison_operator"] == "GreaterThanThreshold"
        and alarm["threshold"] == 0
        and alarm.get("alarm_actions")
    }
    for arn in _dead_letter_queues(deployment):
        name = arn.rpartition(":")[2]
        if name not in watched:
            yield f"nobody is told about messages on {name}"


@rule
def dead_letters_are_kept_longest(deployment: Deployment) -> Iterator[str]:
    dead_letters = _dead_letter_queues(deployment)
    # What a function parks is a new message, whose time begins when it is parked.
    parking = [str(queue) for queue, _ in _parking(deployment)]
    for queue in deployment.all("aws_sqs_queue"):
        kept = queue["message_retention_seconds"]
        if _queue_arn(deployment, queue) in dead_letters or str(queue) in parking:
            if kept != 14 * DAY:
                yield f"{queue} keeps messages {kept} s, not 14 days"
        elif kept >= 14 * DAY:
            yield f"{queue} keeps messages as long as its dead-letter queue"


EVERYBODY_BUT_THE_CANARY = [{"anything-but": [CANARY]}]


@rule
def every_subscription_has_a_dead_letter_queue_and_a_filter(
    deployment: Deployment,
) -> Iterator[str]:
    for subscription in deployment.all("aws_sns_topic_subscription"):
        if subscription["protocol"] == "email":
            continue  # alarms to people: SNS has no queue for what a mailbox refuses
        if not subscription.get("redrive_policy"):
            yield f"{subscription} has no dead-letter queue"
        if subscription.get("raw_message_delivery") is not True:
            yield f"{subscription} wraps the event"
        if subscription["protocol"] == "firehose":
            continue  # the audit takes every event
        policy = json.loads(subscription.get("filter_policy") or "{}")
        types = policy.get("eventType") or ["none"]
        if set(policy) - {"customerId"} != {"eventType"} or not set(types) <= set(EventType):
            yield f"{subscription} does not filter by event type: {policy}"
        customers = policy.get("customerId", EVERYBODY_BUT_THE_CANARY)
        if customers != EVERYBODY_BUT_THE_CANARY:
            yield f"{subscription} leaves customers out: {policy}"
        if subscription.get("filter_policy_scope") != "MessageAttributes":
            yield f"{subscription} filters by something else than attributes"


# ------------------------------------------------------------------ functions


@rule
def every_function_is_traced_timed_and_logs_to_its_own_group(
    deployment: Deployment,
) -> Iterator[str]:
    for function in deployment.all("aws_lambda_function"):
        logging = function.get("logging_config") or {}
        log_group = deployment.referred(function.stack, logging.get("log_group", ""))
        if log_group is None or log_group["name"] != f"/aws/lambda/{function['function_name']}":
            yield f"{function} has no log group of its own"
        if logging.get("log_format") != "JSON":
            yield f"{function} does not log JSON"
        if function.get("tracing_config") != {"mode": "Active"}:
            yield f"{function} is not traced"
        for attribute in ("timeout", "memory_size"):
            if not function.get(attribute):
                yield f"{function} leaves its {attribute} to chance"
        if function["runtime"] != "python3.13":
            yield f"{function} runs on {function['runtime']}"
        if deployment.settings.environment is not Environment.LOCAL and function[
            "architectures"
        ] != ["arm64"]:
            yield f"{function} runs on {function['architectures']}"


@rule
def every_function_has_a_role_of_its_own(deployment: Deployment) -> Iterator[str]:
    roles: dict[str, Resource] = {}
    for function in deployment.all("aws_lambda_function"):
        role = function["role"]
        if role in roles:
            yield f"{function} shares its role with {roles[role]}"
        roles[role] = function
        resource = deployment.referred(function.stack, role)
        trusted = resource.statements("assume_role_policy") if resource else []
        if [each["Principal"] for each in trusted] != [{"Service": "lambda.amazonaws.com"}]:
            yield f"{function} has a role that not only Lambda assumes"


@rule
def every_function_has_its_package(deployment: Deployment) -> Iterator[str]:
    for function in deployment.all("aws_lambda_function"):
        package = deployment.folder / "stacks" / function.stack / function["filename"]
        if not package.is_file():
            yield f"{function} has no package at {function['filename']}"
            continue
        digest = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
        if function.get("source_code_hash") != digest:
            yield f"{function} has the digest of another package"


@rule
def every_function_publishes_versions_behind_an_alias(deployment: Deployment) -> Iterator[str]:
    for alias in deployment.all("aws_lambda_alias"):
        function = deployment.referred(alias.stack, alias["function_name"])
        if function is None or alias["name"] != "live":
            yield f"{alias} is not the alias live of a function"
            continue
        version = f"${{aws_lambda_function.{function.id}.version}}"
        if alias["function_version"] != version or alias.get("routing_config"):
            yield f"{alias} does not name the version that was published last"
    aliases = _aliases(deployment)
    for function in deployment.all("aws_lambda_function"):
        if function.get("publish") is not True:
            yield f"{function} publishes no versions"
        if str(function) not in aliases:
            yield f"{function} has no alias"


@rule
def every_function_is_called_by_its_alias(deployment: Deployment) -> Iterator[str]:
    for kind, attribute in (
        ("aws_lambda_event_source_mapping", "function_name"),
        ("aws_cloudwatch_event_target", "arn"),
    ):
        for caller in deployment.all(kind):
            if _called(deployment, caller.stack, caller[attribute]) is None:
                yield f"{caller} calls {caller[attribute]}, not an alias"
    aliases = _aliases(deployment)
    for each in deployment.all("aws_lambda_permission", "aws_lambda_function_event_invoke_config"):
        function = deployment.referred(each.stack, each["function_name"])
        alias = aliases.get(str(function))
        if alias is None or each.get("qualifier") != f"${{aws_lambda_alias.{alias.id}.name}}":
            yield f"{each} is about {each.get('qualifier')}, not about the alias of {function}"
    for api in deployment.all("aws_api_gateway_rest_api"):
        for called in re.findall(r":function:([^/]+)/invocations", api["body"]):
            if not called.endswith(":live"):
                yield f"{api} calls {called}, not an alias"


def _aliases(deployment: Deployment) -> dict[str, Resource]:
    """Return function → its alias."""
    return {
        str(deployment.referred(alias.stack, alias["function_name"])): alias
        for alias in deployment.all("aws_lambda_alias")
    }


def _called(deployment: Deployment, stack: str, reference: str) -> Resource | None:
    """Return the function that a reference to its alias means."""
    alias = deployment.referred(stack, reference)
    if alias is None or alias.type != "aws_lambda_alias":
        return None
    return deployment.referred(stack, alias["function_name"])


@rule
def the_release_record_has_the_live_version_of_every_function(
    deployment: Deployment,
) -> Iterator[str]:
    suffix = deployment.settings.suffix
    live = {
        function["function_name"].removesuffix(f"-function-{suffix}"): (
            f"${{aws_lambda_alias.{function.id}-alias.function_version}}"
        )
        for function in deployment.all("aws_lambda_function")
    }
    records = deployment.all("aws_ssm_parameter")
    if [json.loads(record["value"]) for record in records] != [{"versions": live}]:
        yield f"{', '.join(map(str, records)) or 'nothing'} does not record what is live"


@rule
def queue_mappings_report_each_failure_and_hold_back(deployment: Deployment) -> Iterator[str]:
    for mapping in _mappings(deployment, of_queues=True):
        function = _called(deployment, mapping.stack, mapping["function_name"])
        queue = deployment.referred(mapping.stack, mapping["event_source_arn"])
        if function is None or queue is None:
            yield f"{mapping} connects something else than a queue and a function"
            continue
        worker = mapping.id.removesuffix("-mapping").replace("-", "_")
        expected = {
            "batch_size": 3 if worker == "payment" else 10,
            "maximum_batching_window_in_seconds": 0,
            "function_response_types": ["ReportBatchItemFailures"],
            "scaling_config": {
                "maximum_concurrency": deployment.settings.maximum_concurrency.get(worker)
            },
        }
        for attribute, value in expected.items():
            if mapping.get(attribute) != value:
                yield f"{mapping} has {attribute} {mapping.get(attribute)}, not {value}"
        timeout = TIMEOUTS.get(worker, 10)
        if function["timeout"] != timeout:
            yield f"{function} has {function['timeout']} s, not {timeout}"
        if queue["visibility_timeout_seconds"] != 6 * function["timeout"]:
            yield f"{queue} shows messages again before six timeouts of {function}"
        if queue in [parking for parking, _ in _parking(deployment)]:
            continue  # it never gives up
        receives = json.loads(queue["redrive_policy"])["maxReceiveCount"]
        if receives != (21 if worker == "payment" else 10):
            yield f"{queue} gives up after {receives} receives"


@rule
def stream_mappings_retry_half_a_day_and_then_record(deployment: Deployment) -> Iterator[str]:
    mappings = list(_mappings(deployment, of_queues=False))
    if not mappings:
        yield "nothing publishes what is written to the orders table"
    for mapping in mappings:
        expected = {
            "starting_position": "TRIM_HORIZON",
            "bisect_batch_on_function_error": True,
            "maximum_record_age_in_seconds": 12 * 60 * 60,
            "function_response_types": ["ReportBatchItemFailures"],
        }
        for attribute, value in expected.items():
            if mapping.get(attribute) != value:
                yield f"{mapping} has {attribute} {mapping.get(attribute)}, not {value}"
        for attribute in ("batch_size", "parallelization_factor", "destination_config"):
            if not mapping.get(attribute):
                yield f"{mapping} has no {attribute}"


def _mappings(deployment: Deployment, *, of_queues: bool) -> Iterator[Resource]:
    for mapping in deployment.all("aws_lambda_event_source_mapping"):
        if ("starting_position" not in mapping.body) == of_queues:
            yield mapping


@rule
def reserved_concurrency_is_what_the_settings_say(deployment: Deployment) -> Iterator[str]:
    for function in deployment.all("aws_lambda_function"):
        folder = function["handler"].partition(".")[0]
        reserved = deployment.settings.reserved_concurrency.get(folder)
        if function.get("reserved_concurrent_executions") != reserved:
            yield f"{function} does not reserve {reserved}"


# ------------------------------------------------------------------ policies


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@rule
def identity_policies_name_exact_actions_and_resources(deployment: Deployment) -> Iterator[str]:
    for policy in deployment.all("aws_iam_policy", "aws_iam_role_policy"):
        # What CI may do has rules of its own.
        for statement in [] if policy.stack == "bootstrap" else policy.statements():
            if statement["Effect"] == "Deny":
                continue  # takes away what another statement allows
            actions = _listed(statement["Action"])
            if "NotResource" in statement:
                if (*actions, *_listed(statement["NotResource"])) not in ALL_BUT_THESE_ALLOWED:
                    yield f"{policy} allows {actions} on all but {statement['NotResource']}"
                continue
            resources = _listed(statement["Resource"])
            for action in actions:
                if "*" in action:
                    yield f"{policy} allows {action}"
                if "*" in resources and action not in ANY_RESOURCE_ALLOWED:
                    yield f"{policy} allows {action} on everything"
            for resource in resources:
                partly = any(re.search(allowed, resource) for allowed in PART_OF_A_RESOURCE)
                if "*" in resource and resource != "*" and not partly:
                    yield f"{policy} is about {resource}"
    for attachment in deployment.all("aws_iam_role_policy_attachment"):
        own = attachment["policy_arn"] in _own_policies(deployment)
        if not own and attachment["policy_arn"] not in MANAGED_POLICIES:
            yield f"{attachment} gives {attachment['policy_arn']}"


@rule
def resource_policies_let_in_only_whom_they_name(deployment: Deployment) -> Iterator[str]:
    for resource in deployment.all(
        "aws_sqs_queue",
        "aws_sns_topic",
        "aws_s3_bucket_policy",
        "aws_kms_key",
        "aws_xray_resource_policy",
        "aws_cloudwatch_log_resource_policy",
    ):
        attribute = "policy_document" if resource.get("policy_document") else "policy"
        pinned_by = KEY_PINNED_BY if resource.type == "aws_kms_key" else PINNED_BY
        for statement in resource.statements(attribute):
            if statement["Effect"] == "Deny":
                continue
            if any("*" in action for action in _listed(statement["Action"])):
                yield f"{resource} allows {statement['Action']}"
            principal = statement["Principal"]
            if principal == {"AWS": f"arn:aws:iam::{deployment.settings.account_id}:root"}:
                continue  # the account itself: its roles' policies decide
            service = principal.get("Service", "") if isinstance(principal, dict) else ""
            conditions = [key for each in statement.get("Condition", {}).values() for key in each]
            if pinned_by.get(service) not in conditions:
                yield f"{resource} lets in {principal} under {conditions}"


@rule
def queues_topics_and_buckets_refuse_plain_http(deployment: Deployment) -> Iterator[str]:
    buckets = {policy["bucket"]: policy for policy in deployment.all("aws_s3_bucket_policy")}
    for resource in deployment.all("aws_sqs_queue", "aws_sns_topic", "aws_s3_bucket"):
        guarded = resource
        if resource.type == "aws_s3_bucket":
            reference = f"${{aws_s3_bucket.{resource.id}.id}}"
            if reference not in buckets:
                yield f"{resource} has no policy"
                continue
            guarded = buckets[reference]
        if not any(
            statement["Effect"] == "Deny"
            and statement["Principal"] == "*"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in guarded.statements()
        ):
            yield f"{resource} can be reached without TLS"


@rule
def buckets_are_private_and_versioned(deployment: Deployment) -> Iterator[str]:
    blocks = {each["bucket"]: each for each in deployment.all("aws_s3_bucket_public_access_block")}
    versioned = {
        each["bucket"]
        for each in deployment.all("aws_s3_bucket_versioning")
        if each["versioning_configuration"] == {"status": "Enabled"}
    }
    for bucket in deployment.all("aws_s3_bucket"):
        reference = f"${{aws_s3_bucket.{bucket.id}.id}}"
        block = blocks.get(reference)
        if block is None or not all(
            block.get(attribute) is True
            for attribute in (
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            )
        ):
            yield f"{bucket} can be made public"
        if reference not in versioned:
            yield f"{bucket} forgets what is overwritten"


@rule
def everything_is_encrypted_with_our_key(deployment: Deployment) -> Iterator[str]:
    is_local = deployment.settings.is_local
    keys: dict[str, Callable[[Resource], Any]] = {
        "aws_sqs_queue": lambda each: each.get("kms_master_key_id"),
        "aws_sns_topic": lambda each: each.get("kms_master_key_id"),
        "aws_cloudwatch_log_group": lambda each: each.get("kms_key_id"),
        "aws_secretsmanager_secret": lambda each: each.get("kms_key_id"),
        "aws_ssm_parameter": lambda each: each.get("key_id"),
        "aws_dynamodb_table": lambda each: (each.get("server_side_encryption") or {}).get(
            "kms_key_arn"
        ),
        "aws_s3_bucket_server_side_encryption_configuration": lambda each: each["rule"][0][
            "apply_server_side_encryption_by_default"
        ].get("kms_master_key_id"),
    }
    if not is_local:  # LocalStack keeps neither
        keys["aws_lambda_function"] = lambda each: each.get("kms_key_arn")
        keys["aws_kinesis_firehose_delivery_stream"] = lambda each: (
            each.get("server_side_encryption") or {}
        ).get("key_arn")
    for resource in deployment.all(*keys):
        if f"{resource.type}.{resource.id}" in NOT_OUR_KEY:
            continue
        key = keys[resource.type](resource) or ""
        if "pipeline-key" not in key:
            yield f"{resource} is not encrypted with our key"
    encrypted = {
        each["bucket"]
        for each in deployment.all("aws_s3_bucket_server_side_encryption_configuration")
    }
    for bucket in deployment.all("aws_s3_bucket"):
        if f"${{aws_s3_bucket.{bucket.id}.id}}" not in encrypted:
            yield f"{bucket} is not encrypted"
    for key in deployment.all("aws_kms_key"):
        if key.get("enable_key_rotation") is not True:
            yield f"{key} is never rotated"


@rule
def no_secret_passes_through_terraform(deployment: Deployment) -> Iterator[str]:
    for version in deployment.all("aws_secretsmanager_secret_version"):
        yield f"{version} puts a value into the state"
    for function in deployment.all("aws_lambda_function"):
        for name, value in function["environment"]["variables"].items():
            if re.search(r"(KEY|SECRET|TOKEN|PASSWORD)", name) and not name.endswith("_ARN"):
                yield f"{function} has {name} in its environment"
            if re.match(r"[srp]k_(test|live)_", value):
                yield f"{function} has a key of the payment provider in {name}"


# ------------------------------------------------------------------ CI


@rule
def every_role_of_the_application_has_the_boundary(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    boundary = f"ci-boundary-policy-{settings.environment.value}"
    for role in deployment.all("aws_iam_role"):
        if role.stack == "bootstrap" or settings.is_local:
            continue  # made by a person; nothing is enforced
        if (
            role.get("permissions_boundary")
            != f"arn:aws:iam::{settings.account_id}:policy/{boundary}"
        ):
            yield f"{role} is not held by the boundary"


@rule
def no_role_is_promised_more_than_the_boundary_lets_through(
    deployment: Deployment,
) -> Iterator[str]:
    boundary = deployment.one("aws_iam_policy.ci-boundary-policy").statements()
    for policy in deployment.all("aws_iam_role_policy"):
        for statement in policy.statements():
            element = "NotResource" if "NotResource" in statement else "Resource"
            for action in _listed(statement["Action"]):
                for resource in _listed(statement[element]):
                    if not any(
                        action in allowed["Action"]
                        and any(_covers(each, resource) for each in allowed.get(element, []))
                        for allowed in boundary
                    ):
                        yield f"{policy}: the boundary stops {action} on {resource}"


def _covers(pattern: str, resource: str) -> bool:
    """Say whether a boundary's resource covers a role's; what only AWS can name may be any."""
    return "${" in resource or fnmatchcase(resource, pattern)


@rule
def ci_reaches_this_environment_only(deployment: Deployment) -> Iterator[str]:
    suffix = deployment.settings.environment.value
    ours = re.compile(
        rf"(-{suffix}|_{suffix}|/{suffix})(:\*|/\*|/\*_{suffix}|-\?{{6}}|-\d{{12}})?$"
        rf"|/{suffix}/\*\.tfstate(\.tflock)?$"
    )
    for policy in deployment.all("aws_iam_policy"):
        if policy.stack != "bootstrap" or policy.id == "ci-boundary-policy":
            continue
        for statement in policy.statements():
            for action in statement["Action"]:
                if "*" in action:
                    yield f"{policy} allows {action}"
                if statement["Resource"] == ["*"] and action not in CI_ON_EVERYTHING:
                    yield f"{policy} allows {action} on everything"
            for resource in statement["Resource"]:
                known = any(re.search(each, resource) for each in CI_WITHOUT_A_NAME)
                if resource != "*" and not known and not ours.search(resource):
                    yield f"{policy} reaches {resource}"
                if ":key/" in resource and "aws:ResourceTag/Application" not in str(
                    statement.get("Condition")
                ):
                    yield f"{policy} reaches every key"


@rule
def ci_sees_no_data(deployment: Deployment) -> Iterator[str]:
    for policy in deployment.all("aws_iam_policy"):
        if policy.stack != "bootstrap" or policy.id == "ci-boundary-policy":
            continue
        for statement in policy.statements():
            is_state = all(":::terraform-state-bucket-" in each for each in statement["Resource"])
            for action in statement["Action"]:
                if action in READS_DATA and not is_state:
                    yield f"{policy} allows {action}"
                if action == "kms:Decrypt" and "kms:ViaService" not in str(statement["Condition"]):
                    yield f"{policy} decrypts everything"


@rule
def a_plan_changes_nothing(deployment: Deployment) -> Iterator[str]:
    for policy in _policies_of(deployment, "ci-plan-role"):
        for statement in policy.statements():
            for action in statement["Action"]:
                verb = action.partition(":")[2]
                if action != "kms:Decrypt" and not re.match(r"(Get|List|Describe|GET$)", verb):
                    yield f"{policy} lets a plan {action}"


@rule
def ci_cannot_make_itself_an_administrator(deployment: Deployment) -> Iterator[str]:
    arn = f"arn:aws:iam::{deployment.settings.account_id}"
    for policy in _policies_of(deployment, "ci-apply-role"):
        refused = {
            (action, resource)
            for statement in policy.statements()
            if statement["Effect"] == "Deny"
            for action in statement["Action"]
            for resource in statement["Resource"]
        }
        for statement in policy.statements():
            if statement["Effect"] == "Deny":
                continue
            for action in statement["Action"]:
                if action in CHANGES_PERMISSIONS and "iam:PermissionsBoundary" not in str(
                    statement.get("Condition")
                ):
                    yield f"{policy} lets CI {action} without the boundary"
                if action == "iam:PassRole" and "iam:PassedToService" not in str(
                    statement.get("Condition")
                ):
                    yield f"{policy} lets CI give roles to any service"
        if policy.id == "ci-change-roles-policy":
            for action in (*CHANGES_PERMISSIONS, *CHANGES_ROLES_OF_ANY_BOUNDARY, "iam:PassRole"):
                if (action, f"{arn}:role/ci-*") not in refused:
                    yield f"{policy} does not refuse {action} on the roles of CI"
            for action in ("iam:CreatePolicyVersion", "iam:DeletePolicyVersion"):
                if (action, f"{arn}:policy/ci-*") not in refused:
                    yield f"{policy} does not refuse {action} on the boundary"


@rule
def every_condition_is_one_that_its_action_can_meet(deployment: Deployment) -> Iterator[str]:
    for policy in deployment.all("aws_iam_policy", "aws_iam_role_policy"):
        for statement in policy.statements():
            conditions = statement.get("Condition", {})
            for key in sorted({key for condition in conditions.values() for key in condition}):
                if key.startswith("aws:ResourceTag/"):
                    having = ACTIONS_WITH_TAGS_OF_RESOURCE
                else:
                    having = ACTIONS_WITH_KEY.get(key, set())
                for action in statement["Action"]:
                    if action not in having:
                        yield f"{policy} has {action} depend on {key}, which it does not have"


@rule
def ci_deletes_roles_and_changes_whom_they_trust(deployment: Deployment) -> Iterator[str]:
    unconditional = {
        action
        for policy in _policies_of(deployment, "ci-apply-role")
        for statement in policy.statements()
        if statement["Effect"] == "Allow" and "Condition" not in statement
        for action in statement["Action"]
    }
    for action in CHANGES_ROLES_OF_ANY_BOUNDARY:
        if action not in unconditional:
            yield f"CI may not {action}: a deploy that needs it ends half way"


@rule
def ci_is_trusted_for_one_repository(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    subject = f"repo:{settings.github_repository}"
    expected = {
        "ci-plan-role": [f"{subject}:pull_request", f"{subject}:ref:refs/heads/main"],
        "ci-apply-role": [f"{subject}:environment:{settings.environment.value}"],
    }
    for role, subjects in expected.items():
        (statement,) = deployment.one(f"aws_iam_role.{role}").statements("assume_role_policy")
        claims = statement["Condition"].get("StringEquals", {})
        if claims != {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subjects,
        } or set(statement["Condition"]) != {"StringEquals"}:
            yield f"{role} trusts {statement['Condition']}"


@rule
def managed_policies_are_not_too_long(deployment: Deployment) -> Iterator[str]:
    for policy in deployment.all("aws_iam_policy"):
        if len(policy["policy"]) > LONGEST_POLICY:
            yield f"{policy} has {len(policy['policy'])} characters"


def _policies_of(deployment: Deployment, role: str) -> Iterator[Resource]:
    """Yield the managed policies of our own that a role of bootstrap has."""
    for attachment in deployment.all("aws_iam_role_policy_attachment"):
        policy = _own_policies(deployment).get(attachment["policy_arn"])
        if attachment["role"] == f"${{aws_iam_role.{role}.name}}" and policy:
            yield policy


def _own_policies(deployment: Deployment) -> dict[str, Resource]:
    """Return the managed policies of our own, by their ARNs."""
    account = f"arn:aws:iam::{deployment.settings.account_id}"
    return {f"{account}:policy/{each['name']}": each for each in deployment.all("aws_iam_policy")}


# ------------------------------------------------------------------ API


@rule
def the_api_is_logged_throttled_traced_and_signed(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    for stage in deployment.all("aws_api_gateway_stage"):
        if not stage.get("access_log_settings"):
            yield f"{stage} keeps no access log"
        if stage.get("xray_tracing_enabled") is not True:
            yield f"{stage} is not traced"
    (methods,) = deployment.all("aws_api_gateway_method_settings")
    expected = {
        "throttling_rate_limit": settings.throttling.rate,
        "throttling_burst_limit": settings.throttling.burst,
        "data_trace_enabled": False,
        "metrics_enabled": True,
        "logging_level": "ERROR",
    }
    if methods["method_path"] != "*/*" or methods["settings"] != expected:
        yield f"{methods} has {methods['settings']}, not {expected}"
    (api,) = deployment.all("aws_api_gateway_rest_api")
    (snapshot,) = deployment.all("aws_api_gateway_deployment")
    digest = hashlib.sha1(api["body"].encode(), usedforsecurity=False).hexdigest()
    if snapshot.get("triggers") != {"document": digest} or snapshot.get("lifecycle") != {
        "create_before_destroy": True
    }:
        yield f"{snapshot} is not renewed with the document"
    for path, operations in json.loads(api["body"])["paths"].items():
        for method, operation in operations.items():
            signed = operation.get("security") == [{"sigv4": []}]
            if signed == settings.is_local:
                yield f"{method} {path}: signed is {signed}"


@rule
def the_api_may_call_exactly_the_functions_it_names(deployment: Deployment) -> Iterator[str]:
    (api,) = deployment.all("aws_api_gateway_rest_api")
    called = set(re.findall(r":function:([\w-]+):live/invocations", api["body"]))
    allowed = set()
    for permission in deployment.all("aws_lambda_permission"):
        if permission["principal"] != "apigateway.amazonaws.com":
            continue
        function = deployment.referred(permission.stack, permission["function_name"])
        allowed.add(function["function_name"] if function else permission["function_name"])
        if not re.fullmatch(
            r"\$\{aws_api_gateway_rest_api[^}]+\}/[\w-]+/\*", permission["source_arn"]
        ):
            yield f"{permission} lets in {permission['source_arn']}"
    if called != allowed:
        yield f"the API calls {sorted(called)} and may call {sorted(allowed)}"


@rule
def a_schedule_runs_one_function_of_its_own_and_somebody_hears_of_a_failed_run(
    deployment: Deployment,
) -> Iterator[str]:
    watched = {
        alarm["dimensions"]["FunctionName"]
        for alarm in deployment.all("aws_cloudwatch_metric_alarm")
        if alarm.get("metric_name") == "Errors"
        and alarm["threshold"] == 0
        and alarm.get("alarm_actions")
    }
    runs = {
        str(deployment.referred(permission.stack, permission["source_arn"])): str(
            deployment.referred(permission.stack, permission["function_name"])
        )
        for permission in deployment.all("aws_lambda_permission")
        if permission["principal"] == "events.amazonaws.com"
    }
    not_repeated = {
        str(deployment.referred(each.stack, each["function_name"]))
        for each in deployment.all("aws_lambda_function_event_invoke_config")
        if each["maximum_retry_attempts"] == 0
    }
    for target in deployment.all("aws_cloudwatch_event_target"):
        function = _called(deployment, target.stack, target["arn"])
        schedule = deployment.referred(target.stack, target["rule"])
        if function is None or schedule is None:
            yield f"{target} runs nothing of ours"
            continue
        if runs.get(str(schedule)) != str(function):
            yield f"{schedule} may not run {function}"
        if function["function_name"] not in watched:
            yield f"nobody hears of a failed run of {function}"
        if str(function) not in not_repeated:
            yield f"a failed run of {function} is repeated beside the next one"


@rule
def the_api_samples_traces_as_the_settings_ask(deployment: Deployment) -> Iterator[str]:
    asked = deployment.settings.trace_sampling
    rules = deployment.all("aws_xray_sampling_rule")
    if len(rules) != (asked is not None):
        yield f"{len(rules)} sampling rules, where {asked} is asked for"
    (stage,) = deployment.all("aws_api_gateway_stage")
    (api,) = deployment.all("aws_api_gateway_rest_api")
    for sampling in rules:
        wanted = {
            "reservoir_size": asked.reservoir if asked else None,
            "fixed_rate": asked.rate if asked else None,
            "service_type": "AWS::ApiGateway::Stage",
            "service_name": f"{api['name']}/{stage['stage_name']}",
            **dict.fromkeys(("http_method", "url_path", "host", "resource_arn"), "*"),
            "version": 1,
        }
        if (found := {name: sampling.get(name) for name in wanted}) != wanted:
            yield f"{sampling} samples by {found}"
        if not 1 <= sampling["priority"] <= LAST_PRIORITY:
            yield f"{sampling} does not come before the account's default"


@rule
def the_api_is_behind_the_firewall_that_the_settings_ask_for(
    deployment: Deployment,
) -> Iterator[str]:
    asked = deployment.settings.firewall
    firewalls = deployment.all("aws_wafv2_web_acl")
    (stage,) = deployment.all("aws_api_gateway_stage")
    guarded = {
        str(deployment.referred(each.stack, each["web_acl_arn"])): deployment.referred(
            each.stack, each["resource_arn"]
        )
        for each in deployment.all("aws_wafv2_web_acl_association")
    }
    if asked is None:
        for firewall in firewalls:
            yield f"{firewall} is not asked for"
        return
    if [guarded.get(str(firewall)) for firewall in firewalls] != [stage]:
        yield f"{stage} is not behind one firewall"
    for firewall in firewalls:
        yield from _firewall_breaches(firewall, asked.rate_per_address)
        yield from _firewall_log_breaches(deployment, firewall)


def _firewall_breaches(firewall: Resource, rate: int) -> Iterator[str]:
    rules = {each["name"]: each for each in firewall["rule"]}
    by_rate = rules.pop("rate-per-address", {})
    expected = {"aggregate_key_type": "IP", "limit": rate, "evaluation_window_sec": 300}
    if by_rate.get("statement") != {"rate_based_statement": expected}:
        yield f"{firewall} does not limit the rate of an address to {rate}"
    if by_rate.get("action") != {"block": {}}:
        yield f"{firewall} lets through what comes at too high a rate"
    groups = {}
    for name, each in rules.items():
        group = each["statement"].get("managed_rule_group_statement", {})
        counted = [
            override["name"]
            for override in group.get("rule_action_override", [])
            if override["action_to_use"] == {"count": {}}
        ]
        groups[group.get("name")] = set(counted)
        if len(counted) != len(group.get("rule_action_override", [])) or (
            each.get("override_action") != {"none": {}}
        ):
            yield f"{firewall} does not do what the group {name} says"
    if groups != FIREWALL_GROUPS:
        yield f"{firewall} has the managed rules {groups}"
    inspected = firewall.get("association_config") or {}
    if inspected.get("request_body") != [
        {"api_gateway": {"default_size_inspection_limit": "KB_64"}}
    ]:
        yield f"{firewall} does not look at whole bodies"
    for metric in (
        firewall["visibility_config"],
        *(e["visibility_config"] for e in firewall["rule"]),
    ):
        if metric["cloudwatch_metrics_enabled"] is not True:
            yield f"{firewall} does not count {metric['metric_name']}"
        if metric["sampled_requests_enabled"] is not False:
            yield f"{firewall} keeps requests with their signatures as {metric['metric_name']}"


def _firewall_log_breaches(deployment: Deployment, firewall: Resource) -> Iterator[str]:
    logs = [
        each
        for each in deployment.all("aws_wafv2_web_acl_logging_configuration")
        if deployment.referred(each.stack, each["resource_arn"]) == firewall
    ]
    if not logs:
        yield f"{firewall} keeps no log"
    for log in logs:
        (destination,) = log["log_destination_configs"]
        log_group = deployment.referred(log.stack, destination)
        if log_group is None or not log_group["name"].startswith("aws-waf-logs-"):
            yield f"{log} goes to {destination}, where WAF does not write"
        redacted = {each["single_header"]["name"] for each in log.get("redacted_fields") or []}
        if not {"authorization", "x-amz-security-token"} <= redacted:
            yield f"{log} shows who signed, and how"


# ------------------------------------------------------------------ what the settings ask for


@rule
def functions_have_the_memory_that_the_settings_say(deployment: Deployment) -> Iterator[str]:
    for function in deployment.all("aws_lambda_function"):
        memory = deployment.settings.memory_of(function["handler"].partition(".")[0])
        if function.get("memory_size") != memory:
            yield f"{function} has {function.get('memory_size')} MB, not {memory}"


@rule
def tables_can_be_restored_to_a_point_in_time(deployment: Deployment) -> Iterator[str]:
    expected = {"enabled": deployment.settings.point_in_time_recovery}
    for table in deployment.all("aws_dynamodb_table"):
        if table.get("point_in_time_recovery") != expected:
            yield f"{table} has {table.get('point_in_time_recovery')}, not {expected}"


@rule
def only_local_and_dev_charge_a_default_method(deployment: Deployment) -> Iterator[str]:
    is_for_trying_out = deployment.settings.environment in {Environment.LOCAL, Environment.DEV}
    for function in deployment.all("aws_lambda_function"):
        method = function["environment"]["variables"].get("DEFAULT_PAYMENT_METHOD")
        if method and not is_for_trying_out:
            yield f"{function} charges {method} when an order names no method"


@rule
def there_are_the_alarms_that_the_settings_ask_for(deployment: Deployment) -> Iterator[str]:
    found = {alarm.id.removesuffix("-alarm"): alarm for alarm in deployment.all(*ALARM_KINDS)}
    if deployment.settings.alarms is not Alarms.ALL:
        of_faults = {
            *_dead_letter_alarms(deployment),
            *_failed_run_alarms(deployment),
            "canary-failed",  # whoever sets an item aside for it has asked for it
        }
        for name, alarm in found.items():
            if name not in of_faults:
                yield f"{alarm} is not asked for"
        for each in deployment.all("aws_cloudwatch_log_metric_filter"):
            yield f"{each} is not asked for"
        return
    for name, metric in _asked_for(deployment):
        looks_at = {key.name for key in looked_at(found[name])} if name in found else set()
        if name not in found:
            yield f"there is no alarm {name}"
        elif metric and looks_at != {metric}:
            yield f"{found[name]} looks at {', '.join(sorted(looks_at))}, not at {metric}"


def _asked_for(deployment: Deployment) -> Iterator[tuple[str, str | None]]:
    """Yield what has to be watched where all is: an alarm, and the metric it is about."""
    for kind, watched in WATCHED_OF_EACH.items():
        for resource in deployment.all(kind):
            yield from ((f"{resource.id}-{end}", metric) for end, metric in watched)
    for queue in deployment.all("aws_sqs_queue"):
        if _queue_arn(deployment, queue) not in _dead_letter_queues(deployment):
            name = queue.id.removesuffix("-queue")
            yield from ((f"{name}-{end}", metric) for end, metric in WATCHED_OF_QUEUES)
    for topic in deployment.all("aws_sns_topic"):
        if topic.id != "alarm-topic":  # what it cannot tell, it cannot tell either
            yield from ((f"{topic.id}-{end}", metric) for end, metric in WATCHED_OF_TOPICS)
    for function in deployment.all("aws_lambda_function"):
        if (function.get("reserved_concurrent_executions") or 0) > 1:
            yield f"{function.id}-concurrency", "ConcurrentExecutions"
    if not deployment.settings.alarm_period_seconds:
        for schedule in deployment.all("aws_cloudwatch_event_rule"):
            yield f"{schedule.id.removesuffix('-schedule')}-function-not-run", "Invocations"
    for mapping in deployment.all("aws_lambda_event_source_mapping"):
        if mapping.get("starting_position"):
            yield f"{mapping.id.removesuffix('-mapping')}-function-iterator-age", "IteratorAge"
    yield from ((name, None) for name in WATCHED_BESIDE)


def _dead_letter_alarms(deployment: Deployment) -> Iterator[str]:
    dead_letters = _dead_letter_queues(deployment)
    return (
        queue.id
        for queue in deployment.all("aws_sqs_queue")
        if _queue_arn(deployment, queue) in dead_letters
    )


def _failed_run_alarms(deployment: Deployment) -> Iterator[str]:
    for schedule in deployment.all("aws_cloudwatch_event_rule"):
        yield f"{schedule.id.removesuffix('-schedule')}-function-errors"


@rule
def every_alarm_tells_people_or_is_part_of_one_that_does(deployment: Deployment) -> Iterator[str]:
    parts = {
        arn.rpartition(":")[2]
        for combined in deployment.all("aws_cloudwatch_composite_alarm")
        for arn in re.findall(r'ALARM\("([^"]+)"\)', combined["alarm_rule"])
    }
    names = {alarm["alarm_name"] for alarm in deployment.all(*ALARM_KINDS)}
    for missing in sorted(parts - names):
        yield f"there is no alarm {missing}, which another is made of"
    for alarm in deployment.all(*ALARM_KINDS):
        told = [alarm.get("alarm_actions"), alarm.get("ok_actions")]
        is_part = alarm["alarm_name"] in parts and told == [None, None]
        if told != [ALARM_TOPIC, ALARM_TOPIC] and not is_part:
            yield f"{alarm} tells nobody when it begins or when it is over"


@rule
def everybody_who_is_named_hears_of_alarms(deployment: Deployment) -> Iterator[str]:
    told = {
        each["endpoint"]
        for each in deployment.all("aws_sns_topic_subscription")
        if each["topic_arn"] == "${aws_sns_topic.alarm-topic.arn}" and each["protocol"] == "email"
    }
    for address in deployment.settings.alarm_addresses:
        if address not in told:
            yield f"{address} does not hear of alarms"


# ------------------------------------------------------------------ names, places, ends


@rule
def every_name_ends_with_the_suffix(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    for resource in deployment.all():
        if resource.type in NAMELESS:
            continue
        if resource.type not in NAME_OF:
            yield f"{resource}: is its kind named or nameless?"
            continue
        name = resource.get(NAME_OF[resource.type]) or ""
        suffix = settings.environment.value if resource.stack == "bootstrap" else settings.suffix
        ending = f"-{suffix}"
        if resource.type == "aws_s3_bucket":
            ending += f"-{settings.account_id}"
        is_whole_stage = resource.type == "aws_api_gateway_stage" and name == suffix
        is_log_of_stage = name.endswith(f"/{suffix}")
        is_of_glue = resource.type.startswith("aws_glue_") and name.endswith(
            ending.replace("-", "_")  # SQL has no hyphens in names
        )
        if not (name.endswith(ending) or is_whole_stage or is_log_of_stage or is_of_glue):
            yield f"{resource} is called {name!r}"


@rule
def no_two_resources_share_a_name(deployment: Deployment) -> Iterator[str]:
    seen: dict[tuple[str, str], Resource] = {}
    for resource in deployment.all(*NAME_OF):
        key = resource.type, resource[NAME_OF[resource.type]]
        if key in seen:
            yield f"{resource} is called like {seen[key]}"
        seen[key] = resource


@rule
def everything_is_tagged_and_in_london(deployment: Deployment) -> Iterator[str]:
    settings = deployment.settings
    tags = {"Application": "order-pipeline", "Environment": settings.environment.value}
    for name, stack in deployment.stacks.items():
        (provider,) = stack["provider"]["aws"]
        if provider["region"] != "eu-west-2":
            yield f"{name} is deployed to {provider['region']}"
        if provider.get("default_tags") != [{"tags": tags}]:
            yield f"{name} is tagged {provider.get('default_tags')}"
        if not settings.is_local and provider.get("allowed_account_ids") != [settings.account_id]:
            yield f"{name} can be deployed to any account"
        arns = re.findall(r"arn:aws:[\w-]+:([\w-]*):(\d*):", deployment.text(name))
        for region, account in set(arns):
            if region not in {"", "eu-west-2"}:
                yield f"{name} refers to {region}"
            if account not in {"", settings.account_id}:
                yield f"{name} refers to the account {account}"


@rule
def state_is_locked_and_encrypted(deployment: Deployment) -> Iterator[str]:
    for name, stack in deployment.stacks.items():
        backend = stack["terraform"]["backend"]
        if name == "bootstrap":
            if set(backend) != {"local"}:
                yield f"{name} keeps its state in the bucket that it makes"
            continue
        state = backend.get("s3", {})
        if not (state.get("use_lockfile") and state.get("encrypt")):
            yield f"{name} has state that is not locked or not encrypted"
        if "dynamodb_table" in state or state.get("region") != "eu-west-2":
            yield f"{name} has state elsewhere"
        if state.get("key") != f"{deployment.settings.suffix}/{name}.tfstate":
            yield f"{name} has state at {state.get('key')}"


@rule
def logs_are_kept_as_long_as_the_settings_say(deployment: Deployment) -> Iterator[str]:
    for log_group in deployment.all("aws_cloudwatch_log_group"):
        if log_group.get("retention_in_days") != deployment.settings.log_retention_days:
            yield f"{log_group} keeps {log_group.get('retention_in_days')} days"


@rule
def everything_can_be_destroyed(deployment: Deployment) -> Iterator[str]:
    for resource in deployment.all():
        if (resource.get("lifecycle") or {}).get("prevent_destroy"):
            yield f"{resource} cannot be destroyed"
        if resource.get("deletion_protection_enabled") or resource.get("skip_destroy"):
            yield f"{resource} stays behind"
    for bucket in deployment.all("aws_s3_bucket"):
        if bucket.get("force_destroy") is not True:
            yield f"{bucket} stays behind with its objects"
    for secret in deployment.all("aws_secretsmanager_secret"):
        if secret.get("recovery_window_in_days") != 0:
            yield f"{secret} keeps its name occupied"
    for key in deployment.all("aws_kms_key"):
        if key.get("deletion_window_in_days") != 7:
            yield f"{key} stays longer than it must"
