"""What API Gateway itself answers, as the problem documents that the functions answer."""

import json

from order_pipeline.api.problems import PROBLEM_CONTENT_TYPE, ProblemType
from order_pipeline.api.schemas import JsonObject

_MESSAGE = "$context.error.messageString"
_NOT_ALLOWED = (
    "The request is not signed by a caller who is allowed to make it, or there is no such call."
)
_TRY_AGAIN = "Try again in a moment: repeating a request is safe."
_RETRY_AFTER_SECONDS = 5

# Source of the types: Amazon API Gateway Developer Guide, "Gateway response types for API Gateway".
# A call that does not exist is a MISSING_AUTHENTICATION_TOKEN there, not a RESOURCE_NOT_FOUND.
_PROBLEMS: dict[str, tuple[ProblemType, str]] = {
    "BAD_REQUEST_BODY": (
        ProblemType.INVALID_REQUEST,
        "The body is not valid: $context.error.validationErrorString",
    ),
    "BAD_REQUEST_PARAMETERS": (ProblemType.INVALID_REQUEST, _MESSAGE),
    "UNSUPPORTED_MEDIA_TYPE": (
        ProblemType.INVALID_REQUEST,
        "The content type must be application/json.",
    ),
    # AWS keeps its own answer for requests above its 10 MB; the entry is for the day it does not.
    "REQUEST_TOO_LARGE": (ProblemType.BODY_TOO_LARGE, _MESSAGE),
    "RESOURCE_NOT_FOUND": (ProblemType.NOT_FOUND, "There is no such call."),
    "MISSING_AUTHENTICATION_TOKEN": (ProblemType.FORBIDDEN, _NOT_ALLOWED),
    "ACCESS_DENIED": (ProblemType.FORBIDDEN, _NOT_ALLOWED),
    "UNAUTHORIZED": (ProblemType.FORBIDDEN, _NOT_ALLOWED),
    "INVALID_API_KEY": (ProblemType.FORBIDDEN, _NOT_ALLOWED),
    "INVALID_SIGNATURE": (ProblemType.FORBIDDEN, _MESSAGE),
    "EXPIRED_TOKEN": (ProblemType.FORBIDDEN, _MESSAGE),
    "WAF_FILTERED": (ProblemType.FORBIDDEN, "The request was refused."),
    "THROTTLED": (ProblemType.TOO_MANY_REQUESTS, _TRY_AGAIN),
    "QUOTA_EXCEEDED": (ProblemType.TOO_MANY_REQUESTS, "The caller's quota is used up."),
    "INTEGRATION_FAILURE": (ProblemType.UNAVAILABLE, _TRY_AGAIN),
    "INTEGRATION_TIMEOUT": (ProblemType.UNAVAILABLE, _TRY_AGAIN),
    "AUTHORIZER_FAILURE": (ProblemType.INTERNAL_ERROR, _TRY_AGAIN),
    "AUTHORIZER_CONFIGURATION_ERROR": (ProblemType.INTERNAL_ERROR, _TRY_AGAIN),
    "API_CONFIGURATION_ERROR": (ProblemType.INTERNAL_ERROR, _TRY_AGAIN),
}

_PASSES_BY_ITSELF = frozenset({"THROTTLED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"})


def gateway_responses() -> JsonObject:
    """Return the document's `x-amazon-apigateway-gateway-responses`."""
    responses = {
        response_type: _response(problem, detail, retry=response_type in _PASSES_BY_ITSELF)
        for response_type, (problem, detail) in _PROBLEMS.items()
    }
    # What is left keeps its own status: a status here would change that of every other response.
    responses["DEFAULT_4XX"] = _template(_body(ProblemType.INVALID_REQUEST, _MESSAGE))
    responses["DEFAULT_5XX"] = _template(_body(ProblemType.INTERNAL_ERROR, _TRY_AGAIN))
    return responses


def _response(problem: ProblemType, detail: str, *, retry: bool) -> JsonObject:
    body = _body(problem, detail) | {"status": problem.status.value}
    response = _template(body) | {"statusCode": str(problem.status.value)}
    if retry:
        response["responseParameters"]["gatewayresponse.header.Retry-After"] = (
            f"'{_RETRY_AFTER_SECONDS}'"
        )
    return response


def _body(problem: ProblemType, detail: str) -> JsonObject:
    return {"type": problem.uri, "title": problem.title, "detail": detail}


def _template(body: JsonObject) -> JsonObject:
    """Wrap a body as a template, whose variables AWS replaces by text escaped for JSON.

    `messageString` brings its quotation marks along ("the quoted value of $context.error.message",
    says the guide's variable reference); other variables stand between the template's own.
    """
    template = json.dumps(body).replace(f'"{_MESSAGE}"', _MESSAGE)
    return {
        "responseParameters": {
            "gatewayresponse.header.Content-Type": f"'{PROBLEM_CONTENT_TYPE}'",
        },
        # The one template, so the one for every `Accept` header.
        "responseTemplates": {"application/json": template},
    }
