"""Where things are on this machine, and which ports they use."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
REGION = "eu-west-2"
LAST_PORT = 65535

# How many ports after LocalStack's are used besides: by proxies, DynamoDB Local and traces.
MORE_PORTS = 5


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
    def ports_of_proxies(self) -> range:
        """The ports that only the fault suite needs: of its proxies, and of DynamoDB Local."""
        return range(self.port + 1, self.dynamodb_port + 1)

    @property
    def traces_port(self) -> int:
        """The UDP port that functions send their traces to, as to X-Ray's daemon on AWS.

        Nothing here listens on it, unless somebody wants to see them (tests/e2e/test_traces.py).
        """
        return self.port + MORE_PORTS

    @property
    def dynamodb_port(self) -> int:
        """The port of DynamoDB Local, where the proxies have to know it."""
        return self.port + 4


def settings_from_environment() -> LocalSettings:
    """Read LOCAL_PORT, PAYMENT_PORT and WITH_PROXIES; what is wrong with them ends the program."""
    port = _port("LOCAL_PORT", 4566, last=LAST_PORT - MORE_PORTS)
    payment_port = _port("PAYMENT_PORT", 8420, last=LAST_PORT)
    if port <= payment_port <= port + MORE_PORTS:
        sys.exit(
            f"PAYMENT_PORT is {payment_port}; it must be none of the ports {port} to "
            f"{port + MORE_PORTS}, which LOCAL_PORT gives to LocalStack and its tests."
        )
    return LocalSettings(
        port,
        payment_port,
        STATE / str(port),
        with_proxies=os.environ.get("WITH_PROXIES") == "1",
    )


def _port(variable: str, default: int, *, last: int) -> int:
    value = os.environ.get(variable) or str(default)
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= last):
        sys.exit(f"{variable} is {value!r}; it must be a port number, 1 to {last}.")
    return int(value)
