import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.local.functions import Function

Create = Callable[..., Function]


def test_the_handler_gets_the_event_and_its_answer_comes_back(function: Create) -> None:
    echo = function("def handler(event, context): return {'got': event}")

    invoked = echo.invoke({"order": "été", "lines": [1, 2.5, None]})

    assert invoked.answer == {"got": {"order": "été", "lines": [1, 2.5, None]}}
    assert not invoked.is_error


def test_the_context_says_what_aws_says(function: Create) -> None:
    tell = function(
        """
        def handler(event, context):
            return {
                "request": context.aws_request_id,
                "name": context.function_name,
                "version": context.function_version,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "stream": context.log_stream_name,
                "left": context.get_remaining_time_in_millis(),
            }
        """,
        Timeout=7,
        MemorySize=192,
    )

    invoked = tell.invoke()

    left = invoked.answer.pop("left")
    stream = invoked.answer.pop("stream")
    assert 5_000 < left <= 7_000
    assert "/[$LATEST]" in stream
    assert invoked.answer == {
        "request": invoked.request_id,
        "name": tell.name,
        "version": "$LATEST",
        "arn": f"arn:aws:lambda:eu-west-2:000000000000:function:{tell.name}",
        "memory": "192",
        "group": f"/aws/lambda/{tell.name}",
    }


def test_the_environment_is_awss_and_not_the_developers(function: Create) -> None:
    tell = function(
        """
        import os, sys
        def handler(event, context):
            return {"variables": dict(os.environ), "cwd": os.getcwd(), "path": sys.path}
        """,
        Environment={"Variables": {"MINE": "mine", "LANG": "C.UTF-8"}},
    )

    answer = tell.invoke().answer

    variables = answer["variables"]
    assert variables["MINE"] == "mine"
    assert variables["LANG"] == "C.UTF-8"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == tell.name
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-2"
    assert variables["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{tell.settings.port}"
    assert variables["_HANDLER"] == "app.handler.handler"
    assert variables["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert variables["AWS_XRAY_DAEMON_ADDRESS"] == f"127.0.0.1:{tell.settings.traces_port}"
    assert variables["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= set(variables)
    assert answer["cwd"] == answer["path"][0] == variables["LAMBDA_TASK_ROOT"]
    assert variables["HOME"] != os.environ.get("HOME")
    ours = {"LOCALSTACK_HOST", "GATEWAY_LISTEN", "PYTHONPATH", "LAMBDA_RUNTIME_PYTHON"}
    assert not ours & set(variables)


def test_only_what_awss_runtime_has_can_be_imported(function: Create) -> None:
    look = function(
        """
        import importlib.util
        def handler(event, context):
            return [name for name in event if importlib.util.find_spec(name)]
        """
    )

    found = look.invoke(["boto3", "awslambdaric", "pydantic", "psutil", "localstack", "local"])

    assert found.answer == ["boto3", "awslambdaric"]


def test_boto3_talks_to_localstack(function: Create) -> None:
    ask = function(
        """
        import boto3
        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Account"]
        """
    )

    assert ask.invoke().answer == "000000000000"


def test_an_environment_is_reused(function: Create) -> None:
    count = function(
        """
        import os
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return [os.getpid(), calls]
        """
    )

    (first_process, _), second, third = (count.invoke().answer for _ in range(3))

    assert second == [first_process, 2]
    assert third == [first_process, 3]


def test_a_payload_of_a_megabyte_goes_in_and_comes_out(function: Create) -> None:
    echo = function("def handler(event, context): return event[::-1]")
    text = "0123456789abcdef" * 65_536

    assert echo.invoke(text).answer == text[::-1]


def test_twenty_invocations_at_once_have_a_process_each(function: Create, tmp_path: Path) -> None:
    # Each comes to its end only once all twenty have begun.
    meet = function(
        """
        import os, pathlib, time
        def handler(event, context):
            place = pathlib.Path(event)
            (place / context.aws_request_id).touch()
            while len(list(place.iterdir())) < 20:
                time.sleep(0.05)
            return os.getpid()
        """,
        Timeout=120,
    )

    with ThreadPoolExecutor(20) as callers:
        invoked = list(callers.map(meet.invoke, [str(tmp_path)] * 20))

    assert [one.answer for one in invoked if one.is_error] == []
    assert len({one.answer for one in invoked}) == 20


def test_a_burst_of_calls_is_answered_in_full(function: Create) -> None:
    echo = function("def handler(event, context): return event", Timeout=120)

    with ThreadPoolExecutor(20) as callers:
        invoked = list(callers.map(echo.invoke, range(400)))

    assert [one.answer for one in invoked] == list(range(400))
