"""The Lambda Runtime API: how a function's process takes invocations and answers them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import re
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

# AWS's client sends the cause of an error, up to 1 MB, in one header; Python stops at 64 KB.
http.client._MAXLINE = 2**21  # type: ignore[attr-defined]  # noqa: SLF001

API = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One call of the function; `deadline` is seconds since the epoch."""

    request_id: str
    function_arn: str
    trace_id: str
    payload: bytes
    deadline: float


@dataclass(frozen=True)
class Answer:
    """What the function's process sent back."""

    payload: bytes
    is_error: bool


class RuntimeApi:
    """The server that one function process talks to, and what it has said so far.

    The environment calls `wait_until_initialised` and `invoke`, the process the rest through HTTP,
    and whoever watches the process calls `process_ended`.

    Attributes
    ----------
    initialised
        The process has asked for its first invocation.
    init_error
        What the process reported when its initialisation failed.
    init_ended
        When its initialisation ended, well or not (`time.monotonic`).
    ended
        The process is gone.
    """

    def __init__(self) -> None:
        self.initialised = False
        self.init_error: bytes | None = None
        self.init_ended: float | None = None
        self.ended = False
        self._changed = threading.Condition()
        self._invocation: Invocation | None = None
        self._answer: Answer | None = None
        self._server = _Server(self)
        threading.Thread(target=self._serve, name="lambda-runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def wait_until_initialised(self, timeout: float) -> None:
        """Wait until the process asks for its first invocation, reports an error or ends."""
        with self._changed:
            self._changed.wait_for(lambda: self.init_ended is not None, timeout)

    def invoke(self, invocation: Invocation) -> Answer | None:
        """Hand over an invocation; None if the process ends or the deadline passes first."""
        with self._changed:
            self._answer = None
            self._invocation = invocation
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._answer is not None or self.ended,
                timeout=invocation.deadline - time.time(),
            )
            return self._answer

    def process_ended(self) -> None:
        """Say that the process is gone: nothing more will come from it."""
        with self._changed:
            self.ended = True
            self._init_ends()

    def close(self) -> None:
        """Stop serving, within the half second in which the server looks up from its socket."""
        self.process_ended()
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    # What the process calls.

    def next_invocation(self) -> Invocation | None:
        """Wait for the next invocation; None if there will not be one."""
        with self._changed:
            self.initialised = True
            self._init_ends()
            self._changed.wait_for(lambda: self._invocation is not None or self.ended)
            invocation, self._invocation = self._invocation, None
            return invocation

    def answered(self, answer: Answer) -> None:
        """Take the function's result or error."""
        with self._changed:
            self._answer = answer
            self._changed.notify_all()

    def init_failed(self, error: bytes) -> None:
        """Take the error of an initialisation that failed."""
        with self._changed:
            self.init_error = error
            self._init_ends()

    def _init_ends(self) -> None:
        if self.init_ended is None:
            self.init_ended = time.monotonic()
        self._changed.notify_all()

    def _serve(self) -> None:
        with self._server:
            self._server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # A header and its body leave at once instead of waiting for each other's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    ANSWER: ClassVar = re.compile(rf"{API}/invocation/[^/]+/(response|error)")

    def do_GET(self) -> None:
        if self.path != f"{API}/invocation/next":
            self._reply(HTTPStatus.NOT_FOUND)
        elif invocation := self.server.api.next_invocation():
            self._reply(
                HTTPStatus.OK,
                invocation.payload,
                {
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                    "Lambda-Runtime-Trace-Id": invocation.trace_id,
                },
            )
        else:
            self._reply(HTTPStatus.GONE)

    def do_POST(self) -> None:
        body = self._body()
        if self.path == f"{API}/init/error":
            self.server.api.init_failed(body)
            self._reply(HTTPStatus.ACCEPTED)
        elif answer := self.ANSWER.fullmatch(self.path):
            self.server.api.answered(Answer(body, is_error=answer[1] == "error"))
            self._reply(HTTPStatus.ACCEPTED)
        else:
            self._reply(HTTPStatus.NOT_FOUND)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def _reply(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
