"""The project's commands for running locally: `python -m local COMMAND` (see the Makefile)."""

import argparse
import signal
import sys
from types import FrameType
from typing import NoReturn

from local.backends import choose_backend
from local.deployment import Deployment
from local.processes import LocalError
from local.settings import settings_from_environment
from local.tools import cdktf_command, forget_backends, replace_this_process, tool_environment

COMMANDS = {
    "up": "start LocalStack and the payment server",
    "down": "stop what was started",
    "deploy": "start, deploy every stack and leave it running",
    "destroy": "destroy every stack and check that nothing is left",
    "e2e": "deploy, run the end-to-end tests and stop (KEEP=1: leave it running)",
    "cdktf": "run the CDKTF CLI with the project's settings",
    "terraform": "run Terraform with the project's settings",
}


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:10} {text}" for name, text in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of cdktf and terraform")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(options.command, options.arguments)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Stop on SIGTERM as on Ctrl-C: what was started is stopped on the way out."""
    raise KeyboardInterrupt


def _run(command: str, arguments: list[str]) -> int:
    settings = settings_from_environment()
    backend = choose_backend(settings)
    deployment = Deployment(settings, backend)
    match command:
        case "up":
            deployment.start()
            print(f"LocalStack: {settings.endpoint}  payment server: {settings.payment_url}")
        case "down":
            print("stopped" if backend.stop() else "nothing was running")
        case "deploy":
            _print_address(deployment.deploy())
        case "cdktf":
            forget_backends()
            replace_this_process(cdktf_command(arguments), tool_environment(settings, backend))
        case "terraform":
            replace_this_process(["terraform", *arguments], tool_environment(settings, backend))
    return 0


def _print_address(outputs: dict[str, str]) -> None:
    print(f"the API's address: {outputs['ApiEndpoint']}")


if __name__ == "__main__":
    sys.exit(main())
