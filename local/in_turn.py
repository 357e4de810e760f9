"""Run a command when no other of this folder is run so: `in_turn.py COMMAND …`.

It needs nothing but Python, since what it is for is installing all the rest.
"""

import fcntl
import os
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / ".local/install.lock"


def main() -> None:
    """Wait, and become the command, which holds the lock until it ends."""
    LOCK.parent.mkdir(exist_ok=True)
    lock = os.open(LOCK, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another make, which installs into this folder", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
