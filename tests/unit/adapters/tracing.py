"""A process that thinks it is a Lambda function, with a daemon that takes its segments."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.client
import pytest
from aws_lambda_powertools import Tracer
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import patcher, xray_recorder
from botocore.client import BaseClient
from botocore.endpoint import Endpoint

from order_pipeline.adapters import xray
from tests.trace_daemon import TraceDaemon

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1"
NOT_SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=0"
INVOCATION = "1-6f7b1a2c-0123456789abcdef01234567"


@contextmanager
def on_lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceDaemon]:
    """Let Tracer find what it looks for on Lambda. The invocation is sampled by Lambda's rule."""
    with TraceDaemon.listening() as daemon:
        for name, value in {
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_LAMBDA_FUNCTION_NAME": "validation-function-test",
            "AWS_XRAY_DAEMON_ADDRESS": daemon.address,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "_X_AMZN_TRACE_ID": f"Root={INVOCATION};Parent=1111222233334444;Sampled=1",
        }.items():
            monkeypatch.setenv(name, value)
        _forget()
        yield daemon
    _forget()


def _forget() -> None:
    """Have the next segment set the recorder up anew: what Tracer once found, it remembers."""
    emitter: Any = xray_recorder.emitter
    emitter._socket.close()
    xray._is_recording.cache_clear()
    Tracer._reset_config()  # type: ignore[no-untyped-call]
    global_sdk_config.set_sdk_enabled(True)
    _leave_botocore_alone()


def _leave_botocore_alone() -> None:
    """Undo what the library has made of botocore, for tests that are not on Lambda."""
    for kind, name in ((BaseClient, "_make_api_call"), (Endpoint, "prepare_request")):
        method = getattr(kind, name)
        setattr(kind, name, getattr(method, "__wrapped__", method))
    vars(botocore.client).pop("_xray_enabled", None)
    vars(patcher)["_PATCHED_MODULES"].discard("botocore")
