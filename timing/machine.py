"""The machine that something was measured on, for whoever compares."""

import os
import platform
from pathlib import Path


def description() -> str:
    """Return processor, cores, Python and system in a line."""
    cores = os.cpu_count()
    return (
        f"{_processor()}, {cores} core{'' if cores == 1 else 's'},"
        f" Python {platform.python_version()}, {platform.system()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
