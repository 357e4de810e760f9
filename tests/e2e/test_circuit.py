"""An open circuit pauses the payment stage; when the provider answers, the stage is resumed.

How the circuit opens in an outage of the provider is seen in tests/faults/test_payment_outage.py.
"""

import time

import pytest

from order_pipeline.adapters.items import to_item
from tests.e2e import purchases
from tests.e2e.shop import Shop
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life

CIRCUIT = to_item({"id": "circuit#payment"})


def test_stage_is_paused_probed_and_resumed(shop: Shop) -> None:
    # given a circuit that was opened as the payment stage opens it
    reason = shop.new_id("outage")
    shop.dynamodb.update_item(
        TableName=table(shop),
        Key=CIRCUIT,
        UpdateExpression="SET openedAt = :now, reason = :reason",
        ExpressionAttributeValues=to_item({":now": int(time.time()), ":reason": reason}),
    )

    # when payment-breaker runs, as it does every minute, until it has closed the circuit
    def tended() -> bool:
        answer = shop.functions.invoke(
            FunctionName=shop.deployment.function_name("payment-breaker")
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        return not is_open(shop)

    wait_for(tended, bool, "the circuit closed")

    # then it has paused the stage in between
    assert "pausing the stage" in shop.logged_about(reason)

    # and orders are paid again
    purchases.buy(shop, shows="placed after the payment stage was paused and resumed: confirmed")


def is_open(shop: Shop) -> bool:
    answer = shop.dynamodb.get_item(TableName=table(shop), Key=CIRCUIT, ConsistentRead=True)
    return "Item" in answer


def table(shop: Shop) -> str:
    return f"idempotency-table-{shop.deployment.suffix}"
