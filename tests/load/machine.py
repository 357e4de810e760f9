"""The machine that something was measured on, as figures from it need to be read."""

import platform
from pathlib import Path

import psutil


def description() -> str:
    """Return its processor, cores, memory and Python.

    Examples
    --------
    >>> description().count(",")
    3
    """
    gigabytes = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {psutil.cpu_count()} cores, {gigabytes:.0f} GB of memory, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    """Return the processor's name; commas are not part of it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip().replace(",", "")
    return platform.processor() or platform.machine()
