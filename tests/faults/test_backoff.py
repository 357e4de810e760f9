"""How long a message that fails waits, from attempt to attempt."""

import json
from itertools import pairwise

from tests.e2e.shop import Json, Shop
from tests.e2e.versions import live_version
from tests.e2e.waiting import wait_for
from tests.faults import faults
from tests.faults.conftest import Proxies, Settle
from tests.faults.faults import calls
from tests.faults.flow import Flow
from tests.faults.kinds import CONFIRMED
from tests.faults.table import Report

FIRST_DELAY = 2
ATTEMPTS = 6


def test_failing_message_waits_twice_as_long_each_time(
    shop: Shop, proxies: Proxies, flow: Flow, settle: Settle, report: Report
) -> None:
    # given
    longest_delay = longest_delay_of(shop, "validation")
    purchase = flow.prepare(CONFIRMED)
    # The client repeats a call at once by itself, but not one that is refused for its content.
    refuse = faults.aws_json_error(f"ValidationException.{purchase.order_id}")
    reads = calls("dynamodb", "GetItem", function="validation", about=purchase.order_id)

    # when
    with (
        flow.while_broken(),
        proxies.aws.recording() as seen,
        proxies.aws.fault("one order", refuse, reads) as fault,
    ):
        flow.place_prepared(purchase)
        flow.follow(lambda: len(fault.struck) >= ATTEMPTS, within=180, what="attempts")
    attempts = [each.at for each in seen if reads(each.call)][:ATTEMPTS]
    lines = wait_for(
        lambda: retries_logged(shop, purchase.order_id),
        lambda lines: len(lines) >= ATTEMPTS - 1,
        "the attempts in the log",
    )

    # then
    delays = [int(line["delay_seconds"]) for line in lines][: ATTEMPTS - 1]
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    report.numbers.append(
        "Backoff of a message that fails, in seconds: told "
        + ", ".join(map(str, delays))
        + "; seen "
        + ", ".join(f"{wait:.1f}" for wait in waits)
    )
    assert [line["receive_count"] for line in lines][: ATTEMPTS - 1] == list(range(1, ATTEMPTS))
    for number, (delay, wait) in enumerate(zip(delays, waits, strict=True)):
        full = min(longest_delay, FIRST_DELAY * 2**number)
        assert full / 2 <= delay <= full
        assert delay - 1 <= wait <= delay + 5
    settle("one order's reads are refused, six times")


def retries_logged(shop: Shop, token: str) -> list[Json]:
    """Return what validation has logged of its retries, where the error names the token."""
    pages = shop.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{shop.deployment.function_name('validation')}"
    )
    lines = (event["message"] for page in pages for event in page["events"])
    logged = [json.loads(line) for line in lines if "retrying" in line and token in line]
    return sorted(logged, key=lambda line: int(line["receive_count"]))


def longest_delay_of(shop: Shop, stage: str) -> int:
    """Return the cap of a stage's backoff, in seconds, as it is deployed."""
    # LocalStack knows the configuration of a version, not that of an alias.
    configuration = shop.functions.get_function_configuration(
        FunctionName=shop.deployment.function_name(stage), Qualifier=live_version(shop, stage)
    )
    return int(configuration["Environment"]["Variables"]["RETRY_LONGEST_DELAY_SECONDS"])
