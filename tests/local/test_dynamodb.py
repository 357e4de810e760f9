from typing import Any

import pytest

from local.aws import client
from local.settings import LocalSettings
from tests.local.functions import new_function


@pytest.fixture
def orders(localstack: LocalSettings) -> Any:
    dynamodb = client("dynamodb", localstack)
    table = dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    yield table
    dynamodb.delete_table(TableName="orders")


def test_the_stream_of_a_table_reaches_a_function(localstack: LocalSettings, orders: Any) -> None:
    seen = new_function(
        localstack,
        """
        def handler(event, context):
            for record in event["Records"]:
                print("seen", record["eventName"], record["dynamodb"]["Keys"]["orderId"]["S"])
        """,
    )
    functions = client("lambda", localstack)
    mapping = functions.create_event_source_mapping(
        FunctionName=seen.name,
        EventSourceArn=orders["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
    )["UUID"]

    client("dynamodb", localstack).put_item(TableName="orders", Item={"orderId": {"S": "o-1"}})

    assert seen.log_lines(until="seen INSERT o-1")
    functions.delete_event_source_mapping(UUID=mapping)
    seen.delete()


def test_a_transaction_is_all_or_nothing(localstack: LocalSettings, orders: Any) -> None:
    dynamodb = client("dynamodb", localstack)
    put = {"TableName": "orders", "Item": {"orderId": {"S": "o-2"}}}
    impossible = {
        "TableName": "orders",
        "Key": {"orderId": {"S": "o-3"}},
        "ConditionExpression": "attribute_exists(orderId)",
    }

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": impossible}])

    codes = [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert "Item" not in dynamodb.get_item(TableName="orders", Key={"orderId": {"S": "o-2"}})
