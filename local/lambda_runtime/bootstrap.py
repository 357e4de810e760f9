"""The first code in a function's process: tie it to LocalStack, then run AWS's runtime client.

It runs in the functions' own environment, so it imports nothing but the standard library.
"""

import os
import runpy
import signal
import sys
import threading


def die_with_localstack(lifeline: int) -> None:
    """Kill this process and all that it started once LocalStack, however it ended, is gone.

    Only LocalStack holds the pipe's other end, so reading returns when the kernel closes it.
    """
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run the function's handler, the first argument, as AWS's bootstrap does."""
    lifeline = os.dup(0)
    with open(os.devnull) as nothing:  # noqa: PTH123 - pathlib takes 10 ms to import
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=die_with_localstack, args=[lifeline], daemon=True).start()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


main()
