import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.processes import BackgroundProgram, LocalError, is_alive, refuse_taken_ports, wait_for
from tests.ports import free_ports

STAY = "import time; time.sleep(300)"


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def program(tmp_path: Path, port: int) -> Iterator[BackgroundProgram]:
    program = BackgroundProgram("program", port, tmp_path, lambda: True)
    yield program
    program.stop()


def start(program: BackgroundProgram, code: str) -> None:
    program.start([sys.executable, "-c", code], variables={})


def test_a_program_is_found_again_and_stopped(program: BackgroundProgram, tmp_path: Path) -> None:
    start(program, STAY)

    again = BackgroundProgram("program", program.port, tmp_path, lambda: True)

    assert again.process() == program.process() is not None
    assert again.stop()
    assert program.process() is None
    assert not again.stop()


def test_its_children_are_stopped_too(program: BackgroundProgram) -> None:
    start(program, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STAY!r}])")
    process = program.process()
    assert process is not None
    assert wait_for(lambda: bool(process.children()), 30)
    (child,) = process.children()

    program.stop()

    assert not is_alive(child)


def test_a_process_id_that_another_program_has_now_is_not_ours(
    program: BackgroundProgram, tmp_path: Path
) -> None:
    (tmp_path / "program.pid").write_text(json.dumps({"pid": os.getpid(), "began": [1.0, 1.0]}))

    assert program.process() is None
    assert not program.stop()


@pytest.mark.parametrize("changed", [0, 1], ids=["by the clock", "after the start of the machine"])
def test_a_program_is_ours_although_the_clock_was_set(
    program: BackgroundProgram, tmp_path: Path, changed: int
) -> None:
    start(program, STAY)
    recorded = json.loads((tmp_path / "program.pid").read_text())
    recorded["began"][changed] += 31
    (tmp_path / "program.pid").write_text(json.dumps(recorded))

    assert program.process() is not None
    assert program.stop()


def test_a_process_that_has_ended_is_not_ours(program: BackgroundProgram, tmp_path: Path) -> None:
    ended = psutil.Popen([sys.executable, "-c", ""])
    clock = ended.create_time()
    began = [clock, clock - psutil.boot_time()]
    ended.wait()
    (tmp_path / "program.pid").write_text(json.dumps({"pid": ended.pid, "began": began}))

    assert program.process() is None
    start(program, STAY)
    assert program.process() is not None


@pytest.mark.parametrize("half", ["", '{"pid": 12', "{}", "12"])
def test_a_process_id_that_was_half_written_is_none(
    program: BackgroundProgram, tmp_path: Path, half: str
) -> None:
    (tmp_path / "program.pid").write_text(half)

    assert program.process() is None
    assert not program.stop()


def test_a_program_that_is_not_installed_is_named(program: BackgroundProgram) -> None:
    with pytest.raises(LocalError, match=r"/nowhere/python is not there: `make setup-local`"):
        program.start(["/nowhere/python"], variables={})


def test_a_program_that_ends_while_starting_is_reported_with_its_last_words(
    port: int, tmp_path: Path
) -> None:
    program = BackgroundProgram("program", port, tmp_path, lambda: False)
    start(program, "import sys; sys.exit('no configuration')")

    with pytest.raises(LocalError, match=r"ended while starting(.|\n)*no configuration"):
        program.wait_until_healthy()


def test_a_port_that_is_taken_is_named_with_who_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(LocalError) as refused:
            refuse_taken_ports({port: "payment-server"})

    me = f"{psutil.Process().name()} (process {os.getpid()}, in {Path.cwd()})"
    assert str(refused.value) == (
        f"Port {port}, which payment-server needs, is taken by {me}: "
        "stop that program or choose another port with PAYMENT_PORT."
    )


def test_a_free_port_is_not_refused(port: int) -> None:
    refuse_taken_ports({port: "localstack"})
