"""The operator's tool as an operator starts it: a command in a terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.deployment import Deployment

ROOT = Path(__file__).resolve().parents[2]


def command(deployment: Deployment, *arguments: str) -> tuple[list[str], dict[str, Any]]:
    """Return `python -m orderctl` about a deployment, and where and with what it is run."""
    environment = os.environ | {
        "ENVIRONMENT": "local",
        "ENVIRONMENT_SUFFIX": deployment.suffix,
        "LOCAL_PORT": str(urlsplit(deployment.endpoint).port),
        "PAYMENT_PORT": str(urlsplit(deployment.payment_server_url).port),
        "COLUMNS": "200",
    }
    return [sys.executable, "-m", "orderctl", *arguments], {"cwd": ROOT, "env": environment}


def orderctl(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m orderctl` about a deployment where nobody types, and return how it ended."""
    run, options = command(deployment, *arguments)
    return subprocess.run(
        run,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
