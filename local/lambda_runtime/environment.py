"""An execution environment runs one invocation at a time, as on AWS, and outlives failures."""

import json
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.lambda_runtime.log_lines import JsonLines, Report, TextLines
from local.lambda_runtime.process import FunctionProcess
from local.lambda_runtime.runtime_api import Answer, Invocation

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

# AWS gives it 10 s; here many cold starts share a few cores.
INIT_SECONDS = 60


@dataclass(frozen=True)
class Function:
    """What of a function's configuration matters for running it; memory in megabytes."""

    handler: str
    version: str
    code: Path
    timeout_seconds: int
    memory_size: int
    variables: Mapping[str, str]
    json_logs: bool


@dataclass(frozen=True)
class Result:
    """What an invocation gave, and the lines it put into the log stream."""

    payload: bytes
    is_error: bool
    logs: str


@dataclass(frozen=True)
class Failure:
    """Why the function's process has to be replaced; `problem` is empty where it said so itself."""

    status: str
    error_type: str
    problem: str = ""

    def answer(self, request_id: str) -> Answer:
        """Return what the caller gets."""
        message = f"RequestId: {request_id} Error: {self.problem}"
        error = {"errorType": self.error_type, "errorMessage": message}
        return Answer(json.dumps(error).encode(), is_error=True)


class ExecutionEnvironment:
    """A function's process, replaced by a fresh one after a failure, and its private /tmp."""

    def __init__(self, function: Function, *, python: Path) -> None:
        self._function = function
        self._python = python
        self._lines = JsonLines() if function.json_logs else TextLines()
        self._home = Path(tempfile.mkdtemp(prefix="lambda-"))
        self._changing = threading.Lock()
        self._stopped = False
        self._process: FunctionProcess | None = None

    def start(self) -> FunctionProcess:
        """Return the function's process, a new one if there is none or it died while idle."""
        with self._changing:
            if self._process and self._process.was_used and self._process.has_ended:
                self._process.stop()
                self._process = None
            if self._process is None:
                if self._stopped:
                    raise RuntimeError("the execution environment was stopped")
                self._process = FunctionProcess(
                    # -P: bootstrap.py, not its folder, decides what is on sys.path.
                    [str(self._python), "-P", str(BOOTSTRAP), self._function.handler],
                    variables=self._variables(),
                    folder=self._function.code,
                )
            return self._process

    def stop(self) -> None:
        """Kill the process, also in the middle of an invocation, and start no other."""
        with self._changing:
            self._stopped = True
            if self._process:
                self._process.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def invoke(
        self, request_id: str, *, function_arn: str, trace_id: str, payload: bytes
    ) -> Result:
        """Run one invocation; the caller sees to it that they come one at a time."""
        process = self.start()
        is_cold = not process.was_used
        process.was_used = True
        process.api.wait_until_initialised(INIT_SECONDS)
        logs = process.take_output() + self._lines.start(request_id, self._function.version)

        started = time.monotonic()
        deadline = time.time() + self._function.timeout_seconds
        invocation = Invocation(request_id, function_arn, trace_id, payload, deadline)
        answer, failure = _run(process, invocation, self._function.timeout_seconds)
        seconds = time.monotonic() - started

        report = Report(
            request_id=request_id,
            seconds=seconds,
            init_seconds=process.init_seconds if is_cold else None,
            memory_size=self._function.memory_size,
            peak_memory=process.peak_memory_megabytes(),
            status=failure.status if failure else "error" if answer.is_error else "success",
            error_type=failure.error_type if failure else None,
        )
        if failure:
            self._discard(process)
        logs += process.take_output() + self._lines.end(report, failure.problem if failure else "")
        return Result(answer.payload, answer.is_error, logs)

    def _discard(self, process: FunctionProcess) -> None:
        with self._changing:
            process.stop()
            self._process = None

    def _variables(self) -> dict[str, str]:
        """Return the process's environment: as AWS's, and nothing of LocalStack's own."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "HOME": str(self._home),
            "TMPDIR": str(self._home),
            **self._function.variables,
            "LAMBDA_TASK_ROOT": str(self._function.code),
            "LAMBDA_RUNTIME_DIR": str(BOOTSTRAP.parent),
        }


def _run(
    process: FunctionProcess, invocation: Invocation, timeout_seconds: int
) -> tuple[Answer, Failure | None]:
    """Give the invocation to the process, if it came up, and say what came of it."""
    api = process.api
    if api.init_error is not None:
        error_type = json.loads(api.init_error)["errorType"]
        return Answer(api.init_error, is_error=True), Failure("error", error_type)
    if api.initialised and (answer := api.invoke(invocation)):
        return answer, None
    if api.ended:
        failure = Failure("error", "Runtime.ExitError", _how_it_ended(process.exit_status))
    else:
        problem = f"Task timed out after {timeout_seconds:.2f} seconds"
        failure = Failure("timeout", "Sandbox.Timedout", problem)
    return failure.answer(invocation.request_id), failure


def _how_it_ended(exit_status: int | None) -> str:
    """Say it in AWS's words; a negative status is the signal's number."""
    if not exit_status:
        return "Runtime exited without providing a reason"
    if exit_status < 0:
        name = signal.strsignal(-exit_status) or str(-exit_status)
        return f"Runtime exited with error: signal: {name.lower()}"
    return f"Runtime exited with error: exit status {exit_status}"
