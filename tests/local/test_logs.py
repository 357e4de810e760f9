import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.local.functions import Function

Create = Callable[..., Function]


def test_lines_stand_between_the_start_and_the_end_of_their_invocation(function: Create) -> None:
    talk = function(
        """
        import logging, sys
        print("initialising")
        def handler(event, context):
            print("printed", event)
            print("complained", event, file=sys.stderr)
            logging.getLogger().warning("logged %s", event)
        """,
        MemorySize=256,
    )

    cold, warm = talk.invoke("one"), talk.invoke("two")

    assert cold.tail.splitlines()[0] == "initialising"
    assert cold.tail.splitlines()[1] == f"START RequestId: {cold.request_id} Version: $LATEST"
    assert warm.tail.splitlines()[0] == f"START RequestId: {warm.request_id} Version: $LATEST"
    assert cold.own_lines[:2] == ["printed one", "complained one"]
    assert cold.own_lines[2].startswith("[WARNING]\t")
    assert cold.own_lines[2].endswith(f"\t{cold.request_id}\tlogged one")
    assert warm.own_lines[0] == "printed two"
    assert f"END RequestId: {warm.request_id}" in warm.tail.splitlines()


def test_the_report_says_what_an_invocation_took(function: Create) -> None:
    work = function(
        """
        import time
        time.sleep(0.3)
        def handler(event, context): time.sleep(0.2)
        """,
        MemorySize=256,
    )

    cold, warm = work.invoke().report, work.invoke().report

    assert 200 <= float(warm["Duration"].removesuffix(" ms")) < 10_000
    assert 200 <= int(warm["Billed Duration"].removesuffix(" ms")) < 10_000
    assert int(cold["Billed Duration"].removesuffix(" ms")) >= 500
    assert float(cold["Init Duration"].removesuffix(" ms")) >= 300
    assert "Init Duration" not in warm
    assert warm["Memory Size"] == "256 MB"
    assert 10 < int(warm["Max Memory Used"].removesuffix(" MB")) < 100
    assert "Status" not in warm


def test_every_line_reaches_the_log_stream(function: Create) -> None:
    talk = function(
        "def handler(event, context): [print('line', i, 'x' * 90) for i in range(2_000)]"
    )

    # More than a pipe holds (64 KB).
    invoked = talk.invoke()

    lines = talk.log_lines(until=f"REPORT RequestId: {invoked.request_id}")
    numbered = [line.strip() for line in lines if line.startswith("line ")]
    assert numbered == [f"line {i} {'x' * 90}" for i in range(2_000)]


def test_lines_of_concurrent_invocations_are_not_mixed(function: Create) -> None:
    talk = function(
        """
        import time
        def handler(event, context):
            for i in range(50):
                print(context.aws_request_id, i)
                time.sleep(0.002)
        """,
        Timeout=120,
    )

    with ThreadPoolExecutor(8) as callers:
        invoked = list(callers.map(talk.invoke, range(16)))

    for one in invoked:
        assert one.own_lines == [f"{one.request_id} {i}" for i in range(50)]


def test_functions_that_log_as_json_get_json_from_the_platform(function: Create) -> None:
    talk = function(
        """
        import logging
        def handler(event, context):
            logging.getLogger().error("wrong %s", event)
            return len(event)
        """,
        LoggingConfig={"LogFormat": "JSON"},
    )

    invoked = talk.invoke("order")

    start, line, report = (json.loads(line) for line in invoked.tail.splitlines())
    assert start["type"] == "platform.start"
    assert start["record"] == {"requestId": invoked.request_id, "version": "$LATEST"}
    assert line["level"] == "ERROR"
    assert line["message"] == "wrong order"
    assert line["requestId"] == invoked.request_id
    assert report["type"] == "platform.report"
    assert report["record"]["requestId"] == invoked.request_id
    assert report["record"]["status"] == "success"
    assert report["record"]["metrics"]["memorySizeMB"] == 128
    assert report["record"]["metrics"]["initDurationMs"] > 0


def test_an_asynchronous_invocation_that_fails_leaves_its_lines(function: Create) -> None:
    failing = function("def handler(event, context): raise ValueError('asynchronous')")

    failing.invoke_event()

    assert failing.log_lines(until="[ERROR] ValueError: asynchronous")
