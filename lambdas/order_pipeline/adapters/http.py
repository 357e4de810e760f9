"""The way a function answers the API: requests in, responses or problem documents out."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from order_pipeline.adapters.observability import logger
from order_pipeline.api.fields import ApiModel, Id
from order_pipeline.api.problem_document import FieldErrorView, ProblemView
from order_pipeline.api.problems import (
    PROBLEM_CONTENT_TYPE,
    FieldError,
    ProblemError,
    ProblemType,
    invalid_field,
)
from order_pipeline.domain.limits import MAX_BODY_BYTES
from order_pipeline.domain.ports import ConcurrentChangeError, UnreadItemsError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_RETRY_AFTER_SECONDS = "5"
_ID: TypeAdapter[str] = TypeAdapter(Id)


@dataclass(frozen=True)
class Request:
    """A request as API Gateway passes it on (proxy integration)."""

    path_parameters: Mapping[str, str]
    query_parameters: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    to_root: str
    """The way from the request's own address to where the API's paths begin: so many ``../``."""

    def reference(self, path: str) -> str:
        """Return a relative reference to another path of the API.

        It leads there from the request's own address, whatever stands before the API's paths: the
        name of a stage, or the base path of a domain.

        Examples
        --------
        >>> Request({}, {}, {}, b"", to_root="../../").reference("/orders/ORD-1")
        '../../orders/ORD-1'
        """
        return self.to_root + path.removeprefix("/")

    def id(self, name: str) -> str:
        """Return an id from the path.

        Raises
        ------
        ProblemError
            If it is not an id.
        """
        try:
            return _ID.validate_python(self.path_parameters.get(name))
        except ValidationError as error:
            raise invalid_field(name, _sentence(error.errors()[0])) from None

    def model[T: BaseModel](self, model: type[T]) -> T:
        """Return the body as a model.

        Raises
        ------
        ProblemError
            Naming every field that is wrong; or the body, when it is too large or not JSON.
        """
        return validated(model, _json(self.body))

    def query[T: BaseModel](self, model: type[T]) -> T:
        """Return the query parameters as a model.

        Raises
        ------
        ProblemError
            Naming every parameter that is wrong.
        """
        return validated(model, dict(self.query_parameters))


@dataclass(frozen=True)
class Response:
    """What a call answers when all is well."""

    status: HTTPStatus
    body: ApiModel
    headers: Mapping[str, str] = field(default_factory=dict)


type Routes = Mapping[tuple[str, str], Callable[[Request], Response]]
"""(method, path as in the API document) → what serves it."""
type ProxyResponse = dict[str, Any]


def api_handler(routes: Routes) -> "Callable[[dict[str, Any], LambdaContext], ProxyResponse]":
    """Return the function's handler: one place that maps every error to a problem document."""

    def handler(event: dict[str, Any], context: "LambdaContext") -> ProxyResponse:  # noqa: ARG001
        _begin_log(event)
        try:
            response = routes[event["httpMethod"], event["resource"]](_request(event))
        except ProblemError as problem:
            logger.info("refused", problem=problem.problem.value)
            return _problem(problem)
        except (BotoCoreError, ClientError, ConcurrentChangeError, UnreadItemsError):
            logger.exception("a service that the call depends on failed")
            return _problem(
                ProblemError(ProblemType.UNAVAILABLE, "Try again in a few seconds."),
                {"Retry-After": _RETRY_AFTER_SECONDS},
            )
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a problem document
            logger.exception("unexpected")
            return _problem(
                ProblemError(
                    ProblemType.INTERNAL_ERROR,
                    "The error has been logged; please try again later.",
                )
            )
        return {
            "statusCode": response.status,
            "headers": {"Content-Type": "application/json", **response.headers},
            "body": response.body.model_dump_json(by_alias=True, exclude_none=True),
        }

    return handler


def _begin_log(event: Mapping[str, Any]) -> None:
    """Let every line of the log name the request, and the order that it is about, if any."""
    # A function that places an order adds the order's id: there was none before.
    logger.remove_keys(["order_id"])
    logger.append_keys(request_id=event["requestContext"].get("requestId"))
    order_id = (event.get("pathParameters") or {}).get("orderId")
    # What a caller sends in the place of an id is not logged.
    with suppress(ValidationError):
        logger.append_keys(order_id=_ID.validate_python(order_id))


def _request(event: dict[str, Any]) -> Request:
    body = event.get("body") or ""
    return Request(
        path_parameters=event.get("pathParameters") or {},
        query_parameters=event.get("queryStringParameters") or {},
        to_root="../" * _folders(event["resource"], event.get("path") or ""),
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=base64.b64decode(body)
        if event.get("isBase64Encoded")
        else body.encode(errors="surrogatepass"),
    )


def _folders(resource: str, path: str) -> int:
    """Count what a relative reference has to leave: RFC 3986 resolves it in the last folder.

    A slash at the end, which the gateway ignores, makes one folder more.
    """
    return resource.count("/") - 1 + path.endswith("/")


def validated[T: BaseModel](model: type[T], value: object) -> T:
    """Return what was sent as a model.

    Raises
    ------
    ProblemError
        Naming every field that is wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        errors = tuple(
            FieldError(_path(problem["loc"]), _sentence(problem))
            for problem in problems
            if not _follows_from_others(problem, problems)
        )
        raise ProblemError(
            ProblemType.INVALID_REQUEST,
            "; ".join(f"{wrong.field} {wrong.message}" for wrong in errors[:3]),
            errors=errors,
        ) from None


def _follows_from_others(problem: ErrorDetails, problems: Sequence[ErrorDetails]) -> bool:
    """Tell whether a list is only called too short because what is in it is wrong."""
    place = problem["loc"]
    return problem["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in problems
    )


def _json(body: bytes) -> object:
    """Parse a body; numbers with a decimal point become `Decimal`, never binary floats."""
    if len(body) > MAX_BODY_BYTES:
        raise ProblemError(
            ProblemType.BODY_TOO_LARGE,
            f"The body is {len(body)} bytes; the maximum is {MAX_BODY_BYTES} bytes.",
        )
    try:
        return json.loads(
            body,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError):
        raise invalid_field("body", "must be valid JSON") from None


def _object(fields: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object that repeats a key: readers differ in which value they take."""
    if len(by_name := dict(fields)) < len(fields):
        raise invalid_field("body", "must not repeat a key in an object")
    return by_name


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _path(location: tuple[int | str, ...]) -> str:
    """Write where a field is: `items[0].quantity`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".") or "body"


_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not permitted: there is no such field",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be an array",
    "string_type": "must be text",
    "string_unicode": "must not contain unpaired surrogates",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "too_short": "must have {min_length} or more items",
    "too_long": "must have at most {max_length} items",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be an integer with fewer digits",
    "int_from_float": "must be an integer",
    "bool_type": "must be true or false",
    "decimal_type": "must be a number, or text such as 29.99",
    "decimal_parsing": "must be a number, or text such as 29.99",
    "finite_number": "must be a number, or text such as 29.99",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "enum": "must be {expected}",
    "value_error": "{error}",
}
"""What the validator finds, as it follows the field's name: its own words say how the models are
made. Kinds of error: pydantic, "Validation errors"."""


def _sentence(problem: ErrorDetails) -> str:
    return _SENTENCES.get(problem["type"], "is not valid").format(**problem.get("ctx", {}))


def _problem(problem: ProblemError, headers: Mapping[str, str] | None = None) -> ProxyResponse:
    document = ProblemView(
        type=problem.problem.uri,
        title=problem.problem.title,
        status=problem.problem.status,
        detail=problem.detail,
        errors=tuple(
            FieldErrorView(field=error.field, message=error.message) for error in problem.errors
        ),
    )
    return {
        "statusCode": problem.problem.status,
        "headers": {"Content-Type": PROBLEM_CONTENT_TYPE, **(headers or {})},
        "body": document.model_dump_json(by_alias=True),
    }
