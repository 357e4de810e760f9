"""Terraform in folders of tests."""

import os
from pathlib import Path
from subprocess import CompletedProcess

from local.terraform import environment_without_lock_files, run_terraform


def initialise(folder: Path, *options: str) -> None:
    """Have Terraform find its provider."""
    done = run(folder, "init", "-input=false", "-no-color", *options)
    assert done.returncode == 0, done.stdout + done.stderr


def run(folder: Path, *arguments: str) -> CompletedProcess[str]:
    """Run Terraform in a folder, and return what it said."""
    variables = os.environ | environment_without_lock_files()
    return run_terraform(folder, *arguments, variables=variables)
