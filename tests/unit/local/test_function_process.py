import sys
from pathlib import Path

from local.lambda_runtime.process import FunctionProcess
from local.processes import wait_for

# As a process looks that was killed while its threads wait for a processor.
ONLY_A_THREAD_IS_LEFT = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=[60]).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def running(code: str) -> FunctionProcess:
    return FunctionProcess([sys.executable, "-c", code], variables={}, folder=Path.cwd())


def test_a_process_is_gone_before_the_last_of_its_threads_is() -> None:
    process = running(ONLY_A_THREAD_IS_LEFT)

    assert wait_for(lambda: process.has_ended, 10)
    assert process.exit_status is None

    process.stop()
    assert process.exit_status is not None
    assert process.has_ended


def test_a_process_that_runs_has_not_ended() -> None:
    process = running("import time; time.sleep(60)")

    assert not process.has_ended

    process.stop()
    assert process.has_ended
