"""What the models of the API are made of: their base, and kinds of fields."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from order_pipeline.domain.limits import ID_PATTERN, MAX_AMOUNT, MAX_QUANTITY, MAX_TEXT

_AMOUNT_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,2})?$"


def _amount_text(value: object) -> object:
    """Let only plain decimal text through; numbers are checked by their type."""
    if isinstance(value, str) and not re.fullmatch(_AMOUNT_PATTERN, value, re.ASCII):
        raise ValueError("must be an amount of zero or more, such as 29.99")
    return value


def _no_larger(amount: Decimal) -> Decimal:
    if amount > MAX_AMOUNT:
        raise ValueError(f"must be {MAX_AMOUNT} or less")
    return amount


# Control characters, line ends, and the marks that turn the direction of what follows: in a name
# they hide or fake something. The escapes mean the same to every dialect of patterns.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BLANKS = r" \u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_TEXT_PATTERN = f"^ *[^{_CONTROLS}{_BLANKS}][^{_CONTROLS}]*$"


def _one_line(text: str) -> str:
    """Refuse what is not one line of visible text, or cannot be stored as UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain unpaired surrogates")
    if re.search(f"[{_CONTROLS}]", text):
        raise ValueError("must not contain line breaks, control characters or direction marks")
    if not re.match(_TEXT_PATTERN, text):
        raise ValueError("must begin with a visible character")
    return text


Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT),
    AfterValidator(_one_line),
    Field(json_schema_extra={"pattern": _TEXT_PATTERN}),
]
"""One line of visible text: no control characters, no marks that turn its direction."""
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount_text),
    AfterValidator(_no_larger),
    Field(
        ge=0,
        description="Zero or more, in major units, with at most the currency's decimal places.",
        examples=["29.99", 29.99],
    ),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": float(MAX_AMOUNT)},
                {"type": "string", "pattern": _AMOUNT_PATTERN},
            ]
        },
        mode="validation",
    ),
]
Money = Annotated[
    str,
    Field(description="In major units, with the currency's decimal places.", examples=["29.99"]),
]
Quantity = Annotated[StrictInt, Field(ge=1, le=MAX_QUANTITY)]


class ApiModel(BaseModel):
    """camelCase outside; an unknown field is an error, so that a misspelt one is found."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,  # errors are logged; contact data is not
        defer_build=True,  # with the first value: most are other functions'
    )


class RequestModel(ApiModel):
    """What a caller sends: the names in the documents are the only ones it may use."""

    model_config = ConfigDict(validate_by_name=False)


class Links(ApiModel):
    """Links to follow."""

    self: str = Field(
        description="A relative reference, to be resolved against the address of the request "
        "(RFC 3986, section 5).",
        examples=["../../orders/ORD-1"],
        json_schema_extra={"format": "uri-reference"},
    )
