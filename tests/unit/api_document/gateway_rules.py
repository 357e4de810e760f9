"""What API Gateway's import supports, written down apart from the code that renders for it.

LocalStack accepts more than AWS does, so this list is what stands between a model and a refused
deployment. Sources, all in the Amazon API Gateway Developer Guide: "Important notes for REST APIs"
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html),
"OpenAPI extensions for API Gateway", "Data models for REST APIs" (JSON Schema draft 4),
"Gateway response types for API Gateway". What a list leaves out fails, whether AWS refuses it, as
it refuses `example` ("Unsupported keyword(s)"), or only ignores it.
"""

import re
from collections.abc import Iterator
from typing import Any

SCHEMA_KEYWORDS = {
    "$ref",
    "type",
    "enum",
    "properties",
    "required",
    "items",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
}
"""Draft 4 without what the notes call unsupported: `additionalProperties`, `anyOf`, `oneOf`,
`exclusiveMinimum`, `discriminator`, `example`, `readOnly`, `format` of numbers."""

RESPONSE_TYPES = {
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
}

# Position in the document → the keys that may stand there; "*" is any name.
POSITIONS: dict[tuple[str, ...], set[str]] = {
    (): {
        "openapi",
        "info",
        "paths",
        "components",
        "x-amazon-apigateway-request-validators",
        "x-amazon-apigateway-gateway-responses",
    },
    ("info",): {"title", "version"},
    ("components",): {"schemas", "securitySchemes"},
    ("components", "securitySchemes"): {"sigv4"},
    ("components", "securitySchemes", "*"): {
        "type",
        "name",
        "in",
        "x-amazon-apigateway-authtype",
    },
    ("paths", "*"): {"get", "put", "post", "delete", "patch", "head", "options"},
    ("paths", "*", "*"): {
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "x-amazon-apigateway-request-validator",
        "x-amazon-apigateway-integration",
    },
    ("paths", "*", "*", "parameters", "*"): {"name", "in", "required", "schema"},
    ("paths", "*", "*", "parameters", "*", "schema"): {"type"},
    ("paths", "*", "*", "requestBody"): {"required", "content"},
    ("paths", "*", "*", "requestBody", "content"): {"application/json"},
    ("paths", "*", "*", "requestBody", "content", "*"): {"schema"},
    ("paths", "*", "*", "requestBody", "content", "*", "schema"): {"$ref"},
    ("paths", "*", "*", "responses", "*"): {"description"},
    ("paths", "*", "*", "security", "*"): {"sigv4"},
    ("paths", "*", "*", "x-amazon-apigateway-integration"): {
        "type",
        "httpMethod",
        "uri",
        "payloadFormatVersion",
        "passthroughBehavior",
        "timeoutInMillis",
    },
    ("x-amazon-apigateway-request-validators", "*"): {
        "validateRequestBody",
        "validateRequestParameters",
    },
    ("x-amazon-apigateway-gateway-responses",): RESPONSE_TYPES,
    ("x-amazon-apigateway-gateway-responses", "*"): {
        "statusCode",
        "responseParameters",
        "responseTemplates",
    },
    ("x-amazon-apigateway-gateway-responses", "*", "responseParameters"): {
        "gatewayresponse.header.Content-Type",
        "gatewayresponse.header.Retry-After",
    },
    ("x-amazon-apigateway-gateway-responses", "*", "responseTemplates"): {"application/json"},
}

# Positions whose keys are names of our own, and the form that AWS asks of the names.
NAMES = {
    ("components", "schemas"): r"[A-Za-z0-9]+",
    ("paths",): r"(/([A-Za-z0-9.,-]+|\{[A-Za-z0-9]+\}))+",
    ("paths", "*", "*", "responses"): r"[1-5][0-9]{2}",
    ("x-amazon-apigateway-request-validators",): r"[a-z-]+",
}


def violations(document: dict[str, Any]) -> list[str]:
    """Say what in a document API Gateway does not support, and where."""
    return [*_walk(document, (), ())]


def _walk(node: Any, position: tuple[str, ...], path: tuple[str, ...]) -> Iterator[str]:
    if position == ("components", "schemas", "*"):
        yield from _schema(node, path)
    elif isinstance(node, dict):
        named = position in NAMES
        for key, value in node.items():
            if named:
                if not re.fullmatch(NAMES[position], key):
                    yield f"{'/'.join(path)}: the name {key}"
            elif key not in POSITIONS.get(position, set()):
                yield f"{'/'.join(path)}: the key {key}"
            general = (*position, key) if _known((*position, key)) else (*position, "*")
            yield from _walk(value, general, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, (*position, "*"), (*path, str(index)))


def _known(position: tuple[str, ...]) -> bool:
    """Tell whether any rule is written for this very position or below it."""
    return any(rule[: len(position)] == position for rule in [*POSITIONS, *NAMES])


def _schema(schema: Any, path: tuple[str, ...]) -> Iterator[str]:
    where = "/".join(path)
    if not isinstance(schema, dict):
        yield f"{where}: a schema that is {schema!r}"
        return
    for keyword in schema.keys() - SCHEMA_KEYWORDS:
        yield f"{where}: the keyword {keyword}"
    if "$ref" in schema:
        if len(schema) > 1:
            yield f"{where}: keywords beside $ref"
        if not re.fullmatch(r"#/components/schemas/[A-Za-z0-9]+", schema["$ref"]):
            yield f"{where}: the reference {schema['$ref']}"
    if not isinstance(schema.get("type", ""), str) or schema.get("type") == "null":
        yield f"{where}: the type {schema['type']}"
    if schema.get("required") == []:
        yield f"{where}: an empty list of required fields"  # draft 4 wants one at least
    if re.search(r"\(\?[=!<]", schema.get("pattern", "")):
        yield f"{where}: look-around in a pattern"
    for name, value in schema.get("properties", {}).items():
        yield from _schema(value, (*path, "properties", name))
    if "items" in schema:
        yield from _schema(schema["items"], (*path, "items"))
