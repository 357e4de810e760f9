"""The API as a caller of it sees it: requests signed with the function's own role (SigV4)."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.session import Session

from order_pipeline.domain.ports import ApiAnswer, ApiSilentError

CONNECT_SECONDS, READ_SECONDS = 2, 10
LONGEST_API_CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The most that one request takes; nothing is repeated here."""

_USER_AGENT = "order-pipeline-canary"


class SignedApi:
    """Asks the API at `endpoint`, which ends with a slash."""

    def __init__(self, endpoint: str, *, session: Session) -> None:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        self._endpoint = endpoint
        self._signer = SigV4Auth(credentials, "execute-api", session.get_config_variable("region"))
        self._http = URLLib3Session(
            timeout=(CONNECT_SECONDS, READ_SECONDS)  # type: ignore[arg-type]  # one of the two forms
        )

    def get(self, path: str) -> ApiAnswer:
        """Ask for what is at a path such as ``orders/ORD-1``; see `ports.OrdersApi`."""
        return self._ask("GET", path)

    def post(self, path: str, body: Mapping[str, Any]) -> ApiAnswer:
        """Send a JSON document to a path; see `ports.OrdersApi`."""
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> ApiAnswer:
        request = AWSRequest(
            method,
            f"{self._endpoint}{path}",
            headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT},
            data=body,
        )
        self._signer.add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except BotoCoreError as error:
            raise ApiSilentError(type(error).__name__) from error
        return ApiAnswer(answer.status_code, _document(answer.content))


def _document(content: bytes) -> dict[str, Any]:
    """Return the answer's JSON document; an answer that has none says nothing but its status."""
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
