import json
from collections.abc import Callable
from typing import Any

from local.aws import client
from local.processes import wait_for
from tests.local.functions import Function

Create = Callable[..., Function]

CALLS = """
import boto3

def handler(event, context):
    dynamodb, sqs, sns = (boto3.client(name) for name in ("dynamodb", "sqs", "sns"))
    table = event["table"]
    key = {"id": {"S": "ada@customer.example"}}
    dynamodb.get_item(TableName=table, Key=key)
    dynamodb.batch_get_item(RequestItems={table: {"Keys": [key]}})
    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": table, "Item": key}},
        {"ConditionCheck": {"TableName": table, "Key": {"id": {"S": "other"}},
                            "ConditionExpression": "attribute_not_exists(id)"}},
    ])
    sqs.send_message_batch(QueueUrl=event["queue"], Entries=[
        {"Id": "1", "MessageBody": "ada@customer.example"}, {"Id": "2", "MessageBody": "b"},
    ])
    sns.publish(PhoneNumber="+447700900123", Message="Your order")
"""


def test_calls_of_a_function_are_recorded_and_nothing_that_they_carry(function: Create) -> None:
    # given
    asks = function(CALLS)
    dynamodb, sqs = client("dynamodb", asks.settings), client("sqs", asks.settings)
    dynamodb.create_table(
        TableName=asks.name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queue = sqs.create_queue(QueueName=asks.name)["QueueUrl"]

    # when
    invoked = asks.invoke({"table": asks.name, "queue": queue})

    # then each request is there, whoever else has asked LocalStack for something
    assert not invoked.is_error, invoked.answer
    assert recorded(asks) == [
        ("dynamodb", "GetItem", {"TableName": asks.name}, None),
        ("dynamodb", "BatchGetItem", {"RequestItems": [asks.name]}, 1),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": asks.name}, {"ConditionCheck": asks.name}]},
            2,
        ),
        ("sqs", "SendMessageBatch", {"QueueUrl": queue}, 2),
        ("sns", "Publish", {"PhoneNumber": True}, None),
    ]
    text = asks.settings.aws_calls.read_text()
    for carried in ("ada@customer.example", "447700900123", "Your order"):
        assert carried not in text
    dynamodb.delete_table(TableName=asks.name)
    sqs.delete_queue(QueueUrl=queue)


def test_record_tells_whose_calls_they_are(
    function: Create,
) -> None:
    # given
    code = """
    import boto3
    def handler(event, context):
        boto3.client("sqs").list_queues()
    """
    one, other = function(code), function(code)
    # when
    one.invoke()
    other.invoke()
    other.invoke()
    # then
    assert len(recorded(one)) == 1
    assert len(recorded(other)) == 2


def test_calls_of_an_api_are_recorded_by_method_and_path(function: Create) -> None:
    # given: a signed request, as to AWS, to an API that there is: LocalStack has no routes before
    asks = function("""
    import os
    import urllib.error, urllib.request
    def handler(event, context):
        headers = {"X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"]}
        url = f"{event['endpoint']}/_aws/execute-api/{event['api']}/local/orders/ORD-1?limit=1"
        try:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers))
        except urllib.error.HTTPError as answer:
            return answer.code
    """)
    apis = client("apigateway", asks.settings)
    api = apis.create_rest_api(name=asks.name)["id"]
    # when
    asks.invoke({"endpoint": asks.settings.endpoint, "api": api})
    # then
    assert recorded(asks) == [("execute-api", "Invoke", {"Call": "GET /orders/ORD-1"}, None)]
    apis.delete_rest_api(restApiId=api)


def recorded(function: Function) -> list[tuple[str, str, dict[str, Any], int | None]]:
    """Return the function's calls, oldest first."""
    calls: list[Any] = []

    def written() -> bool:
        lines = function.settings.aws_calls.read_text().splitlines()
        calls[:] = [json.loads(line) for line in lines]
        return bool(calls)

    assert wait_for(written, 10)
    mine = [call for call in calls if call["function"] == function.name]
    assert [call["time"] for call in mine] == sorted(call["time"] for call in mine)
    return [
        (call["service"], call["operation"], call["parameters"], call.get("entries"))
        for call in mine
    ]
