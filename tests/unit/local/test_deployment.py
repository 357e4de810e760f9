import json
from pathlib import Path
from typing import Any

import pytest

from local import deployment
from local.deployment import Deployment
from local.one_at_a_time import one_at_a_time
from local.processes import LocalError
from local.settings import LocalSettings
from tests.unit.local.fakes import FakeBackend


class Cdktf:
    """Stands in for the CDKTF CLI: synthesises what `code` says, writes states and outputs."""

    def __init__(self, synthesised: Path) -> None:
        self.synthesised = synthesised
        self.code = dict.fromkeys(deployment.STACKS, "new")
        self.states: dict[str, Path] = {
            stack: synthesised.parent / f"4566/terraform.{stack}.tfstate"
            for stack in deployment.STACKS
        }
        self.deploys: list[list[str]] = []

    def __call__(self, command: list[str], _variables: Any, **_: Any) -> None:
        verb, *arguments = command[1:]
        if verb == "synth":
            for stack, text in self.code.items():
                folder = self.synthesised / stack
                (folder / ".terraform").mkdir(parents=True, exist_ok=True)
                backend = {"local": {"path": str(self.states[stack])}}
                (folder / "cdk.tf.json").write_text(
                    json.dumps({"terraform": {"backend": backend}, "code": text})
                )
        if verb == "deploy":
            stacks = [argument for argument in arguments if not argument.startswith("-")]
            self.deploys.append(stacks)
            for stack in stacks:
                self.states[stack].write_text(self.code[stack])
            (outputs,) = (a for a in arguments if a.startswith("--outputs-file="))
            made = {"PaymentSecretArn": "arn", "ApiEndpoint": f"http://{len(self.deploys)}/"}
            Path(outputs.partition("=")[2]).write_text(json.dumps(dict.fromkeys(stacks, made)))


@pytest.fixture
def cdktf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cdktf:
    fake = Cdktf(tmp_path / "out")
    monkeypatch.setattr(deployment, "SYNTHESISED", fake.synthesised)
    monkeypatch.setattr(deployment, "STATE", tmp_path)
    monkeypatch.setattr(deployment, "OUTPUTS", tmp_path / "outputs.json")
    monkeypatch.setattr(deployment, "run_logged", fake)
    monkeypatch.setattr(deployment, "tool_environment", lambda *_: {})
    monkeypatch.setattr(deployment, "client", lambda *_: Secrets())
    return fake


class Secrets:
    def put_secret_value(self, **_: str) -> None: ...


@pytest.fixture
def pipeline(tmp_path: Path, cdktf: Cdktf) -> Deployment:
    folder = tmp_path / "4566"
    folder.mkdir()
    return Deployment(LocalSettings(folder=folder), FakeBackend())


def test_everything_is_deployed_in_two_calls(pipeline: Deployment, cdktf: Cdktf) -> None:
    outputs = pipeline.deploy()

    assert cdktf.deploys == [["bootstrap"], ["storage", "pipeline"]]
    assert outputs == json.loads(deployment.OUTPUTS.read_text())
    assert outputs["ApiEndpoint"] == "http://2/"
    assert outputs["Endpoint"] == "http://localhost:4566"
    assert outputs["PaymentServerUrl"] == "http://127.0.0.1:8420"


def test_what_did_not_change_is_not_deployed_again(
    pipeline: Deployment, cdktf: Cdktf, capsys: pytest.CaptureFixture[str]
) -> None:
    first = pipeline.deploy()
    (cdktf.synthesised / "storage/.terraform/plugins").touch()

    assert pipeline.deploy() == first

    assert len(cdktf.deploys) == 2
    assert "nothing changed since the last deploy" in capsys.readouterr().out


each_change = pytest.mark.parametrize(
    ("changed", "deployed"),
    [
        ("bootstrap", [["bootstrap"], ["storage", "pipeline"]]),
        ("storage", [["storage", "pipeline"]]),
        ("pipeline", [["pipeline"]]),
    ],
)


@each_change
def test_a_stack_that_changed_is_deployed_with_those_after_it(
    pipeline: Deployment, cdktf: Cdktf, changed: str, deployed: list[list[str]]
) -> None:
    pipeline.deploy()
    cdktf.deploys.clear()

    cdktf.code[changed] = "changed"
    pipeline.deploy()

    assert cdktf.deploys == deployed


@each_change
def test_what_somebody_else_has_deployed_is_deployed_again(
    pipeline: Deployment, cdktf: Cdktf, changed: str, deployed: list[list[str]]
) -> None:
    pipeline.deploy()
    cdktf.deploys.clear()

    cdktf.states[changed].write_text("theirs")
    pipeline.deploy()

    assert cdktf.deploys == deployed


def test_a_localstack_started_anew_has_nothing(
    pipeline: Deployment, cdktf: Cdktf, tmp_path: Path
) -> None:
    pipeline.deploy()
    state = tmp_path / "4566/terraform.bootstrap.tfstate"
    state.touch()
    pipeline.backend.stop()

    pipeline.start()

    assert not state.exists()
    assert not deployment.OUTPUTS.exists()
    cdktf.deploys.clear()
    pipeline.deploy()
    assert cdktf.deploys == [["bootstrap"], ["storage", "pipeline"]]


def test_a_localstack_on_another_port_keeps_what_it_has(
    pipeline: Deployment, cdktf: Cdktf, tmp_path: Path
) -> None:
    # given
    pipeline.deploy()
    state = tmp_path / "4566/terraform.bootstrap.tfstate"
    state.touch()
    other = Deployment(LocalSettings(4666, folder=tmp_path / "4666"), FakeBackend())
    # when
    other.start()
    # then
    assert state.exists()
    assert json.loads(deployment.OUTPUTS.read_text())["Endpoint"] == "http://localhost:4566"
    # when
    other.settings.folder.mkdir()
    other.deploy()
    other.backend.stop()
    other.start()
    cdktf.deploys.clear()
    # then
    assert pipeline.deploy()["Endpoint"] == "http://localhost:4566"
    assert cdktf.deploys == [["pipeline"]]


@pytest.mark.parametrize("half", ["", '{"Endpoint": "http://loc'])
def test_outputs_that_were_half_written_are_fetched_again(
    pipeline: Deployment, cdktf: Cdktf, half: str
) -> None:
    first = pipeline.deploy()
    cdktf.deploys.clear()
    deployment.OUTPUTS.write_text(half)

    assert pipeline.deploy() == first | {"ApiEndpoint": "http://1/"}

    assert cdktf.deploys == [["pipeline"]]


def test_a_record_that_was_half_written_is_made_again(
    pipeline: Deployment, cdktf: Cdktf, tmp_path: Path
) -> None:
    pipeline.deploy()
    cdktf.deploys.clear()
    (tmp_path / "4566/deployed.json").write_text('{"bootstrap"')

    pipeline.deploy()

    assert cdktf.deploys == [["bootstrap"], ["storage", "pipeline"]]


def test_a_deploy_that_fails_says_how_to_go_on(
    pipeline: Deployment, cdktf: Cdktf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(command: list[str], *_: Any, **_more: Any) -> None:
        cdktf(command, *_, **_more)
        if "deploy" in command:
            raise LocalError("cdktf failed; all of it is in its log")

    monkeypatch.setattr(deployment, "run_logged", failing)
    with pytest.raises(LocalError) as failed:
        pipeline.deploy()

    assert str(failed.value).splitlines() == [
        "cdktf failed; all of it is in its log",
        "Run the same again to go on from here, or `make local-down` before it to begin anew.",
    ]


def test_two_deploys_do_not_run_at_once(pipeline: Deployment, cdktf: Cdktf, tmp_path: Path) -> None:
    with (
        one_at_a_time(tmp_path, "cdktf"),
        pytest.raises(LocalError, match="Another command is at work in this folder"),
    ):
        pipeline.deploy()

    assert cdktf.deploys == []
    assert not pipeline.backend.is_running()


def test_bootstrap_is_not_repeated_after_a_failure_behind_it(
    pipeline: Deployment, cdktf: Cdktf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(command: list[str], *_: Any, **_more: Any) -> None:
        cdktf(command, *_, **_more)
        if "storage" in command:
            raise OSError("interrupted")

    monkeypatch.setattr(deployment, "run_logged", failing)
    with pytest.raises(OSError, match="interrupted"):
        pipeline.deploy()
    cdktf.deploys.clear()

    monkeypatch.setattr(deployment, "run_logged", cdktf)
    pipeline.deploy()

    assert cdktf.deploys == [["storage", "pipeline"]]
