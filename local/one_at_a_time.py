"""What two commands may not do at once in one folder: the second is told of the first."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local.processes import LocalError

# What holds a lock as long as this process does, so that commands it starts can hold it too.
_held: list[int] = []


@contextmanager
def one_at_a_time(folder: Path, name: str = "command") -> Iterator[None]:
    """Hold a lock of a folder. It ends with its holders, so none is left behind.

    Raises
    ------
    LocalError
        If another command holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(
                f"Another command is at work in this folder ({_holders(path)}): wait until it has "
                "ended, or end it, and run this again."
            ) from None
        _held.append(file.fileno())
        try:
            yield
        finally:
            _held.remove(file.fileno())


def held_locks() -> tuple[int, ...]:
    """Return what to pass on to a command that may outlive this one, if this one is killed."""
    return tuple(_held)


def keep_locks() -> None:
    """Let this process hold its locks also when it becomes another program."""
    for lock in _held:
        os.set_inheritable(lock, True)


def _holders(path: Path) -> str:
    """Name the other processes that have a file open, as far as the system tells."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            has_it = any(each.path == str(path) for each in process.open_files())
            if has_it and process.pid != os.getpid():
                found.append(f"{process.name()}, process {process.pid}")
    return "; ".join(found) or "which one, the system does not tell"
