"""The CDKTF CLI and Terraform, with the environment that they and `main.py` need."""

import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

import psutil

from local.backends import Backend
from local.one_at_a_time import held_locks, keep_locks
from local.processes import LocalError, not_installed
from local.settings import REGION, ROOT, LocalSettings
from local.terraform import asks_registry, terraform_environment

SYNTHESISED = ROOT / "cdktf.out/stacks"
CDKTF = ROOT / "node_modules/.bin/cdktf"

# The commands of the CDKTF CLI that run Terraform.
TERRAFORM_COMMANDS = ("deploy", "diff", "destroy")

LOCAL = "local"

LINES_OF_A_FAILURE = 40
INTERRUPT_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.1


def tool_environment(
    settings: LocalSettings, backend: Backend, environment: str = LOCAL
) -> dict[str, str]:
    """Return the whole environment for the tools.

    For `local` it leads to LocalStack, with credentials that nobody else takes; for every other
    environment the person's own AWS settings are left as they are.
    """
    project_tools = f"{ROOT / '.venv/bin'}{os.pathsep}{ROOT / 'node_modules/.bin'}"
    variables = {
        # cdktf.out may have been initialised for another environment.
        "TF_CLI_ARGS_init": "-reconfigure",
        **os.environ,
        **terraform_environment(),
        "PATH": f"{project_tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ENVIRONMENT": environment,
    }
    if environment == LOCAL:
        for name in [name for name in variables if name.startswith("AWS_")]:
            del variables[name]
        variables |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": settings.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ACCOUNT_ID": "000000000000",
            "LOCAL_ENDPOINT": settings.endpoint,
            "LOCAL_FUNCTIONS_ENDPOINT": backend.endpoint_for_functions,
            "PAYMENT_API_URL": backend.payment_url_for_functions,
        }
    return variables


def cdktf_command(arguments: Sequence[str]) -> list[str | Path]:
    """Return the command line for the CDKTF CLI.

    `terraform providers lock` would ask the registry even where the provider is here.
    """
    skips_lock = runs_terraform(arguments) and not asks_registry()
    return [CDKTF, *arguments, *(["--skip-provider-lock"] if skips_lock else [])]


def runs_terraform(arguments: Sequence[str]) -> bool:
    """Say whether the CDKTF CLI, called so, initialises and runs Terraform."""
    return bool(arguments) and arguments[0] in TERRAFORM_COMMANDS


def replace_this_process(command: Sequence[str | Path], variables: dict[str, str]) -> NoReturn:
    """Become the command, so that it has the terminal, the signals and the exit status."""
    words = [str(word) for word in command]
    keep_locks()
    try:
        os.execvpe(words[0], words, variables)  # noqa: S606 - no shell is wanted
    except FileNotFoundError:
        raise not_installed(command[0]) from None


def run_logged(
    command: Sequence[str | Path],
    variables: dict[str, str],
    *,
    log: Path,
    see: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a command with its output in a log file, line by line also given to `see`.

    The command writes into the file itself: it can end in order also if this one is killed, and no
    other works in this folder meanwhile. Raises LocalError, with the end of the output, if the
    command fails. If this command is interrupted the other is given time to end in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last: deque[str] = deque(maxlen=LINES_OF_A_FAILURE)
    with log.open("wb") as output, log.open("rb") as written:
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                env=variables,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=held_locks(),
            )
        except FileNotFoundError:
            raise not_installed(command[0]) from None
        with process:
            try:
                for line in _lines(written, process):
                    last.append(line)
                    see(line)
            except BaseException:
                _interrupt(process)
                raise
    if process.returncode:
        raise LocalError(f"{Path(command[0]).name} failed; all of it is in {log}\n{''.join(last)}")


def _lines(written: BinaryIO, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the lines that a process writes, until it has ended."""
    begun = b""
    has_ended = False
    while not has_ended:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_AGAIN_SECONDS)
        # Asked before reading, or what it writes last is missed.
        has_ended = process.returncode is not None
        *lines, begun = (begun + written.read()).split(b"\n")
        yield from (f"{line.decode(errors='replace')}\n" for line in lines)
    if begun:
        yield begun.decode(errors="replace")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """End a command with all that it runs; what Terraform does ends in order, its lock released.

    The CDKTF CLI would not wait for Terraform, so Terraform alone is asked to stop, and the CLI
    ends because of it.
    """
    family = [psutil.Process(process.pid)]
    family += family[0].children(recursive=True)
    try:
        asked = [member for member in family if _asked_to_stop(member)]
        if asked:
            psutil.wait_procs(asked, timeout=INTERRUPT_SECONDS)
    finally:
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


def _asked_to_stop(member: psutil.Process) -> bool:
    """Ask a process to stop if it is Terraform; one that has ended meanwhile is passed over."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if member.name() == "terraform":
            member.send_signal(signal.SIGINT)
            return True
    return False
