"""The CDKTF CLI and Terraform, with the environment that they and `main.py` need."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from local.backends import Backend
from local.settings import REGION, ROOT, LocalSettings
from local.terraform import provider_mirror, terraform_environment

CDKTF = ROOT / "node_modules/.bin/cdktf"

# `terraform providers lock` asks the registry even where a mirror has the providers.
LOCKING_COMMANDS = ("deploy", "diff", "destroy")


def tool_environment(settings: LocalSettings, backend: Backend) -> dict[str, str]:
    """Return the whole environment for the tools.

    For ENVIRONMENT=local, the default, it leads to LocalStack with credentials that nobody else
    takes; for every other environment the person's own AWS settings are left as they are.
    """
    project_tools = f"{ROOT / '.venv/bin'}{os.pathsep}{ROOT / 'node_modules/.bin'}"
    variables = {
        "ENVIRONMENT": "local",
        **os.environ,
        **terraform_environment(),
        "PATH": f"{project_tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    if variables["ENVIRONMENT"] == "local":
        for name in [name for name in variables if name.startswith("AWS_")]:
            del variables[name]
        variables |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": settings.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCOUNT_ID": "000000000000",
            "LOCAL_ENDPOINT": settings.endpoint,
            "PAYMENT_API_URL": backend.payment_url_for_functions,
        }
    return variables


def cdktf_command(arguments: Sequence[str]) -> list[str | Path]:
    """Return the command line for the CDKTF CLI."""
    locks = bool(arguments) and arguments[0] in LOCKING_COMMANDS
    skip = ["--skip-provider-lock"] if locks and provider_mirror() else []
    return [CDKTF, *arguments, *skip]


def replace_this_process(command: Sequence[str | Path], variables: dict[str, str]) -> NoReturn:
    """Become the command, so that it has the terminal, the signals and the exit status."""
    words = [str(word) for word in command]
    os.execvpe(words[0], words, variables)  # noqa: S606 - no shell is wanted
