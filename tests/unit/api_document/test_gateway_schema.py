"""Models with constructs that API Gateway does not know are rendered for it, or refused loudly."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, WithJsonSchema, create_model

from order_pipeline.api.calls import Answer, Call, Caller
from order_pipeline.api.draft4 import UnsupportedSchemaError
from order_pipeline.api.fields import ApiModel, Id
from order_pipeline.api.gateway import gateway_document
from tests.unit.api_document.gateway_rules import violations


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(ApiModel):
    colour: Colour = Colour.RED


class Cat(ApiModel):
    kind: Literal["cat"]


class Dog(ApiModel):
    kind: Literal["dog"]


def render(annotation: Any, default: Any = ..., *, name: str = "Synthetic") -> dict[str, Any]:
    """Return the schemas of the gateway's document for a request with one field."""
    request: type[ApiModel] = create_model(name, __base__=ApiModel, field=(annotation, default))
    call = Call(
        operation="synthetic",
        method="POST",
        path="/synthetic",
        summary="",
        caller=Caller.STOREFRONT,
        function="synthetic",
        request=request,
        answers={200: Answer("", Part)},
        problems=(),
    )
    document = gateway_document({"synthetic": "arn"}, require_iam=True, calls=(call,))
    assert violations(document) == []
    schemas: dict[str, Any] = document["components"]["schemas"]
    return schemas


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotated[int, Field(gt=0, lt=10)], {"type": "integer", "minimum": 1, "maximum": 9}),
        (Annotated[float, Field(gt=0, lt=1.5)], {"type": "number", "minimum": 0, "maximum": 1.5}),
        (Annotated[int, Field(ge=1, le=5)], {"type": "integer", "minimum": 1, "maximum": 5}),
        (Literal["a"], {"type": "string", "enum": ["a"]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (dict[str, int], {"type": "object"}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (set[bool], {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True}),
        (datetime, {"type": "string"}),
        (date, {"type": "string"}),
        (UUID, {"type": "string"}),
        (Any, {}),
        (Decimal, {}),
        (Annotated[Decimal, Field(gt=0)], {"minimum": 0}),
        (
            Annotated[str, Field(pattern="^a(?:b|c)$", min_length=1)],
            {"type": "string", "pattern": "^a(?:b|c)$", "minLength": 1},
        ),
        (
            Annotated[int, Field(ge=1)] | Annotated[str, Field(max_length=3)],
            {"minimum": 1, "maxLength": 3},
        ),
        (
            Annotated[int, Field(title="T", description="d", examples=[1], deprecated=True)],
            {"type": "integer"},
        ),
    ],
)
def test_says_it_in_draft_4(annotation: Any, expected: dict[str, Any]) -> None:
    request = render(annotation)["Synthetic"]
    assert request == {"type": "object", "properties": {"field": expected}, "required": ["field"]}


def test_an_optional_field_is_left_out_not_null() -> None:
    request = render(int | None, None)["Synthetic"]
    assert request == {"type": "object", "properties": {"field": {"type": "integer"}}}


def test_an_enumeration_has_a_model_of_its_own_and_no_default() -> None:
    schemas = render(Colour, Colour.RED)
    assert schemas["Synthetic"]["properties"]["field"] == {"$ref": "#/components/schemas/Colour"}
    assert schemas["Colour"] == {"type": "string", "enum": ["red", "blue"]}


def test_nested_models_are_models_of_their_own() -> None:
    schemas = render(Annotated[tuple[Part, ...], Field(min_length=1)])
    assert schemas["Synthetic"]["properties"]["field"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Part"},
        "minItems": 1,
    }
    assert schemas.keys() == {"Synthetic", "Part", "Colour"}


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (Annotated[str, Field(pattern="(?i)a")], "pattern"),
        (Annotated[str, WithJsonSchema({"type": "string", "pattern": "^(?!a)"})], "pattern"),
        (Annotated[Part, Field(json_schema_extra={"minProperties": 1})], "minProperties"),
        (Annotated[Part, Field(json_schema_extra={"pattern": "a"})], r"beside \$ref"),
        (int | None, "null"),
        (tuple[int, str], "prefixItems"),
        (dict[Id, int], "patternProperties"),
        (Cat | Dog, "plain types"),
        (Annotated[Cat | Dog, Field(discriminator="kind")], "oneOf"),
        (Literal["a"] | int, "plain types"),
        (int | float, "plain types"),
    ],
)
def test_refuses_what_it_cannot_say_and_names_the_field(annotation: Any, why: str) -> None:
    with pytest.raises(UnsupportedSchemaError, match=why) as refusal:
        render(annotation)
    assert str(refusal.value).startswith("Synthetic.field")


def test_refuses_a_name_that_is_not_alphanumeric() -> None:
    with pytest.raises(UnsupportedSchemaError, match="Not_A_Name"):
        render(int, name="Not_A_Name")
