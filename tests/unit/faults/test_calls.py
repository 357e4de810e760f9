import json
from urllib.parse import urlencode

from tests.faults.calls import Call, PaymentCalls, aws_call

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def read(service: str, body: bytes, **headers: str) -> Call:
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-2/{service}/aws4_request, Signed"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return aws_call("POST", "/", {"Authorization": scope, **named}, body, suffix="local")


def test_write_to_an_order_is_told_by_the_event_that_it_appends() -> None:
    asked = {
        "TableName": "orders-table-local",
        "Key": {"orderId": {"S": "order-1"}},
        "UpdateExpression": "SET history = list_append(history, :appended)",
        "ExpressionAttributeValues": {
            ":appended": {"L": [{"M": {"event": {"S": "OrderConfirmed"}}}]}
        },
    }

    call = read("dynamodb", json.dumps(asked).encode(), X_Amz_Target="DynamoDB_20120810.UpdateItem")

    assert (call.service, call.action) == ("dynamodb", "UpdateItem")
    assert call.detail == "orders-table OrderConfirmed"
    assert "order-1" in call.words


def test_transaction_is_told_by_its_tables_and_events() -> None:
    history = {"L": [{"M": {"event": {"S": "StockReserved"}}}]}
    write = {"TableName": "orders-table-local"}
    asked = {
        "TransactItems": [
            {"Put": {"TableName": "inventory-table-local", "Item": {}}},
            {"Update": {**write, "ExpressionAttributeValues": {":appended": history}}},
        ]
    }

    call = read("dynamodb", json.dumps(asked).encode(), X_Amz_Target="DynamoDB.TransactWriteItems")

    assert call.detail == "inventory-table orders-table StockReserved"


def test_claim_and_mark_are_told_apart() -> None:
    details = {
        read(
            "dynamodb",
            json.dumps(
                {"TableName": "idempotency-table-local", "UpdateExpression": expression}
            ).encode(),
            X_Amz_Target="DynamoDB.UpdateItem",
        ).detail
        for expression in ("SET leaseUntil = :lease", "SET doneAt = :now")
    }

    assert len(details) == 2


def test_text_and_push_message_are_told_apart() -> None:
    sms = urlencode({"Action": "Publish", "PhoneNumber": "+447700900123"}).encode()
    push = urlencode({"Action": "Publish", "TargetArn": "arn:aws:sns:app"}).encode()

    assert read("sns", sms, Content_Type=FORM).detail == "to a phone number"
    assert read("sns", push, Content_Type=FORM).detail == "to an app"


def test_payment_call_names_the_order_of_its_intent() -> None:
    calls = PaymentCalls()
    made = calls.read("POST", "/v1/payment_intents", {}, b"metadata%5BorderId%5D=order-1")
    calls.learn(made, b'{"id": "pi_abc1", "metadata": {"orderId": "order-1"}}')

    confirmed = calls.read("POST", "/v1/payment_intents/pi_abc1/confirm", {}, b"")
    other = calls.read("POST", "/v1/payment_intents/pi_abc2/confirm", {}, b"")

    assert confirmed.action == other.action == "POST /v1/payment_intents/{id}/confirm"
    assert "order-1" in made.words & confirmed.words
    assert "order-1" not in other.words
