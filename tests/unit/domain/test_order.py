from enum import StrEnum
from typing import Any

import pytest

from order_pipeline.domain.money import Currency
from order_pipeline.domain.order import (
    Address,
    Channel,
    Contact,
    HistoryEntry,
    LineQuantity,
    Order,
    Payment,
    PaymentState,
    Priority,
    RefundLine,
    RefundState,
    Stock,
    StockState,
    place,
    withheld_units,
)
from order_pipeline.domain.stored import now
from order_pipeline.domain.transitions import EventType, Status, TransitionRefusedError
from tests.unit.builders import (
    BY,
    NOON,
    a_cancelled_order,
    a_confirmed_order,
    a_declined_order,
    a_line,
    a_placed_order,
    a_refund,
    a_reserved_order,
    a_validated_order,
    shipped,
)

RELEASED = Stock(state=StockState.RELEASED)
MADE: dict[str, Any] = {"state": RefundState.REFUNDED}
LEFT = (RefundLine(item_id="ITEM-001", quantity=1),)
NEVER_LEFT = (RefundLine(item_id="ITEM-001", quantity=1, withheld=1),)


def a_delivered_order(state: PaymentState = PaymentState.CAPTURED, **changes: Any) -> Order:
    payment = Payment(method="pm_card_visa", intent_id="pi_1", state=state)
    return (
        a_confirmed_order()
        .after(EventType.ORDER_SHIPPED, by=BY, at=NOON)
        .after(EventType.ORDER_DELIVERED, by=BY, at=NOON, payment=payment, **changes)
    )


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Priority, ["normal", "high"]),
        (Channel, ["email", "sms", "push"]),
        (
            PaymentState,
            [
                "NONE",
                "AUTHORISED",
                "CAPTURED",
                "CAPTURE_FAILED",
                "VOIDED",
                "EXPIRED",
                "PARTIALLY_REFUNDED",
                "REFUNDED",
            ],
        ),
        (StockState, ["NONE", "HELD", "RELEASED", "SHIPPED"]),
        (RefundState, ["REQUESTED", "REFUNDED", "FAILED"]),
    ],
)
def test_states_are_called_what_is_stored_and_published(
    kind: type[StrEnum], values: list[str]
) -> None:
    """Another name would be another state to whoever reads what is stored already."""
    assert [str(each) for each in kind] == values


def test_a_placed_order_is_what_was_asked_for_and_nothing_more() -> None:
    contact, address = Contact(email="ada@example.com"), an_address()
    order = place(
        order_id="ORD-1",
        customer_id="CUST-1",
        currency=Currency.EUR,
        lines=(a_line("A", 2),),
        payment_method="pm_card_visa",
        payload_hash="abc",
        by="place-order",
        priority=Priority.HIGH,
        contact=contact,
        shipping_address=address,
        trace_header="Root=1-2-3",
        at=NOON,
    )
    assert order.model_dump() == {
        "schema_version": 1,
        "order_id": "ORD-1",
        "customer_id": "CUST-1",
        "status": Status.PLACED,
        "version": 1,
        "placed_at": NOON,
        "currency": Currency.EUR,
        "priority": Priority.HIGH,
        "lines": ({"item_id": "A", "quantity": 2, "expected_price": None, "unit_price": None},),
        "total": None,
        "contact": {
            "email": "ada@example.com",
            "phone": None,
            "push_endpoint": None,
            "channels": None,
        },
        "shipping_address": {
            "name": "Ada",
            "line1": "1 Engine Road",
            "line2": None,
            "city": "London",
            "postcode": "N1",
            "country": "GB",
        },
        "payment": {
            "state": PaymentState.NONE,
            "method": "pm_card_visa",
            "intent_id": None,
            "replacement_intent_id": None,
            "authorised_at": None,
        },
        "stock": {"state": StockState.NONE},
        "parcels": (),
        "refunds": (),
        "history": (
            {
                "version": 1,
                "event": EventType.ORDER_PLACED,
                "at": NOON,
                "by": "place-order",
                "detail": {},
            },
        ),
        "payload_hash": "abc",
        "trace_header": "Root=1-2-3",
        "erased_at": None,
    }


def an_address() -> Address:
    return Address(name="Ada", line1="1 Engine Road", city="London", postcode="N1", country="GB")


def test_what_is_not_said_of_an_order_is_left_out() -> None:
    before = now()
    order = place(
        order_id="ORD-1",
        customer_id="CUST-1",
        currency=Currency.GBP,
        lines=(a_line(),),
        payment_method="pm_card_visa",
        payload_hash="abc",
        by=BY,
    )
    assert before <= order.placed_at <= now()
    assert order.history[0].at == order.placed_at
    assert order.priority is Priority.NORMAL
    assert (order.contact, order.shipping_address, order.trace_header) == (None, None, None)


def test_an_event_happens_at_a_time_and_tells_what_it_is_about() -> None:
    order = a_placed_order().after(
        EventType.ORDER_CANCELLED, by="orders-api", at=NOON, detail={"reason": "other"}, total=7
    )
    assert order.total == 7
    assert order.latest(EventType.ORDER_CANCELLED) == HistoryEntry(
        version=2,
        event=EventType.ORDER_CANCELLED,
        at=NOON,
        by="orders-api",
        detail={"reason": "other"},
    )
    before = now()
    at_once = a_placed_order().after(EventType.ORDER_CANCELLED, by=BY)
    assert before <= at_once.history[-1].at <= now()
    assert at_once.history[-1].detail == {}


def test_the_latest_of_several_events_is_found() -> None:
    order = a_confirmed_order()
    for reason in ("first", "last"):
        order = order.after(EventType.PAYMENT_EXPIRED, by=BY, detail={"reason": reason})
    assert order.latest(EventType.PAYMENT_EXPIRED).detail == {"reason": "last"}


def test_parcels_and_refunds_are_found_by_their_ids() -> None:
    order = shipped(shipped(a_confirmed_order(), "P-1", [unit()]), "P-2", [unit()])
    assert order.parcel("P-2") is order.parcels[1]
    assert order.parcel("P-3") is None
    order = order.model_copy(update={"refunds": (a_refund(), a_refund(refund_id="R-2"))})
    assert order.refund("R-2") is order.refunds[1]
    assert order.refund("R-3") is None


def test_a_refund_is_of_money_alone_unless_it_says_otherwise() -> None:
    refund = a_refund()
    assert (refund.state, refund.lines) == (RefundState.REQUESTED, ())
    assert (refund.restock, refund.restocked) == (False, False)
    assert RefundLine(item_id="A", quantity=1).withheld == 0


def unit() -> LineQuantity:
    return LineQuantity(item_id="ITEM-001", quantity=1)


def test_units_that_left_are_summed_over_the_parcels() -> None:
    order = a_confirmed_order(a_line("A", 5), a_line("B", 1))
    for number in (1, 2):
        lines = [LineQuantity(item_id="A", quantity=number)]
        order = shipped(order, f"P-{number}", lines)
    assert order.shipped_quantities == {"A": 3}


def test_what_is_withheld_is_summed_over_the_refunds() -> None:
    refunds = [
        a_refund(lines=(RefundLine(item_id="A", quantity=3, withheld=2), *LEFT)),
        a_refund(refund_id="R-2", lines=(RefundLine(item_id="A", quantity=1, withheld=1),)),
    ]
    assert withheld_units(refunds) == {"A": 3}


@pytest.mark.parametrize(("restock", "back"), [(False, [("B", 1)]), (True, [("A", 1), ("B", 3)])])
def test_what_comes_back_is_what_was_withheld_or_all_of_it(
    restock: bool, back: list[tuple[str, int]]
) -> None:
    lines = (
        RefundLine(item_id="A", quantity=1),
        RefundLine(item_id="B", quantity=3, withheld=1),
    )
    refund = a_refund(restock=restock, lines=lines)
    assert [(line.item_id, line.quantity) for line in refund.comes_back] == back


@pytest.mark.parametrize(
    ("state", "free", "collected"),
    [
        (PaymentState.NONE, False, False),
        (PaymentState.AUTHORISED, False, False),
        (PaymentState.CAPTURED, False, True),
        (PaymentState.CAPTURE_FAILED, False, False),
        (PaymentState.VOIDED, True, False),
        (PaymentState.EXPIRED, True, False),
        (PaymentState.PARTIALLY_REFUNDED, False, True),
        (PaymentState.REFUNDED, False, True),
    ],
)
def test_where_the_money_is_follows_from_the_payments_state(
    state: PaymentState, free: bool, collected: bool
) -> None:
    payment = Payment(method="pm", intent_id="pi_1", state=state)
    assert payment.holds_nothing is free
    assert payment.is_collected is collected
    without_intent = payment.model_copy(update={"intent_id": None})
    assert without_intent.holds_nothing


def test_a_placed_order_has_one_event_in_its_history() -> None:
    order = a_placed_order()
    assert order.status is Status.PLACED
    assert [(entry.version, entry.event, entry.at) for entry in order.history] == [
        (1, EventType.ORDER_PLACED, NOON)
    ]
    assert order.version == 1


def test_an_event_appends_to_the_history_and_raises_the_version() -> None:
    order = a_reserved_order()
    assert order.version == len(order.history) == 3
    assert [entry.version for entry in order.history] == [1, 2, 3]
    assert order.history[-1].event is EventType.STOCK_RESERVED
    assert order.history[-1].by == BY


def test_an_event_leaves_the_order_it_happened_to_as_it_was() -> None:
    order = a_placed_order()
    order.after(EventType.ORDER_CANCELLED, by=BY)
    assert order.status is Status.PLACED
    assert len(order.history) == 1


def test_an_event_that_cannot_happen_is_refused() -> None:
    order = a_placed_order()
    assert not order.may(EventType.ORDER_CONFIRMED)
    with pytest.raises(TransitionRefusedError):
        order.after(EventType.ORDER_CONFIRMED, by=BY)


def test_an_order_is_placed_once() -> None:
    assert not a_placed_order().may(EventType.ORDER_PLACED)


def test_lines_of_the_same_item_are_summed() -> None:
    order = a_placed_order(a_line("A", 2), a_line("B", 1), a_line("A", 3))
    assert order.quantities == {"A": 5, "B": 1}


@pytest.mark.parametrize(
    ("order", "settled"),
    [
        (a_placed_order(), False),
        (a_validated_order(), False),
        (a_reserved_order(), False),
        (a_confirmed_order(), False),
        (a_placed_order().after(EventType.ORDER_REJECTED, by=BY), True),
        (a_validated_order().after(EventType.STOCK_UNAVAILABLE, by=BY), True),
        (a_declined_order(), False),
        (a_declined_order().after(EventType.STOCK_RELEASED, by=BY, stock=RELEASED), True),
        (a_placed_order().after(EventType.ORDER_CANCELLED, by=BY), True),
        (a_cancelled_order(), False),
        (a_cancelled_order().after(EventType.STOCK_RELEASED, by=BY, stock=RELEASED), True),
        (
            a_cancelled_order(intent_id="pi_1").after(
                EventType.STOCK_RELEASED, by=BY, stock=RELEASED
            ),
            False,
        ),
        (
            a_cancelled_order(intent_id="pi_1").after(
                EventType.PAYMENT_VOIDED,
                by=BY,
                stock=RELEASED,
                payment=Payment(method="pm", intent_id="pi_1", state=PaymentState.VOIDED),
            ),
            True,
        ),
        (a_confirmed_order().after(EventType.ORDER_SHIPPED, by=BY), False),
        (a_delivered_order(), True),
        (a_delivered_order(PaymentState.AUTHORISED), False),
        (a_delivered_order(PaymentState.CAPTURE_FAILED), False),
        (a_delivered_order(PaymentState.PARTIALLY_REFUNDED), True),
        (a_delivered_order(PaymentState.REFUNDED), True),
        (a_delivered_order(refunds=(a_refund(),)), False),
        (a_delivered_order(refunds=(a_refund(state=RefundState.FAILED),)), True),
        (a_delivered_order(refunds=(a_refund(state=RefundState.FAILED), a_refund())), False),
        (a_delivered_order(refunds=(a_refund(state=RefundState.REFUNDED),)), True),
        (a_delivered_order(refunds=(a_refund(**MADE, lines=LEFT),)), True),
        (a_delivered_order(refunds=(a_refund(**MADE, lines=LEFT, restock=True),)), False),
        (a_delivered_order(refunds=(a_refund(**MADE, lines=NEVER_LEFT),)), False),
        (
            a_delivered_order(
                refunds=(a_refund(**MADE, lines=NEVER_LEFT, restocked=True),),
            ),
            True,
        ),
    ],
)
def test_an_order_is_settled_when_nothing_is_left_to_do(order: Order, settled: bool) -> None:
    assert order.is_settled is settled


def test_what_is_not_stored_of_an_order_has_not_happened_to_it() -> None:
    whole = a_placed_order(contact=None)
    stored = whole.model_dump(mode="json", by_alias=True)
    left_out = {
        "schemaVersion": 1,
        "priority": "normal",
        "total": None,
        "contact": None,
        "shippingAddress": None,
        "stock": {"state": "NONE"},
        "parcels": [],
        "refunds": [],
        "traceHeader": None,
        "erasedAt": None,
    }
    assert {name: stored.pop(name) for name in left_out} == left_out
    del stored["history"][0]["detail"]
    assert Order.model_validate(stored) == whole


def test_what_a_newer_version_stored_is_kept() -> None:
    stored = a_placed_order().model_dump(mode="json", by_alias=True)
    order = Order.model_validate(stored | {"giftWrap": "yes"})
    assert order.model_dump(mode="json", by_alias=True)["giftWrap"] == "yes"


def test_an_error_about_an_order_does_not_show_what_it_holds() -> None:
    stored = a_placed_order().model_dump(mode="json", by_alias=True)
    stored["contact"] = {"email": ["ada@example.com"]}
    with pytest.raises(ValueError, match=r"contact\.email") as error:
        Order.model_validate(stored)
    assert "ada" not in str(error.value)


@pytest.mark.parametrize(
    ("state", "settled"),
    [(RefundState.REQUESTED, False), (RefundState.REFUNDED, True), (RefundState.FAILED, True)],
)
def test_a_refund_is_settled_when_it_has_come_to_an_end(
    state: RefundState, *, settled: bool
) -> None:
    assert a_refund(state=state).is_settled is settled


def test_a_contact_without_an_address_has_none() -> None:
    assert Contact().model_dump() == dict.fromkeys(Contact.model_fields)
