"""What the functions have logged since the deployment: their lines, and the metrics in them."""

from order_pipeline.adapters.items import from_item
from tests.e2e.shop import Json, Shop
from tests.e2e.totals import A_TEST
from tests.e2e.waiting import wait_for
from tests.log_insights import LogEvent

LOGGED_WITHIN = 180
"""Seconds. LocalStack stores what an invocation has logged after it, one by one for each function:
those of a function that is asked again and again come late on a busy machine."""


def stored_orders(shop: Shop) -> list[Json]:
    """Return every order as the table has it."""
    return [from_item(item) for item in shop.everything_stored()]


def complete_events(shop: Shop) -> list[LogEvent]:
    """Wait until every event of every stored order is logged; return all that is logged.

    A function's lines arrive when its invocation has ended, which is after what it wrote.
    """
    shop.until_worked_off()
    logged: list[LogEvent] = []

    def missing() -> list[tuple[str, int]]:
        logged[:] = shop.logged()
        told = {
            (row["order_id"], row["version"])
            for row in (event.fields() for event in logged)
            if row.get("message") == "recorded"
        }
        recorded = {
            (order["orderId"], int(entry["version"]))
            for order in stored_orders(shop)
            for entry in order["history"]
            if entry["by"] != A_TEST
        }
        return sorted(recorded - told)

    wait_for(
        missing,
        lambda them: not them,
        "every event of every order in the functions' logs; these are not",
        within=LOGGED_WITHIN,
    )
    return logged
