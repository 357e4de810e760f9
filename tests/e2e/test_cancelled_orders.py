"""Cancelling: from wherever an order is before its first parcel, everything is given back."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e import purchases
from tests.e2e.problems import ID_CONFLICT, NOT_FOUND, REFUSED
from tests.e2e.purchases import KETTLES, TEA_POTS, TOTAL, Purchase
from tests.e2e.shop import Json, Shop, detail, history

pytestmark = pytest.mark.life


@contextmanager
def held_in(shop: Shop, status: str, *, behind: str) -> Iterator[Purchase]:
    """Yield an order that stays in `status`, since the stage that would move it on is paused."""
    with shop.paused(behind):
        purchase = purchases.place(shop, shows=f"cancelled while it was {status}")
        shop.until_in(purchase.order_id, status)
        yield purchase


def test_order_that_is_only_placed_is_cancelled(shop: Shop) -> None:
    # when
    with held_in(shop, "PLACED", behind="validation") as purchase:
        assert_cancels(shop, purchase)

    # then the validation that comes too late changes nothing
    order = assert_told(shop, purchase)
    assert history(order) == ["OrderPlaced", "OrderCancelled"]
    assert_never_held(shop, purchase, order)


def test_order_that_is_validated_is_cancelled(shop: Shop) -> None:
    # when
    with held_in(shop, "VALIDATED", behind="inventory") as purchase:
        assert_cancels(shop, purchase)

    # then the reservation that comes too late is not made
    order = assert_told(shop, purchase)
    assert history(order) == ["OrderPlaced", "OrderValidated", "OrderCancelled"]
    assert_never_held(shop, purchase, order)


def test_order_whose_stock_is_reserved_is_cancelled(shop: Shop) -> None:
    # when
    with held_in(shop, "RESERVED", behind="payment") as purchase:
        assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)
        assert_cancels(shop, purchase)

    # then stock is back, and the payment that comes too late is not made
    shop.until_event(purchase.order_id, "StockReleased")
    order = assert_told(shop, purchase)
    assert history(order) == [
        "OrderPlaced",
        "OrderValidated",
        "StockReserved",
        "OrderCancelled",
        "StockReleased",
    ]
    assert order["payment"] == {"state": "NONE"}
    assert shop.payments.intents_of(purchase.order_id) == []
    assert_stock_is_back(shop, purchase, order)


def test_confirmed_order_is_cancelled(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="cancelled once it was CONFIRMED")
    assert shop.payments.intent_of(purchase.order_id)["status"] == "requires_capture"

    # when
    assert_cancels(shop, purchase)

    # then stock is back, and the money is free
    shop.until_event(purchase.order_id, "StockReleased", "PaymentVoided")
    order = assert_told(shop, purchase)
    assert history(order)[:5] == [
        "OrderPlaced",
        "OrderValidated",
        "StockReserved",
        "OrderConfirmed",
        "OrderCancelled",
    ]
    assert sorted(history(order)[5:]) == ["PaymentVoided", "StockReleased"]
    assert order["payment"] == {"state": "VOIDED"}
    assert shop.payments.intent_of(purchase.order_id)["status"] == "canceled"
    assert shop.payments.taken(purchase.order_id) == 0
    assert_stock_is_back(shop, purchase, order)
    assert shop.handed_over(purchase.order_id, "OrderConfirmed").event["version"] == 4


def test_cancelled_again_with_the_same_reason_gets_the_same_answer(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="cancelled three times for one reason, and for another")
    first = shop.cancel(purchase.order_id, "takes_too_long")

    # when before and after everything is given back
    second = shop.cancel(purchase.order_id, "takes_too_long")
    settled = shop.until_event(purchase.order_id, "StockReleased", "PaymentVoided")
    third = shop.cancel(purchase.order_id, "takes_too_long")

    # then
    assert first.status_code == second.status_code == third.status_code == 200
    assert first.json() == second.json() == third.json()
    assert shop.look_at(purchase.order_id) == settled
    assert history(settled).count("OrderCancelled") == 1

    # and with another reason it is refused
    other = shop.cancel(purchase.order_id, "changed_mind")
    assert (other.status_code, other.json()["type"]) == (409, ID_CONFLICT)
    assert "takes_too_long" in other.json()["detail"]
    assert shop.look_at(purchase.order_id) == settled


def test_order_is_not_cancelled_once_a_parcel_has_left(shop: Shop) -> None:
    # given
    purchase = purchases.buy(shop, shows="not cancelled: a first parcel has left")
    assert shop.ship(purchase.order_id, "parcel-1", [(purchase.kettle, 1)]).is_success
    before = shop.until_event(purchase.order_id, "PaymentCaptured")
    assert before["status"] == "CONFIRMED"

    # when
    answer = shop.cancel(purchase.order_id)

    # then
    assert (answer.status_code, answer.json()["type"]) == (409, REFUSED)
    assert "a parcel has left" in answer.json()["detail"]
    assert shop.look_at(purchase.order_id) == before
    assert shop.payments.taken(purchase.order_id) == TOTAL
    assert purchases.stock(shop, purchase) == (TEA_POTS - 2, KETTLES - 1)


@pytest.mark.parametrize("body", [{}, {"reason": "because"}, {"reason": "other", "note": "x"}])
def test_reason_must_be_one_of_the_list(shop: Shop, body: Json) -> None:
    answer = shop.api.post(f"orders/{shop.new_id('order')}/cancel", json=body)
    assert answer.status_code == 400


def test_unknown_order_is_not_found(shop: Shop) -> None:
    answer = shop.cancel(shop.new_id("order"))
    assert answer.status_code == 404
    assert answer.json()["type"] == NOT_FOUND


def assert_cancels(shop: Shop, purchase: Purchase) -> None:
    """Cancel the order, and assert that the answer says so."""
    answer = shop.cancel(purchase.order_id, "ordered_by_mistake")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "orderId": purchase.order_id,
        "status": "CANCELLED",
        "message": "The order has been cancelled; any stock and money held will be released.",
        "links": {"self": f"../../orders/{purchase.order_id}"},
    }


def assert_told(shop: Shop, purchase: Purchase) -> Json:
    """Assert that everybody hears of it, once all stages have; return the order."""
    order_id = purchase.order_id
    shop.told(purchase.customer, f"Your order {order_id} has been cancelled")
    event = shop.handed_over(order_id, "OrderCancelled").event
    assert (event["status"], event["detail"]) == ("CANCELLED", {"reason": "ordered_by_mistake"})
    shop.until_worked_off()
    order = shop.look_at(order_id)
    assert order["status"] == "CANCELLED"
    assert detail(order, "OrderCancelled") == {"reason": "ordered_by_mistake"}
    assert [event["eventType"] for event in shop.audited(order)] == history(order)
    return order


def assert_never_held(shop: Shop, purchase: Purchase, order: Json) -> None:
    """Assert that neither stock nor money was touched, and nobody told that it is confirmed."""
    assert (order["stock"], order["payment"]) == ({"state": "NONE"}, {"state": "NONE"})
    for item in (purchase.tea_pot, purchase.kettle):
        assert shop.item_now(item)["version"] == 1, f"{item.item_id} was touched"
    assert shop.reservation(purchase.order_id) is None
    assert shop.payments.intents_of(purchase.order_id) == []
    assert len(shop.mailbox.mails_to(purchase.customer.email)) == 1
    told = {each.event["eventType"] for each in shop.warehouse.messages_about(purchase.order_id)}
    assert told == {"OrderCancelled"}


def assert_stock_is_back(shop: Shop, purchase: Purchase, order: Json) -> None:
    assert order["stock"] == {"state": "RELEASED"}
    assert purchases.stock(shop, purchase) == (TEA_POTS, KETTLES)
    reservation = shop.reservation(purchase.order_id)
    assert reservation is not None
    assert reservation["state"] == "RELEASED"
