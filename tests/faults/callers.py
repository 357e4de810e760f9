"""Which function's process a connection comes from."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Caller:
    """A function's process."""

    function: str
    """Such as `place-order`; empty where it is not known."""
    pid: int


UNKNOWN = Caller("", 0)

SOCKETS = Path("/proc/net/tcp")


class Callers:
    """The functions' processes: LocalStack's children."""

    def __init__(self, localstack: psutil.Process, *, suffix: str) -> None:
        self._localstack = localstack
        self._suffix = f"-function-{suffix}"
        self._known: dict[psutil.Process, Caller] = {}
        """Asked once each: a function's name is the same as long as its process lives."""

    def all(self) -> list[Caller]:
        """Return every function's process that runs now."""
        running = self._localstack.children()
        callers = {each: self._known.get(each) or self._caller(each) for each in running}
        # One that is not known may be on its way to become a function's process.
        self._known = {
            process: caller for process, caller in callers.items() if caller is not UNKNOWN
        }
        return list(self._known.values())

    def of_port(self, port: int) -> Caller:
        """Return whose connection has this port at its end."""
        has_connection = _owner_of(port)
        return next((caller for caller in self.all() if has_connection(caller.pid)), UNKNOWN)

    def _caller(self, process: psutil.Process) -> Caller:
        with contextlib.suppress(psutil.Error):
            if name := process.environ().get("AWS_LAMBDA_FUNCTION_NAME"):
                return Caller(name.removesuffix(self._suffix), process.pid)
        return UNKNOWN


def _owner_of(port: int) -> Callable[[int], bool]:
    """Return what tells whether a process has the connection that ends at a local port.

    Where the kernel lists sockets in a file, it is read once: psutil reads it for each process,
    which would hold up every call that is made meanwhile.
    """
    if not SOCKETS.exists():
        return lambda pid: _has_connection(pid, port)
    ends = f":{port:04X}"
    lines = (line.split() for line in SOCKETS.read_text().splitlines())
    sockets = {f"socket:[{fields[9]}]" for fields in lines if fields[1].endswith(ends)}

    def has_one_of_them(pid: int) -> bool:
        with contextlib.suppress(OSError):
            for opened in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed since
                    if str(opened.readlink()) in sockets:
                        return True
        return False

    return has_one_of_them


def _has_connection(pid: int, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        connections = psutil.Process(pid).net_connections("tcp4")
        return any(connection.laddr[1:] == (port,) for connection in connections)
    return False


def kill(caller: Caller) -> None:
    """Kill a function's process, in the middle of whatever it does."""
    if caller is UNKNOWN:
        raise ValueError("a process that is not known cannot be killed")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(caller.pid).kill()
