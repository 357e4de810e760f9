"""Where things are on this machine, and which ports they use."""

import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
REGION = "eu-west-2"


@dataclass(frozen=True)
class LocalSettings:
    """Ports of one LocalStack with its payment server, and the folder for their logs and pids."""

    port: int = 4566
    payment_port: int = 8420
    folder: Path = field(default=STATE)

    @property
    def endpoint(self) -> str:
        """Where LocalStack answers."""
        return f"http://localhost:{self.port}"

    @property
    def payment_url(self) -> str:
        """Where the payment server answers."""
        return f"http://127.0.0.1:{self.payment_port}"


def settings_from_environment() -> LocalSettings:
    """Read LOCAL_PORT and PAYMENT_PORT."""
    port = int(os.environ.get("LOCAL_PORT") or 4566)
    payment_port = int(os.environ.get("PAYMENT_PORT") or 8420)
    return LocalSettings(port, payment_port, STATE / str(port))
