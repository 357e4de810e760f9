"""One trace follows an order from its request to the e-mail, as X-Ray's daemon would get it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.backends import choose_backend
from local.docker import DockerBackend
from local.settings import settings_from_environment
from tests.e2e.outages import unreachable
from tests.e2e.payment_server import VISA
from tests.e2e.shop import Customer, Shop
from tests.e2e.traces import Trace, new_trace, sampled
from tests.e2e.waiting import wait_for
from tests.trace_daemon import TraceDaemon

CONSUMERS = {
    "validation": "OrderPlaced",
    "inventory": "OrderValidated",
    "payment": "StockReserved",
    "notification": "OrderConfirmed",
}


@dataclass(frozen=True)
class Traced:
    """A confirmed order, its customer, and its trace."""

    order_id: str
    customer: Customer
    payment_method: str
    trace_id: str
    trace: Trace


@pytest.fixture(scope="module")
def daemon(shop: Shop) -> Iterator[TraceDaemon]:
    if isinstance(choose_backend(settings_from_environment()), DockerBackend):
        pytest.skip("functions in containers send their segments elsewhere")
    with TraceDaemon.listening(shop.deployment.traces_port) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def traced(shop: Shop, daemon: TraceDaemon) -> Traced:
    # given
    item, customer = shop.stocked_item(), shop.customer()
    method, trace_id = shop.payments.method(VISA), new_trace()

    # when
    order_id = shop.place(
        shop.order(
            (item, 1),
            customerId=customer.customer_id,
            contact=customer.contact,
            shippingAddress=customer.address,
            payment={"method": method},
        ),
        shows="traced: confirmed",
        headers=sampled(trace_id),
    )
    shop.until(order_id, "CONFIRMED")
    shop.mail_to(customer.email)
    return Traced(order_id, customer, method, trace_id, whole_trace(daemon, trace_id))


def whole_trace(daemon: TraceDaemon, trace_id: str) -> Trace:
    """Wait for the end of an order's trace: the customer is told, and that is written down."""
    return wait_for(
        lambda: Trace(daemon, trace_id),
        lambda trace: bool(trace.segments("notification", "OrderConfirmed")),
        f"the notification in trace {trace_id}",
    )


def test_trace_leads_from_the_request_through_every_stage_to_the_email(traced: Traced) -> None:
    trace = traced.trace
    assert len(trace.segments("place-order")) == 1
    for function, event_type in CONSUMERS.items():
        segments = trace.segments(function, event_type)
        assert segments, f"{function} has no segment about {event_type}"
        for segment in segments:
            assert trace.way(segment) == ["place-order", "event-publisher", "sns", function]
    (told,) = trace.segments("notification", "OrderConfirmed")
    assert "email" in [call.name for call in trace.calls(told)]


def test_every_part_of_the_trace_hangs_together(traced: Traced) -> None:
    # The request's own segment is Lambda's, which nobody writes here.
    (place_order,) = traced.trace.segments("place-order")
    assert traced.trace.orphans() == [place_order]


def test_trace_is_found_by_its_order_and_linked_with_each_invocations_own(traced: Traced) -> None:
    segments = [
        part for part in traced.trace.parts.values() if part.document.get("type") != "subsegment"
    ]
    assert {part.annotations["orderId"] for part in segments} == {traced.order_id}
    for part in segments:
        own = part.annotations["invocationTrace"]
        assert own.startswith("1-")
        assert (own == traced.trace_id) is (part.function == "place-order")


def test_trace_shows_the_calls_of_each_stage(traced: Traced) -> None:
    trace = traced.trace
    (place_order,) = trace.segments("place-order")
    (payment,) = trace.segments("payment", "StockReserved")
    assert [call.document["aws"]["operation"] for call in trace.calls(place_order)] == ["PutItem"]
    assert [call.annotations["call"] for call in trace.calls(payment) if call.name == "stripe"] == [
        "create",
        "confirm",
    ]


def test_trace_has_no_personal_data(daemon: TraceDaemon, traced: Traced) -> None:
    customer = traced.customer
    sent = "\n".join(daemon.texts())
    assert traced.order_id in sent
    for secret in (*customer.contact.values(), *customer.address.values(), traced.payment_method):
        if secret not in ("London", "GB"):
            assert str(secret) not in sent, secret


def test_order_that_is_not_sampled_sends_nothing(shop: Shop, daemon: TraceDaemon) -> None:
    # given
    item, customer = shop.stocked_item(), shop.customer()
    # when
    order_id = shop.place(
        shop.order((item, 1), contact=customer.contact), shows="not traced: confirmed"
    )
    shop.until(order_id, "CONFIRMED")
    shop.mail_to(customer.email)
    shop.until_worked_off()
    # then
    assert order_id not in "\n".join(daemon.texts())


def test_order_that_is_deferred_keeps_its_trace(shop: Shop, daemon: TraceDaemon) -> None:
    # given
    item, customer, trace_id = shop.stocked_item(), shop.customer(), new_trace()
    order = shop.order((item, 1), contact=customer.contact)

    # when
    with unreachable(shop, "dynamodb", "place-order"):
        order_id = shop.place(
            order, shows="traced and deferred: confirmed", headers=sampled(trace_id)
        )
    wait_for(
        lambda: shop.api.get(f"orders/{order_id}").status_code,
        lambda status: status == 200,
        f"order {order_id} in the table",
    )
    shop.until(order_id, "CONFIRMED")
    trace = whole_trace(daemon, trace_id)

    # then the drain continues it, and the stages what place-order began
    (drained,) = trace.segments("intake-drain")
    (told,) = trace.segments("notification", "OrderConfirmed")
    assert trace.way(drained) == ["place-order", "sqs", "intake-drain"]
    assert trace.way(told) == ["place-order", "event-publisher", "sns", "notification"]
    assert drained.annotations["orderId"] == order_id
