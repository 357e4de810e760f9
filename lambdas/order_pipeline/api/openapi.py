"""The API as it is published: OpenAPI 3.1 for documentation, clients and fuzz tests.

``PYTHONPATH=lambdas python -m order_pipeline.api.openapi`` writes `docs/openapi.json`.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from order_pipeline.api.calls import CALLS, EVERY_CALL, Answer, Call
from order_pipeline.api.changing import CancelOrderRequest, RefundOrderRequest, ShipParcelRequest
from order_pipeline.api.fields import Id
from order_pipeline.api.placing import PlaceOrderRequest
from order_pipeline.api.problem_document import ProblemView
from order_pipeline.api.problems import PROBLEM_CONTENT_TYPE, ProblemType
from order_pipeline.api.schemas import (
    API_TITLE,
    API_VERSION,
    JsonObject,
    component_schemas,
    reference,
)
from order_pipeline.api.stock import AdjustStockRequest, SetItemRequest

PUBLISHED = Path(__file__).parents[3] / "docs" / "openapi.json"

EXAMPLES: Mapping[type[BaseModel], JsonObject] = {
    PlaceOrderRequest: {
        "orderId": "ORD-1",
        "customerId": "CUST-12345",
        "items": [
            {"itemId": "ITEM-001", "quantity": 2, "price": 29.99},
            {"itemId": "ITEM-002", "quantity": 1, "price": 49.99},
        ],
    },
    SetItemRequest: {"name": "Tea pot", "price": "29.99", "available": 100},
    AdjustStockRequest: {"adjustmentId": "DELIVERY-7", "delta": 24},
    CancelOrderRequest: {"reason": "changed_mind"},
    ShipParcelRequest: {
        "parcelId": "PARCEL-1",
        "lines": [{"itemId": "ITEM-001", "quantity": 1}],
        "carrier": "Royal Mail",
        "trackingNumber": "AB123456789GB",
    },
    RefundOrderRequest: {
        "refundId": "REFUND-1",
        "lines": [{"itemId": "ITEM-001", "quantity": 1}],
        "restock": True,
    },
}
"""A request that is accepted, for each model."""

_SIGV4 = "sigv4"
_TRY_AGAIN_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def openapi_document(calls: tuple[Call, ...] = CALLS) -> JsonObject:
    """Render the API for publication."""
    paths: JsonObject = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": API_TITLE,
            "version": API_VERSION,
            "summary": "Place orders, follow them, and manage the stock.",
        },
        "servers": [
            {
                "url": "{endpoint}",
                "variables": {
                    "endpoint": {
                        "default": "https://api.example.com",
                        "description": "The deployment's output `ApiEndpoint`, "
                        "without the trailing slash.",
                    }
                },
            }
        ],
        "security": [{_SIGV4: []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(call) for call in calls)],
        "paths": paths,
        "components": {
            "schemas": component_schemas(
                *(
                    (model, "validation")
                    for call in calls
                    for model in (call.request, call.query)
                    if model
                ),
                *(
                    (answer.model, "serialization")
                    for call in calls
                    for answer in call.answers.values()
                ),
                (ProblemView, "serialization"),
            ),
            "securitySchemes": {
                _SIGV4: {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4, for the service `execute-api`. "
                    "The operation's `x-caller` says who it is for.",
                }
            },
        },
    }


def published_text() -> str:
    """Return what `docs/openapi.json` has to hold."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def _operation(call: Call) -> JsonObject:
    responses = {str(status): _answer(answer) for status, answer in call.answers.items()}
    operation: JsonObject = {
        "operationId": call.operation,
        "summary": call.summary,
        "tags": [_tag(call)],
        "x-caller": call.caller.value,
        "responses": responses | _problems((*EVERY_CALL, *call.problems)),
    }
    if parameters := _parameters(call):
        operation["parameters"] = parameters
    if call.request:
        content = {"schema": reference(call.request)}
        if example := EXAMPLES.get(call.request):
            content["example"] = example
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _tag(call: Call) -> str:
    return call.path.split("/")[1]


def _parameters(call: Call) -> list[JsonObject]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(Id).json_schema()}
        for name in re.findall(r"{(\w+)}", call.path)
    ]
    in_headers = [
        {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "schema": {"type": "string"},
            "example": header.example,
        }
        for header in call.headers
    ]
    return in_path + _query_parameters(call) + in_headers


def _query_parameters(call: Call) -> list[JsonObject]:
    if call.query is None:
        return []
    described = component_schemas((call.query, "validation"))
    schema = described.pop(call.query.__name__)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": field.pop("description"),
            "schema": field,
        }
        for name, field in schema["properties"].items()
    ]


def _answer(answer: Answer) -> JsonObject:
    response: JsonObject = {
        "description": answer.description,
        "content": {"application/json": {"schema": reference(answer.model)}},
    }
    if answer.headers:
        response["headers"] = {
            name: {"description": description, "schema": {"type": "string"}}
            for name, description in answer.headers.items()
        }
    return response


def _problems(problems: tuple[ProblemType, ...]) -> JsonObject:
    """Describe problems by their status, which several may share."""
    by_status: dict[HTTPStatus, list[ProblemType]] = {}
    for problem in dict.fromkeys(problems):
        by_status.setdefault(problem.status, []).append(problem)
    return {
        str(status.value): _problem(status, shared) for status, shared in sorted(by_status.items())
    }


def _problem(status: HTTPStatus, problems: list[ProblemType]) -> JsonObject:
    response: JsonObject = {
        "description": " ".join(f"{problem.title} (`{problem.uri}`)." for problem in problems),
        "content": {PROBLEM_CONTENT_TYPE: {"schema": reference(ProblemView)}},
    }
    if status in _TRY_AGAIN_LATER:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    return response


if __name__ == "__main__":
    PUBLISHED.write_text(published_text(), encoding="utf-8")
