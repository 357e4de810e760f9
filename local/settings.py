"""Where things are on this machine, and which ports they use."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
REGION = "eu-west-2"
LAST_PORT = 65535


@dataclass(frozen=True)
class ProxyUrls:
    """Where the proxies between parts of a deployment listen."""

    aws: str
    """Between the functions and LocalStack."""
    payment: str
    """Between the functions and the payment server."""
    stream: str
    """Between LocalStack, where it reads a table's stream, and DynamoDB Local."""


@dataclass(frozen=True)
class LocalSettings:
    """Ports of one LocalStack with its payment server, and the folder for their logs and pids."""

    port: int = 4566
    payment_port: int = 8420
    folder: Path = field(default=STATE)
    with_proxies: bool = False
    """Whether calls go through the proxies of the fault suite (tests/faults)."""

    @property
    def endpoint(self) -> str:
        """Where LocalStack answers."""
        return f"http://localhost:{self.port}"

    @property
    def aws_calls(self) -> Path:
        """What functions have asked LocalStack for since it was started (local/aws_calls.py)."""
        return self.folder / "aws-calls.jsonl"

    @property
    def payment_url(self) -> str:
        """Where the payment server answers."""
        return f"http://127.0.0.1:{self.payment_port}"

    @property
    def proxy_urls(self) -> ProxyUrls:
        """Where the proxies of the fault suite listen: on the ports after LocalStack's."""
        return ProxyUrls(*(f"http://127.0.0.1:{self.port + number}" for number in (1, 2, 3)))

    @property
    def traces_port(self) -> int:
        """The UDP port that functions send their traces to, as to X-Ray's daemon on AWS.

        Nothing here listens on it, unless somebody wants to see them (tests/e2e/test_traces.py).
        """
        return self.port + 5

    @property
    def dynamodb_port(self) -> int:
        """The port of DynamoDB Local, where the proxies have to know it."""
        return self.port + 4


def settings_from_environment() -> LocalSettings:
    """Read LOCAL_PORT, PAYMENT_PORT and WITH_PROXIES."""
    port = _port("LOCAL_PORT", 4566)
    return LocalSettings(
        port,
        _port("PAYMENT_PORT", 8420),
        STATE / str(port),
        with_proxies=os.environ.get("WITH_PROXIES") == "1",
    )


def _port(variable: str, default: int) -> int:
    value = os.environ.get(variable) or str(default)
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= LAST_PORT):
        sys.exit(f"{variable} is {value!r}; it must be a port number, 1 to {LAST_PORT}.")
    return int(value)
