"""What a stage cannot do yet it tries again, after a while, until it can."""

import json
import time

import pytest

from order_pipeline.adapters.items import to_item
from tests.e2e import purchases
from tests.e2e.shop import Json, Shop, history
from tests.e2e.waiting import wait_for

pytestmark = pytest.mark.life

STAGES = {
    "validation": "OrderPlaced",
    "inventory": "OrderValidated",
    "payment": "StockReserved",
    "notification": "OrderConfirmed",
}


def test_events_that_are_ahead_of_their_order_are_tried_again(shop: Shop) -> None:
    # given the events of an order, told of another one that is not there
    shows = "its events came before it did: tried again, and confirmed once"
    first = purchases.buy(shop, shows="bought twice")
    events = {event["eventType"]: event for event in shop.audited(shop.look_at(first.order_id))}
    request = shop.order((first.tea_pot, 2), (first.kettle, 1), contact=first.customer.contact)
    order_id = request["orderId"]
    dead_letters = shop.dead_letters()
    for stage, event_type in STAGES.items():
        send(shop, stage, events[event_type] | about(order_id, events[event_type]))

    # when every stage has tried in vain
    wait_for(
        lambda: tried_again(shop, order_id),
        lambda stages: stages == set(STAGES),
        f"every stage trying {order_id} again",
    )

    # and the order is there
    shop.place(request, shows=shows)

    # then all of it was done once
    order = shop.until(order_id, "CONFIRMED")
    shop.until_worked_off()
    assert history(order) == ["OrderPlaced", "OrderValidated", "StockReserved", "OrderConfirmed"]
    assert purchases.stock(shop, first) == (10 - 4, 5 - 2)
    assert len(shop.payments.intents_of(order_id)) == 1
    subject = f"Your order {order_id} is confirmed"
    assert len(shop.told(first.customer, subject)) == 1
    assert shop.dead_letters() == dead_letters


def test_refund_that_somebody_is_at_is_not_made_beside_them(shop: Shop) -> None:
    # given a claim of another process that has not come to its end
    purchase = purchases.buy_and_deliver(
        shop, shows="its refund was claimed by somebody: made once, after they let go"
    )
    order_id = purchase.order_id
    claim = to_item({"id": f"refund#{order_id}#refund-1"})
    table = f"idempotency-table-{shop.deployment.suffix}"
    lease = to_item({"leaseUntil": int(time.time()) + 3600})
    shop.dynamodb.put_item(TableName=table, Item=claim | lease)

    # when
    assert shop.refund(order_id, "refund-1", amount="10.00").status_code == 202
    wait_for(lambda: "payment" in tried_again(shop, order_id), bool, "the refund tried again")

    # then
    assert shop.payments.given_back(order_id) == {}

    # and when they have let go of it
    shop.dynamodb.delete_item(TableName=table, Key=claim)
    shop.until_event(order_id, "PaymentRefunded")
    assert shop.payments.given_back(order_id) == {"refund-1": 1000}


def about(order_id: str, event: Json) -> Json:
    return {"orderId": order_id, "eventId": f"{order_id}#{event['version']}"}


def send(shop: Shop, stage: str, event: Json) -> None:
    """Put an event on a stage's queue."""
    queue_url = getattr(shop.deployment, f"{stage}_queue_url")
    shop.sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(event))


def tried_again(shop: Shop, order_id: str) -> set[str]:
    """Return the stages that have failed at an event of the order, and put it off."""
    lines = [line for line in shop.logged_about(order_id).splitlines() if order_id in line]
    logged = [json.loads(line) for line in lines if '"retrying"' in line]
    return {line["service"] for line in logged if line.get("order_id") == order_id}
