"""Terraform in folders of tests."""

import os
import subprocess
from pathlib import Path

from local.terraform import environment_without_lock_files, initialising


def initialise(folder: Path, *options: str) -> None:
    """Have Terraform find its provider."""
    with initialising():
        done = run(folder, "init", "-input=false", "-no-color", *options)
    assert done.returncode == 0, done.stdout + done.stderr


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Terraform in a folder, and return what it said."""
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env=os.environ | environment_without_lock_files(),
        capture_output=True,
        text=True,
        check=False,
    )
