"""Orders that are past their due, looked after by the function that the clock runs.

Time cannot be waited for, so the orders are made older. The function is the deployed one; it is
called here because its schedule is minutes apart.
"""

import json
from datetime import timedelta

import pytest

from order_pipeline.domain.limits import (
    HANDOVER_TIME,
    PAYMENT_DEADLINE,
    PAYMENT_HOLD,
    PAYMENT_HOLD_MARGIN,
    SETTLING_TIME,
)
from tests.e2e import purchases
from tests.e2e.past import let_pass
from tests.e2e.payment_server import Intent
from tests.e2e.purchases import KETTLES, TEA_POTS, TOTAL
from tests.e2e.shop import Shop, history
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life


def reconcile(shop: Shop) -> None:
    """Run the reconciler once, as its schedule does every five minutes."""
    answer = shop.functions.invoke(FunctionName=shop.deployment.live("reconciler"))
    assert "FunctionError" not in answer, json.loads(answer["Payload"].read())


def lose_message(shop: Shop, order_id: str, queue_url: str) -> None:
    """Take the order's message out of a queue, as if it had been given up."""

    def received() -> bool:
        messages = shop.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
        ).get("Messages", [])
        for message in messages:
            if json.loads(message["Body"])["orderId"] == order_id:
                shop.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                return True
        return False

    wait_for(received, bool, f"the message about {order_id} on {queue_url}")


def held(shop: Shop, order_id: str) -> list[Intent]:
    """Return the intents that hold money for the order and have not taken it."""
    intents = shop.payments.intents_of(order_id)
    return [intent for intent in intents if intent["status"] == "requires_capture"]


def test_an_order_whose_message_was_lost_goes_on(shop: Shop) -> None:
    # given an order whose next stage never hears of it
    with shop.paused("inventory"):
        purchase = purchases.place(shop, shows="forgotten by a stage, and found by the reconciler")
        order_id = purchase.order_id
        shop.until_in(order_id, "VALIDATED")
        lose_message(shop, order_id, shop.deployment.inventory_queue_url)
    let_pass(shop, order_id, SETTLING_TIME)

    # when
    reconcile(shop)

    # then
    assert history(shop.until(order_id, "CONFIRMED")).count("StockReserved") == 1
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)
    assert [each["amount"] for each in shop.payments.intents_of(order_id)] == [TOTAL]


def test_stock_held_without_a_payment_is_given_back(shop: Shop) -> None:
    # given an order that was reserved and never paid
    with shop.paused("payment"):
        purchase = purchases.place(shop, shows="never paid, and cancelled by the reconciler")
        order_id = purchase.order_id
        shop.until_in(order_id, "RESERVED")
        assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)
        let_pass(shop, order_id, PAYMENT_DEADLINE)

        # when
        reconcile(shop)

        # then
        order = shop.until_event(order_id, "StockReleased")
        assert order["status"] == "CANCELLED"
        assert purchases.stock(shop, purchase) == (TEA_POTS, KETTLES)
        (cancelled,) = (each for each in order["history"] if each["event"] == "OrderCancelled")
        assert cancelled["by"] == "reconciler"
        assert cancelled["detail"] == {"reason": "payment_overdue"}
    shop.told(purchase.customer, f"Your order {order_id} has been cancelled")

    # and the payment stage, which hears of it late, charges nothing
    shop.until_worked_off()
    assert held(shop, order_id) == []
    assert shop.look_at(order_id) == order


def test_a_hold_that_is_about_to_end_is_renewed(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="waiting so long that the hold on its money is renewed")
    order_id = purchase.order_id
    (first,) = shop.payments.intents_of(order_id)
    let_pass(shop, order_id, PAYMENT_HOLD - PAYMENT_HOLD_MARGIN)

    # when
    reconcile(shop)

    # then the money is held by another intent, and once
    order = shop.until_event(order_id, "PaymentReauthorised")
    assert order["payment"]["state"] == "AUTHORISED"
    (renewed,) = held(shop, order_id)
    assert renewed["id"] != first["id"]
    assert renewed["amount"] == TOTAL

    # and taken when the parcel leaves
    assert shop.ship(order_id, "parcel-1").status_code == 201
    shop.until_event(order_id, "PaymentCaptured")
    assert held(shop, order_id) == []
    taken = [each for each in shop.payments.intents_of(order_id) if each["status"] == "succeeded"]
    assert [(each["id"], each["amount"]) for each in taken] == [(renewed["id"], TOTAL)]


def test_the_warehouse_is_told_again_of_an_order_that_did_not_leave(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="handed over to the warehouse twice")
    order_id = purchase.order_id
    wait_for(
        lambda: len(shop.warehouse.messages_about(order_id)),
        lambda messages: messages == 1,
        f"the first message about {order_id}",
    )
    let_pass(shop, order_id, HANDOVER_TIME + timedelta(minutes=1))

    # when
    reconcile(shop)

    # then
    wait_for(
        lambda: [each.event["eventId"] for each in shop.warehouse.messages_about(order_id)],
        lambda events: events == [f"{order_id}#4"] * 2,
        f"the second message about {order_id}",
    )
    shop.until_worked_off()
    assert len(shop.mailbox.mails_to(purchase.customer.email)) == 1
    assert history(shop.look_at(order_id))[-1] == "OrderConfirmed"
