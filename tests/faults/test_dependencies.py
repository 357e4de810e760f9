"""What the functions depend on refuses its work for a while: tables, stream, topic, e-mail."""

from contextlib import ExitStack
from http import HTTPStatus

from tests.e2e.shop import Shop
from tests.faults import faults
from tests.faults.calls import Call
from tests.faults.conftest import Proxies, Settle, settled
from tests.faults.faults import Behaviour, Fault, Strikes, calls
from tests.faults.flow import Flow, all_have_ended, together
from tests.faults.kinds import CONFIRMED, EVERY_KIND
from tests.faults.table import Report

THROTTLED = faults.aws_json_error("ThrottlingException")
UNAVAILABLE = faults.aws_xml_error("ServiceUnavailable", HTTPStatus.SERVICE_UNAVAILABLE)
FAILS = faults.aws_json_error("InternalServerError", HTTPStatus.INTERNAL_SERVER_ERROR)
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")
STRIKES = 8
"""How often each fault strikes at least before it is healed."""
WORKERS = ("validation", "inventory", "payment", "notification")


def is_by_worker(call: Call) -> bool:
    """Tell whether a stage writes to a table."""
    return call.caller.function in WORKERS and calls("dynamodb", *WRITES)(call)


def about(flow: Flow) -> Strikes:
    """Return what strikes calls about a flow's orders."""
    return lambda call: any(each.order_id in call.words for each in flow.purchases)


def both(one: Strikes, other: Strikes) -> Strikes:
    """Return what strikes calls that both strike."""
    return lambda call: one(call) and other(call)


BY_PLACE_ORDER = calls("dynamodb", *WRITES, function="place-order")

REFUSALS: dict[str, tuple[Behaviour, Strikes]] = {
    "DynamoDB throttles place-order": (THROTTLED, BY_PLACE_ORDER),
    "DynamoDB answers place-order 500": (FAILS, BY_PLACE_ORDER),
    "DynamoDB throttles the workers": (THROTTLED, is_by_worker),
    "DynamoDB answers the workers 500": (FAILS, is_by_worker),
    "SES fails": (UNAVAILABLE, calls("ses")),
    "SMS and push fail": (UNAVAILABLE, calls("sns", "Publish")),
}


def test_refusals_side_by_side(shop: Shop, proxies: Proxies, report: Report) -> None:
    """Each strikes calls about its own orders, of all kinds."""
    # given
    with ExitStack() as stack:
        flows = {name: stack.enter_context(Flow(shop)) for name in REFUSALS}

        # when
        installed: list[Fault] = []
        with ExitStack() as broken:
            for (name, (behaviour, refused)), flow in zip(
                REFUSALS.items(), flows.values(), strict=True
            ):
                strikes = both(refused, about(flow))
                fault = broken.enter_context(proxies.aws.fault(name, behaviour, strikes))
                installed.append(fault)
                flow.place(*EVERY_KIND)
            together(
                flows.values(),
                lambda: all(len(fault.struck) >= STRIKES for fault in installed),
                within=120,
            )
        for flow in flows.values():
            flow.mark_healed()

        # then
        together(flows.values(), all_have_ended(flows.values()), within=240)
        for name, flow in flows.items():
            settled(name, flow, report)


def test_deferred_orders_are_in_the_table_within_a_minute(
    proxies: Proxies, flow: Flow, settle: Settle, report: Report
) -> None:
    # given
    refused = calls("dynamodb", *WRITES)
    with flow.while_broken(), proxies.aws.fault("no writes", FAILS, refused):
        # when
        flow.place(*EVERY_KIND)

        # then
        flow.until("accepted", lambda each: bool(each.accepted_at))
        assert all(each.deferred for each in flow.purchases)
        flow.keep_going(10)
        assert not any(each.order for each in flow.purchases)

    # when DynamoDB takes writes again
    flow.until("in the table", lambda each: bool(each.order), within=60)

    # then
    seconds = max(each.stored_at - flow.healed_at for each in flow.purchases)
    report.numbers.append(f"Deferred orders were in the table {seconds:.0f} s after its return.")
    settle("DynamoDB takes no writes of anybody")


def test_long_outages_side_by_side(
    shop: Shop, proxies: Proxies, flow: Flow, report: Report
) -> None:
    """SNS refuses for two minutes; DynamoDB refuses until messages are given up as dead."""
    with Flow(shop) as given_up:
        # given
        given_up.place(*[CONFIRMED] * 8)
        writes = calls("dynamodb", *WRITES, function="validation")
        with proxies.aws.fault("no writes", FAILS, both(writes, about(given_up))):
            given_up.until("placed", lambda each: bool(each.order))
            given_up.keep_going(5)

            # when
            refused = calls("sns", "PublishBatch")
            with (
                flow.while_broken(),
                proxies.aws.fault("SNS", faults.aws_xml_error("InternalError"), refused),
            ):
                flow.place(*EVERY_KIND)
                flow.keep_going(60)
                flow.place(*EVERY_KIND)
                flow.keep_going(60)
            given_up.follow(
                lambda: given_up.dead_letters.count("validation-dlq") == 8,
                within=300,
                what="dead letters",
            )

        # then
        given_up.mark_healed()
        settled("SNS refuses to publish for two minutes", flow, report)
        settled("DynamoDB refuses validation's writes until it gives up", given_up, report)
        assert all(each.redriven for each in given_up.purchases)


def test_stream_cannot_be_read(proxies: Proxies, flow: Flow, settle: Settle) -> None:
    # when
    with flow.while_broken():
        flow.place(*EVERY_KIND)
        with proxies.stream.fault("stream", FAILS, calls("", "GetRecords")):
            flow.place(*EVERY_KIND)
            flow.keep_going(15)

    # then
    settle("the stream's reads fail")
