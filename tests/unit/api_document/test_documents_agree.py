"""The gateway and the function give the same verdict on a body, but for the cases listed here."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft4Validator
from pydantic import BaseModel, ValidationError

from order_pipeline.api.calls import CALLS
from order_pipeline.api.gateway import gateway_document
from order_pipeline.api.openapi import EXAMPLES
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.stock import SetItemRequest

DOCUMENT = gateway_document({call.function: "arn" for call in CALLS}, require_iam=True)

ORDER = EXAMPLES[PlaceOrderRequest]
LINE = ORDER["items"][0]
ITEM = EXAMPLES[SetItemRequest]
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "city": "London",
    "postcode": "SW1Y 4JH",
    "country": "GB",
}


def order(**changes: Any) -> tuple[type[BaseModel], Any]:
    return PlaceOrderRequest, ORDER | changes


def line(**changes: Any) -> tuple[type[BaseModel], Any]:
    return order(items=[LINE | changes])


def contact(**contact: Any) -> tuple[type[BaseModel], Any]:
    return order(contact=contact)


def address(**changes: Any) -> tuple[type[BaseModel], Any]:
    return order(shippingAddress=ADDRESS | changes)


def item(**changes: Any) -> tuple[type[BaseModel], Any]:
    return SetItemRequest, ITEM | changes


def without(field: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != field}


GOOD = {
    "an order": order(),
    "the id left to the header": (PlaceOrderRequest, without("orderId", ORDER)),
    "no price": order(items=[without("price", LINE)]),
    "a price as text": line(price="29.99"),
    "a price without decimals": line(price=30),
    "a price of nothing": line(price=0),
    "the largest quantity": line(quantity=10_000),
    "fifty lines": order(items=[LINE] * 50),
    "every currency": order(currency="JPY"),
    "high priority": order(priority="high"),
    "every way to be told": contact(
        email="ada@example.co.uk",
        phone="+447700900123",
        pushEndpoint="arn:aws:sns:eu-west-2:000000000000:endpoint/GCM/app/1f2e",
        channels=["email", "sms", "push"],
    ),
    "no way to be told": contact(),
    "an address": address(),
    "an address of two lines": address(line2="Flat 1"),
    "an address outside ASCII": address(city="Düsseldorf"),
    "a payment method": order(payment={"method": "pm_card_visa"}),
    "an item": item(),
    "an item with a price as number": item(price=29.99),
    "an item that is not for sale": item(active=False),
    "an item out of stock": item(available=0),
    "an item with as many counters as may be": item(stockCounters=32),
}

BAD = {
    "not an object": (PlaceOrderRequest, [ORDER]),
    "no customer": (PlaceOrderRequest, without("customerId", ORDER)),
    "no items": (PlaceOrderRequest, without("items", ORDER)),
    "empty items": order(items=[]),
    "a price beyond all": line(price=1e12),
    "fifty-one lines": order(items=[LINE] * 51),
    "items that are an object": order(items=LINE),
    "a line that is text": order(items=["ITEM-001"]),
    "an id that is a number": order(orderId=1),
    "an empty id": order(orderId=""),
    "an id of 65 characters": order(orderId="x" * 65),
    "an id with a control character": order(customerId="CUST\x00"),
    "an id with a slash": line(itemId="a/b"),
    "no quantity": order(items=[without("quantity", LINE)]),
    "quantity 0": line(quantity=0),
    "quantity -1": line(quantity=-1),
    "quantity 1.5": line(quantity=1.5),
    "quantity 10⁹": line(quantity=10**9),
    "quantity as text": line(quantity="1"),
    "quantity true": line(quantity=True),
    "a negative price": line(price=-0.01),
    "a negative price as text": line(price="-1.00"),
    "a price with a comma": line(price="29,99"),
    "a price of three decimals as text": line(price="29.999"),
    "a price that is not one": line(price="NaN"),
    "another currency": order(currency="CHF"),
    "another priority": order(priority="urgent"),
    "an e-mail address without domain": contact(email="ada"),
    "a national phone number": contact(phone="07700900123"),
    "another channel": contact(channels=["pigeon"]),
    "a push endpoint elsewhere": contact(pushEndpoint="arn:aws:sns:us-east-1:0:endpoint/x"),
    "an address without city": order(shippingAddress=without("city", ADDRESS)),
    "a country that is no code": address(country="United Kingdom"),
    "a long postcode": address(postcode="x" * 21),
    "a tab in a name": address(name="Ada\tLovelace"),
    "an empty line": address(line1=""),
    "card data": order(payment={"method": "4242424242424242"}),
    "an item without name": (SetItemRequest, without("name", ITEM)),
    "an item without price": (SetItemRequest, without("price", ITEM)),
    "an item without stock": (SetItemRequest, without("available", ITEM)),
    "an item of half a piece": item(available=0.5),
    "an item of less than nothing": item(available=-1),
    "an item that is maybe for sale": item(active="yes"),
    "an item without any counter": item(stockCounters=0),
    "an item with too many counters": item(stockCounters=33),
    "an item with half a counter": item(stockCounters=1.5),
}

ONLY_THE_FUNCTION_REFUSES = {
    # `additionalProperties` is not supported.
    "an unknown field": order(nickname="x"),
    "an unknown field of a line": line(colour="red"),
    "an unknown field of an item": item(stock=1),
    # A price is a number or text: `anyOf` is not supported, and without it neither are the types.
    "a price that is true": line(price=True),
    "a price that is a list": line(price=[29.99]),
    "an item's price that is an object": item(price={"amount": 1}),
    # Nothing in JSON Schema says it.
    "half a surrogate pair": address(name="\ud800"),
}

ONLY_THE_GATEWAY_REFUSES = {
    # An optional field is one to leave out: both documents say so.
    "a null contact": order(contact=None),
    "a null phone number": contact(phone=None),
}


def gateway_accepts(model: type[BaseModel], body: Any) -> bool:
    schema = {"$ref": f"#/components/schemas/{model.__name__}", **DOCUMENT}
    Draft4Validator.check_schema(DOCUMENT["components"]["schemas"][model.__name__])
    return bool(Draft4Validator(schema).is_valid(body))


def function_accepts(model: type[BaseModel], body: Any) -> bool:
    as_received = json.loads(json.dumps(body), parse_float=Decimal)
    try:
        model.model_validate(as_received)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("model", "body"), GOOD.values(), ids=GOOD)
def test_both_accept(model: type[BaseModel], body: Any) -> None:
    assert gateway_accepts(model, body)
    assert function_accepts(model, body)


@pytest.mark.parametrize(("model", "body"), BAD.values(), ids=BAD)
def test_both_refuse(model: type[BaseModel], body: Any) -> None:
    assert not gateway_accepts(model, body)
    assert not function_accepts(model, body)


@pytest.mark.parametrize(
    ("model", "body"), ONLY_THE_FUNCTION_REFUSES.values(), ids=ONLY_THE_FUNCTION_REFUSES
)
def test_the_gateway_is_more_lenient(model: type[BaseModel], body: Any) -> None:
    assert gateway_accepts(model, body)
    assert not function_accepts(model, body)


@pytest.mark.parametrize(
    ("model", "body"), ONLY_THE_GATEWAY_REFUSES.values(), ids=ONLY_THE_GATEWAY_REFUSES
)
def test_the_gateway_is_stricter(model: type[BaseModel], body: Any) -> None:
    assert not gateway_accepts(model, body)
    assert function_accepts(model, body)
