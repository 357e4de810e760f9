import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.aws import client
from local.host import HostBackend
from local.processes import wait_for
from local.settings import MORE_PORTS, ROOT, STATE, LocalSettings
from tests.local.conftest import settings_in
from tests.local.functions import new_function
from tests.local.processes import is_alive
from tests.ports import free_ports

BUSY = """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "300"])
    print("busy", flush=True)
    time.sleep(300)
"""


def localstack_process(settings: LocalSettings) -> psutil.Process:
    process = HostBackend(settings).localstack.process()
    assert process is not None
    return process


def down(settings: LocalSettings) -> None:
    HostBackend(settings).stop()


def control_c(settings: LocalSettings) -> None:
    localstack_process(settings).send_signal(signal.SIGINT)


def kill(settings: LocalSettings) -> None:
    localstack_process(settings).kill()


@pytest.mark.parametrize("end", [down, control_c, kill])
def test_no_process_is_left_however_localstack_ends(
    tmp_path: Path, end: Callable[[LocalSettings], None]
) -> None:
    settings = settings_in(tmp_path)
    backend = HostBackend(settings)
    backend.start()
    try:
        localstack = localstack_process(settings)
        client("dynamodb", settings).list_tables()
        new_function(settings, "def handler(event, context): pass").invoke()
        new_function(settings, BUSY, Timeout=300).invoke_event()
        assert wait_for(lambda: "sleep" in names(localstack), 30)
        family = [localstack, *localstack.children(recursive=True)]
        assert {"java", "sleep"} <= names(localstack)

        end(settings)

        # LocalStack asked politely takes about 9 s to stop its services, where nothing else runs.
        assert wait_for(lambda: not any(is_alive(process.pid) for process in family), 120)
    finally:
        backend.stop()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_start_that_is_interrupted_leaves_nothing(sent: signal.Signals) -> None:
    port, *_, payment_port = free_ports(MORE_PORTS + 2)
    folder = STATE / str(port)
    settings = LocalSettings(port, payment_port, folder)
    command = subprocess.Popen(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env={**os.environ, "LOCAL_PORT": str(port), "PAYMENT_PORT": str(payment_port)},
    )
    try:
        assert wait_for(lambda: HostBackend(settings).is_running(), 60)
        localstack = localstack_process(settings)

        command.send_signal(sent)

        assert command.wait(timeout=60) == 130
        assert not is_alive(localstack.pid)
        assert HostBackend(settings).payment_server.process() is None
    finally:
        command.kill()
        HostBackend(settings).stop()
        shutil.rmtree(folder)


def names(process: psutil.Process) -> set[str]:
    found = set()
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            found.add(child.name())
    return found
