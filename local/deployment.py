"""Deploys the stacks to LocalStack and takes them down again, with the CDKTF CLI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import fingerprints
from local.aws import client
from local.backends import Backend
from local.one_at_a_time import one_at_a_time
from local.processes import LocalError
from local.progress import step
from local.settings import STATE, LocalSettings
from local.terraform_output import TerraformProgress
from local.tools import (
    SYNTHESISED,
    cdktf_command,
    run_logged,
    runs_terraform,
    tool_environment,
)

# In the order in which they are deployed; bootstrap makes the bucket for the others' state.
STACKS = ("bootstrap", "storage", "pipeline")
OUTPUTS = STATE / "outputs.json"

# Any key of this form opens an account of its own at the payment server.
PAYMENT_KEY = "sk_test_order_pipeline"

# Bootstrap's own state, and Terraform's backup of it, in LocalStack's folder (stacks/base.py).
BOOTSTRAP_STATE = "terraform.bootstrap.tfstate*"

# Synthesised once for several calls. An apply mostly waits: 25 s for each queue.
UNATTENDED = ("--auto-approve", "--skip-synth", "--terraform-parallelism=40")


@dataclass(frozen=True)
class Deployment:
    """The stacks on one LocalStack."""

    settings: LocalSettings
    backend: Backend

    def start(self) -> None:
        """Start LocalStack, unless it runs."""
        if not self.backend.is_running():
            self.forget()
        self.backend.start()

    def deploy(self) -> dict[str, str]:
        """Deploy the stacks that are new, or not as they were deployed; return the outputs."""
        with one_at_a_time(STATE, "cdktf"):
            return self._deploy()

    def _deploy(self) -> dict[str, str]:
        self.start()
        self._synthesise()
        deployed = self._deployed()
        files = {stack: fingerprints.of_files(SYNTHESISED / stack) for stack in STACKS}
        current = self._with_states(files)
        changed = [stack for stack in STACKS if deployed.get(stack) != current[stack]]
        if not changed:
            print("nothing changed since the last deploy")
            return read_outputs()
        # A stack may depend on those before it.
        to_deploy = STACKS[STACKS.index(changed[0]) :]
        if "bootstrap" in to_deploy:
            self._apply(["bootstrap"])
            self._write_record({"bootstrap": files["bootstrap"]})
        outputs = self._apply([stack for stack in to_deploy if stack != "bootstrap"])["pipeline"]
        client("secretsmanager", self.settings).put_secret_value(
            SecretId=outputs["PaymentSecretArn"], SecretString=PAYMENT_KEY
        )
        outputs |= {
            "Endpoint": self.settings.endpoint,
            "PaymentServerUrl": self.settings.payment_url,
            "TracesPort": str(self.settings.traces_port),
            **self._proxies(),
        }
        OUTPUTS.write_text(json.dumps(outputs, indent=2) + "\n")
        self._write_record(files)
        return outputs

    def _proxies(self) -> dict[str, str]:
        """Return where the fault suite's proxies are to listen, and the server behind one."""
        if not self.settings.with_proxies:
            return {}
        urls = self.settings.proxy_urls
        return {
            "AwsProxyUrl": urls.aws,
            "PaymentProxyUrl": urls.payment,
            "StreamProxyUrl": urls.stream,
            "DynamodbUrl": f"http://127.0.0.1:{self.settings.dynamodb_port}",
        }

    def destroy(self) -> None:
        """Destroy every stack, the bucket for the state last."""
        if not any(self.settings.folder.glob(BOOTSTRAP_STATE)):
            return
        with one_at_a_time(STATE, "cdktf"):
            self._forget_outputs()
            self._synthesise()
            for stacks in (["pipeline", "storage"], ["bootstrap"]):
                with step(f"destroying {' and '.join(stacks)}"):
                    self._cdktf("destroy", *stacks, *UNATTENDED)
        self.forget()

    def forget(self) -> None:
        """Forget what was deployed to a LocalStack that is gone: it keeps nothing."""
        self._forget_outputs()
        for state in self.settings.folder.glob(BOOTSTRAP_STATE):
            state.unlink()

    def _forget_outputs(self) -> None:
        self._record.unlink(missing_ok=True)
        if self._has_outputs():
            OUTPUTS.unlink()

    @property
    def _record(self) -> Path:
        return self.settings.folder / "deployed.json"

    def _write_record(self, files: Mapping[str, str]) -> None:
        self._record.write_text(json.dumps(self._with_states(files)))

    def _with_states(self, files: Mapping[str, str]) -> dict[str, list[str | None]]:
        """Return the fingerprint of each stack's files with that of its state, as it is now."""
        return {
            stack: [each, fingerprints.of_state(SYNTHESISED / stack, self.settings)]
            for stack, each in files.items()
        }

    def _deployed(self) -> dict[str, list[str | None]]:
        """Return the fingerprint of each stack as it was last deployed to this LocalStack."""
        try:
            deployed: dict[str, list[str | None]] = json.loads(self._record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        if not self._has_outputs():
            deployed.pop("pipeline", None)
        return deployed

    def _has_outputs(self) -> bool:
        """Say whether the outputs are there, and those of this LocalStack."""
        try:
            return read_outputs().get("Endpoint") == self.settings.endpoint
        except (FileNotFoundError, json.JSONDecodeError):
            return False

    def _synthesise(self) -> None:
        with step("synthesising the stacks"):
            self._cdktf("synth")

    def _apply(self, stacks: list[str]) -> dict[str, dict[str, str]]:
        """Deploy stacks in one call and return their outputs."""
        outputs = self.settings.folder / "cdktf-outputs.json"
        # The CDKTF CLI wants storage along with pipeline, unless told that it is there already;
        # told so, it would deploy the two at the same time.
        alone = ["--ignore-missing-stack-dependencies"] if stacks == ["pipeline"] else []
        with step(f"deploying {' and '.join(stacks)}"):
            self._cdktf("deploy", *stacks, *UNATTENDED, *alone, f"--outputs-file={outputs}")
        found: dict[str, Any] = json.loads(outputs.read_text())
        return found

    def _cdktf(self, *arguments: str) -> None:
        try:
            run_logged(
                cdktf_command(arguments),
                # CI=1: lines instead of a picture that is drawn again and again.
                {**tool_environment(self.settings, self.backend), "CI": "1"},
                log=self.settings.folder / f"cdktf-{arguments[0]}.log",
                see=TerraformProgress().see,
            )
        except LocalError as error:
            if not runs_terraform(arguments):
                raise
            raise LocalError(
                f"{error}\nRun the same again to go on from here, or `make local-down` before it "
                "to begin anew."
            ) from None


def read_outputs() -> dict[str, str]:
    """Return what the last deploy wrote."""
    outputs: dict[str, str] = json.loads(OUTPUTS.read_text())
    return outputs
