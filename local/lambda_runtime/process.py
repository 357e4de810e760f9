"""One process that runs a function's code, with what it writes and how it ends."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from local.lambda_runtime.runtime_api import RuntimeApi
from local.processes import is_alive


class FunctionProcess:
    """A function's process in a process group of its own, and the Runtime API it talks to.

    Its standard input is a pipe that only this side holds open (see bootstrap.py).
    """

    def __init__(
        self, command: Sequence[str], *, variables: Mapping[str, str], folder: Path
    ) -> None:
        self.api = RuntimeApi()
        self.was_used = False
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": self.api.address},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._seen = psutil.Process(self._process.pid)
        assert self._process.stdout is not None
        self._output = _Output(self._process.stdout)
        self._peak_memory = 0
        self._watcher = threading.Thread(target=self._watch, name="lambda-process", daemon=True)
        self._watcher.start()

    @property
    def init_seconds(self) -> float | None:
        """How long its initialisation took, whether it failed or not; None while it lasts."""
        ended = self.api.init_ended
        return None if ended is None else ended - self._started

    @property
    def has_ended(self) -> bool:
        """Whether it is gone, even if nobody has noticed yet and some of its threads still end.

        The kernel lets nobody wait for a process before the last of its threads is gone.
        """
        return not is_alive(self._seen)

    @property
    def exit_status(self) -> int | None:
        """None while it runs, its exit status, or the negative number of the signal it died of."""
        return self._process.returncode

    def take_output(self) -> str:
        """Return what it wrote since the last call; all that it wrote before its last answer."""
        return self._output.take()

    def peak_memory_megabytes(self) -> int:
        """Return the most memory it was seen to use."""
        with contextlib.suppress(psutil.Error):
            memory = self._seen.memory_info().rss
            self._peak_memory = max(self._peak_memory, memory)
        return round(self._peak_memory / 2**20)

    def stop(self) -> None:
        """Kill it and everything it started, and wait until it is gone itself."""
        with contextlib.suppress(ProcessLookupError):
            # Not reused for another process before _watch has waited for it.
            if self._watcher.is_alive():
                os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.join()
        self.api.close()

    def _watch(self) -> None:
        """Wait for the process to end, then end what it left behind."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.api.process_ended()


class _Output:
    """Collects what a process writes, so that the pipe never fills up."""

    def __init__(self, pipe: IO[bytes]) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._reading = threading.Lock()
        self._chunks: list[bytes] = []
        threading.Thread(target=self._collect, name="lambda-output", daemon=True).start()

    def take(self) -> str:
        with self._reading:
            self._read_available()
            text = b"".join(self._chunks).decode(errors="replace")
            self._chunks.clear()
            return text

    def _collect(self) -> None:
        # Not select(), which takes only the first 1,024 file descriptors of a process.
        readable = select.poll()
        readable.register(self._pipe, select.POLLIN)
        more = True
        while more:
            readable.poll()
            with self._reading:
                more = self._read_available()
        with self._reading:
            self._pipe.close()

    def _read_available(self) -> bool:
        """Read what is in the pipe now; False at its end."""
        with contextlib.suppress(BlockingIOError):
            while not self._pipe.closed:
                chunk = os.read(self._pipe.fileno(), 2**16)
                if not chunk:
                    return False
                self._chunks.append(chunk)
        return True
