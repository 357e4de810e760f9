"""What the functions have logged since the deployment: their lines, and the metrics in them."""

from collections import Counter

from order_pipeline.adapters.items import from_item
from tests.e2e.shop import Json, Shop
from tests.e2e.totals import A_TEST
from tests.e2e.waiting import wait_for
from tests.log_insights import LogEvent

LOGGED_WITHIN = 180
"""Seconds. LocalStack stores what an invocation has logged after it, one by one for each function:
those of a function that is asked again and again come late on a busy machine."""

CHANNELS = ("email", "sms", "push")


def stored_orders(shop: Shop) -> list[Json]:
    """Return every order as the table has it."""
    return [from_item(item) for item in shop.everything_stored()]


def delivered(shop: Shop) -> Counter[str]:
    """Count the messages that customers got, by channel."""
    return Counter(
        email=len(shop.mailbox.mails()),
        sms=sum(map(len, shop.phones.texts().values())),
        push=sum(map(len, shop.phones.pushes().values())),
    )


def complete_events(shop: Shop) -> list[LogEvent]:
    """Wait until all events of stored orders and all messages are logged; return all that is.

    A function's lines arrive when its invocation has ended, which is after what it wrote.
    """
    shop.until_worked_off()
    logged: list[LogEvent] = []

    def missing() -> list[tuple[str, int]]:
        logged[:] = shop.logged()
        rows = [event.fields() for event in logged]
        told = {
            (row["order_id"], row["version"]) for row in rows if row.get("message") == "recorded"
        }
        sent = Counter(row["channel"] for row in rows if row.get("message") == "sent")
        recorded = {
            (order["orderId"], int(entry["version"]))
            for order in stored_orders(shop)
            for entry in order["history"]
            if entry["by"] != A_TEST
        }
        return sorted(recorded - told) + sorted((delivered(shop) - sent).items())

    wait_for(
        missing,
        lambda them: not them,
        "every event and every message in the functions' logs; these are not",
        within=LOGGED_WITHIN,
    )
    return logged
