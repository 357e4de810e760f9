import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from local.processes import wait_for
from local.settings import LocalSettings
from tests.local.functions import Function, new_function
from tests.local.processes import is_alive

Create = Callable[..., Function]


def test_a_function_that_takes_too_long_is_killed_and_the_next_call_works(function: Create) -> None:
    sleepy = function(
        """
        import os, time
        def handler(event, context):
            if event == "hang":
                print("hanging in", os.getpid())
                time.sleep(60)
            return os.getpid()
        """,
        Timeout=3,
    )
    before = sleepy.invoke().answer

    invoked = sleepy.invoke("hang")

    assert invoked.is_error
    assert invoked.answer == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {invoked.request_id} Error: Task timed out after 3.00 seconds",
    }
    assert invoked.own_lines[0] == f"hanging in {before}"
    assert invoked.own_lines[-1].endswith(f"{invoked.request_id} Task timed out after 3.00 seconds")
    assert invoked.report["Status"] == "timeout"
    assert 3_000 <= float(invoked.report["Duration"].removesuffix(" ms")) < 30_000
    assert not is_alive(before)
    after = sleepy.invoke()
    assert not after.is_error
    assert after.answer != before


def test_an_exception_comes_back_with_its_type_message_and_trace(function: Create) -> None:
    failing = function(
        """
        class OutOfPaper(Exception):
            pass

        def handler(event, context):
            if event == "fail":
                raise OutOfPaper("tray 2")
            return "fine"
        """
    )

    invoked = failing.invoke("fail")

    assert invoked.is_error
    trace = invoked.answer.pop("stackTrace")
    assert invoked.answer == {
        "errorType": "OutOfPaper",
        "errorMessage": "tray 2",
        "requestId": invoked.request_id,
    }
    assert len(trace) == 1
    assert 'app/handler.py", line 7, in handler\n    raise OutOfPaper("tray 2")' in trace[0]
    assert invoked.own_lines[0].startswith("[ERROR] OutOfPaper: tray 2")
    assert failing.invoke().answer == "fine"


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("os._exit(7)", "Runtime exited with error: exit status 7"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
def test_a_process_that_ends_is_reported_and_replaced(
    function: Create, code: str, how: str
) -> None:
    dying = function(
        f"""
        import os, signal, sys
        def handler(event, context):
            if event == "die":
                print("last words")
                {code}
            return "fine"
        """
    )

    invoked = dying.invoke("die")

    assert invoked.is_error
    assert invoked.answer == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {invoked.request_id} Error: {how}",
    }
    assert invoked.own_lines[0] == "last words"
    assert invoked.report["Error Type"] == "Runtime.ExitError"
    assert dying.invoke().answer == "fine"


def test_a_process_that_dies_between_invocations_is_replaced_unnoticed(function: Create) -> None:
    tell = function("import os\ndef handler(event, context): return os.getpid()")
    first = tell.invoke().answer

    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: not is_alive(first), 10)
    second = tell.invoke()

    assert not second.is_error
    assert second.answer != first


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        (
            "import not_in_the_zip",
            "Runtime.ImportModuleError",
            "Unable to import module 'app.handler': No module named 'not_in_the_zip'",
        ),
        ("raise LookupError('no settings')", "LookupError", "no settings"),
        (
            "def handler(event, context) return 1",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app.handler': expected ':' (handler.py, line 1)",
        ),
        (
            "def other(event, context): return 1",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app.handler'",
        ),
    ],
)
def test_a_failure_during_initialisation_comes_back_each_time(
    function: Create, code: str, error_type: str, message: str
) -> None:
    broken = function(code)

    for invoked in (broken.invoke(), broken.invoke()):
        assert invoked.is_error
        assert invoked.answer["errorType"] == error_type
        assert invoked.answer["errorMessage"] == message
        assert isinstance(invoked.answer["stackTrace"], list)
        assert invoked.report["Status"] == "error"
        assert f"[ERROR] {error_type}: {message}" in invoked.tail


def test_a_process_that_ends_during_initialisation_is_reported(function: Create) -> None:
    broken = function("import os\nos._exit(5)")

    invoked = broken.invoke()

    assert invoked.is_error
    assert invoked.answer["errorType"] == "Runtime.ExitError"
    assert invoked.answer["errorMessage"].endswith("Runtime exited with error: exit status 5")


def test_an_initialisation_that_failed_is_tried_again(function: Create, tmp_path: Any) -> None:
    marker = tmp_path / "be well"
    moody = function(
        f"""
        import pathlib
        if not pathlib.Path({str(marker)!r}).exists():
            raise RuntimeError("not yet")
        def handler(event, context): return "fine"
        """
    )
    assert moody.invoke().answer["errorMessage"] == "not yet"

    marker.touch()

    assert moody.invoke().answer == "fine"


def test_what_a_handler_started_ends_with_its_process(function: Create) -> None:
    parent = function(
        """
        import os, subprocess
        def handler(event, context):
            if event == "die":
                os._exit(1)
            return subprocess.Popen(["sleep", "300"]).pid
        """
    )
    child = parent.invoke().answer
    assert is_alive(child)

    parent.invoke("die")

    assert wait_for(lambda: not is_alive(child), 30)


def test_a_function_that_is_deleted_leaves_no_process(localstack: LocalSettings) -> None:
    code = "import os\ndef handler(event, context): return os.getpid()"
    tell = new_function(localstack, code)
    process = tell.invoke().answer

    tell.delete()

    assert wait_for(lambda: not is_alive(process), 30)


def test_an_answer_that_is_not_json_is_an_error_of_the_function(function: Create) -> None:
    invoked = function("def handler(event, context): return object()").invoke()

    assert invoked.is_error
    assert invoked.answer["errorType"] == "Runtime.MarshalError"


def test_an_error_with_a_long_message_comes_back(function: Create) -> None:
    invoked = function("def handler(event, context): raise ValueError('x' * 100_000)").invoke()

    assert invoked.is_error
    assert invoked.answer["errorMessage"] == "x" * 100_000
