import sys
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from delivery import __main__ as commands
from local.one_at_a_time import one_at_a_time
from tests.unit.delivery.fakes import a_target


def test_an_environment_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "nonsense")
    monkeypatch.setenv("LOCAL_BACKEND", "host")
    monkeypatch.setattr(sys, "argv", ["delivery", "deploy", "--yes"])

    assert commands.main() == 1

    said = capsys.readouterr()
    assert said.err.startswith(
        "error: ENVIRONMENT is 'nonsense'; it must be one of local, dev, staging, prod."
    )
    assert said.out == ""


def test_two_that_synthesise_do_not_run_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(commands, "STATE", tmp_path)
    monkeypatch.setattr("delivery.__main__.Target.from_environment", a_target)
    monkeypatch.setattr(sys, "argv", ["delivery", "deploy", "--yes"])

    with one_at_a_time(tmp_path, "cdktf"):
        assert commands.main() == 1

    assert capsys.readouterr().err.startswith("error: Another command is at work in this folder")


def test_who_has_no_credentials_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def deploy(*_: object, **__: object) -> int:
        raise NoCredentialsError

    monkeypatch.setattr(commands, "STATE", tmp_path)
    monkeypatch.setattr("delivery.__main__.Target.from_environment", a_target)
    monkeypatch.setattr("delivery.__main__.by_hand.deploy", deploy)
    monkeypatch.setattr(sys, "argv", ["delivery", "deploy", "--yes"])

    assert commands.main() == 1
    assert capsys.readouterr().err.startswith("error: There are no AWS credentials: sign in again")
