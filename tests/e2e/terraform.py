"""Terraform as the deploy runs it, in the folder of a synthesised stack."""

import subprocess
from pathlib import Path

from local.backends import choose_backend
from local.settings import settings_from_environment
from local.tools import tool_environment


def terraform(folder: Path, *arguments: str) -> str:
    """Run a command in a stack's folder, and return what it prints."""
    settings = settings_from_environment()
    done = subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env=tool_environment(settings, choose_backend(settings)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
