"""The kinds of orders that flow while something is broken, and how each has to end."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.e2e.shop import Shop
    from tests.faults.flow import Purchase

type Step = Callable[["Shop", "Purchase"], httpx.Response]
"""A call about an order that is made once something has happened to it."""

BOUGHT = 2
"""Units of the item in every order."""
RETURNED = 1
"""Units that come back with a refund."""

TO_RESERVED = ("OrderPlaced", "OrderValidated", "StockReserved")
TO_CONFIRMED = (*TO_RESERVED, "OrderConfirmed")
TO_SHIPPED = (*TO_CONFIRMED, "ParcelShipped", "OrderShipped", "PaymentCaptured")


def cancel(shop: "Shop", purchase: "Purchase") -> httpx.Response:
    return shop.cancel(purchase.order_id)


def ship(shop: "Shop", purchase: "Purchase") -> httpx.Response:
    return shop.ship(purchase.order_id, "parcel-1")


def deliver(shop: "Shop", purchase: "Purchase") -> httpx.Response:
    return shop.deliver(purchase.order_id, "parcel-1")


def refund(shop: "Shop", purchase: "Purchase") -> httpx.Response:
    lines = [{"itemId": purchase.item.item_id, "quantity": RETURNED}]
    return shop.refund(purchase.order_id, "refund-1", lines=lines, restock=True)


@dataclass(frozen=True)
class Kind:
    """What is ordered, what follows, and what must be so at the end."""

    name: str
    history: tuple[str, ...]
    """Exactly what has happened to the order at its end, in any order that is possible."""
    optional: tuple[str, ...] = ()
    """What may have happened as well, where a step can meet the order at several moments."""
    steps: Mapping[str, Step] = field(default_factory=lambda: MappingProxyType({}))
    """Event → the call that is made when it is in the history."""
    money: str = "free"
    """`held`, `taken`, `returned` in part, or `free`."""

    def is_at_its_end(self, history: list[str]) -> bool:
        """Tell whether all that must happen has happened."""
        return Counter(history) - Counter(self.optional) == Counter(self.history)


CONFIRMED = Kind("confirmed", TO_CONFIRMED, money="held")
DECLINED = Kind("declined", (*TO_RESERVED, "PaymentDeclined", "StockReleased"))
SOLD_OUT = Kind("sold out", ("OrderPlaced", "OrderValidated", "StockUnavailable"))
REJECTED = Kind("rejected", ("OrderPlaced", "OrderRejected"))
CANCELLED = Kind(
    "cancelled",
    (*TO_CONFIRMED, "OrderCancelled", "StockReleased", "PaymentVoided"),
    steps={"OrderConfirmed": cancel},
)
CANCELLED_ON_ITS_WAY = Kind(
    "cancelled on its way",
    (*TO_RESERVED, "OrderCancelled", "StockReleased"),
    # Its payment may be anywhere: not begun, or begun with an outcome that nobody knows.
    optional=("OrderConfirmed", "PaymentVoided"),
    steps={"StockReserved": cancel},
)
SHIPPED = Kind("shipped", TO_SHIPPED, steps={"OrderConfirmed": ship}, money="taken")
WHOLE_LIFE = Kind(
    "whole life",
    (
        *TO_SHIPPED,
        "ParcelDelivered",
        "OrderDelivered",
        "RefundRequested",
        "PaymentRefunded",
        "StockRestocked",
    ),
    steps={"OrderConfirmed": ship, "PaymentCaptured": deliver, "OrderDelivered": refund},
    money="returned",
)

EVERY_KIND = (
    CONFIRMED,
    DECLINED,
    SOLD_OUT,
    REJECTED,
    CANCELLED,
    CANCELLED_ON_ITS_WAY,
    SHIPPED,
    WHOLE_LIFE,
)

SAYS: Mapping[str, str] = MappingProxyType(
    {
        "OrderConfirmed": "Your order {id} is confirmed",
        "OrderRejected": "We could not accept your order {id}",
        "StockUnavailable": "We do not have enough stock for your order {id}",
        "PaymentDeclined": "The payment for your order {id} was declined",
        "OrderCancelled": "Your order {id} has been cancelled",
        "ParcelShipped": "A parcel from your order {id} is on its way",
        "OrderDelivered": "Your order {id} has arrived",
        "PaymentCaptured": "We have taken your payment of 20.00 GBP for order {id}",
        "PaymentRefunded": "We have refunded 10.00 GBP for your order {id}",
    }
)
"""What the customer is told of an event, on every channel."""

PRICE = 10.00
TOTAL, GIVEN_BACK = 2000, 1000
"""Of every order and refund here, in minor units."""
