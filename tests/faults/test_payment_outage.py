"""The payment provider is out for a while: the circuit opens, probes and closes."""

import time

from order_pipeline.adapters.items import from_item, to_item
from tests.e2e.shop import Json, Shop
from tests.faults import faults
from tests.faults.calls import PAYMENT
from tests.faults.conftest import Proxies, Settle
from tests.faults.faults import calls
from tests.faults.flow import Flow
from tests.faults.kinds import CANCELLED_ON_ITS_WAY, CONFIRMED, EVERY_KIND
from tests.faults.table import Report

CIRCUIT = "circuit#payment"


def test_payment_provider_is_out(
    shop: Shop, proxies: Proxies, flow: Flow, settle: Settle, report: Report
) -> None:
    # when
    began = time.time()
    with (
        flow.while_broken(),
        proxies.payment.fault("provider", faults.drop, calls(PAYMENT)) as outage,
    ):
        flow.place(*EVERY_KIND, *[CONFIRMED] * 8)

        # then the circuit opens, and pauses the stage
        flow.follow(lambda: circuit(shop) is not None, within=120, what="the circuit open")
        opened = time.time()
        assert circuit(shop)["reason"]  # type: ignore[index]
        flow.follow(lambda: state(shop) == "Disabled", within=150, what="payment paused")
        paused = time.time()

        # and orders are still taken, shown and cancelled
        flow.place(*EVERY_KIND)
        flow.until("accepted", lambda each: bool(each.accepted_at))
        assert not any(each.refusals or each.deferred for each in flow.purchases)
        assert shop.look_at(flow.purchases[0].order_id)["status"] == "RESERVED"
        cancelled = [each for each in flow.purchases if each.kind is CANCELLED_ON_ITS_WAY]
        flow.follow(
            lambda: all("OrderCancelled" in each.history for each in cancelled),
            within=60,
            what="orders cancelled",
        )

        # and while it is open nobody asks the provider but the probe
        del outage.struck[:]
        flow.follow(lambda: bool(outage.struck), within=150, what="a probe")
        assert {call.caller.function for call in outage.struck} == {"payment-breaker"}

    # when the provider answers again
    flow.follow(
        lambda: circuit(shop) is None and state(shop) == "Enabled",
        within=150,
        what="the circuit closed",
    )
    closed = time.time()

    # then
    report.numbers.append(
        f"Payment provider out: the circuit opened after {opened - began:.0f} s and had the stage "
        f"paused after {paused - began:.0f} s; it closed {closed - flow.healed_at:.0f} s after the "
        "provider's return."
    )
    assert flow.dead_letters.count("payment-dlq") == 0
    settle("the payment provider is out: circuit opens and closes", within=240)
    assert not any(each.redriven for each in flow.purchases)


def circuit(shop: Shop) -> Json | None:
    """Return the item that says that the payment stage is to be paused."""
    answer = shop.dynamodb.get_item(
        TableName=f"idempotency-table-{shop.deployment.suffix}",
        Key=to_item({"id": CIRCUIT}),
        ConsistentRead=True,
    )
    return from_item(answer["Item"]) if "Item" in answer else None


def state(shop: Shop) -> str:
    """Return whether the payment stage takes messages."""
    (mapping,) = shop.functions.list_event_source_mappings(
        FunctionName=shop.deployment.live("payment")
    )["EventSourceMappings"]
    return mapping["State"]
