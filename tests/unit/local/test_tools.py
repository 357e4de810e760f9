import os
import sys
from pathlib import Path

import pytest

from local import tools
from local.processes import LocalError
from local.settings import LocalSettings
from local.tools import cdktf_command, replace_this_process, run_logged, tool_environment
from tests.unit.local.fakes import FakeBackend


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "terraform_environment", dict)
    monkeypatch.setattr(tools, "asks_registry", lambda: True)


def environment_for(environment: str) -> dict[str, str]:
    return tool_environment(LocalSettings(port=4666), FakeBackend(), environment)


def test_for_local_everything_leads_to_localstack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")

    variables = environment_for("local")

    assert variables["ENVIRONMENT"] == "local"
    assert variables["AWS_ENDPOINT_URL"] == variables["LOCAL_ENDPOINT"] == "http://localhost:4666"
    assert variables["AWS_ACCESS_KEY_ID"] == variables["AWS_SECRET_ACCESS_KEY"] == "test"
    assert variables["AWS_ACCOUNT_ID"] == "000000000000"
    assert variables["PAYMENT_API_URL"] == "http://payments"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(variables)


def test_for_aws_the_persons_own_settings_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ACCOUNT_ID", "123456789012")
    given = {name: value for name, value in os.environ.items() if name != "PATH"}

    variables = environment_for("dev")

    assert variables.pop("ENVIRONMENT") == "dev"
    assert variables.pop("TF_CLI_ARGS_init") == "-reconfigure"
    del variables["PATH"]
    assert variables == given


def test_the_projects_tools_come_first() -> None:
    first, second, *_ = environment_for("dev")["PATH"].split(os.pathsep)

    assert first.endswith("/.venv/bin")
    assert second.endswith("/node_modules/.bin")


@pytest.mark.parametrize("command", ["deploy", "diff", "destroy"])
def test_the_registry_is_not_asked_where_the_provider_is_here(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "asks_registry", lambda: False)

    assert cdktf_command([command, "storage"])[1:] == [command, "storage", "--skip-provider-lock"]
    assert cdktf_command(["synth"])[1:] == ["synth"]
    assert cdktf_command([])[1:] == []


def test_the_output_of_a_command_is_kept_and_seen(tmp_path: Path) -> None:
    log, seen = tmp_path / "new/command.log", list[str]()

    run_logged(["sh", "-c", "echo one; echo two >&2"], dict(os.environ), log=log, see=seen.append)

    assert log.read_text() == "one\ntwo\n"
    assert seen == ["one\n", "two\n"]


def test_a_command_that_fails_is_reported_with_the_end_of_its_output(tmp_path: Path) -> None:
    log = tmp_path / "command.log"

    with pytest.raises(LocalError) as failed:
        run_logged(["sh", "-c", "seq 100; exit 3"], dict(os.environ), log=log)

    first, *rest = str(failed.value).splitlines()
    assert first == f"sh failed; all of it is in {log}"
    assert rest == [str(number) for number in range(61, 101)]


def test_a_tool_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="/nowhere/cdktf is not there: `make setup-local`"):
        run_logged(["/nowhere/cdktf", "synth"], {}, log=tmp_path / "log")

    with pytest.raises(LocalError, match="/nowhere/cdktf is not there"):
        replace_this_process(["/nowhere/cdktf", "synth"], {})


def test_a_line_without_an_end_is_seen_too(tmp_path: Path) -> None:
    seen = list[str]()

    run_logged(["printf", "one\ntwo"], dict(os.environ), log=tmp_path / "log", see=seen.append)

    assert seen == ["one\n", "two"]


def test_terraform_releases_its_lock_when_its_command_is_interrupted(tmp_path: Path) -> None:
    released = tmp_path / "released"
    terraform = tmp_path / "terraform"
    terraform.write_text(
        f"#!/bin/sh\ntrap 'sleep 0.5; touch {released}; exit 1' INT\n"
        "echo locked\nwhile :; do sleep 0.1; done\n"
    )
    terraform.chmod(0o755)
    # As the CDKTF CLI: it is gone at once if it is asked, and Terraform is in another session.
    # Where the tests run in the background, interrupts are ignored, and a shell that inherits that
    # cannot trap them.
    cli = (
        "import signal, subprocess; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        f"subprocess.run([{str(terraform)!r}], start_new_session=True)"
    )

    def interrupted(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_logged(
            [sys.executable, "-c", cli], dict(os.environ), log=tmp_path / "log", see=interrupted
        )

    assert released.exists()
