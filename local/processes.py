"""Programs that outlive the command that starts them, remembered by their process ids."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import psutil

# LocalStack needs about 4 s on two idle cores to start.
START_SECONDS = 120
STOP_SECONDS = 10

# Two readings of when a process began may be so far apart: some systems keep whole seconds.
APART_SECONDS = 2


# Kept, since Python warns of a process that still runs when its object goes away.
_started: list[psutil.Popen] = []


class LocalError(Exception):
    """A problem that its message explains to the person who ran the command."""


def not_installed(program: str | Path) -> LocalError:
    """Return what says that a program of the project's is missing."""
    return LocalError(
        f"{program} is not there: `make setup-local` installs it, after `make clean` if that finds "
        "nothing to do."
    )


@dataclass(frozen=True)
class BackgroundProgram:
    """A server on a port of this machine, with its log and process id in a folder."""

    name: str
    port: int
    folder: Path
    is_healthy: Callable[[], bool]

    @property
    def log(self) -> Path:
        """Everything it prints."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def process(self) -> psutil.Process | None:
        """Return the running process; None if there is none, even where its id lives on."""
        _reap()
        try:
            recorded = json.loads(self._pid_file.read_text())
            process = psutil.Process(recorded["pid"])
            if _began(process).is_the_same(_Beginning(*recorded["began"])) and is_alive(process):
                return process
        except (FileNotFoundError, psutil.NoSuchProcess):
            pass
        except (ValueError, KeyError, TypeError):
            # Half written. If the program runs, the check of its port names it.
            pass
        return None

    def start(self, command: Sequence[str | Path], *, variables: Mapping[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches it only through `stop`."""
        refuse_taken_ports({self.port: self.name})
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            try:
                process = psutil.Popen(
                    [str(part) for part in command],
                    env=variables,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise not_installed(command[0]) from None
        _started.append(process)
        self._pid_file.write_text(json.dumps({"pid": process.pid, "began": _began(process)}))

    def wait_until_healthy(self) -> None:
        """Wait until it answers; raise LocalError, with the end of its log, if it does not."""
        came_to_a_result = wait_for(
            lambda: self.is_healthy() or self.process() is None, START_SECONDS
        )
        if not came_to_a_result:
            raise LocalError(
                f"{self.name} did not answer on port {self.port} within {START_SECONDS} s.\n"
                f"{self.end_of_log()}"
            )
        if self.process() is None:
            raise LocalError(f"{self.name} ended while starting.\n{self.end_of_log()}")

    def stop(self) -> bool:
        """End it and all its children; False if it was not running.

        It is killed, since it keeps nothing: asked politely, LocalStack takes 9 s to stop.
        """
        process = self.process()
        if process is not None:
            family = [process, *process.children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            wait_for(lambda: not any(is_alive(member) for member in family), STOP_SECONDS)
            _reap()
        self._pid_file.unlink(missing_ok=True)
        return process is not None

    def end_of_log(self, lines: int = 20) -> str:
        """Return its last words."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"The end of {self.log}:\n" + "\n".join(text.splitlines()[-lines:])


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again whether a condition holds; False if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class _Beginning(NamedTuple):
    """When a process began: by the clock, and after the start of the machine; in seconds."""

    clock: float
    after_boot: float

    def is_the_same(self, other: Self) -> bool:
        """Compare both, since the clock may have been set in between.

        What a system keeps is one of them, and the other then changes with the clock: Linux keeps
        the time after the start of the machine, macOS the clock's.
        """
        return any(abs(mine - its) < APART_SECONDS for mine, its in zip(self, other, strict=True))


def _began(process: psutil.Process) -> _Beginning:
    clock = process.create_time()
    return _Beginning(clock, clock - psutil.boot_time())


def _reap() -> None:
    """Ask for the end of those that have ended, or Python warns of them when this program ends."""
    for started in _started:
        started.poll()


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process runs; one that ended stays a zombie until its parent asks for it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def refuse_taken_ports(needed: Mapping[int, str]) -> None:
    """Raise LocalError if other programs have ports, given who needs each."""
    taken = [_taken(port, name) for port, name in needed.items() if not _is_free(port)]
    if taken:
        raise LocalError("\n".join(taken))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _taken(port: int, name: str) -> str:
    variable = "PAYMENT_PORT" if name == "payment-server" else "LOCAL_PORT"
    return (
        f"Port {port}, which {name} needs, is taken by {_listener(port)}: "
        f"stop that program or choose another port with {variable}."
    )


def _listener(port: int) -> str:
    """Name the program that listens on a port, as far as the system tells."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr[1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                return f"{process.name()} (process {process.pid}, in {process.cwd()})"
    return "another program"
