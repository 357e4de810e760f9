"""The API as API Gateway imports it: OpenAPI 3.0.1 with the extensions that connect the functions.

Source of what the import reads: Amazon API Gateway Developer Guide, "OpenAPI extensions for API
Gateway" and "Important notes for REST APIs". Everything that it would ignore is left out.
"""

import re
from collections.abc import Mapping

from order_pipeline.api.calls import CALLS, Call
from order_pipeline.api.draft4 import UnsupportedSchemaError, gateway_schema
from order_pipeline.api.gateway_responses import gateway_responses
from order_pipeline.api.schemas import (
    API_TITLE,
    API_VERSION,
    JsonObject,
    component_schemas,
    reference,
)

_VALIDATORS = {
    "body-and-parameters": {"validateRequestBody": True, "validateRequestParameters": True},
    "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
}
_SIGV4 = "sigv4"

_TIMEOUT_MILLISECONDS = 28_000
"""Longer than any function's own timeout; API Gateway allows 29 seconds."""


def gateway_document(
    invoke_arns: Mapping[str, str], *, require_iam: bool, calls: tuple[Call, ...] = CALLS
) -> JsonObject:
    """Render the API for API Gateway's import.

    Parameters
    ----------
    invoke_arns
        Folder of a function → its invoke ARN
        (``arn:aws:apigateway:eu-west-2:lambda:path/2015-03-31/functions/…/invocations``).
    require_iam
        Whether a request has to be signed (Signature Version 4) by a caller who may make it.
    calls
        The calls to render.

    Raises
    ------
    UnsupportedSchemaError
        If a request holds something that API Gateway cannot check.
    """
    paths: JsonObject = {}
    for call in calls:
        operation = _operation(call, invoke_arns[call.function])
        if require_iam:
            operation["security"] = [{_SIGV4: []}]
        paths.setdefault(call.path, {})[call.method.lower()] = operation
    document: JsonObject = {
        "openapi": "3.0.1",
        "info": {"title": API_TITLE, "version": API_VERSION},
        "paths": paths,
        "components": {"schemas": _request_schemas(calls)},
        "x-amazon-apigateway-request-validators": _VALIDATORS,
        "x-amazon-apigateway-gateway-responses": gateway_responses(),
    }
    if require_iam:
        document["components"]["securitySchemes"] = {
            _SIGV4: {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
        }
    return document


def _operation(call: Call, invoke_arn: str) -> JsonObject:
    operation: JsonObject = {
        "operationId": call.operation,
        "responses": {
            str(status): {"description": answer.description}
            for status, answer in call.answers.items()
        },
        "x-amazon-apigateway-request-validator": (
            "body-and-parameters" if call.request else "parameters"
        ),
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": invoke_arn,
            "payloadFormatVersion": "1.0",
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": _TIMEOUT_MILLISECONDS,
        },
    }
    if parameters := _parameters(call):
        operation["parameters"] = parameters
    if call.request:
        # A body of another content type passes unchecked; the function checks every body again.
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference(call.request)}},
        }
    return operation


def _parameters(call: Call) -> list[JsonObject]:
    """Name the parameters: API Gateway checks that a required one is there, and no more."""
    places = [(name, "path", True) for name in re.findall(r"{(\w+)}", call.path)]
    if call.query:
        places += [
            (field.alias or name, "query", field.is_required())
            for name, field in call.query.model_fields.items()
        ]
    places += [(header.name, "header", False) for header in call.headers]
    return [
        {"name": name, "in": place, "required": required, "schema": {"type": "string"}}
        for name, place, required in places
    ]


def _request_schemas(calls: tuple[Call, ...]) -> JsonObject:
    described = component_schemas(*((call.request, "validation") for call in calls if call.request))
    for name in described:
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise UnsupportedSchemaError(f"{name}: API Gateway's models have alphanumeric names")
    return {name: gateway_schema(schema, name) for name, schema in described.items()}
