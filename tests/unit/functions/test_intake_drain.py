import json
from typing import Any

import pytest

from intake_drain.drain import drain
from order_pipeline.adapters.queue_processor import PoisonError
from order_pipeline.domain.order import Address, Order
from order_pipeline.domain.transitions import EventType
from tests.unit.builders import BY, a_placed_order
from tests.unit.functions.in_memory import Orders, OrdersDown, Overflow
from tests.unit.functions.test_placement import accepted


def message(order: Order, **changes: Any) -> str:
    return json.dumps(order.model_dump(mode="json", by_alias=True, exclude_none=True) | changes)


def test_a_deferred_order_is_stored_as_it_was_placed() -> None:
    # given
    overflow, orders = Overflow(), Orders()
    placed = accepted(
        OrdersDown(), overflow=overflow, contact={"email": "ada@example.com"}, orderId="ORD-7"
    )
    # when
    drain(overflow.messages[0], orders=orders)
    # then
    assert orders.get("ORD-7") == placed.order


def test_nothing_of_an_order_is_lost_on_the_way() -> None:
    address = Address(name="Ada", line1="1 Engine Road", city="London", postcode="N1", country="GB")
    order = a_placed_order(shipping_address=address, trace_header="Root=1-2-3")
    orders = Orders()
    drain(message(order), orders=orders)
    assert orders.get("ORD-1") == order


def test_an_order_stored_although_the_answer_was_lost_stays_one_order() -> None:
    # given
    overflow, orders = Overflow(), OrdersDown(takes=True)
    assert accepted(orders, overflow=overflow, orderId="ORD-1").deferred
    stored = orders.change("ORD-1", lambda order: order.after(EventType.ORDER_REJECTED, by=BY))
    healed = Orders(stored)
    # when
    drain(overflow.messages[0], orders=healed)
    # then
    assert healed.get("ORD-1") is stored


def test_a_request_that_came_again_meanwhile_stays_one_order() -> None:
    # given
    overflow, orders = Overflow(), Orders()
    accepted(OrdersDown(), overflow=overflow, orderId="ORD-1")
    again = accepted(orders, orderId="ORD-1").order
    # when
    drain(overflow.messages[0], orders=orders)
    drain(overflow.messages[0], orders=orders)
    # then
    assert orders.get("ORD-1") is again


def test_an_order_that_conflicts_with_the_stored_one_can_never_be_stored() -> None:
    # given
    stored = a_placed_order(payload_hash="1" * 64)
    orders = Orders(stored)
    # when, then
    with pytest.raises(PoisonError, match="order ORD-1 was already placed"):
        drain(message(a_placed_order()), orders=orders)
    assert orders.get("ORD-1") is stored


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "not an order: the body"),
        ("{}", "not an order: orderId, customerId"),
        (message(a_placed_order(), status="LOST"), "not an order: status"),
        (message(a_placed_order(), schemaVersion=2), "order ORD-1 has the unknown schemaVersion 2"),
    ],
)
def test_what_is_no_order_can_never_be_stored(body: str, reason: str) -> None:
    with pytest.raises(PoisonError) as poison:
        drain(body, orders=Orders())
    assert str(poison.value).startswith(reason)


def test_the_reason_holds_no_personal_data() -> None:
    broken = message(a_placed_order(), contact={"email": ["ada@example.com"]})
    with pytest.raises(PoisonError) as poison:
        drain(broken, orders=Orders())
    assert str(poison.value) == "not an order: contact.email"
