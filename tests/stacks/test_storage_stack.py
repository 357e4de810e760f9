"""The storage stack: the tables as the data model needs them, and what nothing may lose."""

from typing import Any

import pytest

from stacks.cdk import DynamodbTable, SecretsmanagerSecret
from tests.stacks.synthesised import Deployment


def test_the_orders_table_streams_expires_and_can_be_recovered(deployment: Deployment) -> None:
    assert deployment.has(
        DynamodbTable,
        name=f"orders-table-{deployment.settings.suffix}",
        billing_mode="PAY_PER_REQUEST",
        hash_key="orderId",
        ttl={"attribute_name": "expiresAt", "enabled": True},
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
        point_in_time_recovery={"enabled": True},
    )


@pytest.mark.parametrize(
    ("index", "keys"),
    [
        ("customer-index", ("customerId", "placedAt")),
        ("open-orders-index", ("openBucket", "dueAt")),
    ],
)
def test_an_index_holds_keys_only(
    deployment: Deployment, index: str, keys: tuple[str, str]
) -> None:
    """What else it held would be written, and charged, with every step of every order."""
    partition_key, sort_key = keys
    assert _indexes(deployment)[index] == {
        "name": index,
        "hash_key": partition_key,
        "range_key": sort_key,
        "projection_type": "KEYS_ONLY",
    }


def test_every_key_of_the_orders_table_is_a_string(deployment: Deployment) -> None:
    keys = deployment.one("aws_dynamodb_table.orders-table")["attribute"]
    assert {key["name"]: key["type"] for key in keys} == {
        "orderId": "S",
        "customerId": "S",
        "placedAt": "S",
        "openBucket": "S",
        "dueAt": "S",
    }


@pytest.mark.parametrize(("table", "key"), [("inventory", "itemId"), ("idempotency", "id")])
def test_the_other_tables_expire_and_can_be_recovered(
    deployment: Deployment, table: str, key: str
) -> None:
    resource = deployment.one(f"aws_dynamodb_table.{table}-table")
    assert resource["hash_key"] == key
    assert resource["attribute"] == [{"name": key, "type": "S"}]
    assert resource["billing_mode"] == "PAY_PER_REQUEST"
    assert resource["point_in_time_recovery"] == {"enabled": True}
    assert resource["ttl"] == {"attribute_name": "expiresAt", "enabled": True}
    assert resource.get("stream_enabled") is None


def test_the_payment_secret_has_no_value(deployment: Deployment) -> None:
    assert deployment.has(
        SecretsmanagerSecret,
        name=f"payment-secret-{deployment.settings.suffix}",
        recovery_window_in_days=0,
    )
    assert deployment.all("aws_secretsmanager_secret_version") == []


def test_the_key_lets_the_topic_deliver_to_encrypted_queues(deployment: Deployment) -> None:
    key = deployment.one("aws_kms_key.pipeline-key")
    topic = deployment.one("aws_sns_topic.order-events-topic")
    (statement,) = (
        each for each in key.statements() if each["Principal"] == {"Service": "sns.amazonaws.com"}
    )
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert source.rpartition(":")[2] == topic["name"]


def test_pipeline_takes_only_what_it_cannot_know(deployment: Deployment) -> None:
    outputs = deployment.stacks["storage"]["output"]
    assert sorted(output["value"] for output in outputs.values()) == [
        "${aws_dynamodb_table.orders-table.stream_arn}",
        "${aws_kms_key.pipeline-key.arn}",
        "${aws_secretsmanager_secret.payment-secret.arn}",
    ]


def _indexes(deployment: Deployment) -> dict[str, dict[str, Any]]:
    indexes = deployment.one("aws_dynamodb_table.orders-table")["global_secondary_index"]
    return {index["name"]: index for index in indexes}
