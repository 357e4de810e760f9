"""X-Ray's daemon as functions see it: an address that takes what they send, by UDP."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

LARGEST = 64 * 1024
"""https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html"""

type Document = Mapping[str, Any]
"""A segment, or a subsegment that was sent by itself."""


class TraceDaemon:
    """Takes segments and keeps them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._texts: list[str] = []

    @classmethod
    @contextmanager
    def listening(cls, port: int = 0) -> Iterator[Self]:
        """Listen on a port of this machine, any free one if not given."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            try:
                connection.bind(("127.0.0.1", port))
            except OSError:
                raise RuntimeError(
                    f"UDP port {port}, to which functions send their traces, is taken: stop that "
                    "program or choose another port with LOCAL_PORT."
                ) from None
            yield cls(connection)

    @property
    def address(self) -> str:
        host, port = self._connection.getsockname()
        return f"{host}:{port}"

    def texts(self) -> list[str]:
        """Return all that was sent until now."""
        while True:
            try:
                self._texts.append(self._connection.recv(LARGEST).decode())
            except BlockingIOError:
                return self._texts

    def documents(self) -> list[Document]:
        """Return the segments and subsegments that were sent until now, as they came."""
        documents = []
        for text in self.texts():
            header, document = text.split("\n", 1)
            assert json.loads(header) == {"format": "json", "version": 1}
            documents.append(json.loads(document))
        return documents
