"""Functions that are killed: at each of their calls, before and after it did its work."""

import itertools

from tests.e2e.shop import Shop
from tests.faults import callers, faults
from tests.faults.books import balance
from tests.faults.calls import PAYMENT, Place
from tests.faults.conftest import Proxies, Settle
from tests.faults.faults import Fault, Strikes
from tests.faults.flow import Flow
from tests.faults.kinds import EVERY_KIND
from tests.faults.proxy import Proxy
from tests.faults.scenes import Scenes
from tests.faults.table import Report

BETWEEN_ORDERS = 1.5
"""Seconds: so that a killed function seldom had others' messages in its batch."""
MOST_ORDERS = 150

IN_EVERY_LIFE = {
    "place-order",
    "orders-api",
    "validation",
    "inventory",
    "payment",
    "notification",
    "event-publisher",
}

OUTSIDE = {"canary"}
"""Functions that ask the API as any client does, and call nothing else."""


def test_function_killed_at_each_of_its_calls(
    shop: Shop, proxies: Proxies, flow: Flow, settle: Settle, report: Report
) -> None:
    # given every call that the functions make, from their cold start on
    places = places_of_calls(shop, proxies)
    functions = {place.function for place in places}
    assert functions == deployed_functions(shop), "functions that are never seen to call anything"
    kills = [
        (place, Fault(f"{place} ({behaviour.__name__})", behaviour, is_at(place), times=1))
        for place in places
        for behaviour in (faults.kill_before, faults.kill_after)
    ]

    # when one call at each of these places gets its function killed, while orders flow
    for place, kill in kills:
        proxy_for(place, proxies).install(kill)
    kinds = itertools.cycle(EVERY_KIND)
    scenes = Scenes(shop, proxies.aws, flow)
    with flow.while_broken():
        while not_yet := [place for place, kill in kills if not kill.struck]:
            assert len(flow.purchases) < MOST_ORDERS, f"never killed: {not_yet}"
            flow.place(next(kinds))
            flow.keep_going(BETWEEN_ORDERS)
            scenes.make_work({place.function for place in not_yet})
        for place, kill in kills:
            proxy_for(place, proxies).heal(kill)
        scenes.end()

    # then
    told = [kill for place, kill in kills if is_between_answer_and_mark(place, kill)]
    report.numbers.append(
        f"Killed: {len(kills)} times, before and after each of {len(places)} calls of "
        f"{len(functions)} functions; {len(told)} times between a channel's answer and the mark."
    )
    settle(
        "a function killed at each of its calls",
        within=300,
        kills_of_notification=len(told),
    )


def test_every_function_killed_at_once(proxies: Proxies, flow: Flow, settle: Settle) -> None:
    # given
    killed = 0

    # when
    with flow.while_broken():
        for _ in range(3):
            flow.place(*EVERY_KIND)
            flow.follow(lambda: running(proxies) >= IN_EVERY_LIFE, within=90)
            for caller in proxies.callers.all():
                callers.kill(caller)
                killed += caller.function == "notification"

    # then
    settle("every function's process killed at once, three times", kills_of_notification=killed)


def places_of_calls(shop: Shop, proxies: Proxies) -> list[Place]:
    """Lead an order of every kind through its life, and return where the functions call."""
    with (
        proxies.aws.recording() as to_aws,
        proxies.payment.recording() as to_payment,
        Flow(shop) as flow,
    ):
        for caller in proxies.callers.all():
            callers.kill(caller)
        scenes = Scenes(shop, proxies.aws, flow)
        flow.place(*EVERY_KIND)
        flow.until_all_have_ended(within=120)
        scenes.make_work(deployed_functions(shop))
        flow.until_all_have_ended(within=120)
        scenes.end()
        books = balance(flow)
        assert not books.wrong, books.wrong
        return sorted({seen.call.place for seen in [*to_aws, *to_payment]})


def deployed_functions(shop: Shop) -> set[str]:
    """Return the deployment's functions that orders need, such as `place-order`."""
    names = [
        function["FunctionName"]
        for page in shop.functions.get_paginator("list_functions").paginate()
        for function in page["Functions"]
    ]
    return {name.removesuffix(shop.deployment.function_name("")) for name in names} - OUTSIDE


def running(proxies: Proxies) -> set[str]:
    """Return the functions that have a process."""
    return {caller.function for caller in proxies.callers.all()}


def is_at(place: Place) -> Strikes:
    return lambda call: call.place == place


def proxy_for(place: Place, proxies: Proxies) -> Proxy:
    return proxies.payment if place.service == PAYMENT else proxies.aws


def is_between_answer_and_mark(place: Place, kill: Fault) -> bool:
    """Tell whether a message was sent, and not marked as sent, when the process was killed."""
    if place.function != "notification":
        return False
    if kill.behaviour is faults.kill_after:
        return place.service in ("ses", "sns")
    return place.detail.startswith("idempotency") and "doneAt" in place.detail
