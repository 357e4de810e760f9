"""What the tests of an order's later life buy, and how far it has come."""

from dataclasses import dataclass

from tests.e2e.shop import Customer, Item, Json, Shop

TEA_POTS, KETTLES = 10, 5
"""Units in stock before anything is bought."""

SOLD_TEA_POTS, SOLD_KETTLES = 2, 1

TOTAL = 10997
"""Two tea pots at 29.99 and one kettle at 49.99, in minor units."""


@dataclass(frozen=True)
class Purchase:
    """An order of two tea pots at 29.99 and one kettle at 49.99, by somebody with all channels."""

    order_id: str
    customer: Customer
    tea_pot: Item
    kettle: Item


def place(shop: Shop, *, shows: str, tea_pots: int = TEA_POTS, **more: object) -> Purchase:
    """Stock the items and place an order for them."""
    tea_pot = shop.stocked_item(available=tea_pots, price=29.99)
    kettle = shop.stocked_item(available=KETTLES, price=49.99)
    customer = shop.customer(has_app=True)
    request = shop.order(
        (tea_pot, SOLD_TEA_POTS),
        (kettle, SOLD_KETTLES),
        customerId=customer.customer_id,
        contact=customer.contact,
    )
    return Purchase(shop.place(request | more, shows=shows), customer, tea_pot, kettle)


def buy(shop: Shop, *, shows: str) -> Purchase:
    """Place an order and wait until it is CONFIRMED."""
    purchase = place(shop, shows=shows)
    shop.until(purchase.order_id, "CONFIRMED")
    return purchase


def buy_and_ship(shop: Shop, *, shows: str, parcel_id: str = "parcel-1") -> Purchase:
    """Buy, send everything in one parcel, and wait until the money is taken."""
    purchase = buy(shop, shows=shows)
    assert shop.ship(purchase.order_id, parcel_id).status_code == 201
    shop.until_event(purchase.order_id, "OrderShipped", "PaymentCaptured")
    return purchase


def buy_and_deliver(shop: Shop, *, shows: str) -> Purchase:
    """Buy, ship in one parcel, and wait until it is DELIVERED."""
    purchase = buy_and_ship(shop, shows=shows)
    assert shop.deliver(purchase.order_id, "parcel-1").status_code == 200
    shop.until_event(purchase.order_id, "OrderDelivered")
    return purchase


def stock(shop: Shop, purchase: Purchase) -> tuple[int, int]:
    """Return the units of tea pots and kettles that can be sold now."""
    return shop.available(purchase.tea_pot), shop.available(purchase.kettle)


def until_refunded(shop: Shop, purchase: Purchase, given_back: dict[str, int]) -> Json:
    """Wait until the refunds are made, at the payment server just so; return the order."""
    order = shop.until_event(purchase.order_id, *["PaymentRefunded"] * len(given_back))
    assert shop.payments.given_back(purchase.order_id) == given_back
    assert shop.payments.taken(purchase.order_id) == TOTAL
    return order
