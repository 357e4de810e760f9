from decimal import Decimal
from typing import Any

import pytest

from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.problems import ProblemError, ProblemType
from order_pipeline.domain.canary import CUSTOMER_ID, ORDER_ID_PREFIX
from order_pipeline.domain.erasure import erased
from order_pipeline.domain.order import Order
from order_pipeline.domain.transitions import EventType, Status
from place_order.placement import Acceptance, place_order
from tests.unit.functions.in_memory import Orders, OrdersDown, Overflow

GOOD: dict[str, Any] = {
    "orderId": "ORD-1",
    "customerId": "CUST-12345",
    "items": [
        {"itemId": "ITEM-001", "quantity": 2, "price": Decimal("29.99")},
        {"itemId": "ITEM-002", "quantity": 1, "price": "49.99"},
    ],
}


def accepted(
    orders: Orders,
    *,
    overflow: Overflow | None = None,
    key: str | None = None,
    default: str | None = "pm_card_visa",
    **changes: Any,
) -> Acceptance:
    request = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return place_order(
        PlaceOrderRequest.model_validate(request),
        idempotency_key=key,
        default_payment_method=default,
        trace_header="Root=1-2-3",
        orders=orders,
        overflow=overflow or Overflow(),
    )


def placed(orders: Orders, **given: Any) -> Order:
    acceptance = accepted(orders, **given)
    assert not acceptance.deferred
    return acceptance.order


def problem_of(error: pytest.ExceptionInfo[ProblemError]) -> tuple[ProblemType, list[str]]:
    return error.value.problem, [wrong.field for wrong in error.value.errors]


def test_a_request_becomes_an_order() -> None:
    order = placed(
        Orders(),
        contact={"email": "ada@example.com", "channels": ["email"]},
        shippingAddress={
            "name": "Ada",
            "line1": "1 Engine Road",
            "city": "London",
            "postcode": "N1",
            "country": "GB",
        },
    )
    assert order.status is Status.PLACED
    assert order.history[0].event is EventType.ORDER_PLACED
    assert order.history[0].by == "place-order"
    assert [(line.item_id, line.quantity, line.expected_price) for line in order.lines] == [
        ("ITEM-001", 2, 2999),
        ("ITEM-002", 1, 4999),
    ]
    assert order.payment.method == "pm_card_visa"
    assert order.trace_header == "Root=1-2-3"
    assert order.contact
    assert order.contact.email == "ada@example.com"
    assert order.shipping_address
    assert order.shipping_address.city == "London"


def test_a_request_may_name_its_payment_method() -> None:
    assert placed(Orders(), payment={"method": "pm_1"}).payment.method == "pm_1"


def test_without_a_payment_method_anywhere_the_request_is_refused() -> None:
    with pytest.raises(ProblemError) as error:
        placed(Orders(), default="")
    assert problem_of(error) == (ProblemType.INVALID_REQUEST, ["payment"])


@pytest.mark.parametrize("order_id", ["ORD-1", "Canary-1", ...])
def test_nobody_orders_in_the_canarys_name(order_id: Any) -> None:
    with pytest.raises(ProblemError) as error:
        placed(Orders(), key="k-1", customerId=CUSTOMER_ID, orderId=order_id)
    assert problem_of(error) == (ProblemType.INVALID_REQUEST, ["customerId"])


def test_the_canary_orders_in_its_name() -> None:
    order = placed(Orders(), customerId=CUSTOMER_ID, orderId=f"{ORDER_ID_PREFIX}1")
    assert order.customer_id == CUSTOMER_ID


def test_the_same_request_finds_the_same_order() -> None:
    orders = Orders()
    assert placed(orders) is placed(orders)


@pytest.mark.parametrize(
    "same",
    [
        {"currency": "GBP", "priority": "normal"},
        {
            "items": [
                {"itemId": "ITEM-001", "quantity": 2, "price": "29.99"},
                {"itemId": "ITEM-002", "quantity": 1, "price": Decimal("49.99")},
            ]
        },
    ],
)
def test_how_a_request_is_written_does_not_matter(same: dict[str, Any]) -> None:
    orders = Orders()
    assert placed(orders) is placed(orders, **same)


@pytest.mark.parametrize(
    "other",
    [
        {"customerId": "CUST-2"},
        {"items": [{"itemId": "ITEM-001", "quantity": 3}]},
        {
            "items": [
                {"itemId": "ITEM-001", "quantity": 2, "price": "29.98"},
                {"itemId": "ITEM-002", "quantity": 1, "price": "49.99"},
            ]
        },
        {"currency": "EUR"},
        {"contact": {"email": "eve@example.com"}},
        {"payment": {"method": "pm_1"}},
    ],
)
def test_another_request_with_the_same_id_is_refused(other: dict[str, Any]) -> None:
    orders = Orders()
    first = placed(orders)
    with pytest.raises(ProblemError) as error:
        placed(orders, **other)
    assert problem_of(error) == (ProblemType.ORDER_CONFLICT, [])
    assert orders.get("ORD-1") is first


def test_an_erased_order_is_not_placed_again() -> None:
    orders = Orders()
    placed(orders)
    gone = orders.change(
        "ORD-1", lambda order: erased(order.after(EventType.ORDER_REJECTED, by="test"))
    )
    assert placed(orders) is gone
    with pytest.raises(ProblemError) as error:
        placed(orders, customerId="CUST-2")
    assert problem_of(error) == (ProblemType.ORDER_CONFLICT, [])


def test_without_an_id_the_idempotency_key_decides() -> None:
    orders = Orders()
    first = placed(orders, orderId=..., key="key-1")
    assert placed(orders, orderId=..., key="key-1") is first
    assert placed(orders, orderId=..., key="key-2").order_id != first.order_id
    with pytest.raises(ProblemError) as error:
        placed(orders, orderId=..., key="key-1", customerId="CUST-2")
    assert problem_of(error)[0] is ProblemType.ORDER_CONFLICT


def test_beside_an_id_the_idempotency_key_does_not_matter() -> None:
    orders = Orders()
    first = placed(orders, key="key-1")
    assert placed(orders, key="key-2") is first
    assert placed(orders, orderId="ORD-2", key="key-1").order_id == "ORD-2"
    assert placed(orders, orderId="ORD-3", key="k" * 256).order_id == "ORD-3"


@pytest.mark.parametrize(("key", "field"), [(None, "orderId"), ("k" * 256, "Idempotency-Key")])
def test_with_neither_the_request_is_refused(key: str | None, field: str) -> None:
    with pytest.raises(ProblemError) as error:
        placed(Orders(), orderId=..., key=key)
    assert problem_of(error) == (ProblemType.INVALID_REQUEST, [field])


def test_a_price_that_is_too_precise_is_named() -> None:
    items = [{"itemId": "A", "quantity": 1}, {"itemId": "B", "quantity": 1, "price": "10.5"}]
    with pytest.raises(ProblemError) as error:
        placed(Orders(), currency="JPY", items=items)
    assert problem_of(error) == (ProblemType.INVALID_REQUEST, ["items[1].price"])


def test_an_order_that_cannot_be_stored_is_deferred_whole() -> None:
    # given
    overflow = Overflow()
    # when
    acceptance = accepted(OrdersDown(), overflow=overflow, contact={"email": "ada@example.com"})
    # then
    assert acceptance.deferred
    (message,) = overflow.messages
    assert Order.model_validate_json(message) == acceptance.order
    assert acceptance.order.contact
    assert overflow.reasons == ["ProvisionedThroughputExceededException"]


def test_an_order_that_cannot_even_be_deferred_is_not_accepted() -> None:
    overflow = Overflow()
    overflow.refuses = True
    with pytest.raises(ConnectionError):
        accepted(OrdersDown(), overflow=overflow)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"default": ""}, ProblemType.INVALID_REQUEST),
        ({"orderId": ...}, ProblemType.INVALID_REQUEST),
        ({"currency": "JPY"}, ProblemType.INVALID_REQUEST),
    ],
)
def test_a_request_that_cannot_become_an_order_is_never_deferred(
    wrong: dict[str, Any], problem: ProblemType
) -> None:
    overflow = Overflow()
    with pytest.raises(ProblemError) as error:
        accepted(OrdersDown(), overflow=overflow, **wrong)
    assert error.value.problem is problem
    assert overflow.messages == []


def test_a_conflict_that_the_table_tells_is_never_deferred() -> None:
    orders, overflow = Orders(), Overflow()
    placed(orders)
    with pytest.raises(ProblemError):
        accepted(orders, overflow=overflow, customerId="CUST-2")
    assert overflow.messages == []
