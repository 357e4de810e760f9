"""JSON schemas of the API's models, as both API documents start from them."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import (
    GenerateJsonSchema,
    JsonSchemaMode,
    JsonSchemaValue,
    models_json_schema,
)
from pydantic_core import core_schema

API_TITLE = "Order pipeline"
API_VERSION = "1.0.0"

type JsonObject = dict[str, Any]


class ApiJsonSchema(GenerateJsonSchema):
    """What pydantic describes, as a client should read it.

    An optional field is one to leave out, so it is described by its type alone, without null.
    An answer may grow, so a field in it that a client does not know is no error.
    Fields have no titles: these would only repeat the names.
    """

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Describe a field that has a default."""
        value = schema["schema"]
        if value["type"] == "nullable" and schema.get("default", ...) is None:
            return self.generate_inner(value["schema"])
        return super().default_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Describe a model."""
        described = super().model_schema(schema)
        if self.mode == "serialization" and described.get("additionalProperties") is False:
            del described["additionalProperties"]
        return described

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 (overrides)
        """Leave out the titles that pydantic derives from names."""
        return False


def component_schemas(*models: tuple[type[BaseModel], JsonSchemaMode]) -> dict[str, JsonObject]:
    """Describe models, and what they are made of, for the `components/schemas` of a document.

    Parameters
    ----------
    models
        Each with its mode: ``"validation"`` for a request, ``"serialization"`` for an answer.
    """
    _, described = models_json_schema(
        models, ref_template="#/components/schemas/{model}", schema_generator=ApiJsonSchema
    )
    components: dict[str, JsonObject] = described.get("$defs", {})
    for schema in components.values():
        schema.pop("title", None)
    return components


def reference(model: type[BaseModel]) -> JsonObject:
    """Point to the schema of a model."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}
