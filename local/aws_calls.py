"""What functions ask AWS for, recorded by LocalStack: one JSON document per request, in a file.

LocalStack sees every request of a function, and knows whose it is by the session token that the
function's process was started with (`local.lambda_runtime.executor`). Others' requests have none of
these tokens: people's, and those that LocalStack's event source mappings make with a function's
role. Nothing in a function takes part in it.

A line has these fields:

``time``
    When the request came, in RFC 3339, UTC.
``function``
    The name of the function, such as ``payment-function-local``.
``service``, ``operation``
    As botocore names them, such as ``dynamodb`` and ``TransactWriteItems``.
``parameters``
    Those of the request that say what it is about, as the service's API names them: names, ARNs,
    URLs and ids of resources. A transaction's ``TransactItems`` is a list of its actions with their
    tables, such as ``{"Update": "orders-table-local"}``; ``RequestItems`` a list of tables. Never
    what a request carries: no item, message, key or value. Of a customer's device there is only the
    app, and ``PhoneNumber`` is always ``true``.
``entries``
    How many messages or items a batch has; only for batches.

A call of an API of API Gateway is one, too: service ``execute-api``, operation ``Invoke``, and
``Call`` with its method and path.

A retry of the AWS SDK is a request of its own.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localstack.runtime import hooks

if TYPE_CHECKING:
    from localstack.aws.api import RequestContext
    from localstack.aws.chain import HandlerChain
    from localstack.http import Response

SESSION_TOKEN = "X-Amz-Security-Token"  # noqa: S105 - the header's name
FILE = "AWS_CALLS_FILE"
TOKEN_PREFIX = "function/"  # noqa: S105 - what the tokens of functions begin with

# Parameters that name what a request is about, of all services that the functions use. Of a service
# that is not here, an operation is recorded without them.
_AS_THEY_ARE = (
    "Bucket",
    "FunctionName",
    "IndexName",
    "QueueUrl",
    "SecretId",
    "Source",  # of an e-mail: the shop's address
    "TableName",
    "TopicArn",
    "UUID",
)


def _actions(items: list[Mapping[str, Mapping[str, Any]]]) -> list[dict[str, str]]:
    """Return the kind of each action of a transaction, and its table."""
    return [{kind: action["TableName"] for kind, action in item.items()} for item in items]


_REDUCED: Mapping[str, Callable[[Any], Any]] = {
    "PhoneNumber": bool,
    "RequestItems": sorted,
    # The last part of an endpoint's ARN is a customer's device.
    "TargetArn": lambda arn: arn.rpartition("/")[0],
    "TransactItems": _actions,
}
API_PATH = re.compile(r"/_aws/execute-api/[^/]+/[^/]+(?P<path>/.*)")
"""Where LocalStack has the APIs: by id and stage."""

_BATCHES = ("Entries", "PublishBatchRequestEntries", "TransactItems")


def parameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request that say what it is about.

    >>> parameters({"TableName": "orders-table-local", "Key": {"orderId": {"S": "ORD-1"}}})
    {'TableName': 'orders-table-local'}
    """
    named = {name: request[name] for name in _AS_THEY_ARE if request.get(name)}
    reduced = {name: reduce(request[name]) for name, reduce in _REDUCED.items() if name in request}
    return named | reduced


class Recorder:
    """Writes a line for each request of a function; a handler of LocalStack's gateway."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._writing = threading.Lock()

    def __call__(
        self, _chain: "HandlerChain", context: "RequestContext", _response: "Response"
    ) -> None:
        """Take note of a request, which goes on to its service."""
        if context.operation is not None:
            request = context.service_request or {}
            self._write(
                context,
                context.service.service_name,
                context.operation.name,
                parameters(request),
                **_entries(request),
            )

    def note_call_of_api(
        self, _chain: "HandlerChain", context: "RequestContext", _response: "Response"
    ) -> None:
        """Take note of a call of an API, which goes on to the API."""
        if called := API_PATH.match(context.request.path):
            call = f"{context.request.method} {called['path']}"
            self._write(context, "execute-api", "Invoke", {"Call": call})

    def _write(
        self,
        context: "RequestContext",
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        **more: int,
    ) -> None:
        token = context.request.headers.get(SESSION_TOKEN, "")
        if not token.startswith(TOKEN_PREFIX):
            return
        line = json.dumps(
            {
                "time": datetime.now(UTC).isoformat(),
                "function": token.removeprefix(TOKEN_PREFIX),
                "service": service,
                "operation": operation,
                "parameters": parameters,
                **more,
            }
        )
        with self._writing:
            self._file.write(f"{line}\n")


def _entries(request: Mapping[str, Any]) -> dict[str, int]:
    batches = [request[name] for name in _BATCHES if name in request]
    batches += [keys["Keys"] for keys in request.get("RequestItems", {}).values()]
    return {"entries": sum(map(len, batches))} if batches else {}


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def record_calls_of_functions() -> None:
    """Record them in the file that AWS_CALLS_FILE names, if it is set; what it had is gone."""
    if path := os.environ.get(FILE):
        from localstack.aws import handlers  # noqa: PLC0415 - not before LocalStack is configured

        recorder = Recorder(Path(path))
        # The last handlers before a request goes to its service: by then it has been parsed.
        handlers.serve_custom_service_request_handlers.append(recorder)
        # Calls of an API are answered before, by the routes of LocalStack's gateway.
        handlers.preprocess_request.append(recorder.note_call_of_api)
