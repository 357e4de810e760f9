"""The project's commands for running locally: `python -m local COMMAND` (see the Makefile)."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from local.backends import Backend, choose_backend
from local.deployment import Deployment
from local.leftovers import KINDS, leftovers
from local.one_at_a_time import held_locks, one_at_a_time
from local.processes import LocalError
from local.settings import ROOT, STATE, LocalSettings, settings_from_environment
from local.tools import (
    LOCAL,
    cdktf_command,
    replace_this_process,
    tool_environment,
)

COMMANDS = {
    "up": "start LocalStack and the payment server",
    "down": "stop what was started",
    "deploy": "start, deploy every stack and leave it running",
    "destroy": "destroy every stack and check that nothing is left",
    "e2e": "deploy, run the end-to-end tests and stop (KEEP=1 leaves it running)",
    "faults": "the same with the fault suite: break things while orders flow",
    "cdktf": "run the CDKTF CLI for ENVIRONMENT (default local)",
    "terraform": "run Terraform for ENVIRONMENT (default local)",
}

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

EXAMPLE = """
The API: {api}
For example, put an item up for sale and look at it:
  curl -X PUT {api}inventory/ITEM-001 -H 'Content-Type: application/json' \\
    -d '{{"name": "Tea pot", "price": 29.99, "available": 10}}'
  curl {api}inventory/ITEM-001"""


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="for pytest (e2e, faults), cdktf and terraform"
    )
    options = parser.parse_args()
    for number in INTERRUPTIONS:
        # Who starts it with nohup wants it to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        return run(options.command, options.arguments)
    except (LocalError, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: run the same again, it goes on or begins anew", file=sys.stderr)
        return 130


def run(command: str, arguments: list[str]) -> int:
    """Run a command; the local ones are always about the environment `local`."""
    settings = settings_from_environment()
    if command == "faults":
        settings = replace(settings, with_proxies=True)
    backend = choose_backend(settings)
    deployment = Deployment(settings, backend)
    with ExitStack() as locks:
        for folder, name in locks_of(command, settings):
            locks.enter_context(one_at_a_time(folder, name))
        return _run(command, arguments, deployment)


def _run(command: str, arguments: list[str], deployment: Deployment) -> int:
    settings, backend = deployment.settings, deployment.backend
    match command:
        case "up":
            with stopping_what_it_starts(backend):
                deployment.start()
            print(f"LocalStack: {settings.endpoint}  payment server: {settings.payment_url}")
        case "down":
            if backend.stop():
                deployment.forget()
                print("stopped")
            else:
                print("nothing was running")
        case "deploy":
            with stopping_what_it_starts(backend):
                outputs = deployment.deploy()
            print(EXAMPLE.format(api=outputs["ApiEndpoint"]))
        case "destroy":
            return destroy(deployment, settings)
        case "e2e" | "faults":
            with stopping_what_it_starts(backend, always=os.environ.get("KEEP") != "1"):
                deployment.deploy()
                tests = [sys.executable, "-m", "pytest", f"tests/{command}", "-q", *arguments]
                # If this process is killed the tests go on, and nobody else may meanwhile.
                return subprocess.run(
                    tests, cwd=ROOT, check=False, pass_fds=held_locks()
                ).returncode
        case "cdktf" | "terraform":
            environment = os.environ.get("ENVIRONMENT") or LOCAL
            variables = tool_environment(settings, backend, environment)
            if not sys.stdout.isatty():
                # The CDKTF CLI then prints lines instead of a picture that moves.
                variables["CI"] = "1"
            if command == "cdktf":
                replace_this_process(cdktf_command(arguments), variables)
            replace_this_process(["terraform", *arguments], variables)
    return 0


def locks_of(command: str, settings: LocalSettings) -> list[tuple[Path, str]]:
    """Return the folders, and what in them, that only one command may work with at a time."""
    match command:
        case "up" | "down":
            return [(settings.folder, "command")]
        case "cdktf":
            return [(STATE, "cdktf")]
        case "terraform":  # has a lock of its own
            return []
        case _:
            return [(STATE, "command"), (settings.folder, "command")]


def destroy(deployment: Deployment, settings: LocalSettings) -> int:
    """Destroy the deployment; return 1 if anything is left of it."""
    if not deployment.backend.is_running():
        print("LocalStack is not running, so nothing is deployed")
        return 0
    deployment.destroy()
    left = leftovers(settings)
    if left:
        print("error: left on LocalStack:\n  " + "\n  ".join(left), file=sys.stderr)
        return 1
    print(f"Checked on LocalStack, and none is left: {', '.join(KINDS)}.")
    return 0


@contextmanager
def stopping_what_it_starts(backend: Backend, *, always: bool = False) -> Iterator[None]:
    """Stop the servers, if they did not run before: at the end, or only if interrupted."""
    ran_before = backend.is_running()
    if always and ran_before:
        print("LocalStack runs already: it is used, and left running (to stop it: make local-down)")
    try:
        yield
    except KeyboardInterrupt:
        always = True
        raise
    finally:
        if always and not ran_before:
            # A second Ctrl-C does not keep the first from being done in full.
            for number in INTERRUPTIONS:
                signal.signal(number, signal.SIG_IGN)
            backend.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End as on Ctrl-C, also where a shell has the program ignore it."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
