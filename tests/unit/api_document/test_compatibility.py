"""A change of the API that breaks clients of the released one fails here."""

import copy
import json
from typing import Any

import pytest

from order_pipeline.api.openapi import PUBLISHED, openapi_document
from tests.unit.api_document.compatibility import breaking_changes

RELEASED = PUBLISHED.with_name("openapi.released.json")

GONE = object()

CALL = ("paths", "/orders/{orderId}", "put")
PARAMETERS = (*CALL, "parameters")
BODY = (*CALL, "requestBody")
ANSWER = (*CALL, "responses", "200")
GONE_ANSWER = (*CALL, "responses", "404", "description")
REQUEST = ("components", "schemas", "Request")
FIELDS = (*REQUEST, "properties")
SCHEME = ("components", "securitySchemes", "sigv4")
VIEW = ("components", "schemas", "View")
SHOWN = (*VIEW, "properties")

NOT_FOUND = "Not found (`urn:problem:not-found`)."

DOCUMENT: dict[str, Any] = {
    "servers": [{"url": "https://api.example.com", "description": "The shop's."}],
    "security": [{"sigv4": []}],
    "paths": {
        "/orders/{orderId}": {
            "put": {
                "x-caller": "storefront",
                "security": [{"sigv4": []}],
                "parameters": [
                    {
                        "name": "orderId",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string", "maxLength": 64},
                    },
                    {
                        "name": "If-Match",
                        "in": "header",
                        "required": False,
                        "schema": {"type": "string"},
                    },
                ],
                "requestBody": {
                    "required": False,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Request"}}
                    },
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/View"}}
                        },
                    },
                    "404": {"description": NOT_FOUND},
                    "409": {},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Request": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 2, "maxLength": 200},
                    "priority": {"type": "string", "enum": ["normal", "high"]},
                    "currency": {"type": "string", "default": "GBP"},
                    "stock": {
                        "type": "object",
                        "maxProperties": 10,
                        "additionalProperties": {"type": "integer"},
                    },
                    "price": {
                        "anyOf": [
                            {"type": "number", "minimum": 0, "maximum": 100},
                            {"type": "string", "pattern": "^[0-9]+$"},
                        ]
                    },
                    "lines": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 50,
                        "items": {"type": "string"},
                    },
                },
                "required": ["name"],
            },
            "View": {
                "type": "object",
                "properties": {
                    "status": {"$ref": "#/components/schemas/Status"},
                    "placedAt": {"type": "string", "format": "date-time"},
                    "parcels": {"type": "array", "items": {"type": "string"}},
                    "total": {"type": "string"},
                    "links": {"allOf": [{"$ref": "#/components/schemas/Status"}]},
                },
                "required": ["status", "placedAt"],
            },
            "Status": {"type": "string", "enum": ["PLACED", "CONFIRMED"]},
        },
        "securitySchemes": {"sigv4": {"type": "apiKey", "name": "Authorization"}},
    },
}


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return the document with something put at a path, or taken away from it."""
    document = copy.deepcopy(DOCUMENT)
    document["components"]["securitySchemes"]["other"] = {"type": "http", "scheme": "basic"}
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if value is GONE:
        del place[path[-1]]
    elif isinstance(place, list) and path[-1] == len(place):
        place.append(value)
    else:
        place[path[-1]] = value
    return document


TEXT = {"type": "string"}
QUERY = {"name": "limit", "in": "query", "required": False, "schema": TEXT}
ORDER_ID, IF_MATCH = DOCUMENT["paths"]["/orders/{orderId}"]["put"]["parameters"]
A_NUMBER, A_TEXT = DOCUMENT["components"]["schemas"]["Request"]["properties"]["price"]["anyOf"]
JSON_BODY = DOCUMENT["paths"]["/orders/{orderId}"]["put"]["requestBody"]["content"]

BREAKING: list[tuple[str, tuple[str | int, ...], object, str]] = [
    ("path removed", CALL[:2], GONE, "is gone"),
    ("operation removed", CALL, GONE, "is gone"),
    ("other caller", (*CALL, "x-caller"), "warehouse", "is for warehouse, was for storefront"),
    ("signed otherwise", (*CALL, "security"), [{"sigv4": ["admin"]}], "is signed in another way"),
    (
        "problem's type changed",
        GONE_ANSWER,
        "`urn:problem:unknown`",
        "404 is not urn:problem:not-f",
    ),
    ("status removed", (*CALL, "responses", "409"), GONE, "409 is gone"),
    # ---------------------------------------------------------------- parameters
    ("parameter removed", PARAMETERS, [ORDER_ID], "header parameter If-Match is gone"),
    (
        "parameter added as required",
        PARAMETERS,
        [ORDER_ID, IF_MATCH, QUERY | {"required": True}],
        "query parameter limit is required now",
    ),
    (
        "parameter made required",
        (*PARAMETERS, 1, "required"),
        True,
        "header parameter If-Match is required now",
    ),
    (
        "parameter's limit lowered",
        (*PARAMETERS, 0, "schema", "maxLength"),
        10,
        "path parameter orderId: maxLength 10, was 64",
    ),
    # ---------------------------------------------------------------- requests
    ("body made required", (*BODY, "required"), True, "the body is required now"),
    (
        "body of another kind",
        (*BODY, "content"),
        {"text/csv": JSON_BODY["application/json"]},
        "a body of application/json is not taken any more",
    ),
    ("field removed", (*FIELDS, "currency"), GONE, "body.currency is not taken any more"),
    ("field made required", (*REQUEST, "required"), ["name", "price"], "body.price is required"),
    ("field's type changed", (*FIELDS, "name", "type"), "integer", "body.name is integer, was"),
    (
        "request's enum narrowed",
        (*FIELDS, "priority", "enum"),
        ["normal"],
        "does not take ['high']",
    ),
    ("request's enum new", (*FIELDS, "currency", "enum"), ["GBP"], "does not take every value"),
    ("lower limit raised", (*FIELDS, "name", "minLength"), 3, "minLength 3, was 2"),
    ("lower limit new", (*FIELDS, "currency", "minLength"), 3, "minLength 3, was None"),
    ("upper limit lowered", (*FIELDS, "lines", "maxItems"), 49, "maxItems 49, was 50"),
    ("upper limit new", (*FIELDS, "currency", "maxLength"), 3, "maxLength 3, was None"),
    ("bound new", (*FIELDS, "price", "anyOf", 0, "exclusiveMinimum"), 0, "exclusiveMinimum 0, was"),
    ("upper bound new", (*FIELDS, "price", "anyOf", 0, "exclusiveMaximum"), 9, "exclusiveMaximum"),
    ("step new", (*FIELDS, "price", "anyOf", 0, "multipleOf"), 5, "multipleOf 5, was None"),
    ("repetition refused", (*FIELDS, "lines", "uniqueItems"), True, "does not take the same twice"),
    ("one value only", (*FIELDS, "currency", "const"), "GBP", "does not take every value any more"),
    ("other value only", (*FIELDS, "priority", "const"), "high", "does not take ['normal'] any"),
    (
        "further condition",
        (*FIELDS, "name", "allOf"),
        [{"minLength": 5}],
        "not take all that it did",
    ),
    ("fewer names", (*FIELDS, "stock", "maxProperties"), 5, "maxProperties 5, was 10"),
    ("more names", (*FIELDS, "stock", "minProperties"), 1, "minProperties 1, was None"),
    ("pattern new", (*FIELDS, "name", "pattern"), "^[a-z]+$", "pattern ^[a-z]+$, was None"),
    ("format new", (*FIELDS, "name", "format"), "email", "format email, was None"),
    ("default changed", (*FIELDS, "currency", "default"), "EUR", "default EUR, was GBP"),
    ("default removed", (*FIELDS, "currency", "default"), GONE, "default None, was GBP"),
    ("alternative removed", (*FIELDS, "price", "anyOf"), [A_NUMBER], "body.price is number, was"),
    (
        "alternative narrowed",
        (*FIELDS, "price", "anyOf", 0, "maximum"),
        10,
        "body.price: maximum 10, was 100",
    ),
    ("items' type changed", (*FIELDS, "lines", "items", "type"), "integer", "body.lines[] is"),
    # ---------------------------------------------------------------- answers
    ("answer's header removed", (*ANSWER, "headers"), {}, "200 header ETag is gone"),
    (
        "answer's header of another type",
        (*ANSWER, "headers", "ETag", "schema"),
        {"type": "integer"},
        "200 header ETag is integer, was string",
    ),
    ("answer's items open", (*SHOWN, "parcels", "items"), GONE, "200.parcels[] may be anything"),
    ("promise changed", (*SHOWN, "links", "allOf"), [TEXT], "200.links: not all that was promised"),
    (
        "answer's only value changed",
        (*SHOWN, "status"),
        TEXT | {"const": "LOST"},
        "may be ['LOST']",
    ),
    ("answer of another kind", (*ANSWER, "content"), {"text/csv": {}}, "200 is not application/"),
    ("property removed", (*SHOWN, "total"), GONE, "200.total is gone"),
    ("property made optional", (*VIEW, "required"), ["status"], "200.placedAt may be absent now"),
    ("property's type changed", (*SHOWN, "total", "type"), "number", "200.total is number, was"),
    ("property's format changed", (*SHOWN, "placedAt", "format"), "date", "format date, was"),
    (
        "answer's enum widened",
        ("components", "schemas", "Status", "enum"),
        ["PLACED", "CONFIRMED", "LOST"],
        "200.status may be ['LOST'] now",
    ),
    ("answer's enum opened", (*SHOWN, "status"), TEXT, "200.status may be any value now"),
    (
        "answer's alternative added",
        (*SHOWN, "total"),
        {"anyOf": [TEXT, {"type": "number"}]},
        "200.total is number, was string",
    ),
    ("answer's items changed", (*SHOWN, "parcels", "items", "type"), "object", "200.parcels[] is"),
]

BREAKING_FOR_ALL: list[tuple[str, tuple[str | int, ...], object, str]] = [
    (
        "server moved",
        ("servers", 0, "url"),
        "https://x.example.com",
        "https://api.example.com is gone",
    ),
    (
        "signature added to none",
        ("security",),
        [{"other": []}],
        "requests are signed in another way",
    ),
    ("signature changed", (*SCHEME, "name"), "X-Signature", "requests are signed in another way"),
]

COMPATIBLE: list[tuple[str, tuple[str | int, ...], object]] = [
    ("nothing changed", ("info",), {}),
    ("server added", ("servers", 1), {"url": "https://x.example.com"}),
    ("server described otherwise", ("servers", 0, "description"), "Ours."),
    ("signature described otherwise", (*SCHEME, "description"), "AWS Signature Version 4."),
    ("one more way to sign", (*CALL, "security"), [{}, {"sigv4": []}]),
    ("one more problem", GONE_ANSWER, f"{NOT_FOUND} Expired (`urn:problem:expired`)."),
    ("one value of an answer", (*SHOWN, "status"), TEXT | {"const": "PLACED"}),
    ("repetition allowed", (*FIELDS, "lines", "uniqueItems"), False),
    ("any number of names", (*FIELDS, "stock", "maxProperties"), GONE),
    ("answer's repetition refused", (*SHOWN, "parcels", "uniqueItems"), True),
    ("path added", ("paths", "/items"), {"get": {"responses": {}}}),
    ("operation added", (*CALL[:2], "get"), {"responses": {}}),
    ("summary changed", (*CALL, "summary"), "Put an order"),
    ("status added", (*CALL, "responses", "412"), {}),
    # ---------------------------------------------------------------- parameters
    ("optional parameter added", PARAMETERS, [ORDER_ID, IF_MATCH, QUERY]),
    (
        "parameter made optional",
        (*PARAMETERS, 0, "required"),
        False,
    ),
    ("parameter's limit raised", (*PARAMETERS, 0, "schema", "maxLength"), 128),
    # ---------------------------------------------------------------- requests
    ("body still optional", (*BODY, "required"), False),
    ("body of one more kind", (*BODY, "content", "text/csv"), JSON_BODY["application/json"]),
    ("optional field added", (*FIELDS, "note"), TEXT),
    ("field made optional", (*REQUEST, "required"), []),
    ("request's enum widened", (*FIELDS, "priority", "enum"), ["normal", "high", "low"]),
    ("request's enum opened", (*FIELDS, "priority", "enum"), GONE),
    ("lower limit lowered", (*FIELDS, "name", "minLength"), 1),
    ("lower limit removed", (*FIELDS, "name", "minLength"), GONE),
    ("upper limit raised", (*FIELDS, "lines", "maxItems"), 51),
    ("upper limit removed", (*FIELDS, "name", "maxLength"), GONE),
    ("pattern removed", (*FIELDS, "price", "anyOf", 1, "pattern"), GONE),
    ("default new", (*FIELDS, "priority", "default"), "normal"),
    ("alternative added", (*FIELDS, "price", "anyOf"), [A_TEXT, {"type": "integer"}, A_NUMBER]),
    ("alternative widened", (*FIELDS, "price", "anyOf", 0, "maximum"), 1000),
    ("items' limit removed", (*FIELDS, "lines", "minItems"), GONE),
    # ---------------------------------------------------------------- answers
    ("answer's header added", (*ANSWER, "headers", "Location"), {}),
    ("answer of one more kind", (*ANSWER, "content", "text/csv"), {"schema": TEXT}),
    ("property added", (*SHOWN, "note"), TEXT),
    ("property made required", (*VIEW, "required"), ["status", "placedAt", "total"]),
    ("property's limit changed", (*SHOWN, "total", "maxLength"), 12),
    ("answer's enum narrowed", ("components", "schemas", "Status", "enum"), ["PLACED"]),
    ("answer's enum new", (*SHOWN, "total", "enum"), ["1.00"]),
]


@pytest.mark.parametrize(
    ("path", "value", "said"), [case[1:] for case in BREAKING], ids=[c[0] for c in BREAKING]
)
def test_breaking_change_is_named(path: tuple[str, ...], value: object, said: str) -> None:
    [breakage] = breaking_changes(DOCUMENT, changed(path, value))
    assert breakage.startswith("PUT /orders/{orderId}: ")
    assert said in breakage


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [case[1:] for case in BREAKING_FOR_ALL],
    ids=[case[0] for case in BREAKING_FOR_ALL],
)
def test_change_that_breaks_every_client_is_named(
    path: tuple[str, ...], value: object, said: str
) -> None:
    assert any(said in breakage for breakage in breaking_changes(DOCUMENT, changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"), [case[1:] for case in COMPATIBLE], ids=[c[0] for c in COMPATIBLE]
)
def test_compatible_change_is_none(path: tuple[str, ...], value: object) -> None:
    assert breaking_changes(DOCUMENT, changed(path, value)) == []


def test_released_clients_are_served() -> None:
    """At a release, `docs/openapi.released.json` becomes a copy of `docs/openapi.json`.

    It does not change between releases: a change that this test refuses needs a call, a field or a
    version of the API of its own beside the released one.
    """
    released = json.loads(RELEASED.read_text(encoding="utf-8"))
    assert breaking_changes(released, openapi_document()) == []
