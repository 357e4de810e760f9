"""What is left on LocalStack after everything was destroyed; it should be nothing."""

from typing import Any

from local.aws import client
from local.settings import LocalSettings

# Kind, service, operation, the list in its answer, and what names an element (None: itself).
# One page is enough: there should not even be one element.
LISTS = (
    ("REST API", "apigateway", "get_rest_apis", "items", "name"),
    ("metric alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("composite alarm", "cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmName"),
    ("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("table", "dynamodb", "list_tables", "TableNames", None),
    ("event rule", "events", "list_rules", "Rules", "Name"),
    ("delivery stream", "firehose", "list_delivery_streams", "DeliveryStreamNames", None),
    (
        "identity provider",
        "iam",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList",
        "Arn",
    ),
    ("role", "iam", "list_roles", "Roles", "RoleName"),
    ("function", "lambda", "list_functions", "Functions", "FunctionName"),
    ("event source mapping", "lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("bucket", "s3", "list_buckets", "Buckets", "Name"),
    ("secret", "secretsmanager", "list_secrets", "SecretList", "Name"),
    ("e-mail identity", "ses", "list_identities", "Identities", None),
    ("parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    ("topic", "sns", "list_topics", "Topics", "TopicArn"),
    ("queue", "sqs", "list_queues", "QueueUrls", None),
)
KINDS = (*(kind for kind, *_ in LISTS), "managed policy", "key")


def leftovers(settings: LocalSettings) -> list[str]:
    """Return the kind and name of everything that is there."""
    found = []
    for kind, service, operation, key, name in LISTS:
        answer: dict[str, Any] = getattr(client(service, settings), operation)()
        found += [f"{kind} {element[name] if name else element}" for element in answer.get(key, [])]
    # Without the scope AWS's own would be listed, too.
    policies = client("iam", settings).list_policies(Scope="Local")["Policies"]
    found += [f"managed policy {policy['PolicyName']}" for policy in policies]
    return found + [f"key {key}" for key in _keys(settings)]


def _keys(settings: LocalSettings) -> list[str]:
    """Return the keys that are neither AWS's own nor waiting to be deleted, which takes days."""
    kms = client("kms", settings)
    aliases = kms.list_aliases()["Aliases"]
    of_aws = {a["TargetKeyId"] for a in aliases if a["AliasName"].startswith("alias/aws/")}
    keys = {key["KeyId"] for key in kms.list_keys()["Keys"]} - of_aws
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in keys}
    return [key for key, state in states.items() if state != "PendingDeletion"]
