"""Errors of the API: problem documents (RFC 9457) with stable types, naming the offending field."""

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

PROBLEM_CONTENT_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:order-pipeline:problem:"


class ProblemType(Enum):
    """Every kind of error the API answers."""

    INVALID_REQUEST = "invalid-request"
    BODY_TOO_LARGE = "body-too-large"
    NOT_FOUND = "not-found"
    ORDER_CONFLICT = "order-conflict"
    ID_CONFLICT = "id-conflict"
    REFUSED = "refused"
    NOT_ENOUGH_STOCK = "not-enough-stock"
    TOO_MUCH_STOCK = "too-much-stock"
    ITEM_EXISTS = "item-exists"
    ITEM_CHANGED = "item-changed"
    FORBIDDEN = "forbidden"
    TOO_MANY_REQUESTS = "too-many-requests"
    UNAVAILABLE = "unavailable"
    INTERNAL_ERROR = "internal-error"

    @property
    def uri(self) -> str:
        """The problem document's `type`."""
        return f"{_TYPE_PREFIX}{self.value}"

    @property
    def status(self) -> HTTPStatus:
        """The answer's status."""
        return _STATUS[self]

    @property
    def title(self) -> str:
        """The problem document's `title`: the same for every error of this kind."""
        return _TITLES[self]


_STATUS = {
    ProblemType.INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemType.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ProblemType.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.ORDER_CONFLICT: HTTPStatus.CONFLICT,
    ProblemType.ID_CONFLICT: HTTPStatus.CONFLICT,
    ProblemType.REFUSED: HTTPStatus.CONFLICT,
    ProblemType.NOT_ENOUGH_STOCK: HTTPStatus.CONFLICT,
    ProblemType.TOO_MUCH_STOCK: HTTPStatus.CONFLICT,
    ProblemType.ITEM_EXISTS: HTTPStatus.PRECONDITION_REQUIRED,
    ProblemType.ITEM_CHANGED: HTTPStatus.PRECONDITION_FAILED,
    ProblemType.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ProblemType.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ProblemType.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_TITLES = {
    ProblemType.INVALID_REQUEST: "The request is not valid",
    ProblemType.BODY_TOO_LARGE: "The body is too large",
    ProblemType.NOT_FOUND: "Not found",
    ProblemType.ORDER_CONFLICT: "An order with this id already exists with different content",
    ProblemType.ID_CONFLICT: "This id was already used for a different request",
    ProblemType.REFUSED: "The order's current state does not allow this",
    ProblemType.NOT_ENOUGH_STOCK: "There is not enough stock",
    ProblemType.TOO_MUCH_STOCK: "The stock would exceed the maximum for an item",
    ProblemType.ITEM_EXISTS: "The item already exists: If-Match is required to change it",
    ProblemType.ITEM_CHANGED: "The item has changed since it was read",
    ProblemType.FORBIDDEN: "The caller is not allowed to do this",
    ProblemType.TOO_MANY_REQUESTS: "Too many requests",
    ProblemType.UNAVAILABLE: "The service is temporarily unavailable",
    ProblemType.INTERNAL_ERROR: "Something went wrong on our side",
}


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: `items[0].quantity`, or a header's name."""

    field: str
    message: str


class ProblemError(Exception):
    """Raised by a call to answer with a problem document."""

    def __init__(
        self, problem: ProblemType, detail: str, *, errors: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.errors = errors


def invalid_field(field: str, message: str) -> ProblemError:
    """Return the error for one field that is not as it must be."""
    return ProblemError(
        ProblemType.INVALID_REQUEST, f"{field} {message}", errors=(FieldError(field, message),)
    )
