"""Requests that must be refused, each with the field that the answer has to name."""

import json
from dataclasses import dataclass
from typing import Any

MANY_BYTES = 300 * 1024


@dataclass(frozen=True)
class BadRequest:
    """A body that is not valid, and what the refusal must say."""

    name: str
    body: bytes
    field: str
    status: int = 400

    def __str__(self) -> str:
        return self.name


LINE = {"itemId": "item-1", "quantity": 1, "price": 29.99}
ORDER = {"orderId": "never-stored", "customerId": "customer-1", "items": [LINE]}
ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postcode": "N1", "country": "GB"}
ITEM = {"name": "Tea pot", "price": 29.99, "available": 10}


def order(name: str, field: str, /, **changes: Any) -> BadRequest:
    """An order with some fields changed."""
    return BadRequest(name, json.dumps(ORDER | changes).encode(), field)


def line(name: str, field: str, /, **changes: Any) -> BadRequest:
    """An order of one line, with some of its fields changed."""
    return order(name, f"items[0].{field}", items=[LINE | changes])


def without(name: str, field: str, whole: dict[str, Any]) -> BadRequest:
    body = {name: value for name, value in whole.items() if name != field}
    return BadRequest(name, json.dumps(body).encode(), field)


def written(name: str, field: str, old: str, new: str) -> BadRequest:
    """An order with a piece of its text replaced, by what `json.dumps` would never write."""
    text = json.dumps(ORDER)
    assert old in text, old
    return BadRequest(name, text.replace(old, new).encode(), field)


def not_an_order(name: str, body: bytes) -> BadRequest:
    return BadRequest(name, body, "body")


BAD_ORDERS = (
    # ---------------------------------------------------------------- not JSON, or no object
    not_an_order("plain text", b"two tea pots, please"),
    not_an_order("XML", b"<order><customerId>customer-1</customerId></order>"),
    not_an_order("cut off", json.dumps(ORDER).encode()[:-1]),
    not_an_order("two documents", json.dumps(ORDER).encode() * 2),
    not_an_order("single quotes", str(ORDER).encode()),
    not_an_order("trailing comma", json.dumps(ORDER).encode()[:-1] + b",}"),
    not_an_order("array", json.dumps([ORDER]).encode()),
    not_an_order("null", b"null"),
    not_an_order("text", b'"order"'),
    not_an_order("number", b"42"),
    not_an_order("true", b"true"),
    not_an_order("deep nesting", b"[" * 500 + b"]" * 500),
    # ---------------------------------------------------------------- missing or unknown fields
    BadRequest("empty body", b"", "body"),
    BadRequest("empty object", b"{}", "customerId"),
    without("customerId missing", "customerId", ORDER),
    without("items missing", "items", ORDER),
    order("itemId missing", "items[0].itemId", items=[{"quantity": 1}]),
    order("quantity missing", "items[0].quantity", items=[{"itemId": "item-1"}]),
    order("second line wrong", "items[1].quantity", items=[LINE, LINE | {"quantity": 0}]),
    order("unknown field", "discount", discount=50),
    line("unknown field of a line", "colour", colour="red"),
    order("misspelt field", "orderID", orderID="order-1"),
    order("status sent along", "status", status="CONFIRMED"),
    # ---------------------------------------------------------------- lines
    order("no items", "items", items=[]),
    order("51 lines", "items", items=[LINE | {"itemId": f"item-{n}"} for n in range(51)]),
    order("items is an object", "items", items={"0": LINE}),
    order("items is null", "items", items=None),
    order("a line is a text", "items[0]", items=["item-1"]),
    order("a line is null", "items[0]", items=[None]),
    # ---------------------------------------------------------------- quantities
    line("quantity 0", "quantity", quantity=0),
    line("quantity -1", "quantity", quantity=-1),
    line("quantity 1.5", "quantity", quantity=1.5),
    line("quantity 10,001", "quantity", quantity=10_001),
    line("quantity 10⁹", "quantity", quantity=10**9),
    line("quantity of 400 digits", "quantity", quantity=10**399),
    line("quantity as text", "quantity", quantity="1"),
    line("quantity true", "quantity", quantity=True),
    line("quantity null", "quantity", quantity=None),
    written("quantity 1e400000", "items[0].quantity", '"quantity": 1', '"quantity": 1e400000'),
    written("quantity Infinity", "body", '"quantity": 1', '"quantity": Infinity'),
    # ---------------------------------------------------------------- prices
    line("price negative", "price", price=-0.01),
    line("price 29.999", "price", price=29.999),
    line("price 29.999 as text", "price", price="29.999"),
    line("price with a comma", "price", price="29,99"),
    line("price with a currency", "price", price="£29.99"),
    line("price in other digits", "price", price="٢٩.٩٩"),
    line("price empty", "price", price=""),
    line("price an object", "price", price={"amount": 29.99}),
    line("price 10¹⁵", "price", price=10**15),
    order("price in yen with decimals", "items[0].price", currency="JPY"),
    written("price NaN", "body", "29.99", "NaN"),
    written("price -Infinity", "body", "29.99", "-Infinity"),
    written("price 1e400000", "items[0].price", "29.99", "1e400000"),
    written("price 1e-400000", "items[0].price", "29.99", "1e-400000"),
    written("price of 5,000 decimals", "items[0].price", "29.99", "29." + "9" * 5_000),
    # ---------------------------------------------------------------- ids
    order("control character in an id", "orderId", orderId="order\u0001"),
    order("line end in an id", "customerId", customerId="customer-1\n"),
    line("zero byte in an id", "itemId", itemId="item\u0000"),
    order("space in an id", "orderId", orderId="order 1"),
    order("slash in an id", "orderId", orderId="../inventory/item-1"),
    line("# in an id", "itemId", itemId="reservation#order-1"),
    order("letters of other scripts", "customerId", customerId="Кунде"),
    order("empty id", "orderId", orderId=""),
    order("id of 65 characters", "orderId", orderId="x" * 65),
    order("id a number", "customerId", customerId=7),
    order("id a list", "customerId", customerId=["customer-1"]),
    written("half a surrogate pair in an id", "orderId", "never-stored", "\\ud800"),
    # ---------------------------------------------------------------- names said twice
    written("quantity said twice", "body", '"quantity": 1', '"quantity": 1, "quantity": 1000'),
    written(
        "customerId said twice",
        "body",
        '"customerId": "customer-1"',
        '"customerId": "customer-1", "customerId": "customer-2"',
    ),
    # ---------------------------------------------------------------- the rest
    order("unknown currency", "currency", currency="XXX"),
    order("currency in lower case", "currency", currency="gbp"),
    order("unknown priority", "priority", priority="urgent"),
    order("e-mail without @", "contact.email", contact={"email": "ada.example.com"}),
    order(
        "e-mail with a second header",
        "contact.email",
        contact={"email": "ada@example.com\nBcc: eve@example.com"},
    ),
    order("phone without country", "contact.phone", contact={"phone": "07700900123"}),
    order("unknown channel", "contact.channels[0]", contact={"channels": ["pigeon"]}),
    order("card number for a token", "payment.method", payment={"method": "4242424242424242"}),
    order("card data", "payment.card", payment={"method": "pm_card_visa", "card": "4242"}),
    order("payment without method", "payment.method", payment={}),
    order("address cut short", "shippingAddress.city", shippingAddress={"name": "Ada"}),
    order(
        "line end in an address",
        "shippingAddress.line1",
        shippingAddress=ADDRESS | {"line1": "1 Row\n2 Row"},
    ),
    order("name of a space", "shippingAddress.name", shippingAddress=ADDRESS | {"name": " "}),
    order(
        "direction mark in a name",
        "shippingAddress.name",
        shippingAddress=ADDRESS | {"name": "\u202eadA"},
    ),
    order(
        "name of 201 characters",
        "shippingAddress.name",
        shippingAddress=ADDRESS | {"name": "x" * 201},
    ),
    order(
        "half a surrogate pair in a name",
        "shippingAddress.name",
        shippingAddress=ADDRESS | {"name": "\ud800"},
    ),
    BadRequest(
        "300 KB of body", json.dumps(ORDER).encode() + b" " * MANY_BYTES, "body", status=413
    ),
    BadRequest(
        "300 KB of text",
        json.dumps(ORDER | {"customerId": "x" * MANY_BYTES}).encode(),
        "body",
        status=413,
    ),
)

BAD_ORDERS_FOR_THE_FUNCTION = (
    # LocalStack's gateway gives up on these with a 500, AWS's does not.
    not_an_order("no UTF-8", json.dumps(ORDER).encode().replace(b"customer-1", b"\xff\xfe")),
    not_an_order("nesting that exhausts a parser", b"[" * 60_000),
)


def item(name: str, field: str, /, **changes: Any) -> BadRequest:
    """An item for the inventory with some fields changed."""
    return BadRequest(name, json.dumps(ITEM | changes).encode(), field)


BAD_ITEMS = (
    not_an_order("plain text", b"a tea pot"),
    not_an_order("null", b"null"),
    not_an_order("array", json.dumps([ITEM]).encode()),
    without("name missing", "name", ITEM),
    without("price missing", "price", ITEM),
    without("available missing", "available", ITEM),
    item("available -1", "available", available=-1),
    item("available 1.5", "available", available=1.5),
    item("available 10¹⁰", "available", available=10**10),
    item("available as text", "available", available="10"),
    item("stockCounters 0", "stockCounters", stockCounters=0),
    item("stockCounters 33", "stockCounters", stockCounters=33),
    item("stockCounters as text", "stockCounters", stockCounters="4"),
    item("price negative", "price", price=-29.99),
    item("price 29.999", "price", price=29.999),
    item("name empty", "name", name=""),
    item("name of a space", "name", name=" "),
    item("name with a C1 control", "name", name="Tea\u0085pot"),
    item("name with a direction mark", "name", name="Tea\u202epot"),
    item("zero byte in the name", "name", name="Tea\u0000pot"),
    item("half a surrogate pair in the name", "name", name="\udfff"),
    item("unknown currency", "currency", currency="GPB"),
    item("active as text", "active", active="false"),
    item("version sent along", "version", version=7),
    BadRequest("300 KB", json.dumps(ITEM).encode() + b" " * MANY_BYTES, "body", status=413),
)
