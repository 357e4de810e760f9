"""Errors as the API answers them (RFC 9457)."""

from pydantic import Field

from order_pipeline.api.fields import ApiModel


class FieldErrorView(ApiModel):
    """What is wrong with one field."""

    field: str = Field(description="Such as `items[0].quantity`, or a header's name.")
    message: str


class ProblemView(ApiModel):
    """An error (RFC 9457)."""

    type: str = Field(description="Stable: the same for every error of this kind.")
    title: str
    status: int
    detail: str
    errors: tuple[FieldErrorView, ...] = ()
