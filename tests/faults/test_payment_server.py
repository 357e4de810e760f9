"""The payment server hangs, is out, or answers anything but what it should."""

from contextlib import ExitStack
from http import HTTPStatus

from tests.e2e.shop import Shop
from tests.faults import faults
from tests.faults.calls import Call
from tests.faults.conftest import Proxies, settled
from tests.faults.faults import Behaviour, Strikes
from tests.faults.flow import Flow, all_have_ended, together
from tests.faults.kinds import (
    CANCELLED,
    CANCELLED_ON_ITS_WAY,
    CONFIRMED,
    DECLINED,
    SHIPPED,
    WHOLE_LIFE,
    Kind,
)
from tests.faults.table import Report

QUICK = (CONFIRMED, DECLINED, CANCELLED, CANCELLED_ON_ITS_WAY, SHIPPED, WHOLE_LIFE)
SLOW = (CONFIRMED, DECLINED, CANCELLED_ON_ITS_WAY, WHOLE_LIFE)
"""Each of their calls takes all the time that the functions give it."""

BROKEN: dict[str, tuple[Behaviour, tuple[Kind, ...]]] = {
    "down": (faults.drop, QUICK),
    "answers 500": (faults.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, b'{"error": {}}'), QUICK),
    "answers 429": (faults.refuse(HTTPStatus.TOO_MANY_REQUESTS, b'{"error": {}}'), QUICK),
    "answers garbage": (faults.garbage(), QUICK),
    "hangs": (faults.hang, SLOW),
    "does the work and answers too late": (faults.answer_too_late, SLOW),
}


def test_every_call_fails_the_first_time_it_is_made_for_an_order(
    shop: Shop, proxies: Proxies, report: Report
) -> None:
    # given
    with ExitStack() as stack:
        flows = {name: stack.enter_context(Flow(shop)) for name in BROKEN}

        # when
        with ExitStack() as broken:
            for name, (behaviour, kinds) in BROKEN.items():
                flow = flows[name]
                strikes = first_of_each(flow)
                broken.enter_context(proxies.payment.fault(name, behaviour, strikes))
                flow.place(*kinds)
                flow.mark_healed()
            together(flows.values(), all_have_ended(flows.values()), within=360)

        # then
        for name, flow in flows.items():
            settled(f"payment server {name}", flow, report)


def first_of_each(flow: Flow) -> Strikes:
    """Return what strikes every kind of call the first time that it is made for an order."""
    struck: set[tuple[str, str]] = set()

    def strikes(call: Call) -> bool:
        order_ids = [each.order_id for each in flow.purchases if each.order_id in call.words]
        if not order_ids or (order_ids[0], call.action) in struck:
            return False
        struck.add((order_ids[0], call.action))
        return True

    return strikes
