import json
from pathlib import Path
from typing import Any

import pytest

from tests.permissions.recording import RecordedCall, UnexpectedCallError, read, reduced, write

UUID = "0d5f9c1e-0000-4000-8000-000000000000"
SECRET = "arn:aws:secretsmanager:eu-west-2:000000000000:secret:payment-secret-local-aBc123"


def line(service: str, operation: str, **parameters: Any) -> str:
    return json.dumps(
        {
            "time": "2026-01-31T09:30:00+00:00",
            "function": "payment-function-local",
            "service": service,
            "operation": operation,
            "parameters": parameters,
        }
    )


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (
            line("dynamodb", "GetItem", TableName="orders-table-local"),
            ["dynamodb:GetItem orders-table"],
        ),
        (
            line("dynamodb", "Query", TableName="orders-table-local", IndexName="open-local-index"),
            ["dynamodb:Query orders-table/open-local-index"],
        ),
        (
            line("dynamodb", "BatchGetItem", RequestItems=["a-table-local", "b-table-local"]),
            ["dynamodb:BatchGetItem a-table", "dynamodb:BatchGetItem b-table"],
        ),
        (
            line(
                "dynamodb",
                "TransactWriteItems",
                TransactItems=[
                    {"Put": "a-table-local"},
                    {"Update": "a-table-local"},
                    {"Update": "a-table-local"},
                    {"ConditionCheck": "b-table-local"},
                ],
            ),
            [
                "dynamodb:TransactWriteItems/ConditionCheck b-table",
                "dynamodb:TransactWriteItems/Put a-table",
                "dynamodb:TransactWriteItems/Update a-table",
            ],
        ),
        (
            line("sqs", "SendMessage", QueueUrl="http://localhost:4566/000000000000/a-dlq-local"),
            ["sqs:SendMessage a-dlq"],
        ),
        (
            line("sns", "PublishBatch", TopicArn="arn:aws:sns:eu-west-2:1:events-topic-local"),
            ["sns:PublishBatch events-topic"],
        ),
        (line("sns", "Publish", PhoneNumber=True), ["sns:Publish phone number"]),
        (
            line("sns", "Publish", TargetArn="arn:aws:sns::1:endpoint/GCM/app"),
            ["sns:Publish device"],
        ),
        (line("ses", "SendEmail", Source="shop@example.com"), ["ses:SendEmail shop@example.com"]),
        *(
            (line("execute-api", "Invoke", Call=f"GET {path}"), [f"execute-api:Invoke GET {about}"])
            for path, about in (
                ("/orders/canary-2026-01-31T09-30-00Z", "/orders/canary-*"),
                ("/orders/canary-1/cancel", "/orders/canary-*/cancel"),
                ("/orders/ORD-1", "/orders/ORD-1"),
                ("/customers/order-pipeline-canary/orders",) * 2,
            )
        ),
        (
            line("secretsmanager", "GetSecretValue", SecretId=SECRET),
            ["secretsmanager:GetSecretValue payment-secret"],
        ),
        (
            line("lambda", "UpdateEventSourceMapping", UUID=UUID),
            ["lambda:UpdateEventSourceMapping mapping of payment-function"],
        ),
    ],
)
def test_call_is_told_by_its_operation_and_what_it_is_about(
    recorded: str, expected: list[str]
) -> None:
    calls = reduced([recorded, recorded], "local", {UUID: "payment-function-local"})
    assert [str(call) for call in sorted(calls)] == expected
    assert {call.function for call in calls} == {"payment"}


def test_call_about_nothing_that_is_known_is_not_passed_over() -> None:
    with pytest.raises(UnexpectedCallError, match="ListTables"):
        reduced([line("dynamodb", "ListTables")], "local", {})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    calls = {
        RecordedCall("payment", "dynamodb", "TransactWriteItems/Put", "orders-table"),
        RecordedCall("payment", "sns", "Publish", "phone number"),
        RecordedCall("inventory", "dynamodb", "Query", "orders-table/customer-index"),
    }
    write(calls, tmp_path / "calls.json")
    assert read(tmp_path / "calls.json") == calls
