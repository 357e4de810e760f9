"""Schemas in the part of JSON Schema draft 4 that API Gateway's import supports.

The gateway's check comes before the function's own. So a schema here may be more lenient than the
model, but only in the ways that `_RELAXED` and `gateway_schema` name; whatever else cannot be said
is an error while the document is rendered, not a surprise while it is deployed.

Sources: Amazon API Gateway Developer Guide, "Important notes for REST APIs" (models are JSON Schema
draft 4; `additionalProperties`, `anyOf`, `oneOf`, `exclusiveMinimum`, `discriminator`, `example`,
`readOnly` and number formats are not supported, and `minItems` and `maxItems` may be dropped);
OpenAPI 3.0.1, "Schema Object" (`type` is one name, `items` one schema, and `$ref` stands alone).
"""

import re
from typing import Any

type Schema = dict[str, Any]

_KEYWORDS = frozenset(
    {
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
)

# They check nothing, and API Gateway refuses some of them.
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "example", "examples", "deprecated", "readOnly"}
)

# Left to the function: the first is not supported, and about the second, draft 4 validators are
# stricter than pydantic (times).
_RELAXED = frozenset({"additionalProperties", "format"})

_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean"})

# Look-around, inline flags and named groups, and escapes that ECMA 262 (draft 4) does not have.
_FOREIGN_PATTERN = re.compile(r"\(\?(?!:)|\\[AZzpP]")


class UnsupportedSchemaError(ValueError):
    """A model that API Gateway cannot check: says where, and what to change."""


def gateway_schema(schema: Schema, where: str) -> Schema:
    """Say what a schema says with the keywords that API Gateway supports.

    More lenient than the schema where it is closed to unknown fields, where it types the values of
    a mapping, where it names a format, where a bound of a number is exclusive (the bound itself
    passes), and where it is a union of types (any other type passes).

    Parameters
    ----------
    schema
        As pydantic describes a model (draft 2020-12).
    where
        The place of the schema, for the error's text.

    Raises
    ------
    UnsupportedSchemaError
        If the schema holds anything that cannot be said.
    """
    said = {
        keyword: value
        for keyword, value in schema.items()
        if keyword not in _ANNOTATIONS and keyword not in _RELAXED
    }
    if "anyOf" in said:
        said |= _union(said.pop("anyOf"), where)
    if "const" in said:
        said["enum"] = [said.pop("const")]
    _include_bounds(said)
    if unknown := said.keys() - _KEYWORDS:
        raise UnsupportedSchemaError(f"{where}: API Gateway cannot check {sorted(unknown)}")
    if "$ref" in said and len(said) > 1:
        raise UnsupportedSchemaError(f"{where}: a constraint beside $ref would be ignored")
    if "type" in said and said["type"] not in _TYPES:
        raise UnsupportedSchemaError(
            f"{where}: {said['type']} cannot be a value; make the field optional, default None"
        )
    if _FOREIGN_PATTERN.search(said.get("pattern", "")):
        raise UnsupportedSchemaError(
            f"{where}: the pattern {said['pattern']} is not ECMA 262 without look-around; "
            "describe the field with WithJsonSchema"
        )
    if "properties" in said:
        said["properties"] = {
            name: gateway_schema(value, f"{where}.{name}")
            for name, value in said["properties"].items()
        }
    if "items" in said:
        said["items"] = gateway_schema(said["items"], f"{where}[]")
    return said


def _union(branches: list[Schema], where: str) -> Schema:
    """Merge a union of plain types into one schema.

    Draft 4 applies each keyword only to values of its own type, so no branch gets in the way of
    another once the types are left out.
    """
    branches = [gateway_schema(branch, where) for branch in branches]
    types = [branch.pop("type", None) for branch in branches]
    if (
        None in types
        or len(set(types)) < len(types)
        or {"number", "integer"} <= set(types)
        or any("enum" in branch for branch in branches)
    ):
        raise UnsupportedSchemaError(f"{where}: only a union of different plain types can be said")
    merged: Schema = {}
    for branch in branches:
        merged |= branch
    return merged


def _include_bounds(said: Schema) -> None:
    """Turn exclusive bounds into inclusive ones."""
    step = 1 if said.get("type") == "integer" else 0
    if "exclusiveMinimum" in said:
        bound = said.pop("exclusiveMinimum") + step
        said["minimum"] = max(bound, said.get("minimum", bound))
    if "exclusiveMaximum" in said:
        bound = said.pop("exclusiveMaximum") - step
        said["maximum"] = min(bound, said.get("maximum", bound))
