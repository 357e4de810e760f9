"""Run a command that ends with the program that started it: `python -m local.tether command …`.

Standard input must be a pipe of which only that program holds the other end.
"""

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command to its end, or to the end of the program that wants it."""
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_kill_at_end_of_input, args=[command], daemon=True).start()
    sys.exit(command.wait())


def _kill_at_end_of_input(command: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)
    command.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    main()
