"""LocalStack and the payment server as containers, and functions in containers that it starts."""

import os
import subprocess
from dataclasses import dataclass

from local.processes import LocalError, refuse_taken_ports
from local.progress import step
from local.settings import ROOT, LocalSettings

COMPOSE_FILE = ROOT / "docker-compose.localstack.yml"

# An engine of this machine answers in milliseconds.
ANSWER_SECONDS = 2
START_SECONDS = 300
STOP_SECONDS = 20


@dataclass(frozen=True)
class DockerBackend:
    """Runs docker-compose.localstack.yml."""

    settings: LocalSettings

    def start(self) -> None:
        """Start what does not run and wait until both are healthy."""
        ports = {
            self.settings.port: "localstack",
            self.settings.payment_port: "payment-server",
        }
        refuse_taken_ports(
            {port: service for port, service in ports.items() if not self._runs(service)}
        )
        with step("starting LocalStack and the payment server with Docker"):
            self._compose("up", "--detach", "--wait", f"--wait-timeout={START_SECONDS}")

    def stop(self) -> bool:
        """Stop and remove both and the functions' containers; False if neither ran."""
        if not self._containers("--all"):
            return False
        self._compose("stop", f"--timeout={STOP_SECONDS}")
        # LocalStack removes its functions' containers, unless it was killed.
        network = f"network={self._project}"
        left = self._docker("ps", "--all", "--quiet", "--filter", network, quiet=True).split()
        if left:
            self._docker("rm", "--force", *left, quiet=True)
        self._compose("down", "--volumes")
        return True

    def is_running(self) -> bool:
        """Say whether LocalStack runs."""
        return self._runs("localstack")

    @property
    def endpoint_for_functions(self) -> str:
        """Where a function, a container in the same network, finds LocalStack."""
        return "http://localstack:4566"

    @property
    def payment_url_for_functions(self) -> str:
        """Where a function, a container in the same network, finds the payment server."""
        return "http://payment-server:8420"

    @property
    def _project(self) -> str:
        """What Docker Compose calls all of it (docker-compose.localstack.yml)."""
        return f"order-pipeline-{self.settings.port}"

    def _runs(self, service: str) -> bool:
        label = f"--filter=label=com.docker.compose.service={service}"
        return bool(self._containers("--filter=status=running", label))

    def _containers(self, *options: str) -> str:
        """Return the containers of this folder: another one's on the same port are called alike."""
        label = "--filter=label=com.docker.compose.project"
        ours = (f"{label}={self._project}", f"{label}.working_dir={ROOT}")
        return self._docker("ps", "--quiet", *ours, *options, quiet=True)

    def _compose(self, *arguments: str) -> None:
        self._docker("compose", f"--file={COMPOSE_FILE}", *arguments, quiet=False)

    def _docker(self, *arguments: str, quiet: bool) -> str:
        """Run docker; its output goes to the terminal, or `quiet` is returned."""
        done = subprocess.run(
            ["docker", *arguments],
            env={
                **os.environ,
                "LOCAL_PORT": str(self.settings.port),
                "PAYMENT_PORT": str(self.settings.payment_port),
            },
            stdout=subprocess.PIPE if quiet else None,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocalError(f"docker {' '.join(arguments)} failed.")
        return done.stdout or ""


def docker_answers() -> bool:
    """Say whether there is a Docker engine, and Docker Compose."""
    try:
        for question in (["version"], ["compose", "version"]):
            subprocess.run(
                ["docker", *question], capture_output=True, timeout=ANSWER_SECONDS, check=True
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
