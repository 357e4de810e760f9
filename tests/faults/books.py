"""The books after a fault: orders, money, stock and notifications, each counted at its source."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from order_pipeline.adapters.items import from_item, to_item
from tests.e2e.payment_server import Intent, holding_money
from tests.e2e.shop import Json, Shop
from tests.faults.flow import Flow, Purchase
from tests.faults.kinds import BOUGHT, GIVEN_BACK, RETURNED, SAYS, TOTAL

PAUSE = 1
CHANNELS = ("e-mail", "SMS", "push")


@dataclass
class Books:
    """What was found wrong."""

    wrong: list[str] = field(default_factory=list)
    duplicates: int = 0
    """Notifications that were sent more often than once."""
    duplicates_allowed: int = 0


def balance(flow: Flow, *, kills_of_notification: int = 0, within: float = 240) -> Books:
    """Compare everything that the flow's orders have left behind with what is due.

    Parameters
    ----------
    flow
        The orders, which have ended.
    kills_of_notification
        How often the notification stage may have died between a channel's answer and the mark.
    within
        Seconds that notifications, the last to come, may take. What a killed notification function
        was at comes back after 150.
    """
    books = Books(duplicates_allowed=kills_of_notification)
    # First what takes time to come, then what must not have changed meanwhile.
    _notifications(flow, books, within)
    _orders(flow, books)
    _money(flow, books)
    _stock(flow, books)
    return books


def _orders(flow: Flow, books: Books) -> None:
    flow.look_again()
    for purchase in flow.purchases:
        if not purchase.accepted_at:
            books.wrong.append(f"{purchase.order_id} ({purchase.kind.name}) was never accepted")
        elif not purchase.has_ended:
            books.wrong.append(
                f"{purchase.order_id} ({purchase.kind.name}) is lost: {purchase.history}"
            )
        elif not purchase.kind.is_at_its_end(purchase.history):
            books.wrong.append(
                f"{purchase.order_id} ({purchase.kind.name}) went on: {purchase.history}"
            )


def _money(flow: Flow, books: Books) -> None:
    """Count holds, charges and refunds at the payment server."""
    ids = [purchase.order_id for purchase in flow.purchases]
    intents = flow.shop.payments.intents_of(*ids)
    for purchase in flow.purchases:
        own = [each for each in intents if each["metadata"]["orderId"] == purchase.order_id]
        found = _money_of(holding_money(own), flow.shop)
        if purchase.has_ended and found != _MONEY[purchase.kind.money]:
            books.wrong.append(
                f"{purchase.order_id} ({purchase.kind.name}): the payment server has {found}, "
                f"and should have {_MONEY[purchase.kind.money]}"
            )


_MONEY: Mapping[str, list[tuple[str, int, list[int]]]] = {
    "free": [],
    "held": [("requires_capture", TOTAL, [])],
    "taken": [("succeeded", TOTAL, [])],
    "returned": [("succeeded", TOTAL, [GIVEN_BACK])],
}
"""What holds a customer's money: the intent's status, its amount, and what was given back."""


def _money_of(intents: list[Intent], shop: Shop) -> list[tuple[str, int, list[int]]]:
    return [
        (
            each["status"],
            each["amount"],
            [refund["amount"] for refund in shop.payments.refunds_of(each)],
        )
        for each in intents
    ]


def _stock(flow: Flow, books: Books) -> None:
    """Add up what is available, held and gone of each item, by the reservations."""
    shop = flow.shop
    reservations = {each.order_id: shop.reservation(each.order_id) for each in flow.purchases}
    for item_id, at_first in flow.items.items():
        own = [each for each in flow.purchases if each.item.item_id == item_id]
        available = _available(shop, item_id)
        bound = sum(_bound(reservations[each.order_id], item_id) for each in own)
        came_back = sum(RETURNED for each in own if "StockRestocked" in each.history)
        if available + bound != at_first + came_back or available < 0:
            books.wrong.append(
                f"{item_id}: {available} available and {bound} held or gone, "
                f"of {at_first} and {came_back} that came back"
            )
        needed = sum(BOUGHT for each in own if _keeps_stock(each))
        if all(each.has_ended for each in own) and bound != needed:
            books.wrong.append(f"{item_id}: {bound} held or gone for orders of {needed}")


def _available(shop: Shop, item_id: str) -> int:
    answer = shop.dynamodb.get_item(
        TableName=shop.deployment.inventory_table_name,
        Key=to_item({"itemId": item_id}),
        ConsistentRead=True,
    )
    return int(from_item(answer["Item"])["available"])


def _bound(reservation: Json | None, item_id: str) -> int:
    if reservation is None or reservation["state"] == "RELEASED":
        return 0
    return int(reservation["units"][item_id])


def _keeps_stock(purchase: Purchase) -> bool:
    history = purchase.history
    return "StockReserved" in history and "StockReleased" not in history


def _notifications(flow: Flow, books: Books, within: float) -> None:
    """Count what was sent on every channel."""
    due = Counter(
        (purchase.order_id, event, channel)
        for purchase in flow.purchases
        for event in purchase.history
        if event in SAYS
        for channel in CHANNELS
    )
    deadline = time.monotonic() + within
    while due - (sent := _sent(flow.shop, flow.purchases)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    books.wrong += [f"never told: {each}" for each in sorted(due - sent)]
    books.duplicates = (sent - due).total()
    if books.duplicates > books.duplicates_allowed:
        again = sorted((sent - due).items())
        books.wrong.append(f"told again, {books.duplicates_allowed} times allowed: {again}")


def _sent(shop: Shop, purchases: Sequence[Purchase]) -> Counter[tuple[str, str, str]]:
    mails, texts, pushes = shop.mailbox.mails(), shop.phones.texts(), shop.phones.pushes()
    subjects: dict[str, list[str]] = {}
    for mail in mails:
        for address in mail.to:
            subjects.setdefault(address, []).append(f"{mail.subject}.")
    sent: Counter[tuple[str, str, str]] = Counter()
    for purchase in purchases:
        customer = purchase.customer
        told = {
            "e-mail": subjects.get(customer.email, []),
            "SMS": texts.get(customer.phone, []),
            "push": pushes.get(str(customer.push_endpoint), []),
        }
        sentences = {f"{says.format(id=purchase.order_id)}.": event for event, says in SAYS.items()}
        for channel, messages in told.items():
            for message in messages:
                sent[purchase.order_id, sentences.get(message, message), channel] += 1
    return sent
